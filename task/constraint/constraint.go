// Package constraint is instructions whose observance a program can tell: length,
// words, case, punctuation, layout and the like. They are put behind any request;
// whether an answer follows them is computed and never judged. The idea and the strict
// and the loose reading are of IFEval (Zhou et al., arXiv:2311.07911).
//
// The package also makes requests with constraints, each with an answer that meets
// them all and, on demand, with one that breaks exactly one of them. All of it is a
// function of a seed.
package constraint

// Kind is what a constraint is about.
type Kind string

// The kinds. Texts and words are found whatever the case of their letters, and words
// as whole ones: no letter, digit or mark stands beside them.
const (
	Words         Kind = "words"          // quantity: words, which white space parts and which have a letter or digit
	Sentences     Kind = "sentences"      // quantity; one ends with . ! ? … or their kin, or with its line
	Paragraphs    Kind = "paragraphs"     // quantity; empty lines part them
	Include       Kind = "include"        // words, all of which come
	Avoid         Kind = "avoid"          // words, none of which comes
	Frequency     Kind = "frequency"      // text: a word; quantity of times
	Letter        Kind = "letter"         // text: a letter; quantity of times, capital or not
	FirstWord     Kind = "first_word"     // text: a word
	LastWord      Kind = "last_word"      // text: a word
	Start         Kind = "start"          // text
	End           Kind = "end"            // text
	Lower         Kind = "lower"          // no capital letter
	Upper         Kind = "upper"          // no small letter
	Capitals      Kind = "capitals"       // quantity: words of two letters or more in capitals alone
	Without       Kind = "without"        // text: a sign that does not come
	Bullets       Kind = "bullets"        // number: lines with - * + or • before them
	Numbered      Kind = "numbered"       // number: lines with 1. 2. and so on, or 1) 2)
	Title         Kind = "title"          // a line <<title>>
	Sections      Kind = "sections"       // text, number: lines that begin with the text and 1, 2 and so on
	Placeholders  Kind = "placeholders"   // quantity: texts in square brackets
	Highlights    Kind = "highlights"     // quantity: texts between stars, one or two on either side
	JSON          Kind = "json"           // words: the keys of an object that is all of the answer, in a fence or not
	Order         Kind = "order"          // words, all of which come, the first time of each behind that of the one before
	Language      Kind = "language"       // text: one of Languages, in whose script all letters are
	Repeat        Kind = "repeat"         // text, which begins the answer letter by letter; something follows
	TwoAnswers    Kind = "two_answers"    // two that differ, a line of six stars between them
	Postscript    Kind = "postscript"     // text, such as P.S., which begins the last paragraph; a word follows
	Quoted        Kind = "quoted"         // double quotation marks around the whole
	ParagraphWord Kind = "paragraph_word" // text, number: a word that begins the paragraph of this number, from 1
)

// Kinds are all kinds.
var Kinds = []Kind{
	Words, Sentences, Paragraphs, Include, Avoid, Frequency, Letter, FirstWord, LastWord, Start, End, Lower, Upper,
	Capitals, Without, Bullets, Numbered, Title, Sections, Placeholders, Highlights, JSON, Order, Language, Repeat,
	TwoAnswers, Postscript, Quoted, ParagraphWord,
}

// Relation is how a number is meant.
type Relation string

// The relations. Between counts both numbers in.
const (
	AtLeast Relation = "at least"
	AtMost  Relation = "at most"
	Exactly Relation = "exactly"
	Between Relation = "between"
)

// Constraint is one of them. What Kind does not need is empty. A constraint that
// Validate accepts does not change, and goroutines may share it.
type Constraint struct {
	Kind     Kind     `json:"kind"`
	Relation Relation `json:"relation,omitempty"`
	Number   int      `json:"number,omitempty"`
	To       int      `json:"to,omitempty"` // of Between, the larger number
	Words    []string `json:"words,omitempty"`
	Text     string   `json:"text,omitempty"`
}

// needs is what a kind is made of.
type needs struct{ quantity, number, words, text bool }

var needed = map[Kind]needs{
	Words: {quantity: true}, Sentences: {quantity: true}, Paragraphs: {quantity: true},
	Include: {words: true}, Avoid: {words: true}, Order: {words: true}, JSON: {words: true},
	Frequency: {quantity: true, text: true}, Letter: {quantity: true, text: true},
	FirstWord: {text: true}, LastWord: {text: true}, Start: {text: true}, End: {text: true},
	Lower: {}, Upper: {}, Title: {}, TwoAnswers: {}, Quoted: {},
	Capitals: {quantity: true}, Placeholders: {quantity: true}, Highlights: {quantity: true},
	Without: {text: true}, Language: {text: true}, Repeat: {text: true}, Postscript: {text: true},
	Bullets: {number: true}, Numbered: {number: true},
	Sections: {text: true, number: true}, ParagraphWord: {text: true, number: true},
}

// holds reports whether a count is as the constraint says.
func (c *Constraint) holds(count int) bool {
	switch c.Relation {
	case AtLeast:
		return count >= c.Number
	case AtMost:
		return count <= c.Number
	case Between:
		return count >= c.Number && count <= c.To
	}
	return count == c.Number
}

// least and most are the bounds of a quantity.
func (c *Constraint) least() int {
	if c.Relation == AtMost {
		return 0
	}
	return c.Number
}

func (c *Constraint) most() int {
	switch c.Relation {
	case AtLeast:
		return mostNumber
	case Between:
		return c.To
	}
	return c.Number
}
