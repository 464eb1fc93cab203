package constraint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what a row may say.
const (
	MostConstraints = 32
	mostNumber      = 1_000_000
	mostWords       = 64
	mostText        = 4096 // bytes
	mostSource      = 1 << 20
)

// Parse reads a list of constraints in JSON: [{"kind": "words", "relation": "at least",
// "number": 40}]. Keys that do not exist, values that the kind does not need or lacks,
// and constraints that contradict each other are errors that name the constraint by its
// number, from 1.
func Parse(source []byte) ([]Constraint, error) {
	if len(source) > mostSource {
		return nil, fmt.Errorf("constraints have %d bytes, %d are allowed", len(source), mostSource)
	}
	d := json.NewDecoder(bytes.NewReader(source))
	d.DisallowUnknownFields()
	var list []Constraint
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("constraints: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("constraints: there is something behind the list")
	}
	if err := Validate(list); err != nil {
		return nil, err
	}
	return list, nil
}

// Validate reports what Parse does of constraints that are read.
func Validate(list []Constraint) error {
	if len(list) == 0 || len(list) > MostConstraints {
		return fmt.Errorf("%d constraints: from 1 to %d can be checked", len(list), MostConstraints)
	}
	for i := range list {
		if err := list[i].validate(); err != nil {
			return fmt.Errorf("constraint %d, %s: %w", i+1, list[i].Kind, err)
		}
		for j := range i {
			if why := Conflict(&list[j], &list[i]); why != "" {
				return fmt.Errorf("constraints %d and %d, %s and %s: %s", j+1, i+1, list[j].Kind, list[i].Kind, why)
			}
		}
	}
	return nil
}

func (c *Constraint) validate() error {
	n, known := needed[c.Kind]
	if !known {
		return fmt.Errorf("there is no such kind: %s", kindList())
	}
	if err := c.validateNumbers(n); err != nil {
		return err
	}
	if n.words != (len(c.Words) > 0) || len(c.Words) > mostWords {
		return has(n.words, "words, %d at most", mostWords)
	}
	for i, w := range c.Words {
		if err := validText(w); err != nil {
			return fmt.Errorf("word %d: %w", i+1, err)
		}
		if c.Kind != JSON && !isWordLike(w) {
			return fmt.Errorf("word %d: %q has no letter or digit at both ends", i+1, w)
		}
		if slices.ContainsFunc(c.Words[:i], func(o string) bool { return fold(o) == fold(w) }) {
			return fmt.Errorf("%q is there twice", w)
		}
	}
	if n.text != (c.Text != "") {
		return has(n.text, "a text")
	}
	return c.validateText()
}

func (c *Constraint) validateNumbers(n needs) error {
	counted := n.quantity || n.number
	if n.quantity != (c.Relation != "") {
		return has(n.quantity, "a relation: at least, at most, exactly or between")
	}
	if n.quantity && !slices.Contains([]Relation{AtLeast, AtMost, Exactly, Between}, c.Relation) {
		return fmt.Errorf("%q is no relation: at least, at most, exactly or between", c.Relation)
	}
	if counted != (c.Number != 0) || c.Number < 0 || c.Number > mostNumber {
		return has(counted, "a number from 1 to %d", mostNumber)
	}
	between := c.Relation == Between
	if between != (c.To != 0) || between && (c.To <= c.Number || c.To > mostNumber) {
		return has(between, "to, a number larger than number and at most %d", mostNumber)
	}
	return nil
}

func (c *Constraint) validateText() error {
	if c.Text == "" {
		return nil
	}
	if err := validText(c.Text); err != nil {
		return err
	}
	switch c.Kind {
	case Letter:
		if r := []rune(c.Text); len(r) != 1 || !unicode.IsLetter(r[0]) {
			return fmt.Errorf("%q is no letter", c.Text)
		}
	case Language:
		if scripts[c.Text] == nil {
			return fmt.Errorf("no exact test tells %q: %s", c.Text, strings.Join(Languages(), ", "))
		}
	case Frequency, Sections:
		if !isWordLike(c.Text) {
			return fmt.Errorf("%q has no letter or digit at both ends", c.Text)
		}
	case FirstWord, LastWord, ParagraphWord:
		if w := wordsOf(c.Text); len(w) != 1 || w[0] != c.Text {
			return fmt.Errorf("%q is no word", c.Text)
		}
	}
	return nil
}

func validText(s string) error {
	switch {
	case strings.TrimSpace(s) != s || s == "":
		return errors.New("a text is empty, or has white space around it")
	case len(s) > mostText:
		return fmt.Errorf("a text has %d bytes, %d are allowed", len(s), mostText)
	case !utf8.ValidString(s):
		return errors.New("a text is no UTF-8")
	case strings.Contains(s, "\r"):
		return errors.New("a text has carriage returns: end its lines with \\n alone")
	}
	return nil
}

// isWordLike reports whether a text begins and ends as words do.
func isWordLike(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return inWord(first) && inWord(last)
}

func has(needs bool, what string, args ...any) error {
	verb := "it has no use for"
	if needs {
		verb = "it needs"
	}
	return fmt.Errorf(verb+" "+what, args...)
}

func kindList() string {
	names := make([]string, len(Kinds))
	for i, k := range Kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
