package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// eachPath runs a test on every path of the machine.
func eachPath(t *testing.T, f func(t *testing.T)) {
	before := CPU()
	defer func() {
		if err := SetPath(before); err != nil {
			t.Fatal(err)
		}
	}()
	for _, name := range Paths() {
		if err := SetPath(name); err != nil {
			t.Fatal(err)
		}
		t.Run(name, f)
	}
}

// inputs are the kinds of numbers that the products are tested on.
var inputs = []struct {
	name string
	draw func(r *rand.Rand) tensor.BF16
}{
	{"normal", func(r *rand.Rand) tensor.BF16 { return tensor.FromFloat32(float32(r.NormFloat64())) }},
	{"tiny", func(r *rand.Rand) tensor.BF16 { return withExponent(r, 50, 75) }},
	{"underflow", func(r *rand.Rand) tensor.BF16 { return withExponent(r, 60, 66) }},
	{"denormal", func(r *rand.Rand) tensor.BF16 { return withExponent(r, 0, 130) }},
	{"huge", func(r *rand.Rand) tensor.BF16 { return withExponent(r, 185, 192) }},
	{"sparse", func(r *rand.Rand) tensor.BF16 { return withExponent(r, 120, 130) * tensor.BF16(r.IntN(2)) }},
	{"any", func(r *rand.Rand) tensor.BF16 { return tensor.BF16(r.Uint32()) }},
}

// withExponent draws a number with a biased exponent in [low, high).
func withExponent(r *rand.Rand, low, high int) tensor.BF16 {
	return tensor.BF16(r.UintN(2)<<15 | uint(low+r.IntN(high-low))<<7 | r.UintN(128))
}

func drawn(r *rand.Rand, n int, draw func(r *rand.Rand) tensor.BF16) []tensor.BF16 {
	x := make([]tensor.BF16, n)
	for i := range x {
		x[i] = draw(r)
	}
	return x
}

// productSum is the definition of a product's sum, in the plainest form: it
// goes on from c with the values of a and b, and zeros up to a whole block.
func productSum(c float32, a, b func(k int) tensor.BF16, n int) float32 {
	c = flush(c)
	for block := 0; block < n; block += BlockK {
		var sums [2]float64
		for k := block; k < block+BlockK; k++ {
			var x, y float64
			if k < n {
				x, y = float64(expand(a(k))), float64(expand(b(k)))
			}
			sums[k%2] = fmaFlush(x, y, sums[k%2])
		}
		c = flush(c + flush(float32(sums[0])+float32(sums[1])))
	}
	return c
}

// matMulPlain is MatMulF32 for one group with w [N, K].
func matMulPlain(x, w []tensor.BF16, rows, n, k int) []float32 {
	y := make([]float32, rows*n)
	for r := range rows {
		for c := range n {
			y[r*n+c] = productSum(0,
				func(i int) tensor.BF16 { return x[r*k+i] },
				func(i int) tensor.BF16 { return w[c*k+i] }, k)
		}
	}
	return y
}

