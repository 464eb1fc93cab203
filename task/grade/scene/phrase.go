package scene

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/picture/draw"
)

// thing is a description of objects; empty fields fit everything.
type thing struct {
	size, color, shape string
	sides              []string // where in the picture
	most               string   // the largest, the leftmost
	impossible         bool     // two colors at once, or a word for nothing that pictures show
}

// determiner says how many things are meant.
type determiner int

const (
	some  determiner = iota // a circle, circles
	those                   // the circle
	every
	exact   // two circles
	nothing // no circle
	atLeast
	atMost
)

// phrase is a thing with how many there are.
type phrase struct {
	thing
	how  determiner
	n    int // of some, exact and the bounds
	text string
}

// phraseAt reads the phrases that begin at words[i]: several where colors or sizes are
// joined, as in "a red and a blue circle". ok is false where there is none.
func phraseAt(words []word, i int) (found []phrase, next int, ok bool) {
	p, j, adjectives := opening(words, i)
	begun := j > i
	var groups [][]word // of adjectives, for one object each
	group := []word(nil)
	unknown := 0
	for ; j < len(words); j++ {
		w := words[j]
		switch {
		case w.kind == size || w.kind == paint || w.kind == extreme || w.kind == side && begun && endsInNoun(words, j):
			group = append(group, w)
			adjectives = true
		case w.kind == noun:
			group = append(group, w)
			return p.split(append(groups, group), w, textOf(words[i:j+1])), j + 1, true
		case w.kind == join && len(group) > 0 && endsInNoun(words, j+1):
			if words[j+1].kind == article { // "a red and a blue circle"; "a small, red circle" is one
				groups, group = append(groups, group), nil
				j++
			}
		case w.kind == other && unknown < 2 && j+1 < len(words) && words[j+1].kind != join && endsInNoun(words, j+1) && (begun || adjectives):
			unknown++
		case w.kind == other && (p.how == some && begun || p.how == exact || adjectives && begun):
			p.impossible = true
			return p.split(append(groups, group), word{kind: noun, name: w.text, many: strings.HasSuffix(w.text, "s")}, textOf(words[i:j+1])), j + 1, true
		default:
			return nil, i, false
		}
	}
	return nil, i, false
}

// opening reads what stands before adjectives.
func opening(words []word, i int) (p phrase, next int, adjectives bool) {
	p.n = 1
	for next = i; next < len(words); next++ {
		switch w := words[next]; w.kind {
		case article:
			p.how = some
		case definite:
			p.how = those
		case all:
			p.how = every
		case none:
			p.how = nothing
		case vague:
			p.how, p.n = some, 2
			if w.text == "some" {
				p.n = 1
			}
		case bound:
			p.how = atLeast
			if w.name == "most" {
				p.how = atMost
			}
		case count:
			if p.n = w.n; p.how == some {
				p.how = exact
			}
		default:
			return p, next, false
		}
	}
	return p, next, false
}

// endsInNoun reports whether adjectives from words[i] on lead to a noun.
func endsInNoun(words []word, i int) bool {
	for unknown := 0; i < len(words); i++ {
		switch words[i].kind {
		case noun:
			return true
		case other:
			if unknown++; unknown > 2 {
				return false
			}
		case article:
			if i == 0 || words[i-1].kind != join {
				return false
			}
		case size, paint, extreme, side, join, count:
		default:
			return false
		}
	}
	return false
}

// split makes the phrases of groups of adjectives with one noun.
func (p phrase) split(groups [][]word, n word, text string) []phrase {
	if len(groups) == 1 && n.many && p.how == some { // "red and blue circles"
		if colors := of(groups[0], paint); len(colors) > 1 && len(of(groups[0], size)) == 0 {
			groups = nil
			for _, c := range colors {
				groups = append(groups, []word{c})
			}
		}
	}
	var list []phrase
	for _, g := range groups {
		one := p
		one.text = text
		one.shape = n.name
		for _, w := range g {
			one.add(w)
		}
		list = append(list, one)
	}
	return list
}

func of(words []word, k kind) (list []word) {
	for _, w := range words {
		if w.kind == k {
			list = append(list, w)
		}
	}
	return list
}

// add takes an adjective on.
func (t *thing) add(w word) {
	set := func(field *string) {
		t.impossible = t.impossible || *field != "" && *field != w.name
		*field = w.name
	}
	switch w.kind {
	case size:
		set(&t.size)
	case paint:
		set(&t.color)
	case extreme:
		set(&t.most)
	case side:
		t.sides = append(slices.Clone(t.sides), w.name)
	}
}

func textOf(words []word) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.text
	}
	return strings.Join(texts, " ")
}

// key names a thing: the same for the same description.
func (t *thing) key() string {
	sides := slices.Clone(t.sides)
	slices.Sort(sides)
	return strings.Join(append([]string{t.size, t.color, t.shape, t.most}, sides...), "/")
}

// says reports whether the description says what the things are like: there are objects
// in every picture, and one that is the largest.
func (t *thing) says() bool {
	return t.size != "" || t.color != "" || t.shape != "" || t.impossible
}

// implies reports whether what fits t fits u.
func (t *thing) implies(u *thing) bool {
	under := func(a, b string) bool { return b == "" || a == b }
	for _, s := range u.sides {
		if !slices.Contains(t.sides, s) {
			return false
		}
	}
	return under(t.size, u.size) && under(t.color, u.color) && under(t.shape, u.shape) && under(t.most, u.most)
}

// fits reports whether an object is as the description says, but for thing.most.
func (t *thing) fits(o *draw.Object, v *view) bool {
	if t.impossible || t.size != "" && t.size != o.Size || t.color != "" && t.color != o.Color || t.shape != "" && t.shape != o.Shape {
		return false
	}
	for _, s := range t.sides {
		if !v.at(o, s) {
			return false
		}
	}
	return true
}
