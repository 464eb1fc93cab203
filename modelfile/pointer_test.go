package modelfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// TestOtherFiles: a file beside the weights that is not what its name says is
// named with what it is.
func TestOtherFiles(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{tokenizerName, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "tokenizer.json: this is a Git LFS pointer"},
		{tokenizerName, "<!DOCTYPE html><html>", "tokenizer.json: this is a web page"},
		{generationName, `{"eos_token_id": `, "generation_config.json: no valid JSON"},
	} {
		dir := smallModel(t, model.Llama)
		if err := os.Remove(filepath.Join(dir, model.ManifestName)); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, tt.name)
		if err := os.WriteFile(file, []byte(tt.data), 0o666); err != nil {
			t.Fatal(err)
		}
		mustFail(t, dir, tt.want)
		if tt.name != tokenizerName {
			continue
		}
		if _, err := Tokenizer(dir); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if _, err := Tokenizer(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no tokenizer") {
			t.Errorf("without %s: %v", file, err)
		}
	}
}
