package picture

import (
	"errors"
	"fmt"
	"image"
)

// A Detail says how closely a model looks.
type Detail int

// The details of OpenAI's API. Auto is High where High shows more than Low.
const (
	Auto Detail = iota
	Low
	High
)

// ParseDetail reads "auto", "low" or "high"; "" is auto.
func ParseDetail(s string) (Detail, error) {
	switch s {
	case "", "auto":
		return Auto, nil
	case "low":
		return Low, nil
	case "high":
		return High, nil
	}
	return 0, fmt.Errorf("detail %q is none of auto, low, high", s)
}

// A Resolution says how pictures are cut into views, and what each costs. A
// view is a square of Side pixels. Low detail is one view of the whole picture.
// High detail adds tiles: the picture shrinks, if it must, to fit into a square
// of Box and to have a shorter side of at most Short, and is cut into views.
type Resolution struct {
	Side           int // of a view, in pixels
	Box            int // the longest that a picture is, in pixels
	Short          int // the longest that its shorter side is, in pixels
	OverviewTokens int // of the view of the whole
	TileTokens     int // of each tile
}

// GPT4 is the resolution of GPT-4 as OpenAI documents it in its guide to
// vision: 85 tokens for the whole and 170 for each tile of 512.
func GPT4() Resolution {
	return Resolution{Side: 512, Box: 2048, Short: 768, OverviewTokens: 85, TileTokens: 170}
}

// Check returns an error that names the field that makes no sense.
func (r Resolution) Check() error {
	switch {
	case r.Side <= 0:
		return fmt.Errorf("side %d: a view has at least one pixel", r.Side)
	case r.Short <= 0:
		return fmt.Errorf("short %d: it must be at least 1", r.Short)
	case r.Box < r.Short:
		return fmt.Errorf("box %d: it must not be below short, %d", r.Box, r.Short)
	case r.OverviewTokens < 0 || r.TileTokens < 0:
		return errors.New("tokens of a view cannot be below 0")
	}
	return nil
}

// A Layout says how one picture becomes views.
type Layout struct {
	Side     int               // of each view, in pixels
	Overview image.Point       // size of the whole picture in its view
	Scaled   image.Point       // size of the picture that is cut into tiles; 0 without tiles
	Tiles    []image.Rectangle // parts of the scaled picture, in rows from the top; those at its right and lower edges may be smaller than a view
	Tokens   int               // of all views
}

// Layout says how a picture of width by height pixels is seen. Pictures only
// shrink. r must pass its Check, and the sizes be positive.
func (r Resolution) Layout(width, height int, detail Detail) Layout {
	if width <= 0 || height <= 0 || r.Check() != nil {
		panic(fmt.Sprintf("picture: layout of %dx%d at %+v", width, height, r))
	}
	l := Layout{Side: r.Side, Overview: shrink(width, height, r.Side, r.Side), Tokens: r.OverviewTokens}
	if detail == Low || detail == Auto && max(width, height) <= r.Side {
		return l
	}
	l.Scaled = shrink(width, height, r.Box, r.Short)
	for y := 0; y < l.Scaled.Y; y += r.Side {
		for x := 0; x < l.Scaled.X; x += r.Side {
			l.Tiles = append(l.Tiles, image.Rect(x, y, min(x+r.Side, l.Scaled.X), min(y+r.Side, l.Scaled.Y)))
		}
	}
	l.Tokens += len(l.Tiles) * r.TileTokens
	return l
}

// shrink returns the largest size of the same shape, rounded, whose sides are
// at most those given and that is no larger than the picture.
func shrink(width, height, long, short int) image.Point {
	// The scale is n/d, the smallest of 1, long by long and short by short.
	n, d := 1, 1
	if w := max(width, height); w > long {
		n, d = long, w
	}
	if h := min(width, height); short*d < n*h {
		n, d = short, h
	}
	return image.Pt(max((2*width*n+d)/(2*d), 1), max((2*height*n+d)/(2*d), 1))
}

// Views returns the views of a picture that has the layout's shape: first the
// whole, then the tiles, Side by Side pixels each. A picture that does not fill
// its view lies in the upper left corner, on white.
func (l Layout) Views(p *Picture) []*Picture {
	p.check()
	views := []*Picture{p.Resize(l.Overview.X, l.Overview.Y).view(image.Rectangle{Max: l.Overview}, l.Side)}
	if len(l.Tiles) == 0 {
		return views
	}
	scaled := p.Resize(l.Scaled.X, l.Scaled.Y)
	for _, tile := range l.Tiles {
		views = append(views, scaled.view(tile, l.Side))
	}
	return views
}
