package tokenizer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVectors compares with llama.cpp's .inp and .out files, for the
// vocabularies that the data archives have.
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
	fromGGUF := func(name string, pre ...string) func(*testing.T) *Tokenizer {
		return func(t *testing.T) *Tokenizer {
			return ggufTokenizer(t, filepath.Join(dir, "io_llamacpp", "models", "ggml-vocab-"+name+".gguf"), pre...)
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
		{"refact", fromGGUF("refact", `\p{N}`)},
		{"deepseek-coder", fromGGUF("deepseek-coder", `[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, `[一-龥ࠀ-一가-퟿]+`, `\p{N}`)},
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

// ggufTokenizer makes a byte-level tokenizer of the vocabulary in a GGUF file
// that holds nothing else. Such a file does not contain how text is split: pre
// are the regular expressions; a single one goes before GPT-2's own.
func ggufTokenizer(t *testing.T, path string, pre ...string) *Tokenizer {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fields := ggufFields(data)
	const control, userDefined = 3, 4
	vocab, added := make(map[string]int), []addedToken{}
	types := fields["tokenizer.ggml.token_type"].([]any)
	for i, name := range fields["tokenizer.ggml.tokens"].([]any) {
		kind := types[i].([]byte)[0]
		if kind == control || kind == userDefined {
			added = append(added, addedToken{ID: int32(i), Content: name.(string), Special: kind == control})
		} else {
			vocab[name.(string)] = i
		}
	}
	steps := []any{}
	for _, p := range pre {
		steps = append(steps, map[string]any{
			"type": "Split", "pattern": map[string]any{"Regex": p}, "behavior": "Isolated", "invert": false,
		})
	}
	level := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": len(pre) == 1}
	file, err := json.Marshal(map[string]any{
		"added_tokens":  added,
		"pre_tokenizer": map[string]any{"type": "Sequence", "pretokenizers": append(steps, level)},
		"decoder":       map[string]any{"type": "ByteLevel"},
		"model":         map[string]any{"type": "BPE", "vocab": vocab, "merges": fields["tokenizer.ggml.merges"]},
	})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// ggufFields reads the key-value part of a GGUF file that is known to be sound.
func ggufFields(data []byte) map[string]any {
	r := bytes.NewReader(data[16:])
	fields := make(map[string]any)
	for n := ggufNumber[uint64](r); n > 0; n-- {
		key := ggufString(r)
		fields[key] = ggufValue(r, ggufNumber[uint32](r))
	}
	return fields
}

func ggufNumber[T any](r *bytes.Reader) (v T) {
	if err := binary.Read(r, binary.LittleEndian, &v); err != nil {
		panic(err)
	}
	return v
}

func ggufString(r *bytes.Reader) string {
	b := make([]byte, ggufNumber[uint64](r))
	_, _ = r.Read(b)
	return string(b)
}

func ggufValue(r *bytes.Reader, kind uint32) any {
	switch kind {
	case 8:
		return ggufString(r)
	case 9:
		kind = ggufNumber[uint32](r)
		list := make([]any, ggufNumber[uint64](r))
		for i := range list {
			list[i] = ggufValue(r, kind)
		}
		return list
	}
	size := []int{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}[kind]
	b := make([]byte, size)
	_, _ = r.Read(b)
	return b
}
