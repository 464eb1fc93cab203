package train

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/train/conversation"
)

// benchConfig is the tower of a small recipe: views of 128 pixels in 64 tokens.
func benchConfig() *vision.Config {
	c := vision.Default()
	c.ImageSize, c.PatchSize = 128, 16
	return &c
}

// photo is a JPEG of that size with edges and noise, as a camera's.
func photo(width, height int) []byte {
	r := rand.New(rand.NewPCG(1, 1))
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			at := m.PixOffset(x, y)
			for c := range 3 {
				m.Pix[at+c] = uint8((x*x/(300+100*c)+y*y/500)/3) + uint8(r.IntN(12))
			}
			m.Pix[at+3] = 255
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 85}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// BenchmarkEyes is a picture on one core, from the bytes of its file to patches.
func BenchmarkEyes(b *testing.B) {
	var drawn [][]byte
	set := draw.SetOptions{Kinds: draw.Kinds(), Seed: 1}
	set.Size, set.Questions, set.TextMax = 128, 1, 24
	for i := range 32 {
		d, err := set.Picture(i)
		if err != nil {
			b.Fatal(err)
		}
		data, err := d.PNG()
		if err != nil {
			b.Fatal(err)
		}
		drawn = append(drawn, data)
	}
	for _, c := range []struct {
		name  string
		files [][]byte
	}{{"png-128x128", drawn}, {"jpeg-1024x1024", [][]byte{photo(1024, 1024)}}} {
		b.Run(c.name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			cfg := benchConfig()
			for i := range b.N {
				if _, err := cfg.Read(c.files[i%len(c.files)], picture.Auto, conversation.PictureLimits()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
		})
	}
}
