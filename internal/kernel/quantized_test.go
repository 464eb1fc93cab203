package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// blockFormats are the formats of blocks; plainFormats are kept as bf16.
var (
	blockFormats = []tensor.DType{
		tensor.DTypeQ8_0, tensor.DTypeQ4_0, tensor.DTypeMXFP4,
		tensor.DTypeQ4K, tensor.DTypeQ5K, tensor.DTypeQ6K,
	}
	plainFormats = []tensor.DType{tensor.DTypeBF16, tensor.DTypeF16, tensor.DTypeF32}
)

// dequantized is what GGUF says that a number of the format d is, number i of
// the block that begins at b.
func dequantized(d tensor.DType, b []byte, i int) float32 {
	f16 := func(at int) float32 { return tensor.F16(binary.LittleEndian.Uint16(b[at:])).Float32() }
	nibble := func(at, half int) float32 { return float32(b[at] >> (4 * half) & 15) }
	switch d {
	case tensor.DTypeBF16:
		return tensor.BF16(binary.LittleEndian.Uint16(b)).Float32()
	case tensor.DTypeF16:
		return f16(0)
	case tensor.DTypeF32:
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	case tensor.DTypeQ8_0:
		return f16(0) * float32(int8(b[2+i]))
	case tensor.DTypeQ4_0:
		return f16(0) * (nibble(2+i%16, i/16) - 8)
	case tensor.DTypeMXFP4:
		code := int(nibble(1+i%16, i/16))
		value := []float64{0, 0.5, 1, 1.5, 2, 3, 4, 6}[code%8] * math.Pow(-1, float64(code/8))
		return float32(math.Ldexp(value, int(b[0])-127))
	case tensor.DTypeQ4K, tensor.DTypeQ5K:
		var scale, offset byte // get_scale_min_k4
		j, s := i/32, b[4:16]
		if j < 4 {
			scale, offset = s[j]&63, s[j+4]&63
		} else {
			scale, offset = s[j+4]&0xf|s[j-4]>>6<<4, s[j+4]>>4|s[j]>>6<<4
		}
		at, q := 16, float32(0)
		if d == tensor.DTypeQ5K {
			at, q = 48, float32(b[16+i%32]>>(i/32)&1)*16
		}
		q += nibble(at+i/64*32+i%32, i/32%2)
		product := float32(float32(f16(0)*float32(scale)) * q)
		return product - float32(f16(2)*float32(offset))
	case tensor.DTypeQ6K:
		part, r := i/128, i%128 // of two; 32 bytes of two bits have four numbers each
		low := nibble(part*64+r%64, r/64)
		two := b[128+part*32+r%32] >> (2 * (r / 32)) & 3
		scale := float32(int8(b[192+i/16]))
		return float32(f16(208)*scale) * (low + 16*float32(two) - 32)
	}
	panic(d)
}

// plainRows decodes rows of k numbers to bf16.
func plainRows(d tensor.DType, rows []byte, k int) []tensor.BF16 {
	elements, size := d.Block()
	w := make([]tensor.BF16, len(rows)/size*elements)
	for i := range w {
		w[i] = tensor.FromFloat32(dequantized(d, rows[i/elements*size:], i%elements))
	}
	return w
}

// scaleKinds draw the scales of blocks, as F16.
var scaleKinds = []struct {
	name string
	draw func(r *rand.Rand) uint16
}{
	{"normal", func(r *rand.Rand) uint16 { return uint16(tensor.F16FromFloat32(float32(r.NormFloat64() / 16))) }},
	{"tiny", func(r *rand.Rand) uint16 { return uint16(r.UintN(2)<<15 | r.UintN(0x600)) }},
	{"huge", func(r *rand.Rand) uint16 { return uint16(r.UintN(2)<<15 | 0x7bff - r.UintN(0x600)) }},
	{"zero", func(r *rand.Rand) uint16 { return uint16(r.UintN(2) << 15) }},
	{"any", func(r *rand.Rand) uint16 { return uint16(r.Uint32()) }},
	{"not finite", func(r *rand.Rand) uint16 { return uint16(0x7c00 | r.UintN(2)<<15 | r.UintN(2)*r.UintN(0x400)) }},
	{"all ones", func(r *rand.Rand) uint16 { return 0xffff }},
}

