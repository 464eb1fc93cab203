package draw

// sizes are those of objects, with the share of the picture's side that their
// side has, in thousandths; it varies by a twentieth.
var sizes = []struct {
	name  string
	share int
}{{"small", 130}, {"medium", 195}, {"large", 295}}

// makeScene draws objects anywhere, sometimes one inside another.
func makeScene(w *work) {
	w.canvas.ground(pick(w.random, grounds))
	colors, forms := w.scenePalette()
	if w.chance(30) {
		w.placeNested(colors)
	}
	for range w.between(1, 8) {
		w.place(pick(w.random, forms), pick(w.random, colors), w.below(len(sizes)), Box{0, 0, w.Size, w.Size})
	}
	if len(w.facts.Objects) == 0 {
		w.place(forms[0], colors[0], 0, Box{0, 0, w.Size, w.Size})
	}
	if w.factsOnly() {
		return
	}
	s := scene{w, w.facts.Objects}
	s.askAll()
	s.describeAll()
}

// scenePalette chooses few colors and shapes, so that objects have some in common.
func (w *work) scenePalette() (colors []paint, forms []string) {
	return sample(w.random, paints, w.between(2, 5)), sample(w.random, shapes, w.between(2, 5))
}

// side returns a length of a size, in 64ths of a pixel.
func (w *work) side(size int) int {
	return w.Size * unit * sizes[size].share * w.between(96, 104) / 100000
}

// placeTries is how often a free place is looked for.
const placeTries = 40

// place draws an object at a free place of a box, if there is one.
func (w *work) place(shape string, color paint, size int, in Box) {
	side := w.side(size)
	edge := side/2 + 2*unit
	free := func(n int) int { return n*unit - 2*edge }
	if free(in.width()) <= 0 || free(in.height()) <= 0 {
		return
	}
	for range placeTries {
		middle := point{in[0]*unit + edge + w.below(free(in.width())), in[1]*unit + edge + w.below(free(in.height()))}
		p := shapePath(shape, middle, side)
		box := p.box()
		if w.taken(box.grow(Margin(w.Size))) {
			continue
		}
		w.draw(p, Object{shape, color.name, sizes[size].name, box}, color)
		return
	}
}

func (w *work) taken(box Box) bool {
	for _, o := range w.facts.Objects {
		if o.Box.meets(box) {
			return true
		}
	}
	return false
}

func (w *work) draw(p path, o Object, color paint) {
	w.canvas.fill(p, color.rgb)
	w.facts.Objects = append(w.facts.Objects, o)
}

// placeNested draws a small object inside a large one.
func (w *work) placeNested(colors []paint) {
	pair := sample(w.random, colors, 2)
	const small, large = 0, 2
	side := w.side(large)
	edge := side/2 + 2*unit
	free := w.Size*unit - 2*edge
	middle := point{edge + w.below(free), edge + w.below(free)}
	outer := pick(w.random, []string{"circle", "square"})
	p := shapePath(outer, middle, side)
	w.draw(p, Object{outer, pair[0].name, sizes[large].name, p.box()}, pair[0])
	inner := pick(w.random, []string{"circle", "square", "triangle", "star", "diamond", "cross"})
	p = shapePath(inner, middle, w.side(small))
	w.draw(p, Object{inner, pair[1].name, sizes[small].name, p.box()}, pair[1])
}

// scene is one about which is asked.
type scene struct {
	*work
	objects []Object
}

// inside tells whether a lies in b.
func (s *scene) inside(a, b Object) bool { return a.Box != b.Box && b.Box.holds(a.Box) }

func (s *scene) leftOf(a, b Object) bool { return a.Box[2]+Margin(s.Size) <= b.Box[0] }
func (s *scene) above(a, b Object) bool  { return a.Box[3]+Margin(s.Size) <= b.Box[1] }

// relation is a way in which two objects stand to each other, with the opposite.
type relation struct {
	words string
	holds func(a, b Object) bool
}

// relations returns them in pairs of opposites.
func (s *scene) relations() [][2]relation {
	flip := func(f func(a, b Object) bool) func(a, b Object) bool {
		return func(a, b Object) bool { return f(b, a) }
	}
	return [][2]relation{
		{{"to the left of", s.leftOf}, {"to the right of", flip(s.leftOf)}},
		{{"above", s.above}, {"below", flip(s.above)}},
	}
}

// like is a description that objects fit; empty fields fit everything.
type like struct{ size, color, shape string }

func (l like) fits(o Object) bool {
	return (l.size == "" || l.size == o.Size) && (l.color == "" || l.color == o.Color) && (l.shape == "" || l.shape == o.Shape)
}

// noun returns the words for one, or for several.
func (l like) noun(several bool) string {
	text := ""
	for _, word := range []string{l.size, l.color} {
		if word != "" {
			text += word + " "
		}
	}
	word := l.shape
	if word == "" {
		word = "object"
	}
	if several {
		word = plural(word)
	}
	return text + word
}

// among returns how many objects fit.
func (l like) among(objects []Object) int {
	n := 0
	for _, o := range objects {
		if l.fits(o) {
			n++
		}
	}
	return n
}

// whole describes an object by all it has.
func whole(o Object) like { return like{o.Size, o.Color, o.Shape} }

// likes returns the descriptions of an object, by any of what it has.
func likes(o Object) []like {
	return []like{
		{"", o.Color, o.Shape}, {"", "", o.Shape}, {"", o.Color, ""}, {o.Size, "", o.Shape}, {o.Size, o.Color, ""}, whole(o), {o.Size, "", ""},
	}
}

// named returns a description that only this object fits; ok is false where
// there is none.
func (s *scene) named(o Object) (l like, ok bool) {
	var unique []like
	for _, l := range likes(o) {
		if l.among(s.objects) == 1 {
			unique = append(unique, l)
		}
	}
	if len(unique) == 0 {
		return like{}, false
	}
	if s.chance(50) {
		return unique[0], true
	}
	return pick(s.random, unique), true
}
