package constrain

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxTagBytes bounds the Begins and Leads of one grammar together.
const maxTagBytes = 1 << 15

// Tag is JSON in free text: what stands between Begin and End is of Schema, or
// any object if Schema is empty. White space around it (a space or one line
// break) is allowed.
type Tag struct {
	Begin string
	// Lead, if not empty, comes after Begin and before the JSON, word for word.
	// Begin alone decides that this is a tag.
	Lead   string
	Schema []byte
	End    string
}

// TagOptions says where tags may and must be.
type TagOptions struct {
	// Required: the text begins with a tag, and there is no free text.
	Required bool
	// Parallel: there may be more than one tag. Otherwise the text ends after
	// the first.
	Parallel bool
}

// tags compiles free text with tags. As soon as the text ends in a tag's Begin,
// it is that tag; tags with the same Begin are alternatives.
func (b *builder) tags(tags []Tag, o TagOptions) (int32, error) {
	begins, rules, err := b.tagRules(tags)
	if err != nil {
		return 0, err
	}
	n := newNFA()
	after := n.state()
	n.skip(after, nfaAccept)
	enter := map[string]int32{} // the state after a Begin
	for i, begin := range begins {
		enter[begin] = n.state()
		for _, rule := range rules[i] {
			n.call(enter[begin], rule, after)
		}
	}
	switch {
	case !o.Required:
		text := n.freeText(begins, enter)
		n.skip(nfaStart, text)
		if o.Parallel {
			n.skip(after, text)
		}
	default:
		again := n.state()
		n.skip(nfaStart, again)
		for _, begin := range begins {
			n.text(again, begin, enter[begin])
		}
		if o.Parallel {
			n.skip(after, again)
			n.text(after, "\n", again)
		}
	}
	root := b.reserve()
	return root, b.finish(root, n)
}

// tagRules compiles each tag from behind its Begin to behind its End, and
// gathers those of the same Begin.
func (b *builder) tagRules(tags []Tag) (begins []string, rules [][]int32, err error) {
	if len(tags) == 0 {
		return nil, nil, errors.New("no tag")
	}
	size := 0
	place := map[string]int{}
	for i, tag := range tags {
		size += len(tag.Begin) + len(tag.Lead)
		if tag.Begin == "" || size > maxTagBytes {
			return nil, nil, fmt.Errorf("tag %d: a tag needs a Begin, and all Begins and Leads together have at most %d bytes", i, maxTagBytes)
		}
		rule, err := b.tagRule(tag)
		if err != nil {
			return nil, nil, fmt.Errorf("tag %d: %w", i, err)
		}
		at, ok := place[tag.Begin]
		if !ok {
			at = len(begins)
			place[tag.Begin] = at
			begins, rules = append(begins, tag.Begin), append(rules, nil)
		}
		rules[at] = append(rules[at], rule)
	}
	for _, x := range begins {
		for _, y := range begins {
			if x != y && strings.Contains(x, y) {
				return nil, nil, fmt.Errorf("the Begin %q contains another, %q", x, y)
			}
		}
	}
	return begins, rules, nil
}

func (b *builder) tagRule(tag Tag) (int32, error) {
	inner := b.anyObject()
	if len(tag.Schema) > 0 {
		var err error
		if inner, err = b.schemaRule(tag.Schema); err != nil {
			return 0, err
		}
	}
	n := newNFA()
	open, last, end := n.state(), n.state(), n.state()
	if tag.Lead == "" {
		n.gap(nfaStart, open)
	} else {
		lead, json := n.state(), n.state()
		n.gap(nfaStart, lead)
		n.text(lead, tag.Lead, json)
		n.gap(json, open)
	}
	n.call(open, inner, last)
	n.gap(last, end)
	n.text(end, tag.End, nfaAccept)
	rule := b.reserve()
	return rule, b.finish(rule, n)
}

// gap leads over nothing, a space or a line break.
func (n *nfa) gap(from, to int32) {
	n.skip(from, to)
	n.text(from, " ", to)
	n.text(from, "\n", to)
}

// freeText adds text in which begins lead to their states, and returns where it
// starts. It is the automaton of Aho and Corasick: a state for each prefix of a
// Begin, that of the longest one that the text ends in.
func (n *nfa) freeText(begins []string, enter map[string]int32) int32 {
	states := map[string]int32{"": n.state()}
	prefixes := []string{""}
	for _, begin := range begins {
		for i := 1; i < len(begin); i++ {
			if _, ok := states[begin[:i]]; !ok {
				states[begin[:i]] = n.state()
				prefixes = append(prefixes, begin[:i])
			}
		}
	}
	slices.SortStableFunc(prefixes, func(a, b string) int { return len(a) - len(b) })
	rows := map[int32]*[256]int32{}
	back := map[int32]int32{} // the longest proper suffix that is a prefix too
	for _, p := range prefixes {
		s, row := states[p], new([256]int32)
		rows[s] = row
		for c := range 256 {
			longer := p + string([]byte{byte(c)})
			fallback := states[""]
			if p != "" {
				fallback = rows[back[s]][c]
			}
			row[c] = fallback
			if to, ok := enter[longer]; ok {
				row[c] = to
			} else if to, ok := states[longer]; ok {
				row[c] = to
				back[to] = fallback
			}
		}
		n.skip(s, nfaAccept)
		n.row(s, row)
	}
	return states[""]
}

// row adds the edges of one state over all bytes.
func (n *nfa) row(from int32, to *[256]int32) {
	first := 0
	for c := range 256 {
		if c == 255 || to[c+1] != to[c] {
			n.edge(from, byte(first), byte(c), to[c])
			first = c + 1
		}
	}
}
