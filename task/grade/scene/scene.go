// Package scene reads descriptions of drawn pictures and says what of them is true.
//
// It knows the words that package picture/draw uses for shapes, colors, sizes, numbers
// and places, and some others for the same, and it takes a sentence apart into facts:
// that there is something, or so many; what it is like; where it is, alone or beside
// others. Words that it does not know are passed over, unless they stand for a thing.
//
// What is said twice counts once, and what cannot be wrong counts only if it is.
package scene

import (
	"slices"

	"github.com/polymath-lm/polymath/picture/draw"
)

// Result is what a description says of a picture.
type Result struct {
	// Stated is how many facts it states, True how many of them are true. A
	// description without any has one that is false.
	Stated, True int
	// Objects is how many objects the picture has, Named how many of them true facts
	// name with color and shape.
	Objects, Named int
	// False are the facts that are not true, as they were stated.
	False []string
}

// Judge reads a description of the picture that has these facts. Goroutines may share
// the facts.
func Judge(text string, shown *draw.Facts) Result {
	f := &facts{known: map[string]*fact{}}
	r := reader{shown: shown, whole: newView(shown), facts: f}
	for _, words := range sentences(text) {
		r.sentence(words)
	}
	result := Result{Objects: len(shown.Objects)}
	for i, one := range f.list {
		switch {
		case !one.true:
			result.Stated++
			result.False = append(result.False, one.text)
		case !one.weak && !f.follows(i):
			result.Stated++
			result.True++
		}
	}
	if result.Stated == 0 {
		result.Stated, result.False = 1, []string{"nothing is stated"}
	}
	result.Named = f.named(len(shown.Objects))
	return result
}

// follows reports whether a true fact that there is something follows from another.
func (f *facts) follows(at int) bool {
	one := f.list[at]
	if !one.there {
		return false
	}
	p := &one.names[0]
	for i, other := range f.list {
		if i == at || !other.true || other.weak || other.view.name != one.view.name {
			continue
		}
		for k := range other.names {
			q := &other.names[k]
			if !q.implies(&p.thing) || least(q) < p.n {
				continue
			}
			if same := other.there && p.implies(&q.thing); !same || q.n > p.n || i < at {
				return true
			}
		}
	}
	return false
}

// least is how many a phrase says that there are at least.
func least(p *phrase) int {
	if p.how == exact || p.how == some {
		return p.n
	}
	return 1
}

// named is how many objects true facts name with color and shape: those that are
// described most closely first.
func (f *facts) named(objects int) int {
	type naming struct {
		phrase
		view *view
	}
	var list []naming
	for _, one := range f.list {
		if !one.true || one.weak {
			continue
		}
		for _, p := range one.names {
			if p.shape != "" && p.color != "" && p.how != nothing {
				list = append(list, naming{p, one.view})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b naming) int { return detail(&b.thing) - detail(&a.thing) })
	names := make([]bool, objects)
	count := 0
	for _, n := range list {
		fit := n.view.fitting(&n.thing)
		left := least(&n.phrase)
		if n.how == those || n.how == every {
			left = len(fit)
		}
		for _, i := range fit {
			if names[n.view.number[i]] {
				left--
			}
		}
		for _, i := range fit {
			if at := n.view.number[i]; left > 0 && !names[at] {
				names[at] = true
				left--
				count++
			}
		}
	}
	return count
}

// detail is how much a description says.
func detail(t *thing) int {
	n := len(t.sides)
	for _, s := range []string{t.size, t.color, t.shape, t.most} {
		if s != "" {
			n++
		}
	}
	return n
}
