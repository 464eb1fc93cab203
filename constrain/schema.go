package constrain

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// maxShapes bounds the alternatives that one schema comes to, maxExpansions
// the work of resolving all of them.
const (
	maxShapes     = 256
	maxExpansions = 1 << 15
)

// schemaCompiler compiles one schema.
type schemaCompiler struct {
	b     *builder
	root  *value
	rules map[string]int32 // of all
	todo  []pending
	count int // expansions

	patterns map[string]*dfa           // compiled
	matchers map[string]*regexp.Regexp // compiled, too
}

// pending is a rule that was reserved and must be built.
type pending struct {
	rule int32
	all  all
}

// keywordError says at which keyword a schema is refused.
type keywordError struct {
	at      *value // the schema
	keyword string
	reason  string
}

func (e *keywordError) Error() string {
	return fmt.Sprintf("%s/%s: %s", e.at.pointer(), e.keyword, e.reason)
}

func refuse(at *value, keyword, format string, args ...any) error {
	return &keywordError{at, keyword, fmt.Sprintf(format, args...)}
}

// schemaRule compiles a schema to a rule.
func (b *builder) schemaRule(text []byte) (int32, error) {
	root, err := decodeJSON(text)
	if err != nil {
		return 0, err
	}
	c := &schemaCompiler{b: b, root: root, rules: map[string]int32{}, patterns: map[string]*dfa{}, matchers: map[string]*regexp.Regexp{}}
	rule, err := c.rule(all{root})
	for err == nil && len(c.todo) > 0 {
		p := c.todo[0]
		c.todo = c.todo[1:]
		err = c.build(p)
	}
	return rule, err
}

// rule returns the rule of values for which all schemas hold.
func (c *schemaCompiler) rule(schemas all) (int32, error) {
	if len(schemas) == 0 {
		return c.b.anyValue(), nil
	}
	if err := c.b.spend(8 * len(schemas)); err != nil { // those of an item come again for each place
		return 0, err
	}
	var key strings.Builder
	for _, s := range schemas {
		fmt.Fprintf(&key, "%d,", s.id)
	}
	if rule, ok := c.rules[key.String()]; ok {
		return rule, nil
	}
	if len(c.b.rules) > maxRules {
		return 0, fmt.Errorf("%s: the schema needs more than %d rules", schemas[0].pointer(), maxRules)
	}
	rule := c.b.reserve()
	c.rules[key.String()] = rule
	c.todo = append(c.todo, pending{rule, schemas})
	return rule, nil
}

// build makes the automaton of a reserved rule.
func (c *schemaCompiler) build(p pending) error {
	shapes, err := c.resolve(p.all)
	if err != nil {
		return err
	}
	n := newNFA()
	for _, s := range shapes {
		if err := c.addShape(n, s, len(shapes) == 1); err != nil {
			return place(err, p.all[0])
		}
	}
	return place(c.b.finish(p.rule, n), p.all[0])
}

// place names the schema of an error that does not.
func place(err error, at *value) error {
	var known *keywordError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return fmt.Errorf("%s: %w", at.pointer(), err)
}

