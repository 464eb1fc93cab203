package draw_test

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/polymath-lm/polymath/picture/draw"
)

// The colors as a person would mix them, written down apart from the generator's.
var rgbOf = map[string]color.NRGBA{
	"red": {214, 39, 40, 255}, "orange": {255, 140, 0, 255}, "yellow": {250, 215, 20, 255}, "green": {30, 140, 50, 255},
	"blue": {35, 85, 220, 255}, "purple": {125, 45, 165, 255}, "pink": {250, 130, 190, 255}, "black": {20, 20, 20, 255},
}

// TestColorsFarApart wants a distance between any two that noise does not close.
func TestColorsFarApart(t *testing.T) {
	for a, x := range rgbOf {
		for b, y := range rgbOf {
			d := math.Sqrt(sq(x.R, y.R) + sq(x.G, y.G) + sq(x.B, y.B))
			if a < b && d < 75 {
				t.Errorf("%s and %s are only %.0f apart", a, b, d)
			}
		}
	}
}

func sq(a, b uint8) float64 { return (float64(a) - float64(b)) * (float64(a) - float64(b)) }

// blob is a region of one exact color.
type blob struct {
	color color.NRGBA
	area  int
	box   box
}

// blobs returns the regions of the named colors with at least a number of pixels.
func blobs(img *image.NRGBA, least int) []blob {
	known := map[color.NRGBA]bool{}
	for _, c := range rgbOf {
		known[c] = true
	}
	size := img.Rect.Dx()
	seen := make([]bool, size*size)
	var found []blob
	for start := range seen {
		c := img.NRGBAAt(start%size, start/size)
		if seen[start] || !known[c] {
			continue
		}
		b := blob{c, 0, box{size, size, 0, 0}}
		seen[start] = true
		for todo := []int{start}; len(todo) > 0; {
			at := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			x, y := at%size, at/size
			b.area++
			b.box = box{min(b.box[0], x), min(b.box[1], y), max(b.box[2], x+1), max(b.box[3], y+1)}
			for _, d := range [][2]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, -1}, {1, -1}, {-1, 1}} {
				u, v := x+d[0], y+d[1]
				if u >= 0 && v >= 0 && u < size && v < size && !seen[v*size+u] && img.NRGBAAt(u, v) == c {
					seen[v*size+u] = true
					todo = append(todo, v*size+u)
				}
			}
		}
		if b.area >= least {
			found = append(found, b)
		}
	}
	return found
}

// fills are the shares of their box that shapes cover.
var fills = map[string]float64{
	"circle": math.Pi / 4, "square": 1, "triangle": 0.5, "star": 0.35, "diamond": 0.5, "cross": 0.56, "ring": math.Pi / 4 * (1 - 0.52*0.52), "heart": 0.68,
}

// TestObjectsInPixels finds the objects in the picture alone: each is a region of
// its color, at its box, that covers as much of it as its shape does.
func TestObjectsInPixels(t *testing.T) {
	for _, kind := range []draw.Kind{draw.Scene, draw.Boxes} {
		for i := range 400 {
			d := mustMake(t, 21, i, draw.Options{Kind: kind, Size: 224})
			f := read(t, d)
			found := blobs(d.Image, 9)
			if len(found) != len(f.Objects) {
				t.Fatalf("%s %d: %d regions, %d objects", kind, i, len(found), len(f.Objects))
			}
			for _, o := range f.Objects {
				b := nearest(found, o.Box)
				if b.color != rgbOf[o.Color] || distance(b.box, o.Box) > 14 { // tips are no whole pixels
					t.Errorf("%s %d: of %+v there is %+v", kind, i, o, b)
					continue
				}
				holes := 0
				for _, inner := range f.Objects {
					if within(inner.Box, o.Box) {
						holes += (inner.Box[2] - inner.Box[0]) * (inner.Box[3] - inner.Box[1])
					}
				}
				wide, high := b.box[2]-b.box[0], b.box[3]-b.box[1]
				if share := float64(b.area) / float64(wide*high); holes == 0 && math.Abs(share-fills[o.Shape]) > 0.14 {
					t.Errorf("%s %d: %+v covers %.2f of its box", kind, i, o, share)
				}
			}
		}
	}
}

