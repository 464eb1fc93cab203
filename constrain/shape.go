package constrain

import (
	"math/big"
	"regexp"
	"slices"
)

// types is a set of the types of JSON values.
type types uint8

const (
	typeNull types = 1 << iota
	typeBool
	typeInteger  // numbers that are whole
	typeFraction // numbers that are not
	typeString
	typeArray
	typeObject

	typeNumber = typeInteger | typeFraction
	allTypes   = 1<<7 - 1
)

// typeOf is the type of a value.
func typeOf(v *value) types {
	if v.kind == kindNumber {
		if r, err := rational(v.text); err == nil && r.IsInt() {
			return typeInteger
		}
		return typeFraction
	}
	return [...]types{kindNull: typeNull, kindBool: typeBool, kindString: typeString, kindArray: typeArray, kindObject: typeObject}[v.kind]
}

// all are schemas that must hold together: objects or booleans in the text.
type all []*value

// join is a and b, each schema once, in the order of their appearance.
func join(a, b all) all {
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(x, y *value) int { return x.id - y.id })
	return slices.Compact(out)
}

// bound is a limit of numbers; a nil at means none.
type bound struct {
	at   *big.Rat
	open bool // the limit itself is outside
}

// property is a declared member of an object.
type property struct {
	name string
	all  all
}

// shape is what schemas come to once references, allOf, anyOf and oneOf are
// resolved: a conjunction of keywords. The schemas of members and items stay
// unresolved.
type shape struct {
	types types
	about types // types that keywords speak of
	said  bool  // a keyword says which types there are

	enum    []*value // if listed
	listed  bool
	formats []string

	properties []property
	required   []string
	matching   []matching // of members by pattern
	rests      []rest     // of other members
	restSaid   bool       // else there are no others, if any are declared
	names      all        // of the keys, as strings
	least      limits
	most       limits // none: -1

	prefix    []all
	items     all // after the prefix
	itemsSaid bool

	low, high bound
	divisor   int64 // of integers; 0: any
	patterns  []string
}

// limits are of lengths.
type limits struct{ properties, items, runes int }

func anyShape() *shape {
	return &shape{types: allTypes, most: limits{-1, -1, -1}}
}

// narrowed are the types that are generated: a schema that does not say its
// type, and whose keywords speak of some, is taken to be of those.
func (s *shape) narrowed() types {
	if !s.said && s.about != 0 {
		return s.types & s.about
	}
	return s.types
}

// item returns the schemas of the item at i.
func (s *shape) item(i int) all {
	if i < len(s.prefix) {
		return s.prefix[i]
	}
	return s.items
}

// merge is what holds if both a and b hold.
func merge(a, b *shape) *shape {
	out := &shape{
		types: a.types & b.types, about: a.about | b.about, said: a.said || b.said,
		formats:  union(a.formats, b.formats),
		patterns: union(a.patterns, b.patterns),
		required: union(a.required, b.required),
		matching: slices.Concat(a.matching, b.matching),
		rests:    slices.Concat(a.rests, b.rests), restSaid: a.restSaid || b.restSaid,
		names: join(a.names, b.names),
		items: join(a.items, b.items), itemsSaid: a.itemsSaid || b.itemsSaid,
		low:     tighter(a.low, b.low, 1),
		high:    tighter(a.high, b.high, -1),
		divisor: multiple(a.divisor, b.divisor),
	}
	out.least, out.most = a.least.max(b.least), a.most.min(b.most)
	for _, p := range a.properties {
		other, _ := b.property(p.name)
		out.properties = append(out.properties, property{p.name, join(p.all, other)})
	}
	for _, p := range b.properties {
		if other, declared := a.property(p.name); !declared {
			out.properties = append(out.properties, property{p.name, join(p.all, other)})
		}
	}
	for i := range max(len(a.prefix), len(b.prefix)) {
		out.prefix = append(out.prefix, join(a.item(i), b.item(i)))
	}
	out.mergeEnum(a, b)
	return out
}

