package constrain

import "fmt"

// addShape leads from the start of n to its end over the texts of a shape.
// alone: the shape is all there is of the rule.
func (c *schemaCompiler) addShape(n *nfa, s *shape, alone bool) error {
	if s.listed {
		return c.addEnum(n, s)
	}
	t := s.narrowed()
	if t&typeNull != 0 {
		n.text(nfaStart, "null", nfaAccept)
	}
	if t&typeBool != 0 {
		n.text(nfaStart, "true", nfaAccept)
		n.text(nfaStart, "false", nfaAccept)
	}
	if t&typeNumber != 0 {
		if err := c.addNumber(n, s, t&typeFraction == 0); err != nil {
			return err
		}
	}
	if t&typeString != 0 {
		rule, err := c.stringRule(s)
		if err != nil {
			return err
		}
		n.call(nfaStart, rule, nfaAccept)
	}
	for _, part := range []struct {
		of  types
		add func(n *nfa, s *shape) error
	}{{typeArray, c.addArray}, {typeObject, c.addObject}} {
		if t&part.of == 0 {
			continue
		}
		if err := c.addPart(n, s, alone && t == part.of, part.add); err != nil {
			return err
		}
	}
	return nil
}

// addPart adds an array or object: in place if it is alone, so that the rule
// has one level of calls less, and else as a rule of its own, so that
// alternatives do not multiply.
func (c *schemaCompiler) addPart(n *nfa, s *shape, alone bool, add func(n *nfa, s *shape) error) error {
	if alone {
		return add(n, s)
	}
	rule := c.b.reserve()
	inner := newNFA()
	if err := add(inner, s); err != nil {
		return err
	}
	n.call(nfaStart, rule, nfaAccept)
	return c.b.finish(rule, inner)
}

// addEnum adds the listed values for which the rest of the shape holds.
func (c *schemaCompiler) addEnum(n *nfa, s *shape) error {
	for _, v := range s.enum {
		ok, err := c.holds(v, s, true, 0)
		if err != nil {
			return err
		}
		if ok {
			c.b.literal(n, nfaStart, v, nfaAccept)
		}
	}
	return nil
}

// literal leads from one state to another over one value.
func (b *builder) literal(n *nfa, from int32, v *value, to int32) {
	switch v.kind {
	case kindNull:
		n.text(from, "null", to)
	case kindBool:
		n.text(from, fmt.Sprint(v.truth), to)
	case kindNumber:
		n.text(from, v.text, to)
		if r, err := rational(v.text); err == nil && r.IsInt() && r.Num().String() != v.text && r.Num().BitLen() < 64 {
			n.text(from, r.Num().String(), to)
		}
	case kindString:
		n.text(from, quoted(v.text), to)
	default:
		b.literalMembers(n, from, v, to)
	}
}

func (b *builder) literalMembers(n *nfa, from int32, v *value, to int32) {
	brackets := "[]"
	if v.kind == kindObject {
		brackets = "{}"
	}
	if len(v.items) == 0 {
		n.text(from, brackets, to)
		return
	}
	open, at := n.state(), n.state()
	n.text(from, brackets[:1], open)
	n.call(open, b.space(), at)
	for i, item := range v.items {
		if i > 0 {
			next := n.state()
			b.comma(n, at, next)
			at = next
		}
		if v.kind == kindObject {
			key, in := n.state(), n.state()
			n.text(at, quoted(v.keys[i]), key)
			b.colon(n, key, in)
			at = in
		}
		next := n.state()
		b.literal(n, at, item, next)
		at = next
	}
	last := n.state()
	n.call(at, b.space(), last)
	n.text(last, brackets[1:], to)
}

func (c *schemaCompiler) addNumber(n *nfa, s *shape, integer bool) error {
	switch {
	case s.divisor > 0:
		return c.addMultiples(n, s)
	case s.low.at != nil || s.high.at != nil:
		n.between(s.low, s.high, integer)
	case integer:
		n.call(nfaStart, c.b.anyInteger(), nfaAccept)
	default:
		n.call(nfaStart, c.b.anyNumber(), nfaAccept)
	}
	return nil
}

