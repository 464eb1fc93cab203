package draw

// Three gray boxes side by side, with scattered objects or a tower of blocks in
// each, and statements that are true or false, as in NLVR (Suhr and others, "A
// Corpus of Natural Language for Visual Reasoning", ACL 2017). A statement stays
// true where the boxes stand in another order.

// boxPaints and boxShapes are what the boxes hold.
var (
	boxPaints = []paint{{"yellow", paintNamed("yellow")}, {"blue", paintNamed("blue")}, {"black", paintNamed("black")}}
	boxShapes = []string{"circle", "square", "triangle"}
	boxGround = rgb(214, 214, 214)
)

// panels is how many boxes there are.
const panels = 3

func makeBoxes(w *work) {
	gap := max(2, w.Size/32)
	side := (w.Size - 2*gap - (panels-1)*gap) / panels
	top := gap + w.below(w.Size-side-2*gap+1)
	for i := range panels {
		left := gap + i*(side+gap)
		box := Box{left, top, left + side, top + side}
		w.facts.Panels = append(w.facts.Panels, box)
		w.canvas.fill(box.path(), boxGround)
	}
	b := boxes{work: w, towers: w.chance(40)}
	for _, panel := range w.facts.Panels {
		b.fill(panel)
	}
	if w.factsOnly() {
		return
	}
	for range 4 * w.Questions {
		b.askStatement()
	}
	b.askNumbers()
	b.describeAll()
}

// boxes is a picture of boxes.
type boxes struct {
	*work
	towers bool
}

// fill puts objects into a panel.
func (b *boxes) fill(panel Box) {
	if b.towers {
		b.tower(panel, b.between(1, 4))
		return
	}
	small := 0
	if b.Size < 96 {
		small = 1 // what is smaller would be a few pixels
	}
	for range b.between(1, 6) {
		b.scatter(panel, b.between(small, 2))
	}
}

// scatter puts an object at a free place of a panel, if there is one.
func (b *boxes) scatter(panel Box, size int) {
	side := panel.width() * unit * []int{19, 28, 38}[size] / 100
	edge := side/2 + unit
	color, shape := pick(b.random, boxPaints), pick(b.random, boxShapes)
	free := panel.width()*unit - 2*edge
	for range placeTries {
		middle := point{panel[0]*unit + edge + b.below(free), panel[1]*unit + edge + b.below(free)}
		p := shapePath(shape, middle, side)
		box := p.box()
		if panel.holds(box) && !b.taken(box.grow(1)) {
			b.draw(p, Object{shape, color.name, sizes[size].name, box}, color)
			return
		}
	}
}

// tower stacks blocks from the floor of a panel.
func (b *boxes) tower(panel Box, blocks int) {
	side := (panel.height() - 6) / 4
	left := (panel[0] + panel[2] - side) / 2
	for i := range blocks {
		bottom := panel[3] - 1 - i*(side+1)
		box := Box{left, bottom - side, left + side, bottom}
		color := pick(b.random, boxPaints)
		b.draw(box.path(), Object{"square", color.name, "medium", box}, color)
	}
}

// held returns the objects of each panel; those of a tower from the base up.
func (b *boxes) held() [panels][]Object {
	var held [panels][]Object
	for _, o := range b.facts.Objects {
		at := panelOf(b.facts.Panels, o.Box)
		held[at] = append(held[at], o)
	}
	return held
}

// countPanels returns in how many panels something holds.
func (b *boxes) countPanels(holds func(objects []Object) bool) int {
	n := 0
	for _, objects := range b.held() {
		if holds(objects) {
			n++
		}
	}
	return n
}

// askStatement asks whether a statement is true, as often for a true one as for
// a false one where both can be found.
func (b *boxes) askStatement() {
	wanted := b.chance(50)
	for range 8 {
		text, truth := b.statement()
		if truth != wanted {
			continue
		}
		answer := "false"
		if truth {
			answer = "true"
		}
		b.askAny(YesNo, answer, []string{"True or false: %s", "Is this true or false? %s", "%s True or false?"}, text)
		return
	}
}

