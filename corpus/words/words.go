// Package words splits text into words, once for all stages that count them.
package words

// Class says what a word is made of.
type Class uint8

// Classes; a word has at least one.
const (
	Letter Class = 1 << iota // at least one letter
	Digit                    // at least one digit
	Symbol                   // punctuation and symbols alone
)

// Word is one word of a text.
type Word struct {
	// Start and End are its bytes in the text.
	Start, End int32
	// Runes is its length in characters.
	Runes int32
	Class Class
	// Hash is that of its lower-case letters and of its digits, which all count as
	// zeros; 0 for symbols.
	Hash uint64
}

// List is the words of one text. Its memory is used again.
type List struct {
	Words []Word
}

// Split finds the words of text.
func (l *List) Split(text []byte) { l.Words = l.Words[:0] }
