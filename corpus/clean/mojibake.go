package clean

import (
	"bytes"
	"unicode/utf8"
)

// Text in UTF-8 that was read as Windows-1252 or Latin-1 shows two to four
// characters for one, the first of which is a letter with an accent and the rest
// mostly signs: â€™ for ’. A line is repaired if all its characters beyond
// ASCII go back to valid UTF-8, if what comes out is of the scripts that people
// write, and if some of it is very unlikely to have been meant as it stands.

// windows1252 is the characters of the bytes 0x80 to 0x9F. Those that it leaves
// out are read as Latin-1's control characters.
var windows1252 = [32]rune{
	0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
	0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
}

// toByte returns the byte that was read as r.
func toByte(r rune) (byte, bool) {
	if 0x80 <= r && r <= 0xFF {
		return byte(r), true
	}
	if r < 0x0152 || r > 0x2122 {
		return 0, false
	}
	for i, w := range windows1252 {
		if w == r {
			return byte(0x80 + i), true
		}
	}
	return 0, false
}

// isLead tells whether r may be the first byte of a character in UTF-8.
func isLead(r rune) bool { return 0xC2 <= r && r <= 0xF4 }

// isTail tells whether r may be another byte of one.
func isTail(r rune) bool {
	b, ok := toByte(r)
	return ok && b < 0xC0
}

// mojibake repairs the lines that are certain to need it. Where two of them do,
// less certain ones follow.
func (r *rewriter) mojibake() {
	repaired := 0
	for line := range bytes.Lines(r.text) {
		if _, places := unread(line, 2); places != nil {
			repaired++
		}
	}
	if repaired == 0 {
		return
	}
	enough := 2
	if repaired > 1 {
		enough = 1
	}
	out := make([]byte, 0, len(r.text))
	at := 0
	for line := range bytes.Lines(r.text) {
		fixed, places := unread(line, enough)
		for _, p := range places {
			r.cut(reasonMojibake, at+p[0], p[1])
		}
		out = append(out, fixed...)
		at += len(line)
	}
	r.text = out
}

// unread repairs one line, which may have been misread more than once. places
// are the offsets and lengths in line of what it replaced; none means that fixed
// is the line.
func unread(line []byte, enough int) (fixed []byte, places [][2]int) {
	fixed, places = unreadOnce(line, enough)
	if places == nil {
		return line, nil
	}
	for {
		again, more := unreadOnce(fixed, 1) // it is known to be misread
		if more == nil {
			return fixed, places
		}
		fixed = again
	}
}

func unreadOnce(line []byte, enough int) (fixed []byte, places [][2]int) {
	var runs []misread
	certainty := 0
	for i := 0; i < len(line); {
		if line[i] < utf8.RuneSelf {
			i++
			continue
		}
		m, n := readRun(line, i)
		if n == 0 {
			return line, nil
		}
		runs = append(runs, m)
		certainty += m.certainty
		i += n
	}
	if certainty < enough {
		return line, nil
	}
	at := 0
	for _, m := range runs {
		fixed = append(append(fixed, line[at:m.at]...), m.text...)
		places = append(places, [2]int{m.at, m.n})
		at = m.at + m.n
	}
	return append(fixed, line[at:]...), places
}

// misread is a run of characters beyond ASCII that goes back to UTF-8.
type misread struct {
	at, n     int
	text      []byte
	certainty int // 2 is enough for a line
}

// readRun reads the run at i, or returns 0 for one that was not misread.
func readRun(line []byte, i int) (misread, int) {
	var raw []byte
	end := i
	for end < len(line) && line[end] >= utf8.RuneSelf {
		r, n := utf8.DecodeRune(line[end:])
		b, ok := toByte(r)
		if !ok {
			return misread{}, 0
		}
		raw = append(raw, b)
		end += n
	}
	var before, after byte = ' ', ' '
	if i > 0 {
		before = line[i-1]
	}
	if end < len(line) {
		after = line[end]
	}
	text, damaged := mend(raw, after)
	certainty, ok := judgeRead(text, before, after)
	if !ok {
		return misread{}, 0
	}
	if damaged {
		certainty = 0
	}
	return misread{at: i, n: end - i, text: text, certainty: certainty}, end - i
}

