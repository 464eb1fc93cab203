package draw

import (
	"cmp"
	"slices"
)

// describeAll tells of the scene in three ways: all objects, all objects with
// how some stand to each other, and all objects behind the numbers of shapes and
// colors.
func (s *scene) describeAll() {
	s.describe(s.inventory()...)
	s.describe(append(s.inventory(), s.standing(3)...)...)
	s.describe(append(s.numbers(), sentence("the picture shows "+s.contents()))...)
}

// inventory names every object once.
func (s *scene) inventory() []string {
	if len(s.objects) == 1 {
		return []string{sentence("there is " + s.contents())}
	}
	return []string{sentence(areCounted(len(s.objects), "object")), sentence("the picture shows " + s.contents())}
}

// fromLeft returns the objects in the order of their middles from the left, and of
// those above each other from the top. Who learns to describe pictures learns sooner
// from a list whose next object can be known than from one in an order of chance.
func (s *scene) fromLeft() []Object {
	return slices.SortedStableFunc(slices.Values(s.objects), func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Box[0]+a.Box[2], b.Box[0]+b.Box[2]), cmp.Compare(a.Box[1]+a.Box[3], b.Box[1]+b.Box[3]))
	})
}

// contents lists the objects from the left, those that are alike together.
func (s *scene) contents() string {
	var kinds []like
	for _, o := range s.fromLeft() {
		if l := whole(o); !slices.Contains(kinds, l) {
			kinds = append(kinds, l)
		}
	}
	var words []string
	for _, l := range kinds {
		if k := l.among(s.objects); k > 1 {
			words = append(words, number(k)+" "+l.noun(true))
		} else {
			words = append(words, article(l.noun(false)))
		}
	}
	return list(words)
}

// numbers counts by shape or by color, in the order in which they are seen from the
// left.
func (s *scene) numbers() []string {
	byColor := s.chance(50)
	var kinds []like
	for _, o := range s.fromLeft() {
		l := like{shape: o.Shape}
		if byColor {
			l = like{color: o.Color}
		}
		if !slices.Contains(kinds, l) {
			kinds = append(kinds, l)
		}
	}
	var sentences []string
	for _, l := range kinds {
		k := l.among(s.objects)
		if k == 1 {
			sentences = append(sentences, sentence("there is 1 "+l.noun(false)))
		} else {
			sentences = append(sentences, sentence("there are "+number(k)+" "+l.noun(true)))
		}
	}
	return sentences
}

// standing tells of some clear relations.
func (s *scene) standing(most int) []string {
	var sentences []string
	for range 6 {
		if len(sentences) == most {
			break
		}
		a, b, first, second, ok := s.two()
		if !ok {
			continue
		}
		words := ""
		for _, pair := range s.relations() {
			for _, r := range pair {
				if r.holds(a, b) && (words == "" || s.chance(50)) {
					words = r.words
				}
			}
		}
		if s.inside(a, b) {
			words = "inside"
		}
		text := sentence("the " + first + " is " + words + " the " + second)
		if words != "" && !slices.Contains(sentences, text) {
			sentences = append(sentences, text)
		}
	}
	return sentences
}
