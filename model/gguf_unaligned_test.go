package model

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// TestGGUFUnaligned: a file may say that its data begins anywhere. Then it is
// read as it lies: of stacked experts each would copy the whole stack otherwise.
func TestGGUFUnaligned(t *testing.T) {
	m := newModel(t, small(t, Mixtral))
	b := documents(97, 40, 9)
	want := allLogits(t, m, NewWorkspace(m, 49, false), b)
	src, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []tensor.DType{tensor.DTypeBF16, tensor.DTypeF32} {
		path := filepath.Join(t.TempDir(), "m.gguf")
		writeUnaligned(t, path, src, d)
		w := mustOpen(t, path)
		for _, info := range w.Tensors() {
			one, err := w.stored(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			two, err := w.stored(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			if one.aligned() || &one.Data[0] != &two.Data[0] {
				t.Fatalf("%s: %s is copied, or aligned", d, info.Name)
			}
			if x, err := w.Tensor(info.Name); err != nil || !tensor.Aligned(x.Data, 4) {
				t.Fatalf("%s: %s is not aligned, %v", d, info.Name, err)
			}
		}
		for _, o := range []LoadOptions{{}, {Trainable: true}} {
			back := mustLoad(t, path, o)
			mustEqual(t, string(d), allLogits(t, back, NewWorkspace(back, 49, false), b), want)
		}
	}
}

// writeUnaligned writes a GGUF file whose data begins at an odd offset.
func writeUnaligned(t *testing.T, path string, w *Weights, d tensor.DType) {
	t.Helper()
	const key = "general.alignment"
	var before int
	for n := range 64 { // a header that is one byte too long for the file before
		meta := []gguf.Pair{{Key: key, Value: uint32(32)}, {Key: "filler", Value: strings.Repeat("x", n)}}
		if _, err := WriteGGUF(path, w, meta, always(d), nil); err != nil {
			t.Fatal(err)
		}
		data := readFile(t, path)
		if n == 0 || len(data) == before {
			before = len(data)
			continue
		}
		start := dataBegin(t, path)
		at := bytes.Index(data, []byte(key)) + len(key) + 4
		data[at] = 1
		mustWrite(t, path, append(data[:start-31:start-31], data[start:]...))
		return
	}
	t.Fatal("no header was longer than the one before")
}

func dataBegin(t *testing.T, path string) int64 {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at, err := f.Locate(f.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	return at.Offset
}
