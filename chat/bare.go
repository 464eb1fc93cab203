package chat

import "strings"

// Bare calls have no markers: an answer that is a call, and nothing before it.

// pythonTag may stand before a bare call.
const pythonTag = "<|python_tag|>"

// bareStart looks at the beginning of the answer, or what follows a bare call.
func (s *Splitter) bareStart(final bool) bool {
	rest := strings.TrimLeft(s.pending, " \n\r\t")
	switch {
	case rest == "" && !final, strings.HasPrefix(pythonTag, rest) && len(rest) < len(pythonTag) && !final:
		return false
	case strings.HasPrefix(rest, pythonTag):
		rest = rest[len(pythonTag):]
	case !strings.HasPrefix(rest, "{"):
		s.state = splitRest
		return true
	}
	s.raw = append(s.raw[:0], s.take(len(s.pending)-len(rest))...)
	s.marker = len(s.raw)
	s.state = splitBefore
	return true
}

// afterBare looks at what follows a bare call: another, or text.
func (s *Splitter) afterBare(rest string, final bool) bool {
	if strings.HasPrefix(pythonTag, rest) && len(rest) < len(pythonTag) && !final {
		return false
	}
	if rest[0] != '{' && !strings.HasPrefix(rest, pythonTag) {
		s.state = splitRest
		return true
	}
	blank := len(s.pending) - len(rest)
	tag := len(rest) - len(strings.TrimPrefix(rest, pythonTag))
	s.raw = append(s.raw[:0], s.take(blank+tag)...)
	s.marker, s.state = len(s.raw), splitBefore
	return true
}
