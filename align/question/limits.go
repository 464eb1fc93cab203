package question

import (
	"fmt"
	"unicode/utf8"
)

// Limits bound what is taken of sources, in characters.
type Limits struct {
	// Subject is the longest name, Answer the longest answer, Passage the longest text
	// to answer from. Texts are cut at the end of a sentence or a paragraph; what does
	// not fit then is left out.
	Subject, Answer, Passage int
}

// DefaultLimits are those of nobody's choice.
func DefaultLimits() Limits { return Limits{Subject: 80, Answer: 400, Passage: 1200} }

// Check reports the first impossible value.
func (l *Limits) Check() error {
	for _, v := range []struct {
		name    string
		n, most int
	}{{"name", l.Subject, 1000}, {"answer", l.Answer, 100_000}, {"passage", l.Passage, 1_000_000}} {
		if v.n < 10 || v.n > v.most {
			return fmt.Errorf("the longest %s is %d characters: it is from 10 to %d", v.name, v.n, v.most)
		}
	}
	return nil
}

func length(text string) int { return utf8.RuneCountInString(text) }
