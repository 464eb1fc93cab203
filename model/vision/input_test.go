package vision

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tensor"
)

// paint returns a paletted picture of width by height pixels, no two neighbors
// of which are alike.
func paint(width, height int) *image.Paletted {
	colors := make(color.Palette, 240)
	for i := range colors {
		colors[i] = color.RGBA{byte(i), byte(255 - i), byte(7 * i), 255}
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), colors)
	for i := range img.Pix {
		img.Pix[i] = byte((i%width*5 + i/width*11) % len(colors))
	}
	return img
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRead: a picture of a view's size is seen as it is: each number of a patch
// is that of its pixel and channel.
func TestRead(t *testing.T) {
	c := small()
	c.Mean, c.Std = [3]float32{0.5, 0.4, 0.3}, [3]float32{0.5, 0.25, 0.2}
	img := paint(c.ImageSize, c.ImageSize)
	in, err := c.Read(asPNG(t, img), picture.Auto, picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if in.Views != 1 || in.Tokens != 81 || in.Width != 54 || in.Height != 54 || len(in.Patches) != 81*108 {
		t.Fatalf("%d views, %d tokens, %dx%d, %d numbers", in.Views, in.Tokens, in.Width, in.Height, len(in.Patches))
	}
	for i, got := range in.Patches {
		patch, channel, pixel := i/108, i%108/36, i%36
		r, g, b, _ := img.At(patch%9*6+pixel%6, patch/9*6+pixel/6).RGBA()
		v := float32([]uint32{r, g, b}[channel] >> 8)
		if want := tensor.FromFloat32((v/255 - c.Mean[channel]) / c.Std[channel]); got != want {
			t.Fatalf("patch %d, channel %d, pixel %d is %v, want %v", patch, channel, pixel, got.Float32(), want.Float32())
		}
	}
}

// TestCount: what Count says of a size is what Read makes of such a picture.
func TestCount(t *testing.T) {
	tests := []struct {
		box, short    int
		width, height int
		detail        picture.Detail
		views         int
	}{
		{0, 0, 200, 100, picture.High, 1},   // one view is all
		{54, 54, 200, 100, picture.High, 1}, // and so here
		{108, 54, 10, 10, picture.Auto, 1},
		{108, 108, 200, 100, picture.Low, 1},
		{108, 108, 54, 54, picture.Auto, 1},     // fits one view
		{108, 108, 54, 54, picture.High, 2},     // its one tile too
		{108, 108, 200, 100, picture.Auto, 3},   // 108x54
		{108, 108, 200, 110, picture.High, 5},   // 108x59
		{216, 108, 1000, 1000, picture.High, 5}, // 108x108
		{216, 54, 3, 400, picture.Auto, 5},      // 2x216
	}
	for _, tt := range tests {
		c := small()
		c.Box, c.Short = tt.box, tt.short
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		views, tokens := c.Count(tt.width, tt.height, tt.detail)
		if views != tt.views || tokens != views*c.Patches() {
			t.Errorf("%+v: %d views, %d tokens", tt, views, tokens)
		}
		in, err := c.Read(asPNG(t, paint(tt.width, tt.height)), tt.detail, picture.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if in.Views != views || in.Tokens != tokens || len(in.Patches) != tokens*c.PatchLen() || in.Layout.Tokens != tokens {
			t.Errorf("%+v: read %d views, %d tokens, %d numbers", tt, in.Views, in.Tokens, len(in.Patches))
		}
	}
}

// TestHash: the hash is of what is seen: the same of two formats, another of
// another detail.
func TestHash(t *testing.T) {
	c := small()
	c.Box, c.Short = 108, 108
	img := paint(100, 80)
	var b bytes.Buffer
	if err := gif.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	read := func(data []byte, d picture.Detail) *Input {
		t.Helper()
		in, err := c.Read(data, d, picture.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	one, two := read(asPNG(t, img), picture.High), read(b.Bytes(), picture.High)
	if one.Hash != two.Hash || !slices.Equal(one.Patches, two.Patches) {
		t.Error("PNG and GIF of one picture differ")
	}
	if read(asPNG(t, img), picture.Low).Hash == one.Hash {
		t.Error("low detail has the hash of high detail")
	}
	img.Pix[7]++
	if read(asPNG(t, img), picture.High).Hash == one.Hash {
		t.Error("another pixel, the same hash")
	}
}

// TestReadTogether: goroutines may share a Config.
func TestReadTogether(t *testing.T) {
	c := small()
	data := asPNG(t, paint(90, 70))
	want, err := c.Read(data, picture.High, picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if in, err := c.Read(data, picture.High, picture.Limits{}); err != nil || !slices.Equal(in.Patches, want.Patches) {
				t.Error("another goroutine's picture differs", err)
			}
		})
	}
	group.Wait()
}

// TestReadErrors: errors are those of package picture.
func TestReadErrors(t *testing.T) {
	c := small()
	data := asPNG(t, paint(90, 70))
	var limit *picture.LimitError
	if _, err := c.Read(data, picture.Auto, picture.Limits{Pixels: 90*70 - 1}); !errors.As(err, &limit) {
		t.Errorf("too many pixels: %v", err)
	}
	var damage *picture.DamageError
	if _, err := c.Read(data[:len(data)/2], picture.Auto, picture.Limits{}); !errors.As(err, &damage) {
		t.Errorf("half a file: %v", err)
	}
	var format *picture.FormatError
	if _, err := c.Read([]byte("<svg/>"), picture.Auto, picture.Limits{}); !errors.As(err, &format) {
		t.Errorf("SVG: %v", err)
	}
}

// TestValidate: a field that makes no sense is named as the file names it.
func TestValidate(t *testing.T) {
	tests := []struct {
		want   string
		change func(c *Config)
	}{
		{"image_size", func(c *Config) { c.ImageSize = 0 }},
		{"image_size", func(c *Config) { c.ImageSize = 55 }},
		{"image_size", func(c *Config) { c.ImageSize = 6 << 20 }},
		{"patch_size", func(c *Config) { c.PatchSize = -1 }},
		{"hidden_size", func(c *Config) { c.HiddenSize = 35 }},
		{"intermediate_size", func(c *Config) { c.IntermediateSize = 0 }},
		{"num_hidden_layers", func(c *Config) { c.NumLayers = 0 }},
		{"num_attention_heads", func(c *Config) { c.NumHeads = 0 }},
		{"layer_norm_eps", func(c *Config) { c.LayerNormEps = 0 }},
		{"vision_feature_layer", func(c *Config) { c.FeatureLayer = 0 }},
		{"vision_feature_layer", func(c *Config) { c.FeatureLayer = -5 }},
		{"image_token_id", func(c *Config) { c.ImageTokenID = -1 }},
		{"image_std", func(c *Config) { c.Std[1] = 0 }},
		{"num_hidden_layers", func(c *Config) { c.NumLayers = 1 << 40 }},
		{"hidden_size", func(c *Config) { c.HiddenSize = 3 << 40 }},
		{"image_mean", func(c *Config) { c.Mean[2] = float32(math.Inf(1)) }},
		{"image_std", func(c *Config) { c.Std[2] = float32(math.NaN()) }},
		{"image_box", func(c *Config) { c.Box = 10 }},
		{"image_short", func(c *Config) { c.Box, c.Short = 2*c.ImageSize, c.ImageSize-1 }},
		{"tiles", func(c *Config) { c.Box, c.Short = 1<<40, 1<<40 }},
		{"tiles", func(c *Config) { c.Box, c.Short = 257*c.ImageSize, 255*c.ImageSize+1 }},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i, " ", tt.want), func(t *testing.T) {
			c := small()
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			tt.change(c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not name %s", err, tt.want)
			}
		})
	}
}