// addMultiples adds the integers within the bounds that the divisor divides.
func (c *schemaCompiler) addMultiples(n *nfa, s *shape) error {
	if s.divisor > maxDivisor {
		return fmt.Errorf("multipleOf: the least common multiple is more than %d", maxDivisor)
	}
	all := newNFA()
	all.between(s.low, s.high, true)
	d, err := c.b.determinize(all)
	if err != nil {
		return err
	}
	if d, err = c.b.count(intersect(d, multiples(int32(s.divisor)), c.b.budget())); err != nil {
		return err
	}
	n.copy(d, nfaStart, nfaAccept)
	return nil
}

// anyString reports whether the shape allows all strings.
func (s *shape) anyString() bool {
	return len(s.patterns) == 0 && len(s.formats) == 0 && s.least.runes == 0 && s.most.runes < 0
}

// stringRule is the rule of a shape's strings.
func (c *schemaCompiler) stringRule(s *shape) (int32, error) {
	if s.anyString() {
		return c.b.anyString(), nil
	}
	key := fmt.Sprintf("string %q %q %d %d", s.patterns, s.formats, s.least.runes, s.most.runes)
	if rule, ok := c.b.shared[key]; ok {
		return rule, nil
	}
	d, err := c.stringDFA(s)
	if err != nil {
		return 0, fmt.Errorf("string with pattern, format, minLength or maxLength: %w", err)
	}
	rule, err := c.b.add(enclosed(d)), error(nil)
	if c.b.budget().states < 0 {
		err = errSize
	}
	c.b.shared[key] = rule
	return rule, err
}

// stringDFA is the inside of a shape's strings.
func (c *schemaCompiler) stringDFA(s *shape) (*dfa, error) {
	var parts []*dfa
	for _, p := range s.patterns {
		d, err := c.pattern(p, partInner)
		if err != nil {
			return nil, err
		}
		parts = append(parts, d)
	}
	for _, f := range s.formats {
		d, err := c.pattern(formats[f], wholeInner)
		if err != nil {
			return nil, err
		}
		parts = append(parts, d)
	}
	if s.least.runes > 0 || s.most.runes >= 0 {
		n := newNFA()
		n.repeat(nfaStart, s.least.runes, s.most.runes, nfaAccept, n.jsonRune)
		if exceeds(s.most.runes, s.least.runes) {
			n = newNFA()
		}
		d, err := c.b.determinize(n)
		if err != nil {
			return nil, err
		}
		parts = append(parts, trimmed(d))
	}
	out := parts[0]
	for _, d := range parts[1:] {
		var err error
		if out, err = c.b.count(intersect(out, d, c.b.budget())); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func patternKey(text string, e encoding) string { return fmt.Sprintf("%d %s", e, text) }

// pattern compiles a pattern once.
func (c *schemaCompiler) pattern(text string, e encoding) (*dfa, error) {
	key := patternKey(text, e)
	d, ok := c.patterns[key]
	if ok {
		return d, nil
	}
	d, err := c.b.count(compileRegex(text, e, c.b.budget()))
	if err == nil {
		c.patterns[key] = d
	}
	return d, err
}

// addArray adds an array: its prefix, then items, as many as the shape says.
func (c *schemaCompiler) addArray(n *nfa, s *shape) error {
	if len(s.prefix) == 0 && len(s.items) == 0 && s.least.items == 0 && s.most.items < 0 {
		n.call(nfaStart, c.b.anyArray(), nfaAccept)
		return nil
	}
	if exceeds(s.most.items, s.least.items) {
		return nil
	}
	open := n.state()
	n.text(nfaStart, "[", open)
	if s.least.items == 0 {
		n.text(open, "]", nfaAccept)
	}
	// Items that are counted, then, without a maximum, a loop.
	counted := max(len(s.prefix), s.least.items, 1)
	if s.most.items >= 0 {
		counted = s.most.items
	}
	before := n.state()
	n.call(open, c.b.space(), before)
	var after int32
	for i := range counted {
		rule, err := c.rule(s.item(i))
		if err != nil {
			return err
		}
		after = n.state()
		n.call(before, rule, after)
		if i+1 >= s.least.items {
			c.b.closing(n, after, "]")
		}
		if i+1 < counted {
			before = n.state()
			c.b.comma(n, after, before)
		}
	}
	if s.most.items >= 0 {
		return nil
	}
	rule, err := c.rule(s.items)
	if err != nil {
		return err
	}
	more := n.state()
	c.b.comma(n, after, more)
	last := n.state()
	n.call(more, rule, last)
	c.b.comma(n, last, more)
	c.b.closing(n, last, "]")
	return nil
}
