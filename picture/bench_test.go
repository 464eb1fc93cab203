package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// photo is a JPEG of 1024x1024 with something in every block, 4:2:0 as cameras
// write it.
func photo(b *testing.B) []byte {
	m := image.NewRGBA(image.Rect(0, 0, 1024, 1024))
	for y := range 1024 {
		for x := range 1024 {
			m.SetRGBA(x, y, color.RGBA{byte(x*y>>6 ^ x), byte(x + y), byte(x*x>>9 + y*y>>8), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 85}); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func BenchmarkPicture(b *testing.B) {
	data := photo(b)
	p, err := Decode(data, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	l := GPT4().Layout(p.Width, p.Height, High)
	scale := NewScale([3]float32{.5, .5, .5}, [3]float32{.5, .5, .5}, func(f float32) float32 { return f })
	var numbers []float32
	pixels := make([]byte, len(p.Pix))
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"copy of the pixels", func() { copy(pixels, p.Pix) }},
		{"jpeg of the library", func() { _, _ = jpeg.Decode(bytes.NewReader(data)) }},
		{"decode", func() { _, _ = Decode(data, Limits{}) }},
		{"resize to 768", func() { p.Resize(768, 768) }},
		{"views", func() { l.Views(p) }},
		{"hash", func() { l.Hash(p) }},
		{"decode to tiles", func() {
			q, _ := Decode(data, Limits{})
			l.Views(q)
		}},
		{"decode to patches", func() {
			q, _ := Decode(data, Limits{})
			numbers = numbers[:0]
			for _, v := range l.Views(q) {
				numbers = scale.Patches(numbers, v, 16)
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.f()
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/image")
		})
	}
}
