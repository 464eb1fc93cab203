// Package picture turns images into arrays for models that see: it decodes,
// turns upright, puts on white, resizes, cuts into views and then into the rows
// of patches that a vision tower takes.
//
// All of it is integer arithmetic, but for the last step, whose values come
// from a table; so one image gives the same bytes on every machine. Nothing in
// the package starts a goroutine; callers work on several pictures at a time.
package picture

import (
	"bytes"
	"fmt"
	"image"
)

// A Picture is an upright, opaque image in the sRGB bytes of its file; color
// profiles are not applied. Goroutines may share it while nobody writes to it.
type Picture struct {
	Width, Height int
	Pix           []byte // red, green, blue of each pixel, in rows from the top: 3*Width*Height bytes
}

// white makes an empty page.
func white(width, height int) *Picture {
	return &Picture{Width: width, Height: height, Pix: bytes.Repeat([]byte{255}, 3*width*height)}
}

// row returns the pixels of one row.
func (p *Picture) row(y int) []byte { return p.Pix[3*p.Width*y:][:3*p.Width] }

// view returns a square of which the upper left corner is filled with a part of
// the picture and the rest is white.
func (p *Picture) view(part image.Rectangle, side int) *Picture {
	v := white(side, side)
	for y := range part.Dy() {
		copy(v.row(y), p.row(part.Min.Y + y)[3*part.Min.X:3*part.Max.X])
	}
	return v
}

// check panics where a caller has made a picture that is none.
func (p *Picture) check() {
	if p.Width <= 0 || p.Height <= 0 || len(p.Pix) != 3*p.Width*p.Height {
		panic(fmt.Sprintf("picture: %d bytes are no picture of %dx%d", len(p.Pix), p.Width, p.Height))
	}
}