// drawRows draws n rows of k numbers. Codes are any; so are the exponents of
// MXFP4, but next to the kind's own ones.
func drawRows(r *rand.Rand, d tensor.DType, n, k int, scale func(r *rand.Rand) uint16) []byte {
	elements, size := d.Block()
	rows := make([]byte, n*k/elements*size)
	for i := range rows {
		rows[i] = byte(r.Uint32())
	}
	for b := rows; len(b) > 0; b = b[size:] {
		h := scale(r)
		switch d {
		case tensor.DTypeBF16:
			binary.LittleEndian.PutUint16(b, uint16(tensor.FromFloat32(tensor.F16(h).Float32())))
		case tensor.DTypeF32:
			binary.LittleEndian.PutUint32(b, math.Float32bits(tensor.F16(h).Float32()*1.0009765))
		case tensor.DTypeQ6K:
			binary.LittleEndian.PutUint16(b[208:], h)
		case tensor.DTypeMXFP4:
			b[0] = byte(tensor.F16(h).Float32()*8) + 120
			if h&0x7fff < 0x10 { // next to 0
				b[0] = byte(h % 6)
			} else if h&0x7fff >= 0x7000 {
				b[0] = byte(250 + h%6)
			}
		default:
			binary.LittleEndian.PutUint16(b, h)
			if d != tensor.DTypeQ8_0 && elements > 32 {
				binary.LittleEndian.PutUint16(b[2:], scale(r))
			}
		}
	}
	return rows
}

// quantizedCase has the same weights twice.
type quantizedCase struct {
	what    string
	coded   *Packed
	plain   *Packed
	offsets []int32
}

func newQuantizedCase(what string, groups, k, n int, formats func(g, panel int) tensor.DType, scale func(r *rand.Rand) uint16) quantizedCase {
	r := rand.New(rand.NewPCG(uint64(k), uint64(n)))
	c := quantizedCase{what: what, coded: NewQuantized(groups, k, n), plain: NewPacked(groups, k, n)}
	for g := range groups {
		var w []tensor.BF16
		for row := 0; row < n; row += PanelN {
			d := formats(g, row/PanelN)
			rows := drawRows(r, d, min(PanelN, n-row), k, scale)
			c.coded.SetRows(g, row, d, rows)
			w = append(w, plainRows(d, rows, k)...)
		}
		c.plain.PackBF16(g, w)
	}
	return c
}

func one(d tensor.DType) func(g, panel int) tensor.DType {
	return func(g, panel int) tensor.DType { return d }
}

func (c *quantizedCase) test(t *testing.T, rows int, draw func(r *rand.Rand) tensor.BF16) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(rows), 5))
	x := drawn(r, rows*c.plain.K, draw)
	n := rows * c.plain.N
	y, want := make([]tensor.BF16, n), make([]tensor.BF16, n)
	f, wantF := make([]float32, n), make([]float32, n)
	offsets := c.offsets
	if c.plain.Groups > 1 {
		offsets = make([]int32, c.plain.Groups+1)
		for g := 1; g < c.plain.Groups; g++ {
			offsets[g] = offsets[g-1] + int32(r.IntN(1+rows-int(offsets[g-1])))
		}
		offsets[c.plain.Groups] = int32(rows)
	}
	MatMul(y, x, c.coded, offsets)
	MatMul(want, x, c.plain, offsets)
	MatMulF32(f, x, c.coded, offsets)
	MatMulF32(wantF, x, c.plain, offsets)
	what := fmt.Sprint(c.what, ", ", rows, " rows")
	wantBF16(t, what, y, want)
	wantF32(t, what, f, wantF)
}

// TestQuantized compares each format's product with that of the numbers that it
// stands for.
func TestQuantized(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, c := range quantizedCases() {
			rows := []int{1, 2, 3, 7, 8, 12, 13, 40}
			if testing.Short() || CPU() == "portable" {
				rows = []int{1, 3, 8, 13}
			}
			for _, n := range rows {
				c.test(t, n, inputs[0].draw)
			}
			c.test(t, 2, inputs[len(inputs)-1].draw)
		}
	})
}

// TestNear: every path can keep tiles of rows near and decode weights ahead of
// them, as AMX does.
func TestNear(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		before := *cpu
		defer func() { *cpu = before }()
		tile := cpu.tiles[len(cpu.tiles)-1]
		cpu.nearRows, cpu.nearA, cpu.nearB = tile.rows, tile.rows*tile.aBytes*8*BlockK, 192<<10
		for _, d := range []tensor.DType{tensor.DTypeBF16, tensor.DTypeQ8_0} {
			for _, shape := range [][3]int{{1, 256, 70}, {3, 768, 96}, {1, 1600, 40}} {
				c := newQuantizedCase(fmt.Sprint(d, " near ", shape), shape[0], shape[1], shape[2], one(d), scaleKinds[0].draw)
				for _, rows := range []int{3, 40, 100} {
					c.test(t, rows, inputs[0].draw)
				}
			}
		}
	})
}