// mend puts bytes back that are often lost: the no-break space that is the
// second byte of à and of itself and became a space, and the last byte of ”,
// which Windows-1252 does not have.
func mend(raw []byte, after byte) (text []byte, damaged bool) {
	if utf8.Valid(raw) {
		return raw, false
	}
	switch n := len(raw); {
	case raw[n-1] == 0xC3 && after == ' ':
		return append(raw, 0xA0), true
	case raw[n-1] == 0xC2 && after == ' ':
		return raw[:n-1], true
	case n >= 2 && raw[n-2] == 0xE2 && raw[n-1] == 0x80:
		return append(raw, 0x9D), true
	}
	return raw, false
}

// judgeRead tells how sure it is that text, which stands between two bytes of
// ASCII, was misread; ok is false where it was not.
func judgeRead(text []byte, before, after byte) (certainty int, ok bool) {
	if !utf8.Valid(text) {
		return 0, false
	}
	var last rune
	word := isLower(before) || isLower(after)
	capital := 'A' <= before && before <= 'Z'
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		i += n
		switch {
		case r < 0xA0: // of text that was misread twice
		case r < 0xC0: // signs, shown as Â and the sign
			switch {
			case capital:
			case r == 0xA0:
				certainty++
			default:
				certainty += 2
			}
		case r < 0x250, 0x1E00 <= r && r <= 0x1EFF: // Latin letters, shown as Ã, Ä or Å and a sign
			switch quote := isQuote(text[i-1]); {
			case word && !quote, isLower(before) && isLower(after):
				certainty += 2
			case word || !quote || !capital && last != 0:
				certainty++
			}
		case 0x2010 <= r && r <= 0x203A, r == 0x20AC, r == 0x2122, r == 0xFFFD, r == 0xFEFF, 0x1F300 <= r && r <= 0x1FAFF:
			certainty += 2
		case 0x2190 <= r && r <= 0x27BF: // arrows, signs of mathematics, shapes
			if certainty++; !isQuote(text[i-1]) {
				certainty++
			}
		case !isCommon(r):
			return 0, false
		case last >= 0x250 && isCommon(last):
			certainty += 2 // two of them are a word
		}
		last = r
	}
	return certainty, true
}

// isQuote tells whether a byte shows as a sign that follows letters anyway: a
// quotation mark, a dash, dots or a no-break space.
func isQuote(c byte) bool {
	switch c {
	case 0x85, 0x91, 0x92, 0x93, 0x94, 0x96, 0x97, 0xA0, 0xBB:
		return true
	}
	return false
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

// common is blocks of scripts in daily use, in order: those of Greek, Cyrillic and
// Armenian; Hebrew without its signs for singing; Arabic; those of India to
// Tibet; Burmese and Georgian; Jamo and Ethiopic; Khmer and Mongolian; signs;
// Chinese, Japanese, Korean; forms of theirs; pictures.
var common = [...][2]rune{
	{0x250, 0x58F},
	{0x5B0, 0x5FF},
	{0x600, 0x6FF},
	{0x900, 0xFFF},
	{0x1000, 0x10FF},
	{0x1100, 0x137F},
	{0x1780, 0x18AF},
	{0x2000, 0x2BFF},
	{0x2E80, 0x9FFF},
	{0xAC00, 0xD7A3},
	{0xFE00, 0xFFEF},
	{0x1F000, 0x1FAFF},
}

func isCommon(r rune) bool {
	for _, b := range common {
		if r <= b[1] {
			return r >= b[0]
		}
	}
	return false
}
