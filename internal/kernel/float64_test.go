package kernel

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
)

func relative(got, want float64) float64 { return math.Abs(got-want) / math.Abs(want) }

func TestSinCos(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 200_000 {
		x := (r.Float64() - 0.5) * math.Ldexp(1, r.IntN(22))
		if i%4 == 0 { // near multiples of pi/2, where a sine or cosine is small
			x = float64(r.IntN(600_000)) * (math.Pi / 2)
		}
		s, c := SinCos(x)
		ws, wc := math.Sincos(x)
		if math.Abs(s-ws) > 0x1p-52 || math.Abs(c-wc) > 0x1p-52 {
			t.Fatalf("SinCos(%v) = %v, %v, want %v, %v", x, s, c, ws, wc)
		}
	}
	if s, c := SinCos(0); s != 0 || c != 1 {
		t.Errorf("SinCos(0) = %v, %v", s, c)
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), 1 << 21} {
		if s, c := SinCos(x); s == s || c == c {
			t.Errorf("SinCos(%v) = %v, %v, want NaN", x, s, c)
		}
	}
}

func TestLogExpPow(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200_000 {
		x := math.Ldexp(0.5+r.Float64(), r.IntN(2000)-1000)
		if l, want := Log(x), math.Log(x); relative(l, want) > 0x1p-51 {
			t.Fatalf("Log(%v) = %v, want %v", x, l, want)
		}
		x = 1 + (r.Float64()-0.5)*math.Ldexp(1, -r.IntN(40))
		if l, want := Log(x), math.Log(x); l != want && relative(l, want) > 0x1p-51 {
			t.Fatalf("Log(%v) = %v, want %v", x, l, want)
		}
		x = (r.Float64() - 0.5) * 1400
		if e, want := Exp64(x), math.Exp(x); relative(e, want) > 0x1p-51 {
			t.Fatalf("Exp64(%v) = %v, want %v", x, e, want)
		}
		b, y := r.Float64()*1e6, (r.Float64()-0.5)*8
		if p, want := Pow(b, y), math.Pow(b, y); relative(p, want) > (4+math.Abs(y*math.Log(b)))*0x1p-52 {
			t.Fatalf("Pow(%v, %v) = %v, want %v", b, y, p, want)
		}
	}
	for _, c := range [][3]float64{
		{2, 10, 1024},
		{2, -3, 0.125},
		{0, 2, 0},
		{7, 0, 1},
		{-2, 2, math.NaN()},
		{10_000, 1, 10_000},
		{1, math.Pi, 1},
		{0.999, 1 << 20, 0},
	} {
		if p := Pow(c[0], c[1]); p != c[2] && c[2] == c[2] && math.Abs(p-c[2]) > 1e-300 || (p == p) != (c[2] == c[2]) {
			t.Errorf("Pow(%v, %v) = %v, want %v", c[0], c[1], p, c[2])
		}
	}
}

// The bits themselves, the same on every processor.
func TestFloat64Bits(t *testing.T) {
	h := fnv.New64a()
	add := func(f float64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], math.Float64bits(f))
		h.Write(b[:])
	}
	r := rand.New(rand.NewPCG(9, 10))
	for range 20_000 {
		x := r.Float64() * 131072
		s, c := SinCos(x)
		add(s)
		add(c)
		add(Log(x))
		add(Exp64(-x / 200))
		add(Pow(x, -r.Float64()))
	}
	if got, want := h.Sum64(), uint64(0x15e732c16035c28c); got != want {
		t.Errorf("hash of the results %#x, want %#x", got, want)
	}
}
