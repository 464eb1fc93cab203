package tensor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// squared returns the weighted squared error, nil weights being alike.
func squared(want, got, weights []float32) float64 {
	var sum float64
	for i := range want {
		e := float64(want[i]) - float64(got[i])
		if weights != nil {
			e *= math.Sqrt(float64(weights[i]))
		}
		sum += e * e
	}
	return sum
}

// quantized returns the numbers that rows decode to after QuantizeWeighted.
func quantized(t testing.TB, d DType, src, weights []float32) []float32 {
	t.Helper()
	elements, size := d.Block()
	codes := make([]byte, len(src)/elements*size)
	if err := QuantizeWeighted(codes, d, src, weights); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, len(src))
	Dequantize(got, d, codes)
	return got
}

// TestLoss compares the error of each row with that of the quantizers in
// losses.json, which search too.
func TestLoss(t *testing.T) {
	data, err := os.ReadFile("testdata/losses.bin")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/losses.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[DType]struct{ Plain, Weighted []float64 }
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	const n = 256
	numbers := View[float32](AlignedCopy(data))
	rows, weights := numbers[:8*n], numbers[8*n:]
	for _, d := range blockFormats {
		for i := range 8 {
			row := rows[i*n : (i+1)*n]
			plain := squared(row, quantized(t, d, row, nil), nil)
			weighted := squared(row, quantized(t, d, row, weights), weights)
			if plain > golden[d].Plain[i]*(1+1e-6) {
				t.Errorf("%s row %d: error %g, others make %g", d, i, plain, golden[d].Plain[i])
			}
			if weighted > golden[d].Weighted[i]*(1+1e-6) {
				t.Errorf("%s row %d: weighted error %g, others make %g", d, i, weighted, golden[d].Weighted[i])
			}
		}
	}
}

// TestQuantizeBits: machines that fuse products and sums make the same bits. The
// hash is of what amd64, which does not, makes of losses.bin.
func TestQuantizeBits(t *testing.T) {
	data, err := os.ReadFile("testdata/losses.bin")
	if err != nil {
		t.Fatal(err)
	}
	rows, weights := View[float32](AlignedCopy(data))[:2048], View[float32](AlignedCopy(data))[2048:]
	sum := sha256.New()
	for _, d := range blockFormats {
		elements, size := d.Block()
		codes := make([]byte, len(rows)/elements*size)
		for _, w := range [][]float32{nil, weights} {
			if err := QuantizeWeighted(codes, d, rows, w); err != nil {
				t.Fatal(err)
			}
			sum.Write(codes)
		}
	}
	const want = "1e339936d283a9e36fa3e2328bd3bf0135bfaeede637e5c8496a2910cae8202c"
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}

// anyRow draws a row of a magnitude from far below to far above what an F16
// holds, with numbers that stand out.
func anyRow(t *rapid.T, n int) []float32 {
	scale := math.Ldexp(1, rapid.IntRange(-40, 18).Draw(t, "exponent"))
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	offset := rapid.SampledFrom([]float64{0, 0, 0.5, -3}).Draw(t, "offset")
	row := make([]float32, n)
	for i := range row {
		x := rng.NormFloat64() + offset
		if rng.IntN(40) == 0 {
			x *= 8
		}
		row[i] = float32(max(min(x*scale, 65504*7), -65504*7))
	}
	return row
}

// TestGrid: what Set returns is what the block decodes to, and no other value of
// the group is nearer.
func TestGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(blockFormats).Draw(t, "format")
		elements, size := d.Block()
		row := anyRow(t, elements)
		g := NewGrid(d)
		if err := g.Fit(row, nil); err != nil {
			t.Fatal(err)
		}
		group := rapid.IntRange(0, elements/g.Group()-1).Draw(t, "group")
		changed := row[group*g.Group():][:g.Group()]
		copy(changed, anyRow(t, g.Group()))
		if err := g.FitGroup(group, changed, nil); err != nil {
			t.Fatal(err)
		}
		want := make([]float32, elements)
		for i, x := range row {
			want[i] = g.Set(i, x)
		}
		block, got := make([]byte, size), make([]float32, elements)
		g.Encode(block)
		Dequantize(got, d, block)
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%s: Set(%d, %g) returned %g, decoded %g", d, i, row[i], want[i], got[i])
			}
		}
		i := rapid.IntRange(0, elements-1).Draw(t, "number")
		distance := math.Abs(float64(row[i]) - float64(want[i]))
		for q := range 256 { // codes of every format are among these
			other := float64(g.Set(i, float32(q-128)*g.scale[i/g.Group()]-g.low[i/g.Group()]))
			if math.Abs(float64(row[i])-other) < distance*(1-1e-5) {
				t.Fatalf("%s: %g became %g, but %g is nearer", d, row[i], want[i], other)
			}
		}
	})
}

