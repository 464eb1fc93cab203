package tensor

import (
	"bytes"
	"crypto/sha256"
	"math"
	"os"
	"slices"
	"testing"
)

// blockFormats are in the order of testdata/blocks.py.
var blockFormats = []DType{DTypeQ8_0, DTypeQ4_0, DTypeQ4K, DTypeQ5K, DTypeQ6K, DTypeMXFP4}

// TestDequantize compares every format, extreme scales included, with the
// reference to the bit.
func TestDequantize(t *testing.T) {
	data, err := os.ReadFile("testdata/blocks.bin")
	if err != nil {
		t.Fatal(err)
	}
	const count = 13
	for _, d := range blockFormats {
		elements, size := d.Block()
		got := make([]float32, elements)
		for i := range count {
			block, want := data[:size], [32]byte(data[size:])
			data = data[size+32:]
			Dequantize(got, d, block)
			if sha256.Sum256(canonical(got)) != want {
				t.Errorf("%s: block %d decodes to %v", d, i, got)
			}
			w := &Tensor{Name: "w", DType: d, Shape: []int{1, elements}, Data: block}
			again := make([]float32, elements)
			if err := w.CopyF32(again); err != nil || !bytes.Equal(canonical(again), canonical(got)) {
				t.Errorf("%s: CopyF32 differs, %v", d, err)
			}
		}
	}
	if len(data) != 0 {
		t.Errorf("%d bytes of the golden file were not compared", len(data))
	}
}

// canonical returns the bytes of list with every NaN alike.
func canonical(list []float32) []byte {
	list = slices.Clone(list)
	for i, x := range list {
		if x != x {
			list[i] = math.Float32frombits(0x7fc00000)
		}
	}
	return Bytes(list)
}

func TestDequantizePanics(t *testing.T) {
	for name, wrong := range map[string]func(){
		"no blocks":    func() { Dequantize(make([]float32, 2), DTypeF16, make([]byte, 4)) },
		"half a block": func() { Dequantize(make([]float32, 16), DTypeQ4_0, make([]byte, 9)) },
		"wrong bytes":  func() { Dequantize(make([]float32, 32), DTypeQ4_0, make([]byte, 34)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			wrong()
		}()
	}
}

func BenchmarkDequantize(b *testing.B) {
	for _, d := range blockFormats {
		b.Run(string(d), func(b *testing.B) {
			elements, size := d.Block()
			n := 1 << 14
			src := make([]byte, n/elements*size)
			for i := range src {
				src[i] = byte(i * 7 & 0x37)
			}
			dst := make([]float32, n)
			b.SetBytes(int64(4 * n))
			for b.Loop() {
				Dequantize(dst, d, src)
			}
		})
	}
}
