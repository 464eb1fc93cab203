package vision

import (
	"crypto/sha256"

	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tensor"
)

// Input is one picture as a tower takes it.
type Input struct {
	Hash          [sha256.Size]byte // of what a model sees, see picture.Layout
	Width, Height int               // of the picture, upright, in pixels
	Layout        picture.Layout
	Views, Tokens int           // Tokens is Views*P
	Patches       []tensor.BF16 // [Views*P, PatchLen]
}

// Read decodes a picture, a file of a format that package picture reads, and
// cuts it into views and patches. The data is not kept. Errors are those of
// picture.Decode. Goroutines may share c.
func (c *Config) Read(data []byte, d picture.Detail, limits picture.Limits) (*Input, error) {
	p, err := picture.Decode(data, limits)
	if err != nil {
		return nil, err
	}
	l := c.Layout(p.Width, p.Height, d)
	in := &Input{
		Hash: l.Hash(p), Width: p.Width, Height: p.Height,
		Layout: l, Views: 1 + len(l.Tiles), Tokens: l.Tokens,
	}
	scale := picture.NewScale(c.Mean, c.Std, tensor.FromFloat32)
	in.Patches = make([]tensor.BF16, 0, in.Tokens*c.PatchLen())
	for _, view := range l.Views(p) {
		in.Patches = scale.Patches(in.Patches, view, c.PatchSize)
	}
	return in, nil
}

// Layout says how a picture of a size is cut into views. Where high detail
// would show no more than one view can, it is one view.
func (c *Config) Layout(width, height int, d picture.Detail) picture.Layout {
	r := c.Resolution()
	if r.Box <= r.Side {
		d = picture.Low
	}
	return r.Layout(width, height, d)
}

// Count returns how many views, and so tokens, a picture of a size takes.
func (c *Config) Count(width, height int, d picture.Detail) (views, tokens int) {
	l := c.Layout(width, height, d)
	return 1 + len(l.Tiles), l.Tokens
}