// TestQuantizeAgain: numbers that a block of Q8_0 holds come back as they are if
// the largest code is among them.
func TestQuantizeAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		block := rapid.SliceOfN(rapid.Byte(), 34, 34).Draw(t, "block")
		block[1] &^= 0x04 // a finite scale
		for i, b := range block[2:] {
			if b == 0x80 {
				block[2+i] = 0x7f
			}
		}
		block[2+rapid.IntRange(0, 31).Draw(t, "largest")] = 0x81 // -127
		numbers := make([]float32, 32)
		Dequantize(numbers, DTypeQ8_0, block)
		again, got := make([]byte, 34), make([]float32, 32)
		if err := Quantize(again, DTypeQ8_0, numbers); err != nil {
			t.Fatal(err)
		}
		Dequantize(got, DTypeQ8_0, again)
		if !slices.Equal(got, numbers) {
			t.Fatalf("%v came back as %v", numbers, got)
		}
	})
}

// TestQuantizeExtremes: zeros stay, numbers too small for an F16 scale become no
// larger, and the largest that are taken come back near what they were.
func TestQuantizeExtremes(t *testing.T) {
	for _, d := range blockFormats {
		for _, x := range []float32{0, 1e-42, 1e-12, largest(d) / 2, -largest(d) / 2, largest(d)} {
			row := make([]float32, 256)
			row[3], row[40], row[255] = x, -x, x/2
			limit := math.Abs(float64(x))
			if limit > 1 {
				limit /= 4
			}
			for i, y := range quantized(t, d, row, nil) {
				if lost := math.Abs(float64(y) - float64(row[i])); !(lost <= limit) {
					t.Errorf("%s: %g beside %g became %g", d, row[i], x, y)
				}
			}
		}
	}
}

// TestWeights: columns that count are kept better than without weights, weights
// that are all 0 are alike, and the unit of the weights does not matter.
func TestWeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	row, weights := make([]float32, 512), make([]float32, 256)
	for i := range row {
		row[i] = float32(rng.NormFloat64())
	}
	for k := range weights {
		weights[k] = float32(math.Exp(4 * rng.NormFloat64()))
	}
	double := slices.Concat(weights, weights)
	large := slices.Clone(weights)
	for k := range large {
		large[k] *= 0x1p100
	}
	for _, d := range blockFormats {
		with, without := quantized(t, d, row, weights), quantized(t, d, row, nil)
		wide := d != DTypeQ8_0 && d != DTypeMXFP4 // many scales to choose from
		if a, b := squared(row, with, double), squared(row, without, double); a > b || wide && a > 0.95*b {
			t.Errorf("%s: weighted error %g, and %g without weights", d, a, b)
		}
		if !slices.Equal(with, quantized(t, d, row, large)) {
			t.Errorf("%s: larger weights change the result", d)
		}
		if !slices.Equal(without, quantized(t, d, row, make([]float32, 256))) {
			t.Errorf("%s: weights of 0 are not alike", d)
		}
	}
}

func TestQuantizeRefuses(t *testing.T) {
	nan := float32(math.NaN())
	inf := float32(math.Inf(1))
	for _, d := range blockFormats {
		elements, size := d.Block()
		codes := make([]byte, 512/elements*size)
		bad := map[float32]string{-inf: "number 300 is -Inf: only finite", nan: "number 300 is NaN: only finite"}
		if d != DTypeMXFP4 { // which reaches as far as float32
			bad[1e9] = "number 300 is 1e+09"
		}
		for x, want := range bad {
			row := make([]float32, 512)
			row[300] = x
			if err := Quantize(codes, d, row); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %g: %v", d, x, err)
			}
			begin := 300 / elements * elements
			if err := NewGrid(d).Fit(row[begin:begin+elements], nil); err == nil {
				t.Errorf("%s: Fit took %g", d, x)
			}
		}
		for _, w := range []float32{-1, nan, inf} {
			weights := make([]float32, 256)
			weights[9] = w
			err := QuantizeWeighted(codes, d, make([]float32, 512), weights)
			if err == nil || !strings.Contains(err.Error(), "column 9") {
				t.Errorf("%s: weight %g: %v", d, w, err)
			}
		}
	}
}

func TestGridPanics(t *testing.T) {
	g := NewGrid(DTypeQ4K)
	for name, wrong := range map[string]func(){
		"no format of blocks": func() { NewGrid(DTypeF16) },
		"half a block":        func() { _ = g.Fit(make([]float32, 128), nil) },
		"half a group":        func() { _ = g.FitGroup(0, make([]float32, 16), nil) },
		"too few weights":     func() { _ = g.Fit(make([]float32, 256), make([]float32, 32)) },
		"wrong bytes":         func() { g.Encode(make([]byte, 18)) },
		"ragged rows": func() {
			_ = QuantizeWeighted(make([]byte, 144), DTypeQ4K, make([]float32, 256), make([]float32, 512))
		},
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

func BenchmarkQuantize(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	src := make([]float32, 1<<13)
	for i := range src {
		src[i] = float32(rng.NormFloat64())
	}
	for _, d := range blockFormats {
		b.Run(string(d), func(b *testing.B) {
			elements, size := d.Block()
			dst := make([]byte, len(src)/elements*size)
			b.SetBytes(int64(4 * len(src)))
			for b.Loop() {
				if err := Quantize(dst, d, src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
