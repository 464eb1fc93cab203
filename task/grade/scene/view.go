package scene

import (
	"slices"

	"github.com/polymath-lm/polymath/picture/draw"
)

// view is the part of a picture that a sentence is about: all of it, or a box.
type view struct {
	objects []draw.Object
	number  []int // of the objects in the picture
	frame   draw.Box
	margin  int
	name    string // of the box
}

func newView(f *draw.Facts) *view {
	v := &view{objects: f.Objects, frame: draw.Box{0, 0, f.Size, f.Size}, margin: draw.Margin(f.Size)}
	for i := range f.Objects {
		v.number = append(v.number, i)
	}
	return v
}

// panel is the part that is one of the boxes.
func (v *view) panel(f *draw.Facts, at int) *view {
	box := f.Panels[at]
	one := &view{frame: box, margin: v.margin, name: string(rune('0' + at))}
	for i, o := range f.Objects {
		if o.Box[0] >= box[0] && o.Box[1] >= box[1] && o.Box[2] <= box[2] && o.Box[3] <= box[3] {
			one.objects, one.number = append(one.objects, o), append(one.number, i)
		}
	}
	return one
}

// fitting is the places of the objects that a description fits.
func (v *view) fitting(t *thing) []int {
	var list []int
	for i := range v.objects {
		if t.fits(&v.objects[i], v) {
			list = append(list, i)
		}
	}
	if t.most == "" || len(list) == 0 {
		return list
	}
	best := slices.Max(v.keys(list, t.most))
	return slices.DeleteFunc(list, func(i int) bool { return v.extent(i, t.most) != best })
}

func (v *view) keys(list []int, most string) []int {
	keys := make([]int, len(list))
	for k, i := range list {
		keys[k] = v.extent(i, most)
	}
	return keys
}

// extent is greatest for the object that is most of something.
func (v *view) extent(i int, most string) int {
	o := &v.objects[i]
	x, y := middle(o)
	switch most {
	case "largest":
		return rank(o)
	case "smallest":
		return -rank(o)
	case "left":
		return -x
	case "right":
		return x
	case "top":
		return -y
	}
	return y
}

// middle is twice the center.
func middle(o *draw.Object) (x, y int) { return o.Box[0] + o.Box[2], o.Box[1] + o.Box[3] }

// at reports whether an object is on a side of the view, or around its middle: the
// inner half.
func (v *view) at(o *draw.Object, side string) bool {
	x, y := middle(o)
	left, top, right, bottom := v.frame[0], v.frame[1], v.frame[2], v.frame[3]
	wide, high := right-left, bottom-top
	switch side {
	case "left":
		return x < left+right
	case "right":
		return x > left+right
	case "top":
		return y < top+bottom
	case "bottom":
		return y > top+bottom
	}
	return 2*abs(x-left-right) <= wide && 2*abs(y-top-bottom) <= high
}

// stands reports whether objects are in a relation: clear by the margin of the pictures,
// measured at their centers.
func (v *view) stands(relation string, a, b int) bool {
	o, p := &v.objects[a], &v.objects[b]
	x, y := middle(o)
	s, t := middle(p)
	switch relation {
	case "left":
		return x+2*v.margin <= s
	case "above":
		return y+2*v.margin <= t
	case "inside":
		return o.Box != p.Box && p.Box[0] <= o.Box[0] && p.Box[1] <= o.Box[1] && o.Box[2] <= p.Box[2] && o.Box[3] <= p.Box[3]
	case "larger":
		return rank(o) > rank(p)
	}
	return false
}

// between reports whether a is between b and c, from left to right or from top to
// bottom.
func (v *view) between(a, b, c int) bool {
	for _, way := range []string{"left", "above"} {
		if v.stands(way, b, a) && v.stands(way, a, c) || v.stands(way, c, a) && v.stands(way, a, b) {
			return true
		}
	}
	return false
}

// rank orders sizes.
func rank(o *draw.Object) int { return slices.Index([]string{"small", "medium", "large"}, o.Size) }

func abs(n int) int { return max(n, -n) }
