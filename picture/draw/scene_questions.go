package draw

import "strings"

// rounds is how often each question is tried, with other objects.
const rounds = 2

// askAll asks what there is to ask.
func (s *scene) askAll() {
	for range rounds {
		s.askExists()
		s.askCount()
		s.askAttribute()
		s.askRelation()
		s.askBetween()
		s.askInside()
		s.askMore()
		s.askLarger()
		s.askFarthest()
	}
}

// askExists asks whether there is such an object, as often for one that is
// there as for one that is not but of which the scene has something.
func (s *scene) askExists() {
	l := pick(s.random, likes(pick(s.random, s.objects))[:2+s.below(5)])
	if s.chance(50) {
		l = like{"", pick(s.random, s.objects).Color, pick(s.random, s.objects).Shape}
		if s.chance(50) {
			l.color = pick(s.random, paints).name
		} else {
			l.shape = pick(s.random, shapes)
		}
	}
	s.askAny(YesNo, yesNo(l.among(s.objects) > 0), []string{"Is there %s?", "Is there %s in the picture?", "Can you see %s?"}, article(l.noun(false)))
}

func (s *scene) askCount() {
	l := pick(s.random, likes(pick(s.random, s.objects)))
	switch s.below(5) {
	case 0:
		l = like{}
	case 1:
		l = like{"", "", pick(s.random, shapes)}
	}
	s.askAny(Count, number(l.among(s.objects)), []string{"How many %s are there?", "How many %s are in the picture?", "Count the %s."}, l.noun(true))
}

// askAttribute asks for what a description of one object leaves out.
func (s *scene) askAttribute() {
	o := pick(s.random, s.objects)
	l, ok := s.named(o)
	if !ok {
		return
	}
	switch {
	case l.color == "" && s.chance(60):
		s.askAny(Attribute, o.Color, []string{"What color is the %s?", "What is the color of the %s?", "Which color does the %s have?"}, l.noun(false))
	case l.shape == "":
		s.askAny(Attribute, o.Shape, []string{"What shape is the %s?", "What is the shape of the %s?"}, l.noun(false))
	case l.size == "":
		s.ask(Attribute, o.Size, "Is the %s small, medium or large?", l.noun(false))
	}
}

// two returns two objects with their names.
func (s *scene) two() (a, b Object, first, second string, ok bool) {
	if len(s.objects) < 2 {
		return
	}
	some := sample(s.random, s.objects, 2)
	l, okA := s.named(some[0])
	m, okB := s.named(some[1])
	return some[0], some[1], l.noun(false), m.noun(false), okA && okB
}

func (s *scene) askRelation() {
	a, b, first, second, ok := s.two()
	if !ok {
		return
	}
	for _, pair := range s.relations() {
		holds, opposite := pair[0].holds(a, b), pair[1].holds(a, b)
		if !holds && !opposite {
			continue // not clear
		}
		asked := pair[s.below(2)]
		s.askAny(Relation, yesNo(asked.holds(a, b)), []string{"Is the %s %s the %s?", "Does the %s lie %s the %s?"}, first, asked.words, second)
	}
	if s.leftOf(a, b) || s.leftOf(b, a) {
		s.ask(Relation, chosen(s.leftOf(a, b), first, second), "Which is farther to the left, the %s or the %s?", first, second)
	}
	if s.above(a, b) || s.above(b, a) {
		s.ask(Relation, chosen(s.above(a, b), first, second), "Which is higher up, the %s or the %s?", first, second)
	}
}

// chosen is the answer to a question for one of two.
func chosen(first bool, a, b string) string {
	if first {
		return "the " + a
	}
	return "the " + b
}

