package constrain

import (
	"fmt"
	"slices"
)

// objectNFA builds an object of declared members in their order, and then
// others. Its states stand between members: at(i, k) is before the declared
// member i, with k members written, where k stops counting at the highest
// number that matters.
type objectNFA struct {
	c      *schemaCompiler
	n      *nfa
	shape  *shape
	counts int       // of k: 0 to counts-1
	states [][]int32 // of at
}

// addObject adds an object.
func (c *schemaCompiler) addObject(n *nfa, s *shape) error {
	if err := c.compare(s, s); err != nil {
		return err
	}
	s = withRequired(s)
	if len(s.properties) == 0 && len(s.matching)+len(s.rests)+len(s.names) == 0 && s.least.properties == 0 && s.most.properties < 0 {
		n.call(nfaStart, c.b.anyObject(), nfaAccept)
		return nil
	}
	open := !s.closed() || len(s.matching) > 0
	if open && s.least.properties > max(1, len(s.required)) {
		// Members that are not declared may repeat a key, and then count once.
		return fmt.Errorf("minProperties: %d cannot be enforced where members that are not declared may occur", s.least.properties)
	}
	if s.least.properties <= len(s.required) {
		s.least.properties = 0
	}
	o := &objectNFA{c: c, n: n, shape: s}
	return o.build(open)
}

// withRequired declares the required members that are not declared.
func withRequired(s *shape) *shape {
	out := *s
	out.properties = slices.Clone(s.properties)
	for _, name := range s.required {
		if schemas, declared := s.property(name); !declared {
			out.properties = append(out.properties, property{name, schemas})
		}
	}
	if !s.closed() {
		out.restSaid = true // required alone does not close an object
	}
	return &out
}

func (o *objectNFA) build(open bool) error {
	n, s := o.n, o.shape
	o.counts = 1 + max(1, s.least.properties, s.most.properties)
	if o.counts*(len(s.properties)+1) > maxStates {
		return errSize
	}
	o.states = make([][]int32, len(s.properties)+1)
	for i := range o.states {
		for range o.counts {
			o.states[i] = append(o.states[i], n.state())
		}
	}
	if n.full {
		return errSize
	}
	brace := n.state()
	n.text(nfaStart, "{", brace)
	o.empty(brace)
	n.call(brace, o.c.b.space(), o.states[0][0])
	for i, p := range s.properties {
		if err := o.member(i, p); err != nil {
			return err
		}
	}
	if open {
		if err := o.others(); err != nil {
			return err
		}
	}
	last := len(s.properties)
	for k := max(1, s.least.properties); k < o.counts; k++ {
		o.c.b.closing(n, o.states[last][k], "}")
	}
	return nil
}

func isFalse(v *value) bool { return v.kind == kindBool && !v.truth }

// empty adds the object without members.
func (o *objectNFA) empty(brace int32) {
	if len(o.shape.required) == 0 && o.shape.least.properties == 0 {
		o.n.text(brace, "}", nfaAccept)
	}
}

// after is the count after one more member, or none if that is too many.
func (o *objectNFA) after(k int) int {
	if o.shape.most.properties >= 0 && k >= o.shape.most.properties {
		return -1
	}
	return min(k+1, o.counts-1)
}

// member leads over the declared member i, and past it if it is optional.
func (o *objectNFA) member(i int, p property) error {
	n := o.n
	if !has(o.shape.required, p.name) {
		for k := range o.counts {
			n.skip(o.states[i][k], o.states[i+1][k])
		}
	}
	if ok, err := o.c.nameHolds(o.shape, p.name); !ok || slices.ContainsFunc(p.all, isFalse) {
		return err
	}
	rule, err := o.c.rule(p.all)
	if err != nil {
		return err
	}
	// Without a count of members, all ways share the key and its value.
	shared := o.shape.least.properties == 0 && o.shape.most.properties < 0
	var key int32
	for k := range o.counts {
		to := o.after(k)
		if to < 0 {
			continue
		}
		if k == 0 || !shared {
			key = n.state()
			colon, in := n.state(), n.state()
			n.text(key, quoted(p.name), colon)
			o.c.b.colon(n, colon, in)
			n.call(in, rule, o.states[i+1][to])
		}
		o.begin(o.states[i][k], k, key)
	}
	return nil
}

// begin leads to the key of a member, over a comma unless it is the first.
func (o *objectNFA) begin(from int32, k int, key int32) {
	if k == 0 {
		o.n.skip(from, key)
	} else {
		o.c.b.comma(o.n, from, key)
	}
}

// others leads over members that are not declared, after all that are.
func (o *objectNFA) others() error {
	n, last := o.n, len(o.shape.properties)
	classes, err := o.c.keyClasses(o.shape)
	if err != nil {
		return err
	}
	for _, class := range classes {
		value, err := o.c.rule(class.all)
		if err != nil {
			return err
		}
		for k := range o.counts {
			to := o.after(k)
			if to < 0 {
				continue
			}
			key, colon, in := n.state(), n.state(), n.state()
			n.call(key, class.rule, colon)
			o.c.b.colon(n, colon, in)
			n.call(in, value, o.states[last][to])
			o.begin(o.states[last][k], k, key)
		}
	}
	return nil
}
