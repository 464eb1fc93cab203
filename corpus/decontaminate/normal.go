package decontaminate

import (
	"unicode"
	"unicode/utf8"
)

// kept is 1 for ASCII letters and digits; small is a byte in lower case.
var kept, small = asciiTables()

func asciiTables() (kept [256]uint8, small [256]byte) {
	for b := range 256 {
		small[b] = byte(b)
		switch {
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z':
			kept[b] = 1
		case b >= 'A' && b <= 'Z':
			kept[b], small[b] = 1, byte(b+'a'-'A')
		}
	}
	return kept, small
}

// squeeze appends the letters and digits of text to dst: no spaces, no symbols. A
// mark on a letter is a part of it. Fold makes capital letters small.
func squeeze(dst, text []byte, fold bool) []byte {
	n := len(dst)
	if need := n + len(text); cap(dst) < need {
		dst = append(make([]byte, 0, need+need/4), dst...)
	}
	dst = dst[:n+len(text)]
	for i := 0; i < len(text); {
		if b := text[i]; b < utf8.RuneSelf {
			if fold {
				b = small[b]
			}
			dst[n] = b
			n += int(kept[b])
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if isKept(r) {
			if small := lower(r); fold && utf8.RuneLen(small) <= size {
				n += utf8.EncodeRune(dst[n:], small)
			} else {
				n += copy(dst[n:], text[i:i+size])
			}
		}
		i += size
	}
	return dst[:n]
}

// lower returns the small letter that stands for all cases of r, over the capital one
// as in the hashes of words, so that both sigmas are one.
func lower(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// isKept says whether r, beyond ASCII, is a letter, a number or a mark.
func isKept(r rune) bool {
	if r >= 0x4e00 && r < 0xa000 || r >= 0xac00 && r < 0xd7a4 { // Chinese, Korean
		return true
	}
	return r != utf8.RuneError && unicode.In(r, unicode.L, unicode.N, unicode.M)
}

// foldWord appends the letters and digits of a word in lower case: what the hash
// of a word is made of, but that it tells digits apart.
func foldWord(dst, word []byte) []byte {
	for i := 0; i < len(word); {
		if b := word[i]; b < utf8.RuneSelf {
			if kept[b] != 0 {
				dst = append(dst, small[b])
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(word[i:])
		if isKept(r) {
			dst = utf8.AppendRune(dst, lower(r))
		}
		i += size
	}
	return dst
}