func (s *shape) mergeEnum(a, b *shape) {
	switch {
	case a.listed && b.listed:
		s.listed = true
		known := map[string]bool{}
		for _, v := range b.enum {
			known[v.canonical()] = true
		}
		for _, v := range a.enum {
			if known[v.canonical()] {
				s.enum = append(s.enum, v)
			}
		}
	case a.listed:
		s.listed, s.enum = true, a.enum
	case b.listed:
		s.listed, s.enum = true, b.enum
	}
}

func contains(list []*value, v *value) bool {
	text := v.canonical()
	return slices.ContainsFunc(list, func(w *value) bool { return w.canonical() == text })
}

func union[T comparable](a, b []T) []T {
	out := slices.Clone(a)
	if len(b) == 0 {
		return out
	}
	known := map[T]bool{}
	for _, s := range a {
		known[s] = true
	}
	for _, s := range b {
		if !known[s] {
			known[s] = true
			out = append(out, s)
		}
	}
	return out
}

// memberNames is how many names of members a shape has.
func (s *shape) memberNames() int { return len(s.properties) + len(s.required) }

// compare counts the steps of looking up what a says among what b says, and the
// other way round, and of merging both.
func (c *schemaCompiler) compare(a, b *shape) error {
	x, y := a.memberNames(), b.memberNames()
	lists := len(a.enum) + len(a.prefix) + len(b.enum) + len(b.prefix)
	copied := a.schemas() + b.schemas() + len(a.prefix)*len(b.items) + len(b.prefix)*len(a.items)
	return c.b.spend(1 + x + y + lists + copied + x*y/16 + c.matchWork(x, b) + c.matchWork(y, a))
}

// schemas is how many schemas a shape holds unresolved, each as often as a merge
// copies it.
func (s *shape) schemas() int {
	n := len(s.patterns) + len(s.names) + len(s.items) + len(s.matching) + len(s.rests)
	for _, p := range s.properties {
		n += len(p.all)
	}
	for _, item := range s.prefix {
		n += len(item)
	}
	return n
}

// matchWork is about what it takes to match some keys with the patterns of a
// shape, and to collect the schemas of their members.
func (c *schemaCompiler) matchWork(keys int, s *shape) (steps int) {
	if keys == 0 {
		return 0
	}
	add := func(pattern *regexp.Regexp) {
		steps += 256
		if d := c.patterns[patternKey(pattern.String(), partInner)]; d != nil {
			steps += 8 * len(d.final)
		}
	}
	for _, m := range s.matching {
		steps += 1 + len(m.all)
		add(m.pattern)
	}
	for _, r := range s.rests {
		steps += 1 + len(r.all)
		for _, p := range r.except {
			add(p)
		}
	}
	return keys * steps
}

// tighter is the greater bound for sign 1, the smaller for -1.
func tighter(a, b bound, sign int) bound {
	if a.at == nil || b.at == nil {
		if a.at == nil {
			return b
		}
		return a
	}
	switch a.at.Cmp(b.at) * sign {
	case 1:
		return a
	case -1:
		return b
	}
	return bound{a.at, a.open || b.open}
}

// maxDivisor bounds multipleOf; a divisor beyond it is refused when it is built.
const maxDivisor = 1000

// multiple is the least common multiple, where 0 is none.
func multiple(a, b int64) int64 {
	if a == 0 || b == 0 {
		return a + b
	}
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return min(a/x*b, maxDivisor+1)
}

func (l limits) max(o limits) limits {
	return limits{max(l.properties, o.properties), max(l.items, o.items), max(l.runes, o.runes)}
}

func (l limits) min(o limits) limits {
	least := func(a, b int) int {
		if a < 0 || b < 0 {
			return max(a, b)
		}
		return min(a, b)
	}
	return limits{least(l.properties, o.properties), least(l.items, o.items), least(l.runes, o.runes)}
}
