package words

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// kind is what the rules ask about a character.
type kind uint16

const (
	space kind = 1 << iota
	letter
	lower // a letter of a word, in lower case or without case
	upper // a letter of a word, in upper case or without case
	digit // 0 to 9
	number
	combining // mark above or below a letter
	opening   // may be cut off before a word
	closing   // may be cut off after a word
	quote
	beforeDot // a full stop after it is a word of its own
	icon
	alone // each is a word, whatever it stands beside
	mark  // the commonest of closing, in ASCII
	punctuation
	terminal // ends a sentence
)

// What the rules name by hand. Quotes and marks are both opening and closing.
const (
	quotes   = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉⟦⟧\u2329\u232a"
	marks    = "…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪"
	currency = "$£€¥฿₽﷼₴₠₡₢₣₤₥₦₧₨₩₪₫₭₮₯₰₱₲₳₵₶₷₸₹₺₻₼₾₿"
)

// ascii is the kinds of the bytes below 128; others have none.
var ascii = func() (t [256]kind) {
	for c := range rune(utf8.RuneSelf) {
		t[c] = named(c) | general(c)
	}
	for _, c := range ",;:!?)\"]" {
		t[c] |= mark
	}
	return t
}()

var named = func() func(rune) kind {
	m := map[rune]kind{}
	for _, r := range quotes {
		m[r] |= opening | closing | quote | beforeDot
	}
	for _, r := range marks {
		m[r] |= opening | closing | beforeDot
	}
	for _, r := range currency + "§%=" {
		m[r] |= opening
	}
	for _, r := range "—–" {
		m[r] |= opening | closing
	}
	for _, r := range "%²-+|" {
		m[r] |= beforeDot
	}
	return func(r rune) kind { return m[r] }
}()

// general returns the kinds that follow from the character's category.
func general(r rune) kind {
	var k kind
	switch {
	case unicode.IsLetter(r) && sign(r):
		k = letter
	case unicode.IsLetter(r):
		k = letter | lower | upper
		if unicode.IsLower(r) {
			k = letter | lower
		} else if unicode.IsUpper(r) || unicode.IsTitle(r) {
			k = letter | upper
		}
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) {
			k |= alone
		}
	case unicode.IsMark(r):
		k = combining
	case unicode.IsNumber(r):
		k = number
		if r < utf8.RuneSelf {
			k |= digit
		}
	case unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f:
		k = space
	case unicode.Is(unicode.So, r):
		k = icon | opening | closing
	}
	if k&(lower|digit) != 0 {
		k |= beforeDot
	}
	if unicode.IsPunct(r) {
		k |= punctuation
	}
	if unicode.Is(unicode.Sentence_Terminal, r) {
		k |= terminal
	}
	return k
}

// sign reports whether a letter stands for itself, as in mathematics: no mark is
// cut off beside it.
func sign(r rune) bool {
	return 0x3d0 <= r && r <= 0x3ff || 0x2100 <= r && r <= 0x214f || 0x1d400 <= r && r <= 0x1d7ff
}

// plane is the kinds of the characters below 65536, found when text first asks.
var plane = sync.OnceValue(func() *[1 << 16]kind {
	t := new([1 << 16]kind)
	for r := range t {
		t[r] = general(rune(r)) | named(rune(r))
	}
	return t
})

func kindOf(r rune) kind {
	if r < 1<<16 {
		return plane()[r]
	}
	return general(r)
}

// at returns the kind of the character at text[i:end] and its length; none at
// the end.
func at(text []byte, i, end int) (kind, int) {
	if i >= end {
		return 0, 0
	}
	if text[i] < utf8.RuneSelf {
		return ascii[text[i]], 1
	}
	r, size := utf8.DecodeRune(text[i:end])
	return kindOf(r), size
}

// before is at for the character that ends at text[:i].
func before(text []byte, start, i int) (kind, int) {
	if i <= start {
		return 0, 0
	}
	if c := text[i-1]; c < utf8.RuneSelf {
		return ascii[c], 1
	}
	r, size := utf8.DecodeLastRune(text[start:i])
	return kindOf(r), size
}