func sameF32(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func sameBF16(a, b tensor.BF16) bool { return a == b || sameF32(a.Float32(), b.Float32()) }

func wantF32(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if !sameF32(got[i], want[i]) {
			t.Fatalf("%s: element %d is %g (%#x), want %g (%#x)", what, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

func wantBF16(t *testing.T, what string, got, want []tensor.BF16) {
	t.Helper()
	for i := range want {
		if !sameBF16(got[i], want[i]) {
			t.Fatalf("%s: element %d is %g (%#x), want %g (%#x)", what, i, got[i].Float32(), got[i], want[i].Float32(), want[i])
		}
	}
}

func toBF16Slice(x []float32) []tensor.BF16 {
	y := make([]tensor.BF16, len(x))
	portableToBF16(y, x)
	return y
}

var productShapes = [][3]int{ // rows, N, K
	{1, 1, 1},
	{9, 40, 1}, // of any bits, few longer sums are finite
	{1, 32, 32},
	{2, 16, 33},
	{3, 33, 31},
	{5, 31, 65},
	{6, 64, 64},
	{7, 40, 96},
	{11, 48, 40},
	{12, 32, 512},
	{13, 65, 70},
	{16, 33, 544},
	{17, 32, 100},
	{25, 80, 32},
	{31, 20, 200},
	{32, 32, 64},
	{33, 34, 35},
	{47, 96, 128},
	{64, 64, 64},
	{70, 17, 1100},
	{1, 300, 2100},
	{3, 33, 6200},
}

// productCase is a product and what is to come of it.
type productCase struct {
	what string
	rows int
	x    []tensor.BF16
	w    *Packed
	want []float32
}

// productCases draws every kind of input in the small shapes, and normal ones
// in the large: a long sum of the others overflows.
func productCases(t *testing.T) (cases []productCase) {
	for i, in := range inputs {
		r := rand.New(rand.NewPCG(1, 2))
		finite := 0
		for _, shape := range productShapes {
			rows, n, k := shape[0], shape[1], shape[2]
			if rows*n*k > 60000 && (i > 0 || testing.Short()) {
				continue
			}
			x, w := drawn(r, rows*k, in.draw), drawn(r, n*k, in.draw)
			c := productCase{fmt.Sprintf("%s %v", in.name, shape), rows, x, NewPacked(1, k, n), matMulPlain(x, w, rows, n, k)}
			c.w.PackBF16(0, w)
			finite += finites(c.want)
			cases = append(cases, c)
		}
		if finite < 100 {
			t.Fatalf("%s: %d outputs are finite and not 0", in.name, finite)
		}
	}
	return cases
}

// finites counts the finite values that are not 0: a test on others shows little.
func finites(x []float32) (n int) {
	for _, v := range x {
		if v != 0 && v-v == 0 {
			n++
		}
	}
	return n
}

func TestProduct(t *testing.T) {
	cases := productCases(t)
	eachPath(t, func(t *testing.T) {
		for _, c := range cases {
			y, f := make([]tensor.BF16, len(c.want)), make([]float32, len(c.want))
			MatMul(y, c.x, c.w, nil)
			MatMulF32(f, c.x, c.w, nil)
			wantF32(t, c.what, f, c.want)
			wantBF16(t, c.what, y, toBF16Slice(c.want))
		}
	})
}

// TestProductEdge tests sums next to the smallest normal number: what rounds to
// it is none too small, although it is smaller.
func TestProductEdge(t *testing.T) {
	power := func(e int) tensor.BF16 { return tensor.FromFloat32(float32(math.Ldexp(1, e))) }
	eachPath(t, func(t *testing.T) {
		for _, rows := range []int{1, 2, 3, 5, 12, 40} {
			for small := -145; small >= -155; small-- {
				const n, k = 40, 40
				x, w := make([]tensor.BF16, rows*k), make([]tensor.BF16, n*k)
				for r := range rows {
					x[r*k], x[r*k+2] = power(-63), power(-80)|tensor.BF16(r%2)<<15
				}
				for c := range n {
					w[c*k], w[c*k+2] = power(-63), power(small+80)|tensor.BF16(c%2)<<15
				}
				p := NewPacked(1, k, n)
				p.PackBF16(0, w)
				y := make([]float32, rows*n)
				MatMulF32(y, x, p, nil)
				wantF32(t, fmt.Sprint("2^-126 and 2^", small), y, matMulPlain(x, w, rows, n, k))
				for i, v := range y {
					want := float32(0x1p-126) + float32(math.Ldexp(1, small))
					if (i/n+i%n)%2 == 1 { // the difference
						want = 0
						if small <= -151 {
							want = 0x1p-126
						}
					}
					if v != want {
						t.Fatalf("2^-126 and 2^%d, output %d: %g, want %g", small, i, v, want)
					}
				}
			}
		}
	})
}

// TestProductClose compares with float64: the definition itself must be right.
func TestProductClose(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const rows, n, k = 9, 50, 333
	x, w := drawn(r, rows*k, inputs[0].draw), drawn(r, n*k, inputs[0].draw)
	y := matMulPlain(x, w, rows, n, k)
	for i := range rows {
		for j := range n {
			var want, size float64
			for l := range k {
				v := float64(x[i*k+l].Float32()) * float64(w[j*k+l].Float32())
				want, size = want+v, size+math.Abs(v)
			}
			// 16 + 2 + one per block roundings, each at most half a unit of 2^-23.
			if bound := size * (18 + k/BlockK + 1) * 0x1p-24; math.Abs(float64(y[i*n+j])-want) > bound {
				t.Fatalf("output %d, %d is %g, want %g within %g", i, j, y[i*n+j], want, bound)
			}
		}
	}
}

func TestTransposedPack(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, shape := range [][2]int{{1, 1}, {33, 65}, {64, 32}, {31, 500}, {700, 45}, {32, 1100}} {
			k, n := shape[0], shape[1]
			master, flipped := make([]float32, 2*k*n), make([]float32, 2*k*n)
			for i := range master {
				master[i] = float32(r.NormFloat64())
			}
			for g := range 2 {
				for i := range k {
					for j := range n {
						flipped[g*k*n+j*k+i] = master[g*k*n+i*n+j]
					}
				}
			}
			want := NewPacked(2, k, n)
			for g := range 2 {
				for i := range n {
					for j := range k {
						panel, col := i/PanelN, i%PanelN
						at := g*want.groupLen() + panel*want.panelLen() + j/BlockK*blockLen + col/halfN*halfLen + j%BlockK/2*pairLen + col%halfN*2 + j%2
						want.Data[at] = tensor.FromFloat32(flipped[g*k*n+i*k+j])
					}
				}
			}
			a, b, c, d := NewPacked(2, k, n), NewPacked(2, k, n), NewPacked(2, k, n), NewPacked(2, k, n)
			for g := range 2 {
				a.Pack(g, flipped[g*k*n:][:k*n])
				b.PackT(g, master[g*k*n:][:k*n])
			}
			c.PackAll(flipped)
			d.PackAllT(master)
			for i, p := range []*Packed{a, b, c, d} {
				wantBF16(t, fmt.Sprint(shape, " form ", i), p.Data, want.Data)
			}
		}
	})
}

// randomOffsets divides rows into groups, some of them empty.
func randomOffsets(r *rand.Rand, groups, rows int) []int32 {
	offsets := make([]int32, groups+1)
	left := rows
	for g := range groups {
		n := 0
		if r.IntN(3) > 0 {
			n = r.IntN(left + 1)
		}
		if g == groups-1 {
			n = left
		}
		left -= n
		offsets[g+1] = offsets[g] + int32(n)
	}
	return offsets
}

// TestGroups compares a grouped product with the products of single rows, for
// several numbers of threads.
func TestGroups(t *testing.T) {
	defer par.SetThreads(0)
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for range 12 {
			groups, rows, n, k := 1+r.IntN(9), r.IntN(150), 1+r.IntN(200), 1+r.IntN(150)
			x := drawn(r, rows*k, inputs[0].draw)
			w := NewPacked(groups, k, n)
			single := NewPacked(1, k, n)
			for g := range groups {
				w.PackBF16(g, drawn(r, n*k, inputs[0].draw))
			}
			offsets := randomOffsets(r, groups, rows)
			want := make([]tensor.BF16, rows*n)
			for g := range groups {
				copy(single.Data, w.Data[g*w.groupLen():])
				for row := offsets[g]; row < offsets[g+1]; row++ {
					MatMul(want[int(row)*n:][:n], x[int(row)*k:][:k], single, nil)
				}
			}
			for _, threads := range []int{1, 2, 5} {
				par.SetThreads(threads)
				y := make([]tensor.BF16, rows*n)
				MatMul(y, x, w, offsets)
				wantBF16(t, fmt.Sprint(offsets, n, k, threads), y, want)
			}
		}
	})
}

