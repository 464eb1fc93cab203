package picture

import (
	"fmt"
	"image"
	"testing"

	"pgregory.net/rapid"
)

// The first two are the examples of OpenAI's guide to vision, and so is the
// last: low detail costs 85 whatever the size. The rest follow from its rule.
func TestTokensOfGPT4(t *testing.T) {
	for _, c := range []struct {
		width, height int
		detail        Detail
		tokens        int
		scaled        image.Point
	}{
		{1024, 1024, High, 765, image.Pt(768, 768)},
		{2048, 4096, High, 1105, image.Pt(768, 1536)},
		{1, 1, High, 255, image.Pt(1, 1)},
		{512, 512, High, 255, image.Pt(512, 512)},
		{513, 512, High, 425, image.Pt(513, 512)},
		{768, 768, High, 765, image.Pt(768, 768)},
		{2048, 768, High, 8*170 + 85, image.Pt(2048, 768)},
		{30000, 150, High, 4*170 + 85, image.Pt(2048, 10)},
		{30000, 1, High, 4*170 + 85, image.Pt(2048, 1)},
		{512, 512, Auto, 85, image.Point{}},
		{1, 1, Auto, 85, image.Point{}},
		{513, 1, Auto, 425, image.Pt(513, 1)},
		{1024, 1024, Auto, 765, image.Pt(768, 768)},
		{4096, 8192, Low, 85, image.Point{}},
	} {
		t.Run(fmt.Sprintf("%dx%d detail %d", c.width, c.height, c.detail), func(t *testing.T) {
			l := GPT4().Layout(c.width, c.height, c.detail)
			if l.Tokens != c.tokens || l.Scaled != c.scaled {
				t.Errorf("%d tokens of %v, want %d of %v", l.Tokens, l.Scaled, c.tokens, c.scaled)
			}
		})
	}
}

func drawResolution(t *rapid.T) Resolution {
	short := rapid.IntRange(1, 1000).Draw(t, "short")
	return Resolution{
		Side:           rapid.IntRange(1, 600).Draw(t, "side"),
		Short:          short,
		Box:            rapid.IntRange(short, 3000).Draw(t, "box"),
		OverviewTokens: rapid.IntRange(0, 100).Draw(t, "overview"),
		TileTokens:     rapid.IntRange(0, 200).Draw(t, "tile"),
	}
}

func TestLayoutProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawResolution(t)
		r.Side = max(r.Side, r.Box/20) // few tiles, for speed
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		w, h := rapid.IntRange(1, 5000).Draw(t, "width"), rapid.IntRange(1, 5000).Draw(t, "height")
		l := r.Layout(w, h, High)
		s := l.Scaled
		if s.X > w || s.Y > h || max(s.X, s.Y) > r.Box || min(s.X, s.Y) > r.Short {
			t.Fatalf("%dx%d becomes %v", w, h, s)
		}
		if max(w, h) <= r.Box && min(w, h) <= r.Short && s != image.Pt(w, h) {
			t.Fatalf("%dx%d fits, and becomes %v", w, h, s)
		}
		if o := l.Overview; o.X > w || o.Y > h || max(o.X, o.Y) > r.Side {
			t.Fatalf("overview %v", o)
		}
		checkShape(t, image.Pt(w, h), s)
		checkShape(t, image.Pt(w, h), l.Overview)
		checkTiles(t, l)
		if l.Tokens != r.OverviewTokens+len(l.Tiles)*r.TileTokens {
			t.Fatalf("%d tokens of %d tiles", l.Tokens, len(l.Tiles))
		}
		if again := r.Layout(s.X, s.Y, High); again.Scaled != s {
			t.Fatalf("what was scaled to %v is scaled again to %v", s, again.Scaled)
		}
		k := rapid.IntRange(1, 5).Draw(t, "times")
		if more := r.Layout(k*w, k*h, High); more.Tokens < l.Tokens {
			t.Fatalf("%d times as large: %d tokens, not %d", k, more.Tokens, l.Tokens)
		}
		if turned := r.Layout(h, w, High); turned.Tokens != l.Tokens || turned.Scaled != image.Pt(s.Y, s.X) {
			t.Fatalf("turned: %+v", turned)
		}
	})
}

