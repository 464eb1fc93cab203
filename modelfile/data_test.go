package modelfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dataDir returns the directory that holds the unpacked data archives.
func dataDir(t testing.TB) string {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	return dir
}

// TestVectors compares with llama.cpp's .inp and .out files, for the
// vocabularies that the data archives have and our architectures use.
func TestVectors(t *testing.T) {
	dir := filepath.Join(dataDir(t), "io_llamacpp", "models")
	for _, name := range []string{"gpt-2", "mpt", "llama-spm", "phi-3", "refact", "deepseek-coder"} {
		t.Run(name, func(t *testing.T) {
			base := filepath.Join(dir, "ggml-vocab-"+name+".gguf")
			tok, err := Tokenizer(base)
			if err != nil {
				t.Fatal(err)
			}
			in, err := os.ReadFile(base + ".inp")
			if err != nil {
				t.Fatal(err)
			}
			out, err := os.ReadFile(base + ".out")
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(string(out), "\n")
			texts := strings.Split(string(in), "\n__ggml_vocab_test__\n")
			if len(texts) < 40 {
				t.Fatalf("only %d texts", len(texts))
			}
			for i, text := range texts {
				got := strings.Trim(fmt.Sprint(tok.Encode(text)), "[]")
				if want := strings.TrimSpace(lines[i]); got != want {
					t.Errorf("%q: got %s, want %s", text, got, want)
				}
			}
		})
	}
}

// TestVocabularies opens every vocabulary that the data archives have.
func TestVocabularies(t *testing.T) {
	refused := map[string]string{
		"ggml-vocab-dbrx.gguf":     `"general.file_type" occurs twice`,
		"ggml-vocab-stablelm.gguf": `how "stablelm" splits text is not known here`,
	}
	var files []string
	for _, pattern := range []string{"io_llamacpp/models", "io_llamacpp_hist"} {
		found, err := filepath.Glob(filepath.Join(dataDir(t), pattern, "ggml-vocab-*.gguf"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 8 {
		t.Fatalf("only %v", files)
	}
	for _, path := range files {
		tok, err := Tokenizer(path)
		if want := refused[filepath.Base(path)]; want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", path, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if _, err := Template(path); err != nil {
			t.Errorf("%v", err)
		}
		for _, text := range []string{"Hello, world 123!", " ä\n\n\t été", "日本語 🦙"} {
			if got := tok.Decode(tok.Encode(text)); got != text {
				t.Errorf("%s: %q becomes %q", path, text, got)
			}
		}
	}
}