// statement returns one about the boxes, and whether it is true.
func (b *boxes) statement() (text string, truth bool) {
	if b.towers && b.chance(70) {
		return b.towerStatement()
	}
	l, n := b.like(), b.between(1, 4)
	switch b.below(7) {
	case 0:
		return sentence("there is a box with exactly " + b.some(n, l)), b.countPanels(func(o []Object) bool { return l.among(o) == n }) > 0
	case 1:
		n = max(1, l.among(b.facts.Objects)+b.between(-1, 1))
		return sentence(map[bool]string{true: "there is", false: "there are"}[n == 1] + " exactly " + b.some(n, l)), l.among(b.facts.Objects) == n
	case 2:
		return sentence("there is a box with at least " + b.some(n, l)), b.countPanels(func(o []Object) bool { return l.among(o) >= n }) > 0
	case 3:
		return sentence("each box has at least " + b.some(1, l)), b.countPanels(func(o []Object) bool { return l.among(o) > 0 }) == panels
	case 4:
		return sentence("there is a box without any " + l.noun(true)), b.countPanels(func(o []Object) bool { return l.among(o) == 0 }) > 0
	case 5:
		only := like{color: pick(b.random, boxPaints).name}
		return sentence("there is a box with only " + only.noun(true)), b.countPanels(func(o []Object) bool { return only.among(o) == len(o) }) > 0
	}
	m := b.like()
	return sentence("there is a box with " + article(l.noun(false)) + " and " + article(m.noun(false))), b.countPanels(func(o []Object) bool {
		if l.among(o) == 0 || m.among(o) == 0 {
			return false
		}
		return !l.overlaps(m) || twoFit(o, l, m)
	}) > 0
}

// overlaps tells whether an object could fit both.
func (l like) overlaps(m like) bool {
	same := func(a, b string) bool { return a == "" || b == "" || a == b }
	return same(l.size, m.size) && same(l.color, m.color) && same(l.shape, m.shape)
}

// twoFit tells whether two different objects fit one description each.
func twoFit(objects []Object, l, m like) bool {
	for i, a := range objects {
		for j, b := range objects {
			if i != j && l.fits(a) && m.fits(b) {
				return true
			}
		}
	}
	return false
}

// like returns a description of objects such as boxes hold.
func (b *boxes) like() like {
	color, shape := pick(b.random, boxPaints).name, pick(b.random, boxShapes)
	if b.towers {
		shape = "square"
	}
	switch b.below(3) {
	case 0:
		return like{color: color}
	case 1:
		return like{shape: shape}
	}
	return like{color: color, shape: shape}
}

// some returns a number of objects in words.
func (b *boxes) some(n int, l like) string {
	words := []string{"", "one", "two", "three", "four"}
	text := number(n)
	if n < len(words) && b.chance(50) {
		text = words[n]
	}
	return text + " " + l.noun(n != 1)
}

func (b *boxes) towerStatement() (text string, truth bool) {
	color, n := pick(b.random, boxPaints).name, b.between(1, 4)
	base := func(o []Object) bool { return o[0].Color == color }
	top := func(o []Object) bool { return o[len(o)-1].Color == color }
	switch b.below(5) {
	case 0:
		return sentence("there is a tower with exactly " + counted(n, "block")), b.countPanels(func(o []Object) bool { return len(o) == n }) > 0
	case 1:
		return sentence("there is a tower with " + article(color) + " block at the base"), b.countPanels(base) > 0
	case 2:
		return sentence("there is a tower with " + article(color) + " block at the top"), b.countPanels(top) > 0
	case 3:
		k := b.between(1, panels)
		return sentence(areExactly(k, "tower") + " with " + article(color) + " block at the base"), b.countPanels(base) == k
	}
	n = b.between(2, 4)
	return sentence("there is a tower with " + number(n) + " blocks, all of them " + color), b.countPanels(func(o []Object) bool {
		return len(o) == n && like{color: color}.among(o) == n
	}) > 0
}

func areExactly(n int, word string) string {
	if n == 1 {
		return "there is exactly 1 " + word
	}
	return "there are exactly " + counted(n, word)
}

// places are the names of the boxes.
var places = [panels]string{"left", "middle", "right"}

// askNumbers asks how many objects there are.
func (b *boxes) askNumbers() {
	for i, objects := range b.held() {
		l := b.like()
		b.ask(Count, number(l.among(objects)), "How many %s are in the %s box?", l.noun(true), places[i])
		b.ask(Count, number(l.among(b.facts.Objects)), "How many %s are there in all boxes?", l.noun(true))
	}
}

// describeAll tells what is in each box.
func (b *boxes) describeAll() {
	s := scene{work: b.work}
	var all, short []string
	for i, objects := range b.held() {
		where := "the " + places[i] + " box "
		s.objects = objects
		all = append(all, sentence(where+"holds "+s.contents()))
		short = append(short, sentence("in "+where[:len(where)-1]+" "+areCounted(len(objects), "object")))
	}
	b.describe(all...)
	b.describe(short...)
}
