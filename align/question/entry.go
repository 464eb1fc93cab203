package question

import (
	"cmp"
	"strings"
)

// Kind says what an entry is about.
type Kind string

// The kinds of entries.
const (
	Symbol  Kind = "symbol"  // a name that source code declares
	Term    Kind = "term"    // an entry of a dictionary
	Row     Kind = "row"     // a row of a table
	Heading Kind = "heading" // a part of a text
)

// Kinds are all of them.
var Kinds = []Kind{Symbol, Term, Row, Heading}

// Ask says what is asked of the subject; the forms of questions hang on it.
type Ask string

// What can be asked.
const (
	AskDoes      Ask = "does"      // what a function does
	AskIs        Ask = "is"        // what a type, a variable or a package is
	AskSignature Ask = "signature" // how a function is declared
	AskWhere     Ask = "where"     // which package has a function
	AskExample   Ask = "example"   // how a function is used
	AskMeaning   Ask = "meaning"   // what a term means
	AskCell      Ask = "cell"      // what a row has in a column
	AskField     Ask = "field"     // the same, of a column that is called by no noun
	AskSays      Ask = "says"      // what stands below a heading
	AskAsked     Ask = "asked"     // what stands below a heading that is a question
)

// Asks are all of them.
var Asks = []Ask{AskDoes, AskIs, AskSignature, AskWhere, AskExample, AskMeaning, AskCell, AskField, AskSays, AskAsked}

// Entry is one thing that a source says.
type Entry struct {
	Kind Kind
	Ask  Ask
	// Subject is what the question names: a symbol as "strings.Cut", a term, the name
	// of a row, a heading.
	Subject string
	// Attribute is the column of a Row, else "".
	Attribute string
	// Within is where the subject belongs: the package, the dictionary, the table or
	// the document, by its name.
	Within string
	// Text is the answer. Passage is a text that holds it, word for word; "" is none.
	Text, Passage string
	// Origin is the place as "file:line", License the SPDX expression that the file
	// gives itself, or "".
	Origin, License string
}

// base is the subject without what qualifies it, as the two sides of a split tell
// subjects apart: strings.Cut and bytes.Cut say nearly the same.
func (e *Entry) base() string {
	name := e.Subject
	if e.Kind == Symbol {
		name = name[strings.LastIndexAny(name, "./ ")+1:]
	}
	return strings.ToLower(name)
}

// question is what is asked, in no form. What does not say where the subject belongs
// must have one answer in all places together.
func (e *Entry) question() string {
	within := e.Within
	if e.Kind == Row || e.Kind == Term {
		within = ""
	}
	return strings.Join([]string{string(e.Ask), e.Subject, e.Attribute, within}, "\x00")
}

// compare puts entries into the order of their names, methods by their types.
func compare(a, b *Entry) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Ask, b.Ask), cmp.Compare(a.Within, b.Within),
		cmp.Compare(strings.ToLower(a.Subject), strings.ToLower(b.Subject)), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Attribute, b.Attribute),
		cmp.Compare(a.Origin, b.Origin))
}
