package model

import (
	"bytes"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestEncodeTooLarge: what a format cannot hold is an error that names the
// tensor, and not an infinite weight.
func TestEncodeTooLarge(t *testing.T) {
	m := newModel(t, small(t, Llama))
	for _, c := range []struct {
		value float32
		d     tensor.DType
		fails bool
	}{
		{65504, tensor.DTypeF16, false},
		{65519, tensor.DTypeF16, false},
		{65520, tensor.DTypeF16, true},
		{-1e38, tensor.DTypeF16, true},
		{1e38, tensor.DTypeBF16, false},
		{1e38, tensor.DTypeF32, false},
	} {
		m.embed.Weight.Master[77] = c.value
		w, err := m.Weights()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		err = w.WriteTensor(&out, embedName, c.d)
		if (err != nil) != c.fails || c.fails && !strings.Contains(err.Error(), embedName) {
			t.Errorf("%v as %s: %v", c.value, c.d, err)
		}
	}
}
