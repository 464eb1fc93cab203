package words

import (
	"unicode/utf8"
)

// The rules for what is cut off before, after and inside a word follow
// spacy/lang/punctuation.py and spacy/lang/en/punctuation.py.

const alpha = lower | upper

// prefix returns the length of the mark that the piece begins with, or 0.
func prefix(text []byte, p span) int {
	switch c := text[p.start]; {
	case c == '.':
		if n := dots(text, p); n > 1 {
			return n
		}
		return 0
	case c == '+':
		if p.start+1 < p.end && ascii[text[p.start+1]]&digit != 0 {
			return 0
		}
		return 1
	case c == 'U' || c == 'C' || c == 'A':
		return dollars(text[p.start:p.end])
	}
	k, size := at(text, p.start, p.end)
	if k&opening != 0 {
		return size
	}
	return 0
}

// dots counts the full stops at the start of the piece.
func dots(text []byte, p span) int {
	n := 0
	for p.start+n < p.end && text[p.start+n] == '.' {
		n++
	}
	return n
}

// dollars returns the length of US$, C$ or A$ at the start, or 0.
func dollars(piece []byte) int {
	n := 2
	if piece[0] == 'U' {
		n = 3
	}
	if len(piece) < n || piece[n-1] != '$' || n == 3 && piece[1] != 'S' {
		return 0
	}
	return n
}

// suffix returns the length of the mark that the piece ends with, or 0: of
// several, the longest.
func suffix(text []byte, p span) int {
	if p.start >= p.end {
		return 0
	}
	switch c := text[p.end-1]; {
	case c == '.':
		return stops(text, p)
	case c == 's' || c == 'S':
		if n := possessive(text, p); n > 0 {
			return n
		}
		return unit(text, p)
	case c == '+':
		if digitBefore(text, p, 1) {
			return 1
		}
		return 0
	case ascii[c]&closing != 0:
		return 1
	case ascii[c]&digit != 0:
		return 0
	}
	r, size := utf8.DecodeLastRune(text[p.start:p.end])
	if r == '…' {
		if r, more := utf8.DecodeLastRune(text[p.start : p.end-size]); r == '…' {
			return size + more
		}
		return size
	}
	if kindOf(r)&closing != 0 {
		return size
	}
	return unit(text, p)
}

// stops is suffix for pieces that end with a full stop.
func stops(text []byte, p span) int {
	n := 1
	for p.end-n > p.start && text[p.end-n-1] == '.' {
		n++
	}
	if n > 1 {
		return n
	}
	k, size := before(text, p.start, p.end-1)
	if k&beforeDot != 0 {
		return 1
	}
	more, far := before(text, p.start, p.end-1-size)
	if k&upper != 0 && more&upper != 0 {
		return 1
	}
	if r, _ := utf8.DecodeLastRune(text[p.start : p.end-1-size]); far > 0 && r == '°' && size == 1 {
		switch text[p.end-2] {
		case 'F', 'C', 'K': // the small ones are before a stop anyway
			return 1
		}
	}
	return 0
}

// possessive returns the length of 's at the end, or 0.
func possessive(text []byte, p span) int {
	r, size := utf8.DecodeLastRune(text[p.start : p.end-1])
	if size > 0 && (r == '\'' || r == '’') {
		return 1 + size
	}
	return 0
}

// digitBefore reports whether a digit stands before the last n bytes.
func digitBefore(text []byte, p span, n int) bool {
	at := p.end - n - 1
	return at >= p.start && ascii[text[at]]&digit != 0
}

// units are cut off numbers, as currencies are.
var units = func() map[string]bool {
	m := map[string]bool{}
	for _, base := range []string{"km", "m", "dm", "cm", "mm", "км", "м", "дм", "см", "мм"} {
		for _, power := range []string{"", "²", "³"} {
			m[base+power] = true
		}
	}
	for _, u := range []string{
		"ha", "µm", "nm", "yd", "in", "ft", "kg", "g", "mg", "µg", "t", "lb", "oz", "m/s", "km/h", "kmh", "mph",
		"hPa", "Pa", "mbar", "mb", "MB", "kb", "KB", "gb", "GB", "tb", "TB", "T", "G", "M", "K", "%",
		"нм", "кг", "г", "мг", "м/с", "км/ч", "кПа", "Па", "мбар", "Кб", "КБ", "кб", "Мб", "МБ", "мб", "Гб", "ГБ", "гб",
		"Тб", "ТБ", "US$", "C$", "A$",
	} {
		m[u] = true
	}
	for _, r := range currency {
		m[string(r)] = true
	}
	return m
}()

const longestUnit = 8 // км² and мбар

// unit returns the length of the unit after a digit at the end, or 0.
func unit(text []byte, p span) int {
	for n := 1; n <= longestUnit && n < p.end-p.start; n++ {
		if digitBefore(text, p, n) {
			if units[string(text[p.end-n:p.end])] {
				return n
			}
			return 0
		}
	}
	return 0
}

// infix returns the length of the mark at the start of p at which a word is cut,
// or 0. k and size are the character there, prev is the kind of the one before.
func infix(text []byte, p span, k kind, size int, prev kind) int {
	c := text[p.start]
	if c >= utf8.RuneSelf {
		r, _ := utf8.DecodeRune(text[p.start:p.end])
		switch {
		case r == '…' || k&icon != 0:
			return size
		case r == '–' || r == '—':
			return hyphen(text, p, size, prev)
		}
		return 0
	}
	next, _ := at(text, p.start+1, p.end)
	switch c {
	case '.':
		if n := dots(text, p); n > 1 {
			return n
		}
		if prev&(lower|quote) != 0 && next&(upper|quote) != 0 {
			return 1
		}
	case '+', '*', '^', '-':
		if prev&digit != 0 && (next&digit != 0 || next != 0 && text[p.start+1] == '-') {
			return 1
		}
		if c == '-' {
			return hyphen(text, p, 1, prev)
		}
	case '~':
		return hyphen(text, p, 1, prev)
	case ',':
		if prev&alpha != 0 && next&alpha != 0 {
			return 1
		}
	case ':', '<', '>', '=', '/':
		if prev&(alpha|digit) != 0 && next&alpha != 0 {
			return 1
		}
	}
	return 0
}

// hyphen is infix for the dashes: one, two long ones, or up to three short ones,
// between letters or after a digit.
func hyphen(text []byte, p span, size int, prev kind) int {
	if prev&(alpha|digit) == 0 {
		return 0
	}
	most := 1
	switch c := text[p.start]; {
	case c == '-':
		most = 3
	case size > 1 && text[p.start+size-1] == 0x94: // the long dash
		most = 2
	}
	n := 0
	for range most {
		n += size
		if k, _ := at(text, p.start+n, p.end); k&alpha != 0 {
			return n
		}
		if p.start+n+size > p.end || string(text[p.start+n:p.start+n+size]) != string(text[p.start:p.start+size]) {
			return 0
		}
	}
	return 0
}