func TestProductGrad(t *testing.T) {
	defer par.SetThreads(0)
	eachPath(t, func(t *testing.T) {
		for _, in := range inputs {
			r := rand.New(rand.NewPCG(9, 10))
			finite := 0
			for i := range 6 {
				groups, rows, out, inner := 1+r.IntN(4), r.IntN(80), 1+r.IntN(40), 1+r.IntN(70)
				if i == 0 {
					groups, rows, out, inner = 1, 600, 13, 33
				}
				par.SetThreads(1 + r.IntN(4))
				dy, x := drawn(r, rows*out, in.draw), drawn(r, rows*inner, in.draw)
				offsets := randomOffsets(r, groups, rows)
				dw, want := make([]float32, groups*out*inner), make([]float32, groups*out*inner)
				for i := range dw {
					dw[i] = math.Float32frombits(uint32(in.draw(r))<<16 | r.Uint32N(1<<16))
					want[i] = dw[i]
				}
				for g := range groups {
					first, n := int(offsets[g]), int(offsets[g+1]-offsets[g])
					for row := range out {
						for col := range inner {
							c := &want[(g*out+row)*inner+col]
							if n == 0 {
								continue
							}
							*c = productSum(*c,
								func(i int) tensor.BF16 { return dy[(first+i)*out+row] },
								func(i int) tensor.BF16 { return x[(first+i)*inner+col] }, n)
						}
					}
				}
				MatMulGrad(dw, dy, x, out, inner, offsets)
				wantF32(t, fmt.Sprint(in.name, offsets, out, inner), dw, want)
				finite += finites(want)
			}
			if finite < 100 {
				t.Errorf("%s: %d gradients are finite and not 0", in.name, finite)
			}
		}
	})
}

