package draw

import (
	"image/color"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// style is a font by name.
type style string

const (
	regular style = "regular"
	bold    style = "bold"
	italic  style = "italic"
	mono    style = "mono"
)

// fonts are the parsed ones; an sfnt.Font may be read by several goroutines.
var fonts = sync.OnceValue(func() map[style]*sfnt.Font {
	all := map[style]*sfnt.Font{}
	for name, data := range map[style][]byte{regular: goregular.TTF, bold: gobold.TTF, italic: goitalic.TTF, mono: gomono.TTF} {
		f, err := sfnt.Parse(data)
		if err != nil {
			panic(err) // it is compiled in
		}
		all[name] = f
	}
	return all
})

// face is a font at a size. The outlines are scaled in fixed point by the
// library and filled here, because its rasterizer computes in floating point.
type face struct {
	font *sfnt.Font
	size int // of an em, in 64ths of a pixel
	buf  *sfnt.Buffer
}

func newFace(s style, size int) face { return face{fonts()[s], size, &sfnt.Buffer{}} }

func (f face) glyph(r rune) sfnt.GlyphIndex {
	g, err := f.font.GlyphIndex(f.buf, r)
	if err != nil {
		return 0
	}
	return g
}

// covers tells whether the font has each character of the text.
func (f face) covers(text string) bool {
	for _, r := range text {
		if f.glyph(r) == 0 {
			return false
		}
	}
	return true
}

// width returns that of a text, in 64ths of a pixel.
func (f face) width(text string) int {
	sum := 0
	for _, r := range text {
		sum += f.advance(f.glyph(r))
	}
	return sum
}

func (f face) advance(g sfnt.GlyphIndex) int {
	a, err := f.font.GlyphAdvance(f.buf, g, fixed.Int26_6(f.size), font.HintingNone)
	if err != nil {
		return 0
	}
	return int(a)
}

// capital returns the height of capitals, which all the fonts have in common:
// 1480 of 2048 of an em.
func (f face) capital() int { return f.size * 1480 / 2048 }

// height is that of a line in whole pixels.
func (f face) height() int { return (f.size*23/20 + unit - 1) / unit }

// text draws one with its left end and base line at a place. The base line is
// put on a whole pixel, where letters are sharpest.
func (c *canvas) text(f face, text string, at point, col color.NRGBA) {
	if c.img == nil {
		return
	}
	at.y = roundDiv(at.y, unit) * unit
	for _, r := range text {
		g := f.glyph(r)
		c.fill(f.outline(g, at), col)
		at.x += f.advance(g)
	}
}

func (f face) outline(g sfnt.GlyphIndex, at point) path {
	var p path
	segments, err := f.font.LoadGlyph(f.buf, g, fixed.Int26_6(f.size), nil)
	if err != nil {
		return p
	}
	to := func(q fixed.Point26_6) point { return at.add(point{int(q.X), int(q.Y)}) }
	for _, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			p.move(to(s.Args[0]))
		case sfnt.SegmentOpLineTo:
			p.line(to(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			p.quad(to(s.Args[0]), to(s.Args[1]))
		}
	}
	return p
}

// center draws a text with its capitals around a place.
func (c *canvas) center(f face, text string, middle point, col color.NRGBA) {
	c.text(f, text, point{middle.x - f.width(text)/2, middle.y + f.capital()/2}, col)
}

// small returns the size of labels, in 64ths of a pixel, for a picture.
func small(size int) int { return unit*5 + unit*size/24 }
