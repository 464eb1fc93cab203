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
		return func(to []byte, y int) { fullRange.row(to, m, y) }, true
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

// A matrix takes YCbCr to RGB, in units of 2^-16.
type matrix struct{ black, luma, redOfCr, greenOfCb, greenOfCr, blueOfCb int32 }

// Both are of ITU-R BT.601: JPEG's (JFIF) uses all values, and WebP's has 16
// for black and 235 for white.
var (
	fullRange   = matrix{0, 65536, 91881, 22554, 46802, 116130}
	studioRange = matrix{16, 76309, 104597, 25675, 53279, 132201}
)

// row writes row y of m, whose bounds start at 0.
func (k *matrix) row(to []byte, m *image.YCbCr, y int) {
	shift := 0
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		shift = 1
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		shift = 2
	}
	c := m.COffset(0, y)
	cb, cr := m.Cb[c:], m.Cr[c:]
	for x, luma := range m.Y[m.YOffset(0, y):][:len(to)/3] {
		l := k.luma*(int32(luma)-k.black) + 1<<15
		u, v := int32(cb[x>>shift])-128, int32(cr[x>>shift])-128
		pixel := to[3*x : 3*x+3 : 3*x+3]
		pixel[0] = clamp((l + k.redOfCr*v) >> 16)
		pixel[1] = clamp((l - k.greenOfCb*u - k.greenOfCr*v) >> 16)
		pixel[2] = clamp((l + k.blueOfCb*u) >> 16)
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
			studioRange.row(p.row(y), m, y)
		}
	case *image.NYCbCrA:
		for y := range p.Height {
			to := p.row(y)
			studioRange.row(to, &m.YCbCr, y)
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

// clamp is v held within a byte.
func clamp(v int32) byte {
	if uint32(v) > 255 {
		return byte(^(v >> 31))
	}
	return byte(v)
}
