package constrain

import (
	"math/big"
	"regexp"
	"slices"
	"unicode/utf8"
)

// maxCheck bounds how deep members and items are looked at.
const maxCheck = 16

// holds reports whether a value of the schema text (of an enum or const)
// satisfies a shape, its enum aside if bare.
func (c *schemaCompiler) holds(v *value, s *shape, bare bool, depth int) (bool, error) {
	if err := c.b.spend(1 + len(s.enum)/4); err != nil {
		return false, err
	}
	if s.types&typeOf(v) == 0 || !bare && s.listed && !contains(s.enum, v) {
		return false, nil
	}
	switch v.kind {
	case kindNumber:
		return s.holdsNumber(v), nil
	case kindString:
		return c.holdsString(v.text, s)
	case kindArray:
		return c.holdsArray(v, s, depth)
	case kindObject:
		return c.holdsObject(v, s, depth)
	}
	return true, nil
}

func (s *shape) holdsNumber(v *value) bool {
	r, err := rational(v.text)
	if err != nil {
		return false
	}
	inside := func(b bound, sign int) bool {
		if b.at == nil {
			return true
		}
		order := r.Cmp(b.at) * sign
		return order > 0 || order == 0 && !b.open
	}
	if s.divisor > 0 && !new(big.Rat).Quo(r, big.NewRat(s.divisor, 1)).IsInt() {
		return false
	}
	return inside(s.low, 1) && inside(s.high, -1)
}

func (c *schemaCompiler) holdsString(text string, s *shape) (bool, error) {
	n := utf8.RuneCountInString(text)
	if n < s.least.runes || s.most.runes >= 0 && n > s.most.runes {
		return false, nil
	}
	patterns := slices.Clone(s.patterns)
	for _, f := range s.formats {
		patterns = append(patterns, `\A(?:`+formats[f]+`)\z`)
	}
	for _, p := range patterns {
		if ok, err := c.matches(p, text); !ok {
			return false, err
		}
	}
	return true, nil
}

// matches reports whether a pattern matches some part of text.
func (c *schemaCompiler) matches(pattern, text string) (bool, error) {
	// A program takes each character through all of its instructions.
	if err := c.b.spend(1 + len(text)*len(pattern)); err != nil {
		return false, err
	}
	re, err := c.matcher(pattern)
	return err == nil && re.MatchString(text), nil
}

// matcher compiles a pattern once.
func (c *schemaCompiler) matcher(pattern string) (*regexp.Regexp, error) {
	if re, ok := c.matchers[pattern]; ok {
		return re, nil
	}
	re, err := regexp.Compile(pattern)
	if err == nil {
		c.matchers[pattern] = re
	}
	return re, err
}

func (c *schemaCompiler) holdsArray(v *value, s *shape, depth int) (bool, error) {
	if len(v.items) < s.least.items || s.most.items >= 0 && len(v.items) > s.most.items {
		return false, nil
	}
	for i, item := range v.items {
		if ok, err := c.holdsAll(item, s.item(i), depth+1); !ok {
			return false, err
		}
	}
	return true, nil
}

func (c *schemaCompiler) holdsObject(v *value, s *shape, depth int) (bool, error) {
	if len(v.items) < s.least.properties || s.most.properties >= 0 && len(v.items) > s.most.properties {
		return false, nil
	}
	looking := (len(s.required) + len(v.keys)) * (s.memberNames() + len(v.keys)) / 16
	if err := c.b.spend(looking + c.matchWork(len(v.keys), s)); err != nil {
		return false, err
	}
	for _, name := range s.required {
		if v.get(name) == nil {
			return false, nil
		}
	}
	for i, name := range v.keys {
		schemas, _ := s.property(name)
		if ok, err := c.holdsAll(v.items[i], schemas, depth+1); !ok {
			return false, err
		}
		if ok, err := c.nameHolds(s, name); !ok {
			return false, err
		}
	}
	return true, nil
}

// holdsAll reports whether v satisfies all schemas.
func (c *schemaCompiler) holdsAll(v *value, schemas all, depth int) (bool, error) {
	if len(schemas) == 0 {
		return true, nil
	}
	if depth > maxCheck {
		return false, refuse(schemas[0], "const", "the value is nested too deep to be checked")
	}
	shapes, err := c.resolve(schemas)
	for _, s := range shapes {
		ok, err := c.holds(v, s, false, depth)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, err
}

// exclusive reports whether it is certain that nothing generated from one of a
// is valid for one of b, nor the other way round.
func (c *schemaCompiler) exclusive(a, b []*shape, depth int) bool {
	for _, x := range a {
		for _, y := range b {
			if !c.apart(x, y, depth) || !c.apart(y, x, depth) {
				return false
			}
		}
	}
	return true
}

// apart reports whether it is certain that nothing generated from x is valid
// for y.
func (c *schemaCompiler) apart(x, y *shape, depth int) bool {
	if c.compare(x, y) != nil {
		return false
	}
	if x.listed {
		for _, v := range x.enum {
			if ok, err := c.holds(v, y, false, 0); ok || err != nil {
				return false
			}
		}
		return true
	}
	if y.listed {
		for _, v := range y.enum {
			if ok, err := c.holds(v, x, false, 0); ok || err != nil {
				return false
			}
		}
		return true
	}
	both := x.narrowed() & y.types
	if both&(typeNull|typeBool) != 0 {
		return false
	}
	return (both&typeNumber == 0 || beyond(x.high, y.low) || beyond(y.high, x.low)) &&
		(both&typeString == 0 || exceeds(x.most.runes, y.least.runes) || exceeds(y.most.runes, x.least.runes)) &&
		(both&typeArray == 0 || exceeds(x.most.items, y.least.items) || exceeds(y.most.items, x.least.items)) &&
		(both&typeObject == 0 || c.apartObjects(x, y, depth))
}

// beyond reports whether all numbers up to high are below low.
func beyond(high, low bound) bool {
	if high.at == nil || low.at == nil {
		return false
	}
	order := high.at.Cmp(low.at)
	return order < 0 || order == 0 && (high.open || low.open)
}

// exceeds reports whether least is more than most allows.
func exceeds(most, least int) bool { return most >= 0 && most < least }

func (c *schemaCompiler) apartObjects(x, y *shape, depth int) bool {
	for _, name := range y.required {
		schemas, declared := x.property(name)
		if !declared && !has(x.required, name) && x.closed() && len(schemas) == 0 {
			return true
		}
	}
	if depth >= 3 || c.b.spend(len(x.required)*len(x.properties)/16+c.matchWork(len(x.required), x)) != nil {
		return false
	}
	for _, name := range x.required {
		a, _ := x.property(name)
		b, _ := y.property(name)
		if len(a) == 0 || len(b) == 0 {
			continue
		}
		shapesA, errA := c.resolve(a)
		shapesB, errB := c.resolve(b)
		if errA == nil && errB == nil && c.exclusive(shapesA, shapesB, depth+1) {
			return true
		}
	}
	return false
}

func has(list []string, s string) bool {
	for _, t := range list {
		if t == s {
			return true
		}
	}
	return false
}
