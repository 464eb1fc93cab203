package draw

import (
	"image"
	"image/color"
	"math"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

func TestSine(t *testing.T) {
	for angle := -turn; angle <= 2*turn; angle++ {
		want := math.Sin(2 * math.Pi * float64(angle) / turn)
		if got := float64(sine(angle)) / one; math.Abs(got-want) > 2e-8 {
			t.Fatalf("sine(%d) is %.10f, not %.10f", angle, got, want)
		}
	}
}

func TestIntegers(t *testing.T) {
	for x := range 70000 {
		if r := isqrt(x); r*r > x || (r+1)*(r+1) <= x {
			t.Fatalf("isqrt(%d) is %d", x, r)
		}
	}
	for a := -50; a <= 50; a++ {
		for b := 1; b < 9; b++ {
			if got, want := floorDiv(a, b), int(math.Floor(float64(a)/float64(b))); got != want {
				t.Errorf("floorDiv(%d, %d) is %d, not %d", a, b, got, want)
			}
			if got, want := roundDiv(a, b), int(math.Floor(float64(a)/float64(b)+0.5)); got != want {
				t.Errorf("roundDiv(%d, %d) is %d, not %d", a, b, got, want)
			}
		}
	}
}

// painted returns the sum of what a figure covers, in pixels.
func painted(p path, size int) float64 {
	c := newCanvas(size)
	c.fill(p, color.NRGBA{0, 0, 0, 255})
	sum := 0.0
	for i := 0; i < len(c.img.Pix); i += 4 {
		sum += float64(255-c.img.Pix[i]) / 255
	}
	return sum
}

// TestAreas compares what is painted with the areas of geometry.
func TestAreas(t *testing.T) {
	middle := point{3210, 3333}
	for name, test := range map[string]struct {
		p    path
		want float64
	}{
		"box":      {Box{3, 4, 33, 44}.path(), 30 * 40},
		"disk":     {disk(middle, 30*unit), math.Pi * 900},
		"ring":     {ring(middle, 30*unit, 20*unit), math.Pi * 500},
		"quarter":  {sector(middle, 30*unit, turn/8, 3*turn/8), math.Pi * 225},
		"stroke":   {stroke(point{640, 640}, point{3840, 4480}, 3*unit), 3 * math.Hypot(50, 60)},
		"triangle": {polygon(px(10, 10), px(50, 20), px(20, 60)), 0.5 * math.Abs(40*50-10*10)},
		"oval":     {oval(Box{10, 20, 90, 60}, 0), math.Pi * 40 * 20},
	} {
		if got := painted(test.p, 100); math.Abs(got-test.want) > 0.01*test.want {
			t.Errorf("%s covers %.1f pixels, not %.1f", name, got, test.want)
		}
	}
}

// TestClipped fills figures that are partly or wholly outside.
func TestClipped(t *testing.T) {
	for _, p := range []path{disk(px(0, 0), 20*unit), disk(px(64, 64), 20*unit), disk(px(-90, 5), 20*unit), Box{-50, -50, 200, 200}.path(), {}} {
		painted(p, 64)
	}
	if got := painted(disk(px(0, 64), 20*unit), 64); math.Abs(got-math.Pi*100) > 3 {
		t.Errorf("a quarter of a disk in the corner covers %.1f pixels", got)
	}
}

// TestTextLikeLibrary compares rendered text with that of the library, whose
// rasterizer computes in floating point: they differ by less than shades.
func TestTextLikeLibrary(t *testing.T) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{8, 11, 16, 27} {
		const text = "func Read(b []byte) 0O1lI ÄßЖ"
		theirs := image.NewNRGBA(image.Rect(0, 0, 480, 480))
		for i := range theirs.Pix {
			theirs.Pix[i] = 255
		}
		library, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			t.Fatal(err)
		}
		drawer := font.Drawer{Dst: theirs, Src: image.Black, Face: library, Dot: fixed.Point26_6{X: 5 * unit, Y: 40 * unit}}
		ours := newCanvas(480)
		f := newFace(regular, size*unit)
		at := point{5 * unit, 40 * unit}
		for _, r := range text { // each at the library's place, which it rounds to its own fractions
			ours.fill(f.outline(f.glyph(r), at), color.NRGBA{0, 0, 0, 255})
			drawer.Dot = fixed.Point26_6{X: fixed.Int26_6(at.x), Y: fixed.Int26_6(at.y)}
			drawer.DrawString(string(r))
			at.x += f.advance(f.glyph(r))
		}
		sum, worst, ink := 0, 0, 0
		for i := 0; i < len(theirs.Pix); i += 4 {
			d := abs(int(theirs.Pix[i]) - int(ours.img.Pix[i]))
			sum, worst, ink = sum+d, max(worst, d), ink+255-int(theirs.Pix[i])
		}
		if ink == 0 || float64(sum)/float64(ink) > 0.05 || worst > 60 {
			t.Errorf("size %d: the difference is %.3f of the ink, at most %d", size, float64(sum)/float64(ink), worst)
		}
		if got, want := f.width(text), int(drawer.MeasureString(text)); abs(got-want) > len(text) {
			t.Errorf("size %d: the width is %d, the library says %d", size, got, want)
		}
	}
}
