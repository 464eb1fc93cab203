package kernel

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestQuantizedFewRows multiplies 1 to 17 rows of all kinds of numbers by weights of
// ordinary, tiny and huge scales.
func TestQuantizedFewRows(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		if CPU() == "portable" {
			t.Skip("takes long, and is what the others are compared with")
		}
		for _, d := range blockFormats {
			for _, kind := range scaleKinds[:5] {
				c := newQuantizedCase(fmt.Sprint(d, " ", kind.name), 1, 512, 40, one(d), kind.draw)
				for rows := 1; rows <= maxColumnsRows+1; rows++ {
					c.test(t, rows, inputs[rows%len(inputs)].draw)
				}
				for _, in := range inputs {
					c.test(t, 1, in.draw)
					c.test(t, 5, in.draw)
				}
			}
		}
	})
}

// TestQuantizedLong: sums go on where K is too long for scratch.
func TestQuantizedLong(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		if CPU() == "portable" {
			t.Skip("takes long, and is not divided along K")
		}
		tile := cpu.tiles[len(cpu.tiles)-1]
		k := (cpu.budgetA/(tile.rows*tile.aBytes)/256 + 2) * 256
		for _, d := range []tensor.DType{tensor.DTypeQ8_0, tensor.DTypeQ4K} {
			c := newQuantizedCase(fmt.Sprint(d, " long"), 1, k, 40, one(d), scaleKinds[0].draw)
			for _, rows := range []int{1, 2, 5, 16} {
				c.test(t, rows, inputs[0].draw)
			}
		}
	})
}

// TestQuantizedInfinite: a scale without end makes numbers without end, whatever
// adding to its exponent or subtracting from it would make.
func TestQuantizedInfinite(t *testing.T) {
	twos := map[tensor.DType][]byte{tensor.DTypeQ4_0: bytes.Repeat([]byte{0xaa}, 16), tensor.DTypeQ8_0: bytes.Repeat([]byte{2}, 32)}
	eachPath(t, func(t *testing.T) {
		const k, n, infinite = 32, 32, 3
		for d, codes := range twos {
			rows := bytes.Repeat(append([]byte{0x00, 0x3c}, codes...), n)
			rows[infinite*len(rows)/n+1] = 0x7c
			w := NewQuantized(1, k, n)
			w.SetRows(0, 0, d, rows)
			for _, m := range []int{1, 40} {
				x, y := make([]tensor.BF16, m*k), make([]tensor.BF16, m*n)
				for i := range x {
					x[i] = tensor.FromFloat32(1)
				}
				MatMul(y, x, w, nil)
				for i := range y {
					want := float32(2 * k)
					if i%n == infinite {
						want = float32(math.Inf(1))
					}
					if got := y[i].Float32(); got != want {
						t.Fatalf("%s, %d rows: number %d is %v, want %v", d, m, i, got, want)
					}
				}
			}
		}
	})
}
