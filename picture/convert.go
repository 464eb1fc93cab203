package picture

import (
	"fmt"
	"image"
	"image/color"
)

// toRGB writes what a decoder gave into a white picture that holds its bounds.
func toRGB(from image.Image, p *Picture) error {
	pixel, ok := pixelsOf(from)
	if !ok {
		return fmt.Errorf("its pixels are of the kind %T, which is not read", from)
	}
	b := from.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		pixel(p.row(y)[3*b.Min.X:3*b.Max.X], y)
	}
	return nil
}

// pixelsOf returns a function that writes row y of an image.
func pixelsOf(from image.Image) (pixels func(to []byte, y int), ok bool) {
	x := from.Bounds().Min.X
	switch m := from.(type) {
	case *image.YCbCr:
		return func(to []byte, y int) { ycbcrRow(to, m, y, color.YCbCrToRGB) }, true
	case *image.Gray:
		return func(to []byte, y int) { grayRow(to, m.Pix[m.PixOffset(x, y):], 1) }, true
	case *image.Gray16:
		return func(to []byte, y int) { grayRow(to, m.Pix[m.PixOffset(x, y):], 2) }, true
	case *image.RGBA: // opaque, as decoders give it
		return func(to []byte, y int) { opaqueRow(to, m.Pix[m.PixOffset(x, y):], 1) }, true
	case *image.RGBA64:
		return func(to []byte, y int) { opaqueRow(to, m.Pix[m.PixOffset(x, y):], 2) }, true
	case *image.NRGBA:
		return func(to []byte, y int) { onWhiteRow(to, m.Pix[m.PixOffset(x, y):], 1) }, true
	case *image.NRGBA64:
		return func(to []byte, y int) { onWhiteRow(to, m.Pix[m.PixOffset(x, y):], 2) }, true
	case *image.CMYK:
		return func(to []byte, y int) { cmykRow(to, m.Pix[m.PixOffset(x, y):]) }, true
	case *image.Paletted:
		palette := opaquePalette(m.Palette)
		return func(to []byte, y int) { palettedRow(to, m.Pix[m.PixOffset(x, y):], palette) }, true
	}
	return nil, false
}

func ycbcrRow(to []byte, m *image.YCbCr, y int, rgb func(y, cb, cr uint8) (r, g, b uint8)) {
	for x := m.Rect.Min.X; len(to) > 0; x, to = x+1, to[3:] {
		c := m.COffset(x, y)
		to[0], to[1], to[2] = rgb(m.Y[m.YOffset(x, y)], m.Cb[c], m.Cr[c])
	}
}

// The rows below have samples of one byte, or of two with the upper one first.

func grayRow(to, from []byte, size int) {
	for ; len(to) > 0; to, from = to[3:], from[size:] {
		to[0], to[1], to[2] = from[0], from[0], from[0]
	}
}

func opaqueRow(to, from []byte, size int) {
	for ; len(to) > 0; to, from = to[3:], from[4*size:] {
		to[0], to[1], to[2] = from[0], from[size], from[2*size]
	}
}

func onWhiteRow(to, from []byte, size int) {
	for ; len(to) > 0; to, from = to[3:], from[4*size:] {
		alpha := from[3*size]
		to[0], to[1], to[2] = onWhite(from[0], alpha), onWhite(from[size], alpha), onWhite(from[2*size], alpha)
	}
}

// onWhite is the nearest value to alpha*v + (1-alpha)*white.
func onWhite(v, alpha byte) byte {
	return byte((uint32(v)*uint32(alpha) + 255*(255-uint32(alpha)) + 127) / 255)
}

func cmykRow(to, from []byte) {
	for ; len(to) > 0; to, from = to[3:], from[4:] {
		to[0], to[1], to[2] = color.CMYKToRGB(from[0], from[1], from[2], from[3])
	}
}

func palettedRow(to, from []byte, palette [][3]byte) {
	for i := range len(to) / 3 {
		copy(to[3*i:3*i+3], palette[from[i]][:])
	}
}

// opaquePalette puts the colors of a palette on white.
func opaquePalette(palette color.Palette) [][3]byte {
	out := make([][3]byte, len(palette))
	for i, c := range palette {
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		out[i] = [3]byte{onWhite(n.R, n.A), onWhite(n.G, n.A), onWhite(n.B, n.A)}
	}
	return out
}

// webpToRGB is toRGB for WebP, whose lossy form has its own range of YCbCr.
func webpToRGB(from image.Image, p *Picture) error {
	switch m := from.(type) {
	case *image.YCbCr:
		for y := range p.Height {
			ycbcrRow(p.row(y), m, y, studioToRGB)
		}
	case *image.NYCbCrA:
		for y := range p.Height {
			to := p.row(y)
			ycbcrRow(to, &m.YCbCr, y, studioToRGB)
			alpha := m.A[y*m.AStride:]
			for i := range to {
				to[i] = onWhite(to[i], alpha[i/3])
			}
		}
	default:
		return toRGB(from, p)
	}
	return nil
}

// studioToRGB converts by ITU-R BT.601 with 16 for black and 235 for white, in
// units of 2^-16; RFC 6386 leaves the range to the container, and WebP uses
// this one, not JPEG's.
func studioToRGB(y, cb, cr uint8) (r, g, b uint8) {
	luma := 76309*(int32(y)-16) + 1<<15
	u, v := int32(cb)-128, int32(cr)-128
	return clamp((luma + 104597*v) >> 16), clamp((luma - 25675*u - 53279*v) >> 16), clamp((luma + 132201*u) >> 16)
}

func clamp(v int32) byte { return byte(min(max(v, 0), 255)) }