// quantizedCases has weights in the order of the path in use.
func quantizedCases() (cases []quantizedCase) {
	for _, d := range append(blockFormats, plainFormats...) {
		for _, kind := range scaleKinds {
			for _, n := range []int{32, 70} {
				cases = append(cases, newQuantizedCase(fmt.Sprintf("%s %s %d", d, kind.name, n), 1, 256, n, one(d), kind.draw))
			}
		}
		cases = append(cases,
			newQuantizedCase(string(d)+" long", 1, 4096+512, 40, one(d), scaleKinds[0].draw),
			newQuantizedCase(string(d)+" groups", 3, 768, 96, one(d), scaleKinds[0].draw))
		if elements, _ := d.Block(); elements < 256 {
			cases = append(cases, newQuantizedCase(string(d)+" few", 2, 96, 33, one(d), scaleKinds[0].draw))
		}
		if elements, _ := d.Block(); elements == 1 {
			cases = append(cases, newQuantizedCase(string(d)+" ragged", 2, 75, 33, one(d), scaleKinds[0].draw))
		}
	}
	all := append(blockFormats, plainFormats...)
	cases = append(cases, newQuantizedCase("mixed", 3, 512, 5*PanelN+8,
		func(g, panel int) tensor.DType { return all[(5*g+panel)%len(all)] }, scaleKinds[0].draw))
	return cases
}

// TestQuantizedOtherPath changes the path after the weights were packed.
func TestQuantizedOtherPath(t *testing.T) {
	for _, d := range blockFormats {
		eachPath(t, func(t *testing.T) {
			c := newQuantizedCase(fmt.Sprint(d, " packed for ", CPU()), 1, 256, 70, one(d), scaleKinds[0].draw)
			eachPath(t, func(t *testing.T) {
				c.test(t, 1, inputs[0].draw)
				c.test(t, 13, inputs[0].draw)
			})
		})
	}
}

// TestQuantizedMild tests MXFP4 at and beyond the ends of what is mild, in weights
// and in A, alone and with zeros and numbers that are not finite.
func TestQuantizedMild(t *testing.T) {
	const k, n = 128, 64
	ends := []int{0, 1, 127 - 100, 127 - 79, 127 - 78, 127 - 77, 127, 127 + 39, 127 + 40, 127 + 41, 127 + 90, 254, 255}
	eachPath(t, func(t *testing.T) {
		mild := 0
		for _, e := range []int{0, 2, 87, 88, 120, 168, 169, 252, 253, 255} {
			for _, spread := range []int{1, 3} {
				c := newQuantizedCase(fmt.Sprint("exponent ", e), 1, k, n, one(tensor.DTypeMXFP4),
					func(*rand.Rand) uint16 { return 0x3c00 })
				r := rand.New(rand.NewPCG(uint64(e), 1))
				rows := drawRows(r, tensor.DTypeMXFP4, n, k, scaleKinds[0].draw)
				for i := 0; i < len(rows); i += 17 {
					rows[i] = byte(max(0, min(255, e+r.IntN(spread)-spread/2)))
					if r.IntN(8) == 0 { // as blocks of zeros are written
						clear(rows[i:][:17])
					}
				}
				c.coded.SetRows(0, 0, tensor.DTypeMXFP4, rows)
				c.plain.PackBF16(0, plainRows(tensor.DTypeMXFP4, rows, k))
				if c.coded.stored[0].mild {
					mild++
				}
				for _, low := range ends {
					for _, high := range ends {
						c.test(t, 1, func(r *rand.Rand) tensor.BF16 {
							return withExponent(r, low, max(low, high)+1) * tensor.BF16(r.IntN(5)&1)
						})
					}
				}
			}
		}
		if mild == 0 {
			t.Error("nothing is mild")
		}
	})
}

// TestQuantizedDecode compares decoded panels with packed ones, the zeros
// beyond N included.
func TestQuantizedDecode(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, d := range blockFormats {
			for _, kind := range scaleKinds {
				c := newQuantizedCase("", 1, 1024, 70, one(d), kind.draw)
				got := make([]tensor.BF16, len(c.plain.Data))
				for i, panel := range c.coded.stored {
					units := len(panel.data) / 2 / panel.coding.halfBytes()
					panel.decode(&got[i*c.plain.panelLen()], &panel.data[0], units)
				}
				for i, want := range c.plain.Data {
					if got := expand(got[i]); got != expand(want) && !sameBF16(tensor.FromFloat32(got), want) {
						t.Fatalf("%s %s: element %d is %g, want %g", d, kind.name, i, got, want.Float32())
					}
				}
			}
		}
	})
}

