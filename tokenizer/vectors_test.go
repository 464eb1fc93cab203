package tokenizer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVectors compares with llama.cpp's .inp and .out files, for the
// tokenizer.json files that the data archives have; package modelfile does it
// for the vocabularies in GGUF files.
func TestVectors(t *testing.T) {
	dir := dataDir(t)
	fromJSON := func(name string) func(*testing.T) *Tokenizer {
		return func(t *testing.T) *Tokenizer {
			tok, err := Load(filepath.Join(dir, "io_tokenizers", name, "tokenizer.json"))
			if err != nil {
				t.Fatal(err)
			}
			return tok
		}
	}
	for _, c := range []struct {
		name string
		load func(*testing.T) *Tokenizer
	}{
		{"gpt-2", fromJSON("gpt2")},
		{"mpt", fromJSON("mptt")},
		{"llama-spm", fromJSON("llama")},
		{"phi-3", fromJSON("llama")},
	} {
		t.Run(c.name, func(t *testing.T) { checkVectors(t, dir, c.name, c.load(t)) })
	}
}

func checkVectors(t *testing.T, dir, name string, tok *Tokenizer) {
	base := filepath.Join(dir, "io_llamacpp", "models", "ggml-vocab-"+name+".gguf")
	in, err := os.ReadFile(base + ".inp")
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(base + ".out")
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(string(in), "\n__ggml_vocab_test__\n")
	lines := strings.Split(string(out), "\n")
	for i, text := range texts {
		got := strings.Trim(fmt.Sprint(tok.Encode(text)), "[]")
		if want := strings.TrimSpace(lines[i]); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
