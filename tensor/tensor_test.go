package tensor

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// nearest returns whether got is the even-tied nearest of its neighbors to f;
// the neighbors are the values of the patterns next to it.
func nearest(f float32, got float64, below, above float64, even bool) bool {
	x := float64(f)
	d := math.Abs(x - got)
	for _, other := range []float64{below, above} {
		if od := math.Abs(x - other); od < d || od == d && !even {
			return false
		}
	}
	return true
}

// f16Value is Float32 by the definition of the format, with the infinities
// read as the next power of two, as rounding sees them.
func f16Value(h F16) float64 {
	exp, frac := int(h>>10&0x1f), float64(h&0x3ff)
	value := math.Ldexp(1024+frac, exp-25)
	if exp == 0 {
		value = math.Ldexp(frac, -24)
	}
	if h&0x8000 != 0 {
		return -value
	}
	return value
}

func TestF16Float32(t *testing.T) {
	for i := range 1 << 16 {
		h := F16(i)
		got := h.Float32()
		if h&0x7c00 != 0x7c00 {
			if float64(got) != f16Value(h) || math.Signbit(float64(got)) != (h&0x8000 != 0) {
				t.Fatalf("%04x: %g, want %g", i, got, f16Value(h))
			}
			if back := F16FromFloat32(got); back != h {
				t.Fatalf("%04x came back as %04x", i, back)
			}
			continue
		}
		if h&0x3ff == 0 && !math.IsInf(float64(got), 1-2*int(h>>15)) || h&0x3ff != 0 && got == got {
			t.Fatalf("%04x: %g", i, got)
		}
		if back := F16FromFloat32(got); back != h && back != h|0x200 {
			t.Fatalf("%04x came back as %04x", i, back)
		}
	}
}

// TestF16Rounding tries every boundary between two neighbors and the floats
// next to it.
func TestF16Rounding(t *testing.T) {
	for i := range 0x7c00 {
		low, high := F16(i), F16(i+1)
		middle := math.Float32bits(float32((f16Value(low) + f16Value(high)) / 2))
		even := low
		if low&1 == 1 {
			even = high
		}
		for _, c := range []struct {
			bits uint32
			want F16
		}{{middle - 1, low}, {middle, even}, {middle + 1, high}} {
			for _, sign := range []uint32{0, 1} {
				f := math.Float32frombits(c.bits | sign<<31)
				if got := F16FromFloat32(f); got != c.want|F16(sign<<15) {
					t.Fatalf("%g rounded to %04x, want %04x", f, got, c.want|F16(sign<<15))
				}
			}
		}
	}
	for _, c := range []struct {
		f    float32
		want F16
	}{
		{65504, 0x7bff},
		{65519.996, 0x7bff},
		{65520, 0x7c00},
		{math.MaxFloat32, 0x7c00},
		{float32(math.Inf(-1)), 0xfc00},
		{math.SmallestNonzeroFloat32, 0},
		{0x1p-25, 0},
		{math.Nextafter32(0x1p-25, 1), 1},
		{float32(math.Copysign(0, -1)), 0x8000},
	} {
		if got := F16FromFloat32(c.f); got != c.want {
			t.Errorf("%g: %04x, want %04x", c.f, got, c.want)
		}
	}
}

// TestF16Property checks random float32 patterns against the definition.
func TestF16Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
		got := F16FromFloat32(f)
		switch a := math.Abs(float64(f)); {
		case f != f:
			if r := got.Float32(); r == r {
				t.Fatalf("NaN became %04x", got)
			}
		case a >= 65520:
			if got&0x7fff != 0x7c00 {
				t.Fatalf("%g became %04x", f, got)
			}
		default:
			magnitude := got & 0x7fff
			below := f16Value(max(magnitude, 1) - 1)
			if !nearest(float32(a), f16Value(magnitude), below, f16Value(magnitude+1), magnitude&1 == 0) {
				t.Fatalf("%g became %04x", f, got)
			}
		}
	})
}

