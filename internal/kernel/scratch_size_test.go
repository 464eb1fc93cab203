package kernel

import (
	"reflect"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// sizeOf returns the size of all that v holds in slices.
func sizeOf(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n += sizeOf(v.Field(i))
		}
	case reflect.Slice:
		n = v.Cap() * int(v.Type().Elem().Size())
		for i := 0; i < v.Cap() && v.Type().Elem().Kind() == reflect.Struct; i++ {
			n += sizeOf(v.Slice(0, v.Cap()).Index(i))
		}
	}
	return n
}

// TestScratchBytes compares the bound with what calls leave behind.
func TestScratchBytes(t *testing.T) {
	defer par.SetThreads(0)
	par.SetThreads(1)
	defer scratches.Store(scratches.Load())
	eachPath(t, func(t *testing.T) {
		for _, s := range attentionShapes {
			const length = 190
			s = shaped(s)
			spans, rows := documents(s, length, 1)
			spans[0].Blocks = int8Blocks(s, length)
			qkv, do := make([]tensor.BF16, rows*s.width()), make([]tensor.BF16, rows*s.Heads*s.HeadDim)
			o, lse, dqkv := make([]tensor.BF16, len(do)), make([]float32, rows*s.Heads), make([]tensor.BF16, len(qkv))

			scratches.Store(nil)
			s.Append(qkv, spans)
			s.Forward(o, lse, qkv, spans)
			forward := sizeOf(reflect.ValueOf(workerScratch(0)).Elem())
			s.Backward(dqkv, do, o, qkv, lse, spans)
			both := sizeOf(reflect.ValueOf(workerScratch(0)).Elem())

			fixed := int(s.ScratchBytes(0, false)) - s.forwardBytes()
			bound := int(s.ScratchBytes(length, false)) - fixed
			within(t, "forward", forward, bound*3/4, bound)
			bound = int(s.ScratchBytes(length, true)) - fixed
			within(t, "both", both, bound*3/4, bound)
		}
		scratches.Store(nil)
		for _, shape := range [][3]int{{600, 40, 70}, {130, 550, 550}, {24, 550, 7000}} {
			rows, n, k := shape[0], shape[1], shape[2]
			if CPU() == "portable" && k > 1000 {
				continue // takes long, and is not divided along K either
			}
			x, y := make([]tensor.BF16, rows*k), make([]tensor.BF16, rows*n)
			MatMul(y, x, NewPacked(1, k, n), nil)
			MatMulGrad(make([]float32, n*k), y, x, n, k, nil)
		}
		if CPU() != "portable" {
			const rows, k = 8, 8192
			w := NewQuantized(1, k, PanelN)
			w.SetRows(0, 0, tensor.DTypeQ8_0, make([]byte, PanelN*k/32*34))
			MatMul(make([]tensor.BF16, rows*PanelN), make([]tensor.BF16, rows*k), w, nil)
		}
		within(t, "products", sizeOf(reflect.ValueOf(workerScratch(0)).Elem()), productBytes()/3, productBytes())
	})
}

// within checks that a size is below its bound, and not far below.
func within(t *testing.T, what string, size, least, bound int) {
	t.Helper()
	if size > bound+marginBytes || size < least {
		t.Errorf("%s: %d bytes, bound %d", what, size, bound)
	}
}
