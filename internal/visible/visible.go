// Package visible makes text from models and files safe to show.
package visible

import (
	"strings"
	"unicode"
)

// Text shows control characters other than the line feed and the tab as signs,
// and keeps others from turning the direction of a line.
func Text(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20:
			return 0x2400 + r // control pictures
		case r == 0x7f:
			return 0x2421
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
