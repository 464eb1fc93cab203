package charset

import (
	"encoding/binary"
	"unicode"
	"unicode/utf16"
)

// wide recognizes UTF-16 and UTF-32 without a mark, by the zeros in them.
func wide(b []byte) string {
	b = b[:min(len(b), sampleSize)]
	switch {
	case len(b)%4 == 0 && plausible32(b, binary.LittleEndian):
		return "utf-32le"
	case len(b)%4 == 0 && plausible32(b, binary.BigEndian):
		return "utf-32be"
	case plausible16(b, binary.LittleEndian):
		return "utf-16le"
	case plausible16(b, binary.BigEndian):
		return "utf-16be"
	}
	return ""
}

func plausible32(b []byte, order binary.ByteOrder) bool {
	good, n := 0, 0
	for ; len(b) >= 4; b = b[4:] {
		r := order.Uint32(b)
		if r > unicode.MaxRune || r == 0 {
			return false
		}
		if commonRune(rune(r)) {
			good++
		}
		n++
	}
	return n > 0 && good*20 >= n*19
}

func plausible16(b []byte, order binary.ByteOrder) bool {
	good, ascii, n := 0, 0, 0
	for ; len(b) >= 2; b = b[2:] {
		r := rune(order.Uint16(b))
		n++
		if utf16.IsSurrogate(r) {
			if len(b) < 4 {
				break // cut off
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(b[2:]))); r == unicode.ReplacementChar {
				return false
			}
			b = b[2:]
		}
		if r == 0 {
			return false
		}
		if commonRune(r) {
			good++
		}
		if r < 0x80 {
			ascii++
		}
	}
	return n > 0 && good*20 >= n*19 && ascii > 0
}

// commonRune says whether a character may stand in text.
func commonRune(r rune) bool {
	if r < 0x80 {
		return !control[byte(r)]
	}
	return r >= 0xa0 && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) || unicode.IsSpace(r) || r == 0xfeff || r == 0xad || unicode.Is(unicode.Cf, r))
}
