package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"math/rand/v2"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// noise is a picture of random bytes, the same each time.
func noise(width, height int) *Picture {
	p := white(width, height)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range p.Pix {
		p.Pix[i] = byte(random.Uint32())
	}
	return p
}

// TestSameBytesEverywhere runs on each architecture; the sum is of one run on
// amd64.
func TestSameBytesEverywhere(t *testing.T) {
	sum := sha256.New()
	r := Resolution{Side: 16, Box: 40, Short: 24, OverviewTokens: 1, TileTokens: 4}
	for _, c := range readGolden(t).Decode {
		p, err := Decode(c.Data, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		l := r.Layout(p.Width, p.Height, High)
		hash := l.Hash(p)
		sum.Write(hash[:])
		for _, v := range l.Views(p) {
			sum.Write(v.Pix)
		}
		sum.Write(p.Resize(3*p.Width+1, 2*p.Height+5).Pix)
	}
	want, err := os.ReadFile("testdata/bytes.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != string(bytes.TrimSpace(want)) {
		t.Errorf("the bytes have changed: their SHA-256 is %s", got)
	}
}

// TestKernels checks the weights against the cubic in floating point.
func TestKernels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := rapid.IntRange(1, 3000).Draw(t, "from"), rapid.IntRange(1, 3000).Draw(t, "to")
		kernels := kernelsFor(from, to)
		x := rapid.IntRange(0, to-1).Draw(t, "x")
		k := kernels[x]
		scale := float64(from) / float64(to)
		center, wide := (float64(x)+0.5)*scale, max(scale, 1)
		exact, total := make([]float64, from), 0.0
		for i := range exact {
			exact[i] = catmullRom((float64(i) + 0.5 - center) / wide)
			total += exact[i]
		}
		sum := int32(0)
		for i := range exact {
			got := 0.0
			if j := i - k.first; j >= 0 && j < len(k.weights) {
				got = float64(k.weights[j]) / (1 << weightBits)
				sum += k.weights[j]
			}
			if d := got - exact[i]/total; d > 3e-4 || d < -3e-4 {
				t.Fatalf("%d to %d: weight of %d for %d is %v, want %v", from, to, i, x, got, exact[i]/total)
			}
		}
		if sum != 1<<weightBits {
			t.Fatalf("weights add up to %d", sum)
		}
	})
}

func catmullRom(t float64) float64 {
	t = max(t, -t)
	switch {
	case t < 1:
		return 1.5*t*t*t - 2.5*t*t + 1
	case t < 2:
		return -0.5*t*t*t + 2.5*t*t - 4*t + 2
	}
	return 0
}

func TestResizeKeepsPlainColor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 60)
		p := white(size.Draw(t, "width"), size.Draw(t, "height"))
		v := rapid.Byte().Draw(t, "value")
		for i := range p.Pix {
			p.Pix[i] = v
		}
		for i, got := range p.Resize(size.Draw(t, "new width"), size.Draw(t, "new height")).Pix {
			if got != v {
				t.Fatalf("byte %d is %d, not %d", i, got, v)
			}
		}
	})
}

// TestPatchesAreWhatAConvolutionTakes compares one output of a convolution,
// written out, with the product of row and flat weight.
func TestPatchesAreWhatAConvolutionTakes(t *testing.T) {
	const side = 5
	p := noise(4*side, 3*side)
	rows := NewScale([3]float32{}, [3]float32{1, 1, 1}, func(f float32) int { return int(f * 256) }).Patches(nil, p, side)
	weight := func(c, y, x int) int { return 7*c + 3*y*y - 2*x + 1 }
	for n := range 12 {
		want, got := 0, 0
		for y := range side {
			for x := range side {
				for c := range 3 {
					v := p.Pix[3*((n/4*side+y)*p.Width+n%4*side+x)+c]
					want += weight(c, y, x) * int(float32(v)/255*256)
				}
			}
		}
		for i, v := range rows[n*3*side*side:][:3*side*side] {
			got += v * weight(i/(side*side), i/side%side, i%side)
		}
		if got != want {
			t.Errorf("patch %d: %d, want %d", n, got, want)
		}
	}
}

func TestHashTellsApart(t *testing.T) {
	p := noise(40, 30)
	r := Resolution{Side: 16, Box: 64, Short: 32, OverviewTokens: 1, TileTokens: 4}
	seen := map[[32]byte]string{}
	add := func(name string, l Layout, p *Picture) {
		h := l.Hash(p)
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[h] = name
	}
	l := r.Layout(40, 30, High)
	add("first", l, p)
	add("low", r.Layout(40, 30, Low), p)
	add("other shape", r.Layout(30, 40, High), &Picture{30, 40, p.Pix})
	changed := &Picture{40, 30, bytes.Clone(p.Pix)}
	changed.Pix[len(changed.Pix)-1] ^= 1
	add("other pixel", l, changed)
	if l.Hash(p) != r.Layout(40, 30, High).Hash(&Picture{40, 30, bytes.Clone(p.Pix)}) {
		t.Error("the same has two hashes")
	}
}

func TestCallersBugsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"pixels":  func() { (&Picture{2, 2, make([]byte, 11)}).Resize(1, 1) },
		"size":    func() { white(2, 2).Resize(0, 1) },
		"patches": func() { new(Scale[int]).Patches(nil, white(4, 4), 3) },
		"layout":  func() { (Resolution{}).Layout(1, 1, High) },
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

func TestView(t *testing.T) {
	p := noise(9, 9)
	v := p.view(image.Rect(4, 5, 7, 9), 4)
	if string(v.row(0)[:9]) != string(p.row(5)[12:21]) || string(v.row(3)[:9]) != string(p.row(8)[12:21]) || v.row(2)[9] != 255 {
		t.Error("the view shows another part")
	}
}