func TestQuantizedResidency(t *testing.T) {
	const groups, k, n = 2, 256, 96
	r := rand.New(rand.NewPCG(1, 1))
	for _, d := range append(blockFormats, plainFormats...) {
		p := NewQuantized(groups, k, n)
		_, size := d.Block()
		rows := drawRows(r, d, n, k, scaleKinds[0].draw)
		per := len(rows) / n
		if per%size != 0 || p.SizeBytes() != 0 {
			t.Fatalf("%s: there is something before anything was set", d)
		}
		p.SetRows(1, 64, d, rows[:32*per])
		if want := QuantizedBytes(d, k, 32); p.SizeBytes() != want {
			t.Fatalf("%s: %d bytes of 32 rows, want %d", d, p.SizeBytes(), want)
		}
		var wg sync.WaitGroup
		for g := range groups {
			wg.Go(func() { p.SetRows(g, 0, d, rows[:64*per]) })
			wg.Go(func() { p.SetRows(g, 64, d, rows[64*per:]) })
		}
		wg.Wait()
		if want := 2 * QuantizedBytes(d, k, n); p.SizeBytes() != want {
			t.Fatalf("%s: %d bytes, want %d", d, p.SizeBytes(), want)
		}
	}
}

// TestQuantizedBytes states how many bits a weight takes.
func TestQuantizedBytes(t *testing.T) {
	for d, want := range map[tensor.DType]float64{
		tensor.DTypeQ8_0: 8.5, tensor.DTypeQ4_0: 4.5, tensor.DTypeMXFP4: 4.5,
		tensor.DTypeQ4K: 4.625, tensor.DTypeQ5K: 8.625, tensor.DTypeQ6K: 8.5625,
		tensor.DTypeBF16: 16, tensor.DTypeF16: 16, tensor.DTypeF32: 16,
	} {
		if bits := float64(QuantizedBytes(d, 1024, 320)) * 8 / (1024 * 320); bits != want {
			t.Errorf("%s takes %g bits, want %g", d, bits, want)
		}
	}
}

func TestQuantizedBugs(t *testing.T) {
	p := NewQuantized(2, 256, 70)
	rows := make([]byte, 70*256*2)
	bug := func(what string, f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", what)
			}
		}()
		f()
	}
	bug("row in a panel", func() { p.SetRows(0, 6, tensor.DTypeBF16, rows[:64*512]) })
	bug("half a panel", func() { p.SetRows(0, 0, tensor.DTypeBF16, rows[:33*512]) })
	bug("too many rows", func() { p.SetRows(0, 32, tensor.DTypeBF16, rows) })
	bug("no rows", func() { p.SetRows(0, 0, tensor.DTypeBF16, nil) })
	bug("half a row", func() { p.SetRows(0, 0, tensor.DTypeBF16, rows[:32*512+2]) })
	bug("no such group", func() { p.SetRows(2, 0, tensor.DTypeBF16, rows) })
	bug("no such format", func() { p.SetRows(0, 0, tensor.DTypeI8, rows) })
	bug("K no multiple of the block", func() { NewQuantized(1, 48, 32).SetRows(0, 0, tensor.DTypeQ8_0, rows[:32*34]) })
	bug("not quantized", func() { NewPacked(1, 32, 32).SetRows(0, 0, tensor.DTypeQ8_0, rows[:32*34]) })
	bug("Pack", func() { p.PackBF16(0, make([]tensor.BF16, 256*70)) })
	p.SetRows(0, 0, tensor.DTypeBF16, rows)
	p.SetRows(1, 64, tensor.DTypeBF16, rows[:6*512])
	x, y := make([]tensor.BF16, 256), make([]tensor.BF16, 70)
	MatMul(y, x, p, []int32{0, 1, 1})
	bug("not in memory", func() { MatMul(y, x, p, []int32{0, 0, 1}) })
}

// TestSetRowsPlain: rows set in pieces, in any plain format, are those of Pack.
func TestSetRowsPlain(t *testing.T) {
	const groups, k, n = 2, 70, 97
	w := make([]float32, k*n)
	for i := range w {
		w[i] = float32(i%251)/64 - 1.5 // exact in every format
	}
	bf16, f16 := make([]tensor.BF16, len(w)), make([]byte, 2*len(w))
	ToBF16(bf16, w)
	for i, v := range w {
		bits := math.Float32bits(v)
		half := uint16(0)
		if v != 0 {
			half = uint16(bits>>16&0x8000 | (bits>>23-112)&31<<10 | bits>>13&0x3ff)
		}
		binary.LittleEndian.PutUint16(f16[2*i:], half)
	}
	want := NewPacked(groups, k, n)
	want.Pack(1, w)
	for d, data := range map[tensor.DType][]byte{
		tensor.DTypeF32: tensor.Bytes(w), tensor.DTypeBF16: tensor.Bytes(bf16), tensor.DTypeF16: f16,
	} {
		got := NewPacked(groups, k, n)
		row := len(data) / n
		for lo := 0; lo < n; lo += 64 {
			got.SetRows(1, lo, d, data[lo*row:min(lo+64, n)*row])
		}
		if !slices.Equal(got.Data, want.Data) {
			t.Errorf("%s: other weights than Pack's", d)
		}
	}
}
