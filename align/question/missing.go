package question

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/random"
)

// notSaid is the answer where a text does not say what is asked.
func notSaid() string { return ready().Missing["text"] }

// notThere is the answer to a question on what is in no source.
func notThere(e *Entry) string {
	form := string(e.Kind)
	if e.Kind == Symbol && e.Ask == AskWhere {
		form = "function"
	}
	return fill(ready().Missing[form], e)
}

// missing asks about what is in no source: a name made of the parts of two, a function
// of another package, a column of another table, a heading of another text. nil where
// what was drawn is somewhere, or of the other side.
func (c *selection) missing(from *random.Source) *Item {
	i := from.Below(len(c.entries))
	e, n := *c.entries[i], c.entries[from.Below(len(c.entries))]
	if !likewise(&e, n) || e.Subject == n.Subject {
		return nil
	}
	answer := ""
	switch {
	case e.Kind == Row && from.Coin():
		if n.Attribute == "" || c.has(&e, n.Attribute) {
			return nil
		}
		e.Attribute, e.Ask = n.Attribute, n.Ask
		answer = fill(ready().Missing["column"], &e)
	case !c.rename(&e, n, from):
		return nil
	default:
		answer = notThere(&e)
	}
	if c.options.side(e.base()) != c.options.Split {
		return nil
	}
	e.Text, e.Passage, e.Origin, e.License = "", "", "", ""
	item := &Item{Way: Missing, Entry: &e, Prompt: fill(random.Pick(from, c.asks(&e)), &e), Answer: answer, Group: e.base()}
	if w := *c.entries[i]; w.Ask != AskWhere {
		item.Wrong = w.as(&e) // what is true of another
	} else {
		item.Wrong = w.Text
	}
	return item
}

// has reports whether the table of an entry has a column of that name.
func (c *selection) has(e *Entry, column string) bool {
	p := c.set.place(e.Kind, e.Within)
	return p == nil || slices.ContainsFunc(p.columns, func(name string) bool { return strings.EqualFold(name, column) })
}

// rename gives an entry a name that is in no source.
func (c *selection) rename(e *Entry, n *Entry, from *random.Source) bool {
	switch e.Kind {
	case Symbol:
		return c.renameSymbol(e, n, from)
	case Heading:
		p := c.set.place(e.Kind, e.Within)
		if e.Within == n.Within || p == nil || p.hasFold(n.Subject) {
			return false
		}
		e.Subject = n.Subject
		return true
	}
	name := blend(e.Subject, n.Subject, from)
	if name == "" || c.set.known[strings.ToLower(name)] {
		return false
	}
	e.Subject = name
	return true
}

func (p *place) hasFold(name string) bool {
	for own := range p.names {
		if strings.EqualFold(own, name) {
			return true
		}
	}
	return false
}

// renameSymbol makes a name of parts of two, or takes the name of a function of
// another package.
func (c *selection) renameSymbol(e, n *Entry, from *random.Source) bool {
	own, others := e.bare(), n.bare()
	if strings.HasPrefix(e.Subject, "package ") || strings.HasPrefix(n.Subject, "package ") {
		return false
	}
	front := strings.TrimSuffix(e.Subject, own)
	kept := own[:strings.LastIndexByte(own, '.')+1] // the type of a method
	own, others = own[len(kept):], others[strings.LastIndexByte(others, '.')+1:]
	if e.Ask == AskDoes && kept == "" && !strings.Contains(n.bare(), ".") && from.Coin() {
		p := c.set.place(Symbol, e.Within)
		if e.Within == n.Within || p == nil || p.names[others] {
			return false
		}
		e.Subject = front + others
		return true
	}
	name := blend(own, others, from)
	if len(parts(own)) == 1 && len(parts(others)) == 1 {
		name = own + others
	}
	if name == "" || c.set.known[strings.ToLower(name)] {
		return false
	}
	e.Subject = front + kept + name
	return true
}

// blend makes a name of the beginning of one and the end of another: of their words
// where they have several, else of their letters. "" where none comes of it.
func blend(a, b string, from *random.Source) string {
	left, right := parts(a), parts(b)
	var name string
	switch {
	case len(left) > 1 && len(right) > 1:
		name = strings.Join(left[:from.Between(1, len(left)-1)], "") + strings.Join(right[from.Between(1, len(right)-1):], "")
	case len(left) > 1:
		name = strings.Join(left[:from.Between(1, len(left)-1)], "") + right[0]
	case len(right) > 1:
		name = left[0] + strings.Join(right[from.Between(1, len(right)-1):], "")
	default:
		name = letters(a, b, from)
	}
	if name = strings.TrimSpace(name); name == a || name == b || utf8.RuneCountInString(name) < 4 {
		return ""
	}
	return name
}

// parts are the words of a name: parted by white space, which stays in front, or by
// capital letters.
func parts(name string) (list []string) {
	start := 0
	last := rune(0)
	for i, r := range name {
		if i > start && (unicode.IsSpace(r) || unicode.IsUpper(r) && !unicode.IsUpper(last) && !unicode.IsSpace(last)) {
			list, start = append(list, name[start:i]), i
		}
		last = r
	}
	return append(list, name[start:])
}

// letters joins the first part of one word and the last of another.
func letters(a, b string, from *random.Source) string {
	left, right := []rune(a), []rune(b)
	if len(left) < 4 || len(right) < 4 {
		return ""
	}
	return string(left[:from.Between(2, len(left)-2)]) + string(right[from.Between(2, len(right)-2):])
}

// absent puts a question to the text of another entry, which does not name what is
// asked about.
func (c *selection) absent(from *random.Source) *Item {
	e := c.entries[from.Below(len(c.entries))]
	i := random.Pick(from, c.with)
	t := c.entries[i]
	if from.Coin() { // one near by is harder
		if n := c.neighbor(i, from); n != nil {
			e = n
		}
	}
	name := strings.ToLower(e.bare())
	if e.Kind == Symbol {
		name = name[strings.LastIndexByte(name, '.')+1:]
	}
	if e.Kind != t.Kind || e.base() == t.base() || strings.Contains(strings.ToLower(t.Passage), name) {
		return nil
	}
	wraps := ready().Given
	question := fill(random.Pick(from, c.asks(e)), e)
	prompt := given(random.Pick(from, wraps.of(c.options.Split)), t.Passage, question)
	return &Item{Way: Absent, Entry: e, Prompt: prompt, Answer: notSaid(), Wrong: e.Text, Group: e.base()}
}