// askBetween asks for the order of three from left to right.
func (s *scene) askBetween() {
	if len(s.objects) < 3 {
		return
	}
	some := sample(s.random, s.objects, 3)
	var names [3]string
	for i, o := range some {
		l, ok := s.named(o)
		if !ok {
			return
		}
		names[i] = l.noun(false)
		for _, other := range some[:i] {
			if !s.leftOf(o, other) && !s.leftOf(other, o) {
				return
			}
		}
	}
	a, b, c := some[0], some[1], some[2]
	if s.chance(35) { // otherwise two of three answers would be no
		switch {
		case s.leftOf(a, b) == s.leftOf(c, a):
		case s.leftOf(b, a) == s.leftOf(c, b):
			a, b, names[0], names[1] = b, a, names[1], names[0]
		default:
			a, c, names[0], names[2] = c, a, names[2], names[0]
		}
	}
	between := s.leftOf(b, a) && s.leftOf(a, c) || s.leftOf(c, a) && s.leftOf(a, b)
	s.ask(Relation, yesNo(between), "From left to right, is the %s between the %s and the %s?", names[0], names[1], names[2])
}

func (s *scene) askInside() {
	for _, outer := range s.objects {
		for _, inner := range s.objects {
			l, ok := s.named(inner)
			m, okOuter := s.named(outer)
			if !ok || !okOuter || !s.inside(inner, outer) {
				continue
			}
			if s.chance(50) {
				s.ask(Relation, article(whole(inner).noun(false)), "What is inside the %s?", m.noun(false))
				continue
			}
			s.ask(Relation, "yes", "Is the %s inside the %s?", l.noun(false), m.noun(false))
		}
	}
	a, b, first, second, ok := s.two()
	if ok && s.chance(30) {
		s.ask(Relation, yesNo(s.inside(a, b)), "Is the %s inside the %s?", first, second)
	}
}

// askMore compares numbers of objects.
func (s *scene) askMore() {
	a, b := pick(s.random, s.objects), pick(s.random, s.objects)
	l, m := like{shape: a.Shape}, like{shape: b.Shape}
	if s.chance(50) {
		l, m = like{color: a.Color}, like{color: b.Color}
	}
	if l == m {
		return
	}
	n, k := l.among(s.objects), m.among(s.objects)
	if s.chance(30) && n > k {
		s.ask(Comparison, number(n-k), "How many more %s than %s are there?", l.noun(true), m.noun(true))
		return
	}
	s.ask(Comparison, yesNo(n > k), "Are there more %s than %s?", l.noun(true), m.noun(true))
}

// askLarger compares objects of different sizes.
func (s *scene) askLarger() {
	a, b, first, second, ok := s.two()
	if !ok || a.Size == b.Size || strings.HasPrefix(first, a.Size) || strings.HasPrefix(second, b.Size) {
		return // the size is not to be in the question
	}
	larger := rank(a) > rank(b)
	if s.chance(50) {
		s.ask(Comparison, chosen(larger, first, second), "Which is larger, the %s or the %s?", first, second)
		return
	}
	s.ask(Comparison, yesNo(!larger), "Is the %s smaller than the %s?", first, second)
}

func rank(o Object) int {
	for i, size := range sizes {
		if size.name == o.Size {
			return i
		}
	}
	return -1
}

// askFarthest asks for the outermost object on a side, where it is ahead of all
// others by the margin on both of its sides.
func (s *scene) askFarthest() {
	if len(s.objects) < 2 {
		return
	}
	sides := []struct {
		words string
		key   func(b Box) (near, far int)
	}{
		{"farthest to the left", func(b Box) (int, int) { return b[0], b[2] }},
		{"farthest to the right", func(b Box) (int, int) { return -b[2], -b[0] }},
		{"highest up", func(b Box) (int, int) { return b[1], b[3] }},
		{"lowest down", func(b Box) (int, int) { return -b[3], -b[1] }},
	}
	side := pick(s.random, sides)
	for i, o := range s.objects {
		near, far := side.key(o.Box)
		ahead := true
		for j, other := range s.objects {
			n, f := side.key(other.Box)
			ahead = ahead && (i == j || near+Margin(s.Size) <= n && far+Margin(s.Size) <= f)
		}
		if ahead {
			s.ask(Relation, article(whole(o).noun(false)), "Which object is %s?", side.words)
		}
	}
}
