package infer

import (
	"errors"
	"slices"
	"unicode/utf8"
)

// ErrStop is wrapped by errors about stop strings that cannot work.
var ErrStop = errors.New("a stop string must not be empty")

// A Stop turns the bytes of generated tokens into text and ends it before the
// first of some strings. Token boundaries do not matter to it: a stop string
// may be spread over any number of pieces, and a character may be cut in two.
// What could still become a stop string, or the rest of a character, is held
// back until it is decided.
//
// The rule, byte by byte: once the text so far ends with a stop string, the
// longest such string is cut off and the text is complete.
//
// A Stop serves one completion and one goroutine. The zero value stops at
// nothing and only mends characters.
type Stop struct {
	strings []string
	longest int
	pending []byte // text not yet handed out
	done    bool
}

// NewStop returns a Stop for the given strings, or an error wrapping ErrStop.
func NewStop(strings ...string) (*Stop, error) {
	stop := &Stop{strings: slices.Clone(strings)}
	for _, s := range strings {
		if s == "" {
			return nil, ErrStop
		}
		stop.longest = max(stop.longest, len(s))
	}
	return stop, nil
}

// Push takes the bytes of the next token and returns the text that is now
// certain, which is valid UTF-8 (bytes that cannot be UTF-8 become U+FFFD). It
// reports whether a stop string ended the text; later pieces then count for
// nothing.
func (s *Stop) Push(piece []byte) (text string, stopped bool) {
	if s.done {
		return "", true
	}
	for _, b := range piece {
		s.pending = append(s.pending, b)
		if n := s.match(); n > 0 {
			s.pending = s.pending[:len(s.pending)-n]
			s.done = true
			return s.take(len(s.pending)), true
		}
	}
	certain := len(s.pending) - s.held()
	return s.take(certain - unfinishedRune(s.pending[:certain])), false
}

// Flush returns what was held back, for the end of a completion that no stop
// string ended.
func (s *Stop) Flush() string {
	s.done = true
	return s.take(len(s.pending))
}

// match returns the length of the longest stop string at the end of pending.
func (s *Stop) match() int {
	n := 0
	for _, stop := range s.strings {
		if len(stop) > n && hasSuffix(s.pending, stop) {
			n = len(stop)
		}
	}
	return n
}

// held returns the length of the longest end of pending that begins a stop
// string.
func (s *Stop) held() int {
	for n := min(s.longest-1, len(s.pending)); n > 0; n-- {
		end := s.pending[len(s.pending)-n:]
		for _, stop := range s.strings {
			if n < len(stop) && stop[:n] == string(end) {
				return n
			}
		}
	}
	return 0
}

// take hands out the first n pending bytes as valid UTF-8.
func (s *Stop) take(n int) string {
	text := validText(s.pending[:n])
	s.pending = slices.Delete(s.pending, 0, n)
	return text
}

func hasSuffix(text []byte, suffix string) bool {
	return len(text) >= len(suffix) && string(text[len(text)-len(suffix):]) == suffix
}

// validText replaces every byte that is not part of a character by U+FFFD.
func validText(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	valid := make([]byte, 0, len(text)+8)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		valid = utf8.AppendRune(valid, r)
		text = text[n:]
	}
	return string(valid)
}

// unfinishedRune returns how many bytes at the end of text begin a character
// that later bytes could complete.
func unfinishedRune(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		end := text[len(text)-n:]
		if utf8.RuneStart(end[0]) {
			if utf8.FullRune(end) {
				return 0
			}
			return n
		}
	}
	return 0
}
