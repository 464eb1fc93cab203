package constraint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// Item is a request with constraints, and an answer that meets them. It does not change,
// and goroutines may share it.
type Item struct {
	// Request is without the constraints, Prompt with them.
	Request, Prompt string
	Constraints     []Constraint
	// Answer meets all constraints.
	Answer string
	Topic  string

	base *Base
	seed uint64 // of the answer
}

// Split is who may see the item.
func (it *Item) Split() Split { return SplitOf(it.Constraints) }

// Combination names the kinds, in the order of their names.
func (it *Item) Combination() string {
	kinds := make([]string, len(it.Constraints))
	for i := range it.Constraints {
		kinds[i] = string(it.Constraints[i].Kind)
	}
	slices.Sort(kinds)
	return strings.Join(kinds, "+")
}

// ErrNone is wrapped where no set of constraints is found that the base texts can meet.
var ErrNone = errors.New("no constraints are found that an answer of these texts meets")

// Draw makes an item of a split with so many constraints: up to MostDrawn, of the test
// at least two. The answer is made of a text of bases; nil are the package's own. The
// same arguments give the same item. An empty answer, one of a single word and the
// prompt itself never meet all constraints. Errors name what is not possible, or wrap
// ErrNone.
func Draw(bases []Base, seed, index uint64, number int, s Split) (*Item, error) {
	if err := s.check(number); err != nil {
		return nil, err
	}
	if bases == nil {
		bases = ownBases
	}
	for i := range bases {
		if err := bases[i].check(); err != nil {
			return nil, fmt.Errorf("base text %d: %w", i+1, err)
		}
	}
	if it := draw(bases, random.At(seed, index), number, s); it != nil {
		return it, nil
	}
	return nil, ErrNone
}

// draw returns nil where nothing is found.
func draw(bases []Base, r *random.Source, number int, s Split) *Item {
	const tries = 2000
	for range tries {
		kinds := drawKinds(r, number)
		if kinds == nil || SplitOf(kinds) != s {
			continue
		}
		b := baseFor(bases, r, kinds)
		if b == nil {
			continue
		}
		it := &Item{base: b, Topic: b.Topic, Constraints: kinds}
		it.Request = b.Request
		if it.Request == "" {
			it.Request = fmt.Sprintf(requests[r.Below(s.forms(len(requests)))], b.Topic)
		}
		if it.fill(r) {
			it.Prompt = it.put(r, s)
			if !it.cheap() {
				return it
			}
		}
	}
	return nil
}

// drawKinds draws kinds that go together.
func drawKinds(r *random.Source, number int) []Constraint {
	var list []Constraint
	for range 20 {
		c := Constraint{Kind: random.Pick(r, Kinds)}
		if c.Kind == Language && r.Below(2) == 0 { // it goes with few, so its sets are small
			continue
		}
		if !slices.ContainsFunc(list, func(o Constraint) bool { return conflictOf(o.Kind, c.Kind) != "" }) {
			if list = append(list, c); len(list) == number {
				return list
			}
		}
	}
	return nil
}

// baseFor draws a base in the language that is asked for.
func baseFor(bases []Base, r *random.Source, list []Constraint) *Base {
	foreign := slices.ContainsFunc(list, func(c Constraint) bool { return c.Kind == Language })
	var fit []*Base
	for i := range bases {
		if (bases[i].Language != "") == foreign {
			fit = append(fit, &bases[i])
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return random.Pick(r, fit)
}

// fill draws what the constraints say, makes an answer, and takes from it what is
// counted. It reports whether the answer meets them.
func (it *Item) fill(r *random.Source) bool {
	d := drawer{r: r, base: it.base, request: it.Request, words: random.Sample(r, spareWords, len(spareWords))}
	for i := range it.Constraints {
		if !d.draw(&it.Constraints[i]) {
			return false
		}
	}
	it.seed = r.Uint64()
	it.Answer = it.compose(it.seed, spoil{})
	if it.Answer == "" {
		return false
	}
	for i := range it.Constraints {
		if c := &it.Constraints[i]; c.Number == 0 && needed[c.Kind].quantity && !d.measure(c, readable(it.Constraints, i, it.Answer)) {
			return false
		}
	}
	return Validate(it.Constraints) == nil && met(it.Constraints, it.Answer)
}

func met(list []Constraint, answer string) bool {
	for i := range list {
		if ok, _ := check(list, i, answer); !ok {
			return false
		}
	}
	return true
}

// put puts the request and the constraints together.
func (it *Item) put(r *random.Source, s Split) string {
	var b strings.Builder
	b.WriteString(it.Request)
	style := r.Below(s.forms(4))
	switch style {
	case 1:
		b.WriteString("\n")
	case 3:
		b.WriteString("\n\nKeep to all of this:")
	}
	for i := range it.Constraints {
		mark := " "
		if style == 1 || style == 3 {
			mark = "\n- "
		} else if style == 2 {
			mark = "\n"
		}
		b.WriteString(mark + it.Constraints[i].Describe(r.Below(s.forms(Forms))))
	}
	return b.String()
}

// cheap reports whether an answer that takes no thought meets all.
func (it *Item) cheap() bool {
	for _, answer := range []string{"Yes.", "yes", "YES", capitalized(it.Topic), it.Request, it.Prompt} {
		if Judge(it.Constraints, answer).Loose == len(it.Constraints) {
			return true
		}
	}
	return false
}