func nearest(found []blob, b box) blob {
	best := found[0]
	for _, x := range found {
		if distance(x.box, b) < distance(best.box, b) {
			best = x
		}
	}
	return best
}

func distance(a, b box) int {
	d := 0
	for i := range a {
		d += max(a[i]-b[i], b[i]-a[i])
	}
	return d
}

// TestChartsInPixels measures bars and points against the axis, and looks for
// the slices of a pie by the sum of the values before them.
func TestChartsInPixels(t *testing.T) {
	kinds := map[string]int{}
	for i := range 400 {
		size := checkSizes[i%3]
		d := mustMake(t, 31, i, draw.Options{Kind: draw.Chart, Size: size})
		f := read(t, d)
		kinds[f.Chart.Type]++
		sum := 0
		for _, p := range f.Chart.Points {
			if f.Chart.Type == "pie" {
				checkSlice(t, d, f, sum, p.Value, p.Color)
				sum += p.Value
				continue
			}
			top := barTop(d.Image, p.Box, rgbOf[p.Color], f.Chart.Type)
			plot := f.Chart.Plot
			got := (float64(plot[3]) - top) / float64(plot[3]-plot[1]) * float64(f.Chart.Max)
			if math.Abs(got-float64(p.Value)) > 0.4*float64(f.Chart.Quantum) {
				t.Errorf("chart %d of %d pixels: %s is %d, its %s is at %.2f of quantum %d", i, size, p.Label, p.Value, f.Chart.Type, got, f.Chart.Quantum)
			}
		}
		if f.Chart.Type == "pie" && sum != 100 {
			t.Errorf("chart %d: the slices are %d%%", i, sum)
		}
	}
	for _, kind := range []string{"bar", "line", "pie"} {
		if kinds[kind] < 40 {
			t.Errorf("of 400 charts %d are of type %s", kinds[kind], kind)
		}
	}
}

// barTop returns the height of a bar's upper end, with the share of the last row,
// or of the middle of a point.
func barTop(img *image.NRGBA, b *box, c color.NRGBA, kind string) float64 {
	x := (b[0] + b[2]) / 2
	if kind == "line" {
		return float64(b[1]+b[3]) / 2
	}
	for y := b[3] - 2; y >= 0; y-- {
		if at := img.NRGBAAt(x, y); at != c {
			above := img.NRGBAAt(x, y-1)
			whole := math.Sqrt(sq(above.R, c.R) + sq(above.G, c.G) + sq(above.B, c.B))
			part := math.Sqrt(sq(above.R, at.R) + sq(above.G, at.G) + sq(above.B, at.B))
			return float64(y+1) - min(part/whole, 1)
		}
	}
	return 0
}

// checkSlice wants more than half of a slice to have its color: the rest is the
// number and what is between slices.
func checkSlice(t *testing.T, d *draw.Drawing, f *facts, before, value int, name string) {
	t.Helper()
	p := f.Chart.Plot
	x, y, r := float64(p[0]+p[2])/2, float64(p[1]+p[3])/2, float64(p[2]-p[0])/2
	all, same := 0, 0
	for share := 0.3; share < 0.95; share += 0.05 {
		for part := 0.05; part < 1; part += 0.05 {
			angle := (float64(before) + part*float64(value)) / 100 * 2 * math.Pi
			all++
			if d.Image.NRGBAAt(int(x+share*r*math.Sin(angle)), int(y-share*r*math.Cos(angle))) == rgbOf[name] {
				same++
			}
		}
	}
	if 2*same < all {
		t.Errorf("chart %d: of the slice of %s only %d of %d pixels are", d.Index, name, same, all)
	}
}