// resolve finds the alternatives of schemas that hold together.
func (c *schemaCompiler) resolve(schemas all) ([]*shape, error) {
	out := []*shape{anyShape()}
	for _, s := range schemas {
		shapes, err := c.expand(s, nil)
		if err != nil {
			return nil, err
		}
		if out, err = c.cross(s, out, shapes); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// cross merges each of a with each of b.
func (c *schemaCompiler) cross(at *value, a, b []*shape) ([]*shape, error) {
	if len(a)*len(b) > maxShapes {
		return nil, fmt.Errorf("%s: more than %d alternatives", at.pointer(), maxShapes)
	}
	var out []*shape
	for _, x := range a {
		for _, y := range b {
			if err := c.compare(x, y); err != nil {
				return nil, err
			}
			if m := merge(x, y); m.types != 0 && (!m.listed || len(m.enum) > 0) {
				out = append(out, m)
			}
		}
	}
	return out, nil
}

// expand finds the alternatives of one schema. within are the schemas that it
// is being expanded for.
func (c *schemaCompiler) expand(v *value, within []*value) ([]*shape, error) {
	if c.count++; c.count > maxExpansions {
		return nil, fmt.Errorf("%s: references and allOf lead to too much work", v.pointer())
	}
	for _, outer := range within {
		if outer == v {
			return nil, fmt.Errorf("%s: the schema refers to itself without anything between", v.pointer())
		}
	}
	switch {
	case v.kind == kindBool && v.truth:
		return []*shape{anyShape()}, nil
	case v.kind == kindBool:
		return nil, nil
	case v.kind != kindObject:
		return nil, fmt.Errorf("%s: a schema is an object or a boolean", v.pointer())
	}
	within = append(within, v)
	own := anyShape()
	for i, keyword := range v.keys {
		if err := c.keyword(own, v, keyword, v.items[i]); err != nil {
			return nil, err
		}
	}
	if err := c.compare(own, own); err != nil {
		return nil, err
	}
	if err := own.finish(v); err != nil {
		return nil, err
	}
	out := []*shape{own}
	if own.types == 0 || own.listed && len(own.enum) == 0 {
		out = nil
	}
	return c.applicators(v, within, out)
}

// applicators adds what the schemas that v contains in place say, oneOf last.
func (c *schemaCompiler) applicators(v *value, within []*value, out []*shape) ([]*shape, error) {
	var oneOf *value
	for i, keyword := range v.keys {
		var err error
		arg := v.items[i]
		switch keyword {
		case "$ref":
			out, err = c.applyRef(v, arg, within, out)
		case "allOf":
			for _, s := range arg.items {
				if err == nil {
					out, err = c.apply(v, all{s}, within, out)
				}
			}
		case "anyOf":
			out, err = c.apply(v, arg.items, within, out)
		case "oneOf":
			oneOf = arg
		}
		if err != nil {
			return nil, err
		}
	}
	if oneOf != nil {
		var err error
		if out, err = c.applyOneOf(v, oneOf, within, out); err != nil {
			return nil, err
		}
	}
	return out, c.unevaluated(v, out)
}

// apply merges out with the alternatives of the branches.
func (c *schemaCompiler) apply(v *value, branches []*value, within []*value, out []*shape) ([]*shape, error) {
	var shapes []*shape
	for _, s := range branches {
		more, err := c.expand(s, within)
		if err != nil {
			return nil, err
		}
		shapes = append(shapes, more...)
	}
	return c.cross(v, out, shapes)
}

func (c *schemaCompiler) applyRef(v, arg *value, within []*value, out []*shape) ([]*shape, error) {
	to, err := c.find(v, arg)
	if err != nil {
		return nil, err
	}
	return c.apply(v, all{to}, within, out)
}

// applyOneOf is apply for branches of which no two must hold at once.
func (c *schemaCompiler) applyOneOf(v, arg *value, within []*value, out []*shape) ([]*shape, error) {
	branches := make([][]*shape, len(arg.items))
	for i, s := range arg.items {
		var err error
		if branches[i], err = c.apply(v, all{s}, within, out); err != nil {
			return nil, err
		}
	}
	var merged []*shape
	for i, a := range branches {
		for j, b := range branches[:i] {
			if !c.exclusive(a, b, 0) {
				if err := c.b.spend(0); err != nil { // so it is not certain that they are not
					return nil, err
				}
				return nil, refuse(v, "oneOf", "branches %d and %d may hold at once, which oneOf forbids and cannot be enforced here; use anyOf, or a required property with a different const in each", j, i)
			}
		}
		merged = append(merged, a...)
	}
	if len(merged) > maxShapes {
		return nil, refuse(v, "oneOf", "more than %d alternatives", maxShapes)
	}
	return merged, nil
}

// unevaluated applies unevaluatedProperties and unevaluatedItems: all that the
// alternatives declare is evaluated, and other members and items are not.
func (c *schemaCompiler) unevaluated(v *value, shapes []*shape) error {
	properties, items := v.get("unevaluatedProperties"), v.get("unevaluatedItems")
	for _, s := range shapes { // each is of this expansion alone
		if properties != nil && !s.restSaid {
			patterns := s.patternsOfKeys()
			if err := c.b.spend(16 * len(patterns)); err != nil {
				return err
			}
			s.rests, s.restSaid = append(s.rests, rest{patterns, all{properties}}), true
		}
		if items != nil && !s.itemsSaid {
			s.items, s.itemsSaid = all{items}, true
		}
	}
	return nil
}

// find resolves a reference within the schema.
func (c *schemaCompiler) find(v, arg *value) (*value, error) {
	ref := arg.text
	if id := c.root.get("$id"); id != nil && id.kind == kindString && id.text != "" {
		ref = strings.TrimPrefix(ref, strings.TrimSuffix(id.text, "#"))
	}
	fragment, local := strings.CutPrefix(ref, "#")
	if !local && ref != "" {
		return nil, refuse(v, "$ref", "%q is outside the schema; only # and places below it can be referred to", arg.text)
	}
	path, err := url.PathUnescape(fragment)
	if err != nil || path != "" && path[0] != '/' {
		return nil, refuse(v, "$ref", "%q is no JSON pointer", arg.text)
	}
	at := c.root
	if path == "" {
		return at, nil
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		var next *value
		if at.kind == kindArray {
			if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(at.items) {
				next = at.items[i]
			}
		} else {
			next = at.get(part)
		}
		if next == nil {
			return nil, refuse(v, "$ref", "there is no %q in the schema", arg.text)
		}
		at = next
	}
	return at, nil
}
