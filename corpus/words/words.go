// Package words splits text into words, once for all stages that count them.
//
// The words are those of spaCy's English tokenizer (rules of version 3.8), which
// the published filters count with, but for scripts that are written without
// spaces: there each Chinese character and each Japanese kana is a word.
package words

import (
	"encoding/binary"
	"math/bits"
)

// Class says what a word is made of.
type Class uint8

// Classes; a word has at least one.
const (
	Letter Class = 1 << iota // at least one letter
	Digit                    // at least one digit or other number
	Symbol                   // neither: punctuation, symbols, marks
)

// Word is one word of a text.
type Word struct {
	// Start and End are its bytes in the text.
	Start, End int32
	// Runes is its length in characters.
	Runes int32
	Class Class
	// Hash is that of its letters in lower case and of its digits, which all count
	// as zeros: symbols inside it count for nothing. It is 0 for symbols alone.
	Hash uint64
}

// Text returns the bytes of the word in the text that it was found in.
func (w *Word) Text(text []byte) []byte { return text[w.Start:w.End] }

// List is the words of one text. Its memory is used again. One goroutine uses it
// at a time.
type List struct {
	Words []Word

	specials *specials
	tails    []span  // suffixes of the piece at work, the last one first
	done     []span  // exceptions put together in it
	joints   []joint // those of one length, before they are
	rest     []Word  // the words behind the first of them
	known    []knownPiece
	slow     int // pieces cut while known is nil
}

// span is a piece of the text.
type span struct{ start, end int }

// keep is how many words a list has memory for at most once a text is done that
// needed more.
const keep = 1 << 20

// Most is about how many words of a text are found: the memory that they take is
// many times that of a text of symbols. The longest documents have fewer if they are
// of words.
const Most = 1 << 24

// Split finds the words of text, which has less than 2 GiB; of one of very many,
// the first 16 Mi or a few more.
func (l *List) Split(text []byte) {
	if cap(l.Words) > keep && len(text) < keep {
		l.Words = nil
	}
	l.Words, l.specials = l.Words[:0], table()
	list, exceptions := l.Words, &l.specials.letters
	for i := 0; i < len(text) && len(list) < Most; {
		k := ascii[text[i]]
		if k&space != 0 {
			i++
			continue
		}
		if k&letter != 0 && i+8 < len(text) { // most words are short, and a space follows
			x := binary.LittleEndian.Uint64(text[i:])
			n := bits.TrailingZeros64(notLetters(x)) / 8
			hash := finish(seed, (x|spaces)&(1<<(8*n&63)-1), n)
			if n < 8 && text[i+n] == ' ' && !exceptions.has(hash) {
				list = append(list, Word{Start: int32(i), End: int32(i + n), Runes: int32(n), Class: Letter, Hash: hash})
				i += n + 1
				continue
			}
		}
		l.Words = list
		if k&letter != 0 {
			i = l.plain(text, i)
		} else {
			i = l.piece(text, i, i)
		}
		list = l.Words
	}
	l.Words = list
}

// plain takes a piece that begins with an ASCII letter: most are words alone or
// words and one mark.
func (l *List) plain(text []byte, start int) int {
	end, hash := letters(text, start)
	next := end
	if next < len(text) && ascii[text[next]]&space == 0 {
		if next+1 < len(text) && ascii[text[next+1]]&space == 0 || end-start < 2 {
			return l.piece(text, start, next)
		}
		switch {
		case ascii[text[next]]&mark != 0:
		case text[next] == '.' && endsSentence(text[end-2:end]) && !l.specials.stops.has(hash) && !l.specials.letters.has(hash):
		default:
			return l.piece(text, start, next)
		}
		next++
	}
	if l.specials.letters.has(hash) {
		if s := l.specials.find(text[start:end]); s != nil {
			l.attach(text, span{start, end}, s)
			return l.last(text, end, next)
		}
	}
	n := int32(end - start)
	l.Words = append(l.Words, Word{Start: int32(start), End: int32(end), Runes: n, Class: Letter, Hash: hash})
	return l.last(text, end, next)
}

// last adds the mark after a word, if there is one.
func (l *List) last(text []byte, end, next int) int {
	if next > end {
		l.Words = append(l.Words, Word{Start: int32(end), End: int32(next), Runes: 1, Class: Symbol})
	}
	return next
}

// endsSentence reports whether a full stop after these two letters is a word of
// its own: not after a single capital letter, as in "McD.".
func endsSentence(two []byte) bool {
	return ascii[two[1]]&lower != 0 || ascii[two[0]]&upper != 0
}

// letters returns the end of the ASCII letters at start, and their hash.
func letters(text []byte, start int) (int, uint64) {
	h := uint64(seed)
	i := start
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		n := bits.TrailingZeros64(notLetters(x)) / 8
		if n < 8 {
			return i + n, finish(h, (x|spaces)&(1<<(8*n)-1), i+n-start)
		}
		h = mum(h^(x|spaces), key1)
	}
	var x uint64
	n := 0
	for ; i+n < len(text) && ascii[text[i+n]]&letter != 0; n++ {
		x |= uint64(text[i+n]|0x20) << (8 * n)
	}
	return i + n, finish(h, x, i+n-start)
}

const spaces = 0x2020202020202020

// notLetters returns a word with the high bit set in each byte that is no ASCII
// letter.
func notLetters(x uint64) uint64 {
	const ones = 0x0101010101010101
	low := x&(0x7f*ones) | spaces
	from := low + (0x80-'a')*ones  // high bit: not below a
	above := low + (0x7f-'z')*ones // high bit: above z
	return ^(from &^ above &^ x) & (0x80 * ones)
}