// checkShape: the sides are rounded from one scale, so there is a scale that
// brings both within half a pixel, but for sides that would vanish.
func checkShape(t *rapid.T, from, to image.Point) {
	low := max(float64(2*to.X-1)/float64(2*from.X), float64(2*to.Y-1)/float64(2*from.Y))
	high := max(float64(2*to.X+1)/float64(2*from.X), float64(2*to.Y+1)/float64(2*from.Y))
	if to.X > 1 && to.Y > 1 {
		high = min(float64(2*to.X+1)/float64(2*from.X), float64(2*to.Y+1)/float64(2*from.Y))
	}
	if low > high && min(to.X, to.Y) > 1 {
		t.Fatalf("%v becomes %v", from, to)
	}
}

// checkTiles: the tiles are the grid of the scaled picture, each pixel in one.
func checkTiles(t *rapid.T, l Layout) {
	area := 0
	for i, tile := range l.Tiles {
		area += tile.Dx() * tile.Dy()
		if tile.Empty() || !tile.In(image.Rectangle{Max: l.Scaled}) || tile.Dx() > l.Side || tile.Dy() > l.Side {
			t.Fatalf("tile %v of %v", tile, l.Scaled)
		}
		for _, other := range l.Tiles[:i] {
			if tile.Overlaps(other) {
				t.Fatalf("tiles %v and %v overlap", tile, other)
			}
		}
	}
	if area != l.Scaled.X*l.Scaled.Y {
		t.Fatalf("tiles have %d pixels of %v", area, l.Scaled)
	}
}

// TestViewsShowAllOnce puts the tiles together again.
func TestViewsShowAllOnce(t *testing.T) {
	p := noise(150, 70)
	l := Resolution{Side: 32, Box: 128, Short: 64, OverviewTokens: 1, TileTokens: 4}.Layout(p.Width, p.Height, High)
	views := l.Views(p)
	if len(views) != 1+4*2 || len(l.Tiles) != 8 || l.Scaled != image.Pt(128, 60) {
		t.Fatalf("%d views, layout %+v", len(views), l)
	}
	scaled, whole := p.Resize(128, 60), white(128, 60)
	for i, tile := range l.Tiles {
		v := views[1+i]
		for y := range v.Height {
			for x := range v.Width {
				pixel := v.row(y)[3*x : 3*x+3]
				if at := tile.Min.Add(image.Pt(x, y)); at.In(tile) {
					copy(whole.row(at.Y)[3*at.X:], pixel)
				} else if string(pixel) != "\xff\xff\xff" {
					t.Fatalf("tile %v has %v beside the picture", tile, pixel)
				}
			}
		}
	}
	if string(whole.Pix) != string(scaled.Pix) {
		t.Error("the tiles are not the scaled picture")
	}
	overview := p.Resize(l.Overview.X, l.Overview.Y)
	if string(views[0].row(3)[:3*l.Overview.X]) != string(overview.row(3)) {
		t.Error("the first view is not the whole")
	}
	if low := (Resolution{Side: 32, Box: 128, Short: 64}).Layout(150, 70, Low).Views(p); len(low) != 1 || string(low[0].Pix) != string(views[0].Pix) {
		t.Error("low detail is not the view of the whole")
	}
}

func TestResolutionCheck(t *testing.T) {
	for _, r := range []Resolution{{}, {Side: 1, Box: 1}, {Side: 1, Short: 2, Box: 1}, {Side: 1, Short: 1, Box: 1, TileTokens: -1}, {Side: -1, Short: 1, Box: 1}} {
		if r.Check() == nil {
			t.Errorf("%+v passes", r)
		}
	}
	if err := GPT4().Check(); err != nil {
		t.Error(err)
	}
}

func TestParseDetail(t *testing.T) {
	for s, want := range map[string]Detail{"": Auto, "auto": Auto, "low": Low, "high": High} {
		if d, err := ParseDetail(s); err != nil || d != want {
			t.Errorf("%q is %v, %v", s, d, err)
		}
	}
	if _, err := ParseDetail("huge"); err == nil {
		t.Error("huge passes")
	}
}