func TestBF16Property(t *testing.T) {
	value := func(b BF16) float64 { // infinity read as 2^128
		if b == 0x7f80 {
			return 0x1p128
		}
		return float64(b.Float32())
	}
	rapid.Check(t, func(t *rapid.T) {
		f := math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
		got := FromFloat32(f)
		if f != f {
			if r := got.Float32(); r == r {
				t.Fatalf("NaN became %04x", got)
			}
			return
		}
		if math.IsInf(float64(f), 0) {
			if got.Float32() != f {
				t.Fatalf("%g became %04x", f, got)
			}
			return
		}
		magnitude := got & 0x7fff
		below := value(max(magnitude, 1) - 1)
		above := value(min(magnitude+1, 0x7f80))
		a := float32(math.Abs(float64(f)))
		if magnitude == 0x7f80 {
			above = math.Inf(1)
		}
		if !nearest(a, value(magnitude), below, above, magnitude&1 == 0) || got&0x8000 != BF16(math.Float32bits(f)>>16&0x8000) {
			t.Fatalf("%g became %04x", f, got)
		}
	})
	for i := range 1 << 16 {
		if b := BF16(i); FromFloat32(b.Float32()) != b && b.Float32() == b.Float32() {
			t.Fatalf("%04x came back as %04x", i, FromFloat32(b.Float32()))
		}
	}
}

func TestSizeBytes(t *testing.T) {
	for _, c := range []struct {
		d     DType
		shape []int
		want  int
		err   string
	}{
		{DTypeF32, nil, 4, ""},
		{DTypeF32, []int{2, 3}, 24, ""},
		{DTypeBF16, []int{3}, 6, ""},
		{DTypeF64, []int{1 << 62, 0, 1 << 62}, 0, ""},
		{DTypeF4, []int{3, 2}, 3, ""},
		{DTypeF4, []int{3}, 0, "whole number of bytes"},
		{DTypeF32, []int{-1}, 0, "negative"},
		{DTypeF32, []int{1 << 62, 4}, 0, "too large"},
		{DTypeF32, []int{math.MaxInt, math.MaxInt}, 0, "too large"},
		{"F12", []int{1}, 0, "unknown dtype"},
	} {
		got, err := SizeBytes(c.d, c.shape)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s %v: %d, %v", c.d, c.shape, got, err)
		}
	}
}

func TestViews(t *testing.T) {
	f := FromF32("w", []float32{1, -2, 0.5, 65504}, 2, 2)
	if f.Len() != 4 || !slices.Equal(f.F32(), []float32{1, -2, 0.5, 65504}) {
		t.Errorf("F32: %v", f.F32())
	}
	f.F32()[0] = 3
	if View[float32](f.Data)[0] != 3 {
		t.Error("F32 does not alias Data")
	}
	b := FromBF16("b", []BF16{0x3f80, 0xc000}, 2)
	half := &Tensor{Name: "h", DType: DTypeF16, Shape: []int{2}, Data: Bytes([]F16{0x3c00, 0xc000})}
	double := &Tensor{Name: "d", DType: DTypeF64, Shape: []int{2}, Data: Bytes([]float64{1, -2})}
	for _, x := range []*Tensor{b, half, double} {
		dst := make([]float32, 2)
		if err := x.CopyF32(dst); err != nil || !slices.Equal(dst, []float32{1, -2}) {
			t.Errorf("%s: %v, %v", x.DType, dst, err)
		}
	}
	ints := &Tensor{Name: "ids", DType: DTypeI32, Shape: []int{1}, Data: make([]byte, 4)}
	if err := ints.CopyF32(make([]float32, 1)); err == nil || !strings.Contains(err.Error(), "ids") {
		t.Errorf("I32: %v", err)
	}
	for name, wrong := range map[string]func(){
		"wrong dtype":  func() { f.BF16() },
		"wrong shape":  func() { FromF32("w", []float32{1}, 2) },
		"wrong length": func() { _ = f.CopyF32(nil) },
		"odd bytes":    func() { View[uint32](make([]byte, 6)) },
		"misaligned":   func() { View[uint32](AlignedCopy(make([]byte, 12))[2:10]) },
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

func TestMap(t *testing.T) {
	dir := t.TempDir()
	for _, size := range []int{0, 1, 4096, 10_001} {
		path := filepath.Join(dir, "data")
		want := bytes.Repeat([]byte{1, 2, 3, 5, 7}, size)[:size]
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := Map(path)
		if err != nil || !bytes.Equal(m.Bytes(), want) || !Aligned(m.Bytes(), 8) {
			t.Fatalf("size %d: content differs or not aligned, %v", size, err)
		}
		for range 2 {
			if err := m.Close(); err != nil || m.Bytes() != nil {
				t.Fatalf("Close: %v", err)
			}
		}
	}
	if _, err := Map(dir); err == nil || runtime.GOOS != "windows" && !strings.Contains(err.Error(), "regular") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Map(filepath.Join(dir, "missing")); !os.IsNotExist(err) {
		t.Errorf("missing: %v", err)
	}
}