// TestClocksInPixels looks along the angles of the hands, which are computed here
// from the time: both are there, and no other hand is.
func TestClocksInPixels(t *testing.T) {
	for i := range 300 {
		size := checkSizes[i%3]
		d := mustMake(t, 41, i, draw.Options{Kind: draw.Clock, Size: size})
		c := read(t, d).Clock
		minute := float64(c.Minute) / 60
		hour := (float64(c.Hour%12) + minute) / 12
		covered := func(share, turn float64) bool {
			x := float64(c.Center[0]) + share*float64(c.Radius)*math.Sin(2*math.Pi*turn)
			y := float64(c.Center[1]) - share*float64(c.Radius)*math.Cos(2*math.Pi*turn)
			at := d.Image.NRGBAAt(int(math.Floor(x)), int(math.Floor(y)))
			return int(at.R)+int(at.G)+int(at.B) < 690
		}
		if !covered(0.4, hour) || !covered(0.5, minute) || !covered(0.78, minute) {
			t.Errorf("clock %d of %d pixels: at %d:%02d a hand is missing", i, size, c.Hour, c.Minute)
		}
		for k := range 12 {
			turn := float64(k) / 12
			away := func(hand float64) bool { return math.Abs(math.Remainder(turn-hand, 1)) > 0.06 }
			if away(hour) && away(minute) && covered(0.4, turn) {
				t.Errorf("clock %d of %d pixels: at %d:%02d there is something at %d hours", i, size, c.Hour, c.Minute, k)
			}
		}
	}
}

// TestRoadsAndArrowsInPixels walks along each road and arrow.
func TestRoadsAndArrowsInPixels(t *testing.T) {
	dark := func(d *draw.Drawing, x, y float64) bool {
		at := d.Image.NRGBAAt(int(math.Floor(x)), int(math.Floor(y)))
		return int(at.R)+int(at.G)+int(at.B) < 480
	}
	arrows, odd := 0, 0
	for i := range 300 {
		d := mustMake(t, 51, i, draw.Options{Kind: draw.Map, Size: checkSizes[i%3]})
		f := read(t, d)
		for _, r := range f.Map.Roads {
			x, y, _ := spot(f, r[0])
			u, v, _ := spot(f, r[1])
			for k := 3; k <= 7; k++ {
				s := float64(k) / 10
				if !dark(d, float64(x)*(1-s)+float64(u)*s, float64(y)*(1-s)+float64(v)*s) {
					t.Errorf("map %d: the road %v has a gap", i, r)
				}
			}
		}
		d = mustMake(t, 51, i, draw.Options{Kind: draw.Diagram, Size: checkSizes[i%3]})
		f = read(t, d)
		for _, a := range f.Diagram.Arrows {
			from, to := outline(f, a[0]), outline(f, a[1])
			arrows++
			if wide(d, to, from, dark) <= wide(d, from, to, dark) {
				odd++ // as where another arrow is near
			}
		}
	}
	if odd > arrows/20 {
		t.Errorf("%d of %d arrows are not wider at their ends", odd, arrows)
	}
}

// figure is a node: its middle, and whether a point is outside by some pixels.
type figure struct {
	x, y    float64
	outside func(x, y, by float64) bool
}

func outline(f *facts, label string) (o figure) {
	_, shape, b := node(f, label)
	o.x, o.y = float64(b[0]+b[2])/2, float64(b[1]+b[3])/2
	o.outside = func(x, y, by float64) bool {
		u, v := math.Abs(x-o.x)/(float64(b[2]-b[0])/2+by), math.Abs(y-o.y)/(float64(b[3]-b[1])/2+by)
		if shape == "oval" {
			return u*u+v*v > 1
		}
		return max(u, v) > 1
	}
	return o
}

// wide returns how many dark pixels there are side by side across a line from
// another node, shortly before it reaches a node.
func wide(d *draw.Drawing, at, other figure, dark func(d *draw.Drawing, x, y float64) bool) int {
	u, v := other.x-at.x, other.y-at.y
	length := math.Hypot(u, v)
	u, v = u/length, v/length
	away := 0.0
	for !at.outside(at.x+u*away, at.y+v*away, 1) {
		away += 0.5
	}
	most := 0
	for k := 0.0; k < max(5, float64(d.Image.Rect.Dx())/22); k++ {
		n := 0
		for _, way := range []float64{-0.5, 0.5} {
			for side := 0.0; math.Abs(side) < 8; side += way {
				x, y := at.x+u*(away+k)-v*side, at.y+v*(away+k)+u*side
				if !at.outside(x, y, 1) || !dark(d, x, y) {
					break
				}
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
