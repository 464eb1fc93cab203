package tokenizer

import "unicode/utf8"

// Byte-level vocabularies write each byte as one printable character, the one
// it is in Latin-1 where that is printable and not a space, and from U+0100 on
// for the others, in order (GPT-2).
var (
	alphabet   [256]rune
	byteOfRune [0x144]int16
)

func init() {
	for r := range byteOfRune {
		byteOfRune[r] = -1
	}
	next := rune(0x100)
	for b := range rune(256) {
		alphabet[b] = b
		if b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad {
			alphabet[b] = next
			next++
		}
		byteOfRune[alphabet[b]] = int16(b)
	}
}

// fromAlphabet returns the bytes that name stands for, and whether all of it
// is in the alphabet.
func fromAlphabet(name string) ([]byte, bool) {
	raw := make([]byte, 0, len(name))
	for _, r := range name {
		if int(r) >= len(byteOfRune) || byteOfRune[r] < 0 {
			return nil, false
		}
		raw = append(raw, byte(byteOfRune[r]))
	}
	return raw, true
}

func toAlphabet(raw []byte) string {
	name := make([]byte, 0, 2*len(raw))
	for _, b := range raw {
		name = utf8.AppendRune(name, alphabet[b])
	}
	return string(name)
}
