package question

import (
	"slices"
	"strings"
	"unicode"

	"github.com/polymath-lm/polymath/internal/random"
)

const (
	nearby    = 4   // neighbors at most on each side
	lookAhead = 300 // entries that are looked at on each side
)

// neighbor is an entry that is asked the same and answers something else: of the same
// place and near in name where there is one, else any; nil if there is none.
func (c *selection) neighbor(i int, from *random.Source) *Entry {
	e := c.entries[i]
	var near []*Entry
	for _, step := range []int{-1, 1} {
		found := 0
		for k := 1; k <= lookAhead && found < nearby; k++ {
			j := i + step*k
			if j < 0 || j >= len(c.entries) || !likewise(e, c.entries[j]) || c.entries[j].Within != e.Within {
				break
			}
			if other(e, c.entries[j]) {
				near, found = append(near, c.entries[j]), found+1
			}
		}
	}
	if alike := slices.DeleteFunc(slices.Clone(near), func(n *Entry) bool { return n.owner() != e.owner() }); len(alike) > 0 {
		return random.Pick(from, alike)
	}
	if len(near) > 0 {
		return random.Pick(from, near)
	}
	for range patience {
		if n := c.entries[from.Below(len(c.entries))]; likewise(e, n) && other(e, n) {
			return n
		}
	}
	return nil
}

// likewise reports whether two entries are asked the same.
func likewise(a, b *Entry) bool { return a.Kind == b.Kind && a.Ask == b.Ask }

// other reports whether a neighbor's answer is a wrong one.
func other(e, n *Entry) bool {
	return n.Attribute == e.Attribute && n.base() != e.base() && n.as(e) != e.Text
}

// wrong is a wrong answer to what is known: a neighbor's, or that it is not there.
func (c *selection) wrong(i int, way Way, from *random.Source) string {
	e := c.entries[i]
	if from.Below(4) == 0 {
		if way == Given {
			return notSaid()
		}
		return notThere(e)
	}
	if n := c.neighbor(i, from); n != nil {
		return n.as(e)
	}
	return ""
}

// as is what an entry says, said of another: the name in it is the other's, so that
// the name alone does not tell a right answer from a wrong one.
func (e *Entry) as(of *Entry) string {
	own, new := e.bare(), of.bare()
	if e.Kind == Symbol && e.Ask != AskWhere {
		own = own[strings.LastIndexByte(own, '.')+1:]
		new = new[strings.LastIndexByte(new, '.')+1:]
	}
	return replaceWord(e.Text, own, new, e.Ask == AskExample)
}

// bare is the subject without its package.
func (e *Entry) bare() string {
	if e.Kind != Symbol {
		return e.Subject
	}
	name := e.Subject[strings.LastIndexByte(e.Subject, '/')+1:]
	if rest, ok := strings.CutPrefix(name, "package "); ok {
		return rest
	}
	if _, rest, ok := strings.Cut(name, "."); ok {
		return rest
	}
	return name
}

// owner is the type that has a method; "" where there is none.
func (e *Entry) owner() string {
	if e.Kind != Symbol {
		return ""
	}
	name := e.bare()
	return name[:strings.LastIndexByte(name, '.')+1]
}

// replaceWord puts one word in the place of another wherever that stands alone. A word
// behind a dot, as in io.Reader, is another's, unless dotted says that it is the same.
func replaceWord(text, old, with string, dotted bool) string {
	if old == "" {
		return text
	}
	var b strings.Builder
	last := rune(' ')
	for len(text) > 0 {
		if rest, ok := strings.CutPrefix(text, old); ok && !wordy(last) && (dotted || last != '.') && !beginsWord(rest) {
			b.WriteString(with)
			text, last = rest, 'x'
			continue
		}
		for i, r := range text {
			if i > 0 {
				text = text[i:]
				break
			}
			b.WriteRune(r)
			if last = r; i+len(string(r)) >= len(text) {
				text = ""
				break
			}
		}
	}
	return b.String()
}

func wordy(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

func beginsWord(text string) bool {
	for _, r := range text {
		return wordy(r)
	}
	return false
}
