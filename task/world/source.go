package world

import "strings"

// Source is what a text tells. It does not change after Read, and goroutines may share
// it.
type Source struct{ facts map[Fact]bool }

// Read reads the facts of a text; what is not read there supports nothing.
func Read(text string) *Source {
	s := &Source{map[Fact]bool{}}
	for _, c := range Claims(text) {
		if c.Read && !c.Declines {
			s.facts[c.Fact] = true
		}
	}
	return s
}

// Supports reports whether each claim is a fact of the text, or declines.
func (s *Source) Supports(claims ...Claim) bool {
	for _, c := range claims {
		if !c.Read || !c.Declines && !s.facts[c.Fact] {
			return false
		}
	}
	return true
}

// Check says of each statement whether the text supports it, as Supported does. The
// statements follow one another in one answer: he, she and it mean what was named
// before.
func (s *Source) Check(statements []string) []bool {
	var r reader
	list := make([]bool, len(statements))
	for i, text := range statements {
		r.claims = nil
		for _, sentence := range sentences(text) {
			r.sentence(sentence)
		}
		list[i] = len(r.claims) > 0 && s.Supports(r.claims...)
	}
	return list
}

// Supported reports whether a source supports a statement: exactly if every claim in it
// is a fact that Claims reads in the source, or declines. What claims nothing, or cannot
// be read, is not supported.
func Supported(source, statement string) bool {
	return Read(source).Check([]string{statement})[0]
}

// Unsupported returns the claims of an answer that the source does not tell.
func Unsupported(source, answer string) []Claim {
	s := Read(source)
	var list []Claim
	for _, c := range Claims(answer) {
		if !s.Supports(c) {
			list = append(list, c)
		}
	}
	return list
}

// State says a fact in a sentence. The attribute must be one that this package knows;
// else it is "".
func State(f Fact) string {
	a := byName[f.Attribute]
	if a == nil {
		return ""
	}
	return sentence(fill(a.told[0], f.Subject, f.Value))
}

// Complete makes a statement of an answer that is nothing but a value, such as "A
// baker.", when it was asked for an attribute of a subject. Other answers are returned
// as they are.
func Complete(subject, attribute, answer string) string {
	a := byName[attribute]
	if a == nil {
		return answer
	}
	text := strings.TrimRight(strings.TrimSpace(answer), ".!")
	for _, article := range []string{"a ", "the ", "in ", "an "} {
		if len(text) > len(article) && strings.EqualFold(text[:len(article)], article) {
			text = text[len(article):]
			break
		}
	}
	statement := fill(a.told[0], subject, a.canonical(text))
	if claims := Claims(statement); len(claims) == 1 && claims[0].Read && claims[0].Fact.Value == a.canonical(text) {
		return sentence(statement)
	}
	return answer
}

// fill puts subject and value into a template.
func fill(template, subject, value string) string {
	return strings.NewReplacer("{S}", subject, "{V}", value).Replace(template)
}

// sentence is a statement with a capital letter and a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
