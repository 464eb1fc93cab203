package world

import (
	"regexp"
	"strings"
)

// pattern is a way to tell an attribute, as it is read.
type pattern struct {
	attribute *attribute
	whole     *regexp.Regexp
	// predicate is what follows the subject, where the subject stands first: what
	// another statement of the same subject may be behind "and".
	predicate      *regexp.Regexp
	subject, value int // groups of whole
	head           head
	words          string // the longest of it that does not vary, in small letters
}

// head says what a sentence is about.
type head int

const (
	headNone head = iota
	headSubject
	headValue
)

// patterns are all that is read, in order of the attributes.
var patterns = makePatterns()

func makePatterns() []pattern {
	var list []pattern
	for i := range attributes {
		a := &attributes[i]
		for _, template := range append(append([]string(nil), a.told...), a.variants...) {
			list = append(list, newPattern(a, template))
		}
	}
	return list
}

func newPattern(a *attribute, template string) pattern {
	p := pattern{attribute: a, subject: 1, value: 2}
	switch {
	case strings.HasPrefix(template, "{S} ") || strings.Contains(template, ", {S} "):
		p.head = headSubject
	case strings.HasPrefix(template, "{V} "):
		p.head = headValue
	}
	if strings.Index(template, "{V}") < strings.Index(template, "{S}") {
		p.subject, p.value = 2, 1
	}
	if rest, ok := strings.CutPrefix(template, "{S} "); ok {
		p.predicate = regexp.MustCompile("^" + a.expression(rest) + "$")
	}
	for _, words := range regexp.MustCompile(`\{.\}('s)?`).Split(template, -1) {
		if len(words) > len(p.words) {
			p.words = strings.ToLower(words)
		}
	}
	p.words = strings.TrimSpace(p.words)
	p.whole = regexp.MustCompile("^" + a.expression(template) + "$")
	return p
}

const nameExpression = `[A-Z][a-z]{1,30}`

// expression is a regular expression of a template. Words are read in any case, names
// have a capital letter.
func (a *attribute) expression(template string) string {
	subject := `(` + nameExpression + `|(?i:he|she|it|they))`
	possessive := `(` + nameExpression + `'s|(?i:his|her|its|their))`
	if a.kind == Ship {
		subject = `((?i:the) ` + nameExpression + `|(?i:it))`
		possessive = `((?i:the) ` + nameExpression + `'s|(?i:its))`
	}
	value := `(` + nameExpression + `)`
	if a.of == "" {
		value = `((?i:` + strings.Join(a.values, "|") + `))`
	}
	var b strings.Builder
	for template != "" {
		at := strings.IndexByte(template, '{')
		if at < 0 {
			at = len(template)
		}
		if at > 0 {
			b.WriteString(`(?i:` + regexp.QuoteMeta(template[:at]) + `)`)
		}
		template = template[at:]
		for mark, with := range map[string]string{"{S}'s": possessive, "{V}": value} {
			if rest, ok := strings.CutPrefix(template, mark); ok {
				b.WriteString(with)
				template = rest
			}
		}
		if rest, ok := strings.CutPrefix(template, "{S}"); ok {
			b.WriteString(subject)
			template = rest
		}
	}
	return b.String()
}
