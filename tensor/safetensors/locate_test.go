package safetensors

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestLocate: the file holds a tensor's data where Locate says.
func TestLocate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	a := tensor.FromF32("a", []float32{1, 2, 3}, 3)
	b := tensor.FromBF16("b", []tensor.BF16{4, 5, 6, 7}, 2, 2)
	if _, err := Write(path, []*tensor.Tensor{a, b}, nil); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []*tensor.Tensor{a, b} {
		at, err := f.Locate(want.Name)
		if err != nil || at.Path != path {
			t.Fatalf("%s: %+v, %v", want.Name, at, err)
		}
		if !bytes.HasPrefix(content[at.Offset:], want.Data) {
			t.Errorf("%s is not at %d", want.Name, at.Offset)
		}
	}
	if _, err := f.Locate("c"); err == nil {
		t.Error("a tensor that is not there has a place")
	}
}
