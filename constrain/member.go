package constrain

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxMatching bounds the patterns of one object's keys.
const maxMatching = 4

// matching are the schemas of members whose keys a pattern matches.
type matching struct {
	pattern *regexp.Regexp // one for each text
	all     all
}

// rest are the schemas of members that are not declared, and whose keys match
// none of the patterns.
type rest struct {
	except []*regexp.Regexp
	all    all
}

// property returns the schemas of a member, whether declared or not.
func (s *shape) property(name string) (schemas all, declared bool) {
	for _, p := range s.properties {
		if p.name == name {
			return p.all, true
		}
	}
	return s.others(func(pattern *regexp.Regexp) bool { return pattern.MatchString(name) }), false
}

// others are the schemas of members that are not declared, and whose keys match
// certain patterns.
func (s *shape) others(match func(pattern *regexp.Regexp) bool) (schemas all) {
	for _, m := range s.matching {
		if match(m.pattern) {
			schemas = append(schemas, m.all...)
		}
	}
	for _, r := range s.rests {
		if !slices.ContainsFunc(r.except, match) {
			schemas = append(schemas, r.all...)
		}
	}
	return join(nil, schemas)
}

// closed reports whether there are no members but those declared or matched.
func (s *shape) closed() bool {
	return !s.restSaid && len(s.properties)+len(s.matching) > 0
}

// patternsOfKeys are all patterns that keys are matched with.
func (s *shape) patternsOfKeys() (out []*regexp.Regexp) {
	for _, m := range s.matching {
		out = append(out, m.pattern)
	}
	for _, r := range s.rests {
		out = append(out, r.except...)
	}
	return union(nil, out)
}

// keyClass is a set of keys that are not declared, and the schemas of their
// members.
type keyClass struct {
	rule int32
	all  all
}

// keyClasses divides the keys that are not declared by the patterns that they
// match.
func (c *schemaCompiler) keyClasses(s *shape) ([]keyClass, error) {
	patterns := s.patternsOfKeys()
	if len(patterns) > maxMatching {
		return nil, fmt.Errorf("patternProperties: more than %d patterns for one object", maxMatching)
	}
	if len(patterns) == 0 && len(s.properties) == 0 && len(s.names) == 0 {
		return []keyClass{{c.b.anyString(), s.others(nil)}}, nil
	}
	base, err := c.keys(s)
	if err != nil {
		return nil, err
	}
	var out []keyClass
	for set := range 1 << len(patterns) {
		in := func(pattern *regexp.Regexp) bool { return set>>slices.Index(patterns, pattern)&1 != 0 }
		schemas := s.others(in)
		listed := slices.ContainsFunc(s.matching, func(m matching) bool { return in(m.pattern) })
		if s.closed() && !listed || slices.ContainsFunc(schemas, isFalse) {
			continue
		}
		d := base
		for _, p := range patterns {
			keys, err := c.pattern(p.String(), partInner)
			if err != nil {
				return nil, err
			}
			if in(p) {
				d, err = c.b.count(intersect(d, keys, c.b.budget()))
			} else {
				d, err = c.b.count(subtract(d, keys, c.b.budget()))
			}
			if err != nil {
				return nil, err
			}
		}
		out = append(out, keyClass{c.b.add(enclosed(d)), schemas})
	}
	return out, nil
}

// keys is the inside of the keys that are not declared and that names holds
// for. Keys are written in one way, so that no escape hides a declared one.
func (c *schemaCompiler) keys(s *shape) (*dfa, error) {
	var id strings.Builder
	n, taken := newNFA(), newNFA()
	for _, p := range s.properties {
		name := quoted(p.name)
		taken.text(nfaStart, name[1:len(name)-1], nfaAccept)
		id.WriteString(name)
	}
	if d, ok := c.patterns["keys "+id.String()]; ok && len(s.names) == 0 {
		return d, nil
	}
	if err := c.addNames(n, s.names); err != nil {
		return nil, err
	}
	a, err := c.b.determinize(n)
	if err != nil {
		return nil, err
	}
	b, err := c.b.determinize(taken)
	if err != nil {
		return nil, err
	}
	d, err := c.b.count(subtract(a, b, c.b.budget()))
	if err == nil && len(s.names) == 0 {
		c.patterns["keys "+id.String()] = d
	}
	return d, err
}

// addNames leads over the insides of the strings for which names hold.
func (c *schemaCompiler) addNames(n *nfa, names all) error {
	shapes, err := c.resolve(names)
	if err != nil {
		return err
	}
	for _, s := range shapes {
		switch {
		case s.listed:
			for _, v := range s.enum {
				if ok, err := c.holds(v, s, true, 0); err != nil {
					return err
				} else if ok && v.kind == kindString {
					text := quoted(v.text)
					n.text(nfaStart, text[1:len(text)-1], nfaAccept)
				}
			}
		case s.types&typeString == 0:
		case s.anyString():
			n.repeat(nfaStart, 0, -1, nfaAccept, n.jsonRune)
		default:
			d, err := c.stringDFA(s)
			if err != nil {
				return err
			}
			n.copy(d, nfaStart, nfaAccept)
		}
	}
	return nil
}

// nameHolds reports whether a declared key satisfies propertyNames.
func (c *schemaCompiler) nameHolds(s *shape, name string) (bool, error) {
	return c.holdsAll(&value{kind: kindString, text: name}, s.names, 0)
}