// TestProductLarge compares the paths with portable Go at sizes that are
// divided into many items, parts of K and chunks of rows.
func TestProductLarge(t *testing.T) {
	type result struct {
		y  []tensor.BF16
		dw []float32
	}
	shapes := [][3]int{{530, 70, 96}, {40, 1100, 64}, {70, 600, 300}, {50, 70, 2500}, {40, 70, 6200}, {1100, 96, 64}, {70, 96, 4500}}
	results := map[string][]result{}
	eachPath(t, func(t *testing.T) {
		longest := matmulJob{w: &Packed{Groups: 1, K: 6200, N: 70}, offsets: []int32{0, 40}}
		if longest.plan(); CPU() != "portable" && longest.depth >= longest.w.blocks() {
			t.Error("no shape is divided along K")
		}
		for _, shape := range shapes {
			r := rand.New(rand.NewPCG(11, 12))
			rows, n, k := shape[0], shape[1], shape[2]
			x, dy := drawn(r, rows*k, inputs[0].draw), drawn(r, rows*n, inputs[0].draw)
			w := NewPacked(1, k, n)
			w.PackBF16(0, drawn(r, n*k, inputs[0].draw))
			res := result{make([]tensor.BF16, rows*n), make([]float32, n*k)}
			MatMul(res.y, x, w, nil)
			MatMulGrad(res.dw, dy, x, n, k, nil)
			results[CPU()] = append(results[CPU()], res)
		}
	})
	for name, got := range results {
		for i, want := range results["portable"] {
			wantBF16(t, fmt.Sprint(name, shapes[i]), got[i].y, want.y)
			wantF32(t, fmt.Sprint(name, shapes[i]), got[i].dw, want.dw)
		}
	}
}

func TestProductAllocations(t *testing.T) {
	defer par.SetThreads(0)
	par.SetThreads(1) // so that the first call makes all the scratch memory
	eachPath(t, func(t *testing.T) {
		const groups, rows, n, k = 3, 40, 70, 90
		w := NewPacked(groups, k, n)
		x, y := make([]tensor.BF16, rows*k), make([]tensor.BF16, rows*n)
		f, dw := make([]float32, rows*n), make([]float32, groups*n*k)
		offsets := []int32{0, 11, 11, rows}
		if a := testing.AllocsPerRun(10, func() {
			MatMul(y, x, w, offsets)
			MatMulF32(f, x, w, offsets)
			MatMulGrad(dw, y, x, n, k, offsets)
			w.PackAll(dw)
		}); a > 0 {
			t.Errorf("%v allocations", a)
		}
	})
}

func TestProductPanics(t *testing.T) {
	w := NewPacked(2, 8, 4)
	for name, f := range map[string]func(){
		"inputs":  func() { MatMul(make([]tensor.BF16, 4), make([]tensor.BF16, 9), w, []int32{0, 1, 1}) },
		"outputs": func() { MatMul(make([]tensor.BF16, 5), make([]tensor.BF16, 8), w, []int32{0, 1, 1}) },
		"groups":  func() { MatMul(make([]tensor.BF16, 4), make([]tensor.BF16, 8), w, []int32{0, 1}) },
		"order":   func() { MatMul(make([]tensor.BF16, 4), make([]tensor.BF16, 8), w, []int32{0, 2, 1}) },
		"nil":     func() { MatMul(make([]tensor.BF16, 4), make([]tensor.BF16, 8), w, nil) },
		"grad":    func() { MatMulGrad(make([]float32, 5), nil, nil, 2, 2, nil) },
		"pack":    func() { w.Pack(2, make([]float32, 32)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
