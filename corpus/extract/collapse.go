package extract

// collapse appends s with each run of space as one blank, and counts into n.
func collapse(dst, s []byte, n *node) []byte {
	space := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c <= ' ':
			space = true
			continue
		case c == 0xC2 && i+1 < len(s) && s[i+1] == 0xA0: // no-break space
			i++
			space = true
			continue
		case c == ',' || c == '.' || c == '!' || c == '?' || c == ';':
			n.commas++
		case c >= 0xD6 && isStop(s[i:]):
			n.commas++
			n.letters++
		default:
			n.letters++
		}
		if space {
			dst = append(dst, ' ')
			space = false
		}
		dst = append(dst, c)
	}
	if space {
		dst = append(dst, ' ')
	}
	return dst
}

// isStop tells whether s begins with the comma or full stop of a script that is
// not Latin: Armenian, Arabic, Devanagari, Tibetan, Burmese, Ethiopic, Khmer,
// Chinese and Japanese.
func isStop(s []byte) bool {
	if len(s) >= 2 {
		switch [2]byte(s) {
		case [2]byte{0xD6, 0x89}, [2]byte{0xD8, 0x8C}, [2]byte{0xD8, 0x9F}, [2]byte{0xDB, 0x94}:
			return true
		}
	}
	if len(s) >= 3 && s[0] >= 0xE0 && s[0] <= 0xEF {
		switch [3]byte(s) {
		case [3]byte{0xE0, 0xA5, 0xA4}, [3]byte{0xE0, 0xBC, 0x8D}, [3]byte{0xE1, 0x81, 0x8B},
			[3]byte{0xE1, 0x8D, 0xA2}, [3]byte{0xE1, 0x9F, 0x94}, [3]byte{0xE3, 0x80, 0x81},
			[3]byte{0xE3, 0x80, 0x82}, [3]byte{0xEF, 0xBC, 0x81}, [3]byte{0xEF, 0xBC, 0x8C}, [3]byte{0xEF, 0xBC, 0x9F}:
			return true
		}
	}
	return false
}
