package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func randomUint32(r *rand.Rand, n int) []uint32 {
	x := make([]uint32, n)
	for i := range x {
		x[i] = r.Uint32()
	}
	return x
}

// TestMinHashPaths: every path gives the numbers of the definition, for any
// lengths, and writes nothing else.
func TestMinHashPaths(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range []int{0, 16, 32, 48, 96, 112, 128, 144, 160, 224, 240, 352} {
			for _, elements := range []int{0, 1, 2, 3, 50, 1000} {
				room := randomUint32(r, n+32)
				mul, xor, x := randomUint32(r, n), randomUint32(r, n), randomUint32(r, elements)
				want := slices.Clone(room)
				portableMinHash(want[16:16+n], mul, xor, x)
				MinHash(room[16:16+n], mul, xor, x)
				if !slices.Equal(room, want) {
					t.Fatalf("%d functions of %d elements differ", n, elements)
				}
			}
		}
	})
}

// TestMinHashDefinition: the sentence of the documentation, on numbers that are
// written down.
func TestMinHashDefinition(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		mins, mul, xor := make([]uint32, 16), make([]uint32, 16), make([]uint32, 16)
		for i := range mins {
			mins[i], mul[i], xor[i] = 1<<32-1, 3, 0
		}
		xor[7], mul[8], mins[9] = 0xffffffff, 0x55555557, 5
		MinHash(mins, mul, xor, []uint32{100, 0xfffffff0, 3})
		want := []uint32{9, 9, 9, 9, 9, 9, 9, 45, 5, 5, 9, 9, 9, 9, 9, 9} // ^0xfffffff0 * 3; 3 * 0x55555557 = 2³²+5
		if !slices.Equal(mins, want) {
			t.Errorf("%d, want %d", mins, want)
		}
	})
}

func TestMinHashLengths(t *testing.T) {
	for _, n := range [][3]int{{15, 15, 15}, {16, 15, 16}, {16, 16, 32}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("lengths %d are taken", n)
				}
			}()
			MinHash(make([]uint32, n[0]), make([]uint32, n[1]), make([]uint32, n[2]), nil)
		}()
	}
}

func BenchmarkMinHash(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const elements = 1024
	mins, mul, xor, x := randomUint32(r, 112), randomUint32(r, 112), randomUint32(r, 112), randomUint32(r, elements)
	for _, name := range Paths() {
		b.Run(name, func(b *testing.B) {
			old := CPU()
			defer func() { _ = SetPath(old) }()
			if err := SetPath(name); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				MinHash(mins, mul, xor, x)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/elements, "ns/shingle")
		})
	}
}
