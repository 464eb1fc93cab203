package tokenizer

import (
	"bytes"
	"unicode/utf8"
)

// The patterns whose words a scanner of this package finds, as tokenizer.json
// has them.
const (
	// PatternGPT4 is cl100k's, and with it Llama 3's. It differs from
	// PatternTiktoken only in that blanks after the last line of a text are a
	// word of their own; so text can be cut at any word and encoded in parts.
	PatternGPT4 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	// PatternTiktoken is what today's tiktoken does for cl100k_base, written
	// without possessive operators, which regular expression engines read
	// differently.
	PatternTiktoken = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]+|\s+(?!\S)|\s+`
	// PatternQwen is PatternGPT4 with every digit a word.
	PatternQwen = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	// PatternGPT2 is GPT-2's, also r50k's and p50k's.
	PatternGPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
)

// scanner finds words. end returns the end of the word that begins at text[i],
// for i < len(text); words follow each other without gaps. end looks at
// nothing before i, and never puts a boundary inside a character.
type scanner interface {
	end(text []byte, i int) int
}

// scanners maps each pattern that needs no regular expression engine.
var scanners = map[string]scanner{
	PatternGPT4:     gpt4Scanner{digits: 3},
	PatternTiktoken: gpt4Scanner{digits: 3, wholeTail: true},
	PatternQwen:     gpt4Scanner{digits: 1},
	PatternGPT2:     gpt2Scanner{},
	// The same with other spellings.
	`'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`:                                                                   gpt2Scanner{},
	`(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: gpt4Scanner{digits: 3, ascii: true},
	`(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`:      gpt4Scanner{digits: 1, ascii: true},
}

// contraction returns the end of the 's 't 'm 'd 'll 've or 're that begins at
// text[i], an apostrophe, or i where there is none. fold ignores case, and
// then U+017F is an s, as in every engine that folds by Unicode.
func contraction(text []byte, i int, fold, long bool) int {
	rest := text[i+1:]
	if len(rest) == 0 {
		return i
	}
	var flip byte
	if fold {
		flip = 0x20
	}
	switch rest[0] | flip {
	case 's', 'd', 'm', 't':
		return i + 2
	case 'l', 'v', 'r':
		if len(rest) < 2 {
			return i
		}
		second := rest[1] | flip
		if first := rest[0] | flip; first == 'l' && second == 'l' || first != 'l' && second == 'e' {
			return i + 3
		}
	}
	if long && bytes.HasPrefix(rest, []byte("\u017f")) {
		return i + 3
	}
	return i
}

// gpt4Scanner does PatternGPT4 and its near relatives.
type gpt4Scanner struct {
	digits    int  // the longest word of numbers
	wholeTail bool // blanks that end the text are one word
	ascii     bool // contractions fold ASCII letters only
}

func (s gpt4Scanner) end(text []byte, i int) int {
	c, size := classAt(text, i)
	switch c {
	case letter:
		return skip(text, i+size, letter)
	case number:
		for n := 1; n < s.digits; n++ {
			i += size
			if c, size = classAt(text, i); c != number {
				return i
			}
		}
		return i + size
	}
	b := text[i]
	if b == '\'' {
		if e := contraction(text, i, true, !s.ascii); e > i {
			return e
		}
	}
	next, _ := classAt(text, i+size)
	if next == letter && b != '\n' && b != '\r' {
		return skip(text, i+size, letter)
	}
	switch {
	case c == other:
		return skipNewlines(text, skip(text, i+size, other))
	case b == ' ' && next == other && i+1 < len(text):
		return skipNewlines(text, skip(text, i+1, other))
	}
	return s.blanks(text, i)
}

func skipNewlines(text []byte, i int) int {
	for i < len(text) && (text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// blanks returns the end of the word that begins a run of white space.
func (s gpt4Scanner) blanks(text []byte, i int) int {
	e := skip(text, i, space)
	if s.wholeTail && e == len(text) {
		return e
	}
	if n := bytes.LastIndexAny(text[i:e], "\r\n"); n >= 0 {
		return i + n + 1
	}
	return beforeLast(text, i, e)
}

// beforeLast leaves the last character of the run [i, e) to the word that
// follows it, unless that would leave nothing.
func beforeLast(text []byte, i, e int) int {
	if e == len(text) {
		return e
	}
	_, size := utf8.DecodeLastRune(text[i:e])
	if e-size == i {
		return e
	}
	return e - size
}

// gpt2Scanner does PatternGPT2.
type gpt2Scanner struct{}

func (gpt2Scanner) end(text []byte, i int) int {
	if text[i] == '\'' {
		if e := contraction(text, i, false, false); e > i {
			return e
		}
	}
	c, size := classAt(text, i)
	if c != space {
		return skip(text, i+size, c)
	}
	if text[i] == ' ' {
		if next, n := classAt(text, i+1); next != space && n > 0 {
			return skip(text, i+1+n, next)
		}
	}
	return beforeLast(text, i, skip(text, i+size, space))
}
