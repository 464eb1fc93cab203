package chat

import "strings"

// Splitter divides an answer, as it streams, into content and tool calls. The
// result does not depend on how the answer was cut in pieces. What begins like
// a call and is none is content, nothing left out; if its name was already
// told, that call has incomplete arguments and all its text follows as content.
// A newline before a call, and white space after calls, belong to the markup.
// One answer, one goroutine.
type Splitter struct {
	off    bool
	begin  string // the marker before a call, less what may vary; empty: bare
	end    string
	array  bool // calls may stand in [ ]
	events []Event

	state   splitState
	pending string // not yet read
	raw     []byte // what was read of a call, its marker included
	marker  int    // how much of raw is the marker
	inArray bool
	closed  bool // the end marker was read
	call    callReader
	told    bool // of the call, its name
	calls   int
}

type splitState byte

const (
	splitText   splitState = iota
	splitBefore            // between a marker, or a comma, and an object
	splitCall              // in the object
	splitAfter             // after a call
	splitRest              // bare: all the rest is content
)

// NewSplitter returns a splitter for one answer. Without tools all is content.
func (t *Template) NewSplitter(tools bool) *Splitter {
	if t.syntax == nil || !tools {
		return &Splitter{off: true}
	}
	s := &Splitter{
		begin: strings.TrimRight(t.syntax.Begin, " \n["),
		end:   strings.Trim(t.syntax.End, " \n"),
		array: strings.HasSuffix(t.syntax.Begin, "["),
	}
	s.call.bare = s.begin == ""
	return s
}

// Push takes the next piece of the answer and returns what is certain by now.
func (s *Splitter) Push(text string) []Event {
	s.events = nil
	if s.off {
		s.content(text)
		return s.events
	}
	s.pending += text
	for s.step(false) {
	}
	s.arguments()
	return s.events
}

// Flush ends the answer and returns the rest. The splitter is then as new.
func (s *Splitter) Flush() []Event {
	s.events = nil
	for !s.off {
		for s.step(true) {
		}
		if s.pending == "" && (s.state != splitBefore && s.state != splitCall || s.told) {
			break
		}
		if s.state == splitBefore || s.state == splitCall {
			s.giveBack() // cut before its name
		}
	}
	s.arguments()
	*s = Splitter{
		off: s.off, begin: s.begin, end: s.end, array: s.array, events: s.events,
		call: callReader{bare: s.call.bare},
	}
	return s.events
}

// step reads some of what is pending; false: more must come first. At the end
// of the answer nothing is waited for.
func (s *Splitter) step(final bool) bool {
	if s.pending == "" {
		return false
	}
	switch s.state {
	case splitText:
		if s.call.bare {
			return s.bareStart(final)
		}
		return s.text(final)
	case splitBefore:
		return s.before()
	case splitCall:
		return s.object()
	case splitAfter:
		return s.after(final)
	}
	s.content(s.pending)
	s.pending = ""
	return false
}

func (s *Splitter) take(n int) string {
	taken := s.pending[:n]
	s.pending = s.pending[n:]
	return taken
}

// text looks for the marker.
func (s *Splitter) text(final bool) bool {
	if i := strings.Index(s.pending, s.begin); i >= 0 {
		n := i
		if n > 0 && s.pending[n-1] == '\n' {
			n--
		}
		s.content(s.take(n))
		s.raw = append(s.raw[:0], s.take(i-n+len(s.begin))...)
		s.marker = len(s.raw)
		s.state, s.inArray = splitBefore, false
		return true
	}
	held := 0
	if !final {
		held = partial(s.pending, "\n"+s.begin)
	}
	s.content(s.take(len(s.pending) - held))
	return false
}

// partial returns the length of the longest end of s that is a beginning of
// marker, or of marker without its newline, but not all of it.
func partial(s, marker string) int {
	for n := min(len(s), len(marker)-1); n > 0; n-- {
		tail := s[len(s)-n:]
		if strings.HasPrefix(marker, tail) || strings.HasPrefix(marker[1:], tail) {
			return n
		}
	}
	return 0
}

// before looks for the object.
func (s *Splitter) before() bool {
	c := s.pending[0]
	switch {
	case isJSONSpace(c) && len(s.raw) < maxHeader:
	case c == '[' && s.array && !s.inArray:
		s.inArray = true
	case c == '{':
		s.state = splitCall
		s.call = callReader{bare: s.call.bare}
		s.told = false
		return true
	default:
		s.giveBack()
		return true
	}
	s.raw = append(s.raw, s.take(1)...)
	return true
}

// object reads a call.
func (s *Splitter) object() bool {
	for i := 0; i < len(s.pending); i++ {
		got := s.call.feed(s.pending[i])
		if s.call.announced && !s.told {
			s.arguments()
		}
		switch got {
		case scanDone:
			s.take(i + 1)
			s.arguments()
			s.endCall()
			s.state = splitAfter
			return true
		case scanBad:
			s.raw = append(s.raw, s.take(i)...)
			s.giveBack()
			return true
		}
	}
	s.raw = append(s.raw, s.take(len(s.pending))...)
	return false
}

func (s *Splitter) endCall() {
	s.calls++
	s.raw, s.marker, s.closed = s.raw[:0], 0, false
	s.call = callReader{bare: s.call.bare}
	s.told = false
}

// giveBack makes content of what turned out to be no call. Where its name was
// not told, another call may begin behind the marker.
func (s *Splitter) giveBack() {
	s.arguments()
	n := s.marker
	if s.told || n == 0 {
		n = len(s.raw)
	}
	if s.told {
		s.calls++
	}
	s.content(string(s.raw[:n]))
	s.pending = string(s.raw[n:]) + s.pending
	s.raw, s.told = s.raw[:0], false
	s.call = callReader{bare: s.call.bare}
	s.state = splitText
	if s.call.bare {
		s.state = splitRest
	}
}

// after looks at what follows a call.
func (s *Splitter) after(final bool) bool {
	space := " \n\r\t"
	if s.call.bare {
		space += ";"
	}
	rest := strings.TrimLeft(s.pending, space)
	blank := len(s.pending) - len(rest)
	end := s.end
	if s.closed {
		end = ""
	}
	switch {
	case rest == "":
		if final {
			s.pending = ""
		}
		return false
	case s.inArray && rest[0] == ',':
		s.raw = append(s.raw[:0], s.take(blank+1)...)
		s.marker, s.state = len(s.raw), splitBefore
		return true
	case end != "" && strings.HasPrefix(rest, end):
		s.take(blank + len(end))
		s.closed, s.inArray = true, false
		return true
	case end != "" && strings.HasPrefix(end, rest):
		if final { // the answer was cut in the marker
			s.pending = ""
		}
		return false
	case s.begin != "" && !s.inArray && strings.HasPrefix(rest, s.begin):
		s.take(blank) // is markup between calls
		s.state = splitText
		return true
	case s.begin != "" && strings.HasPrefix(s.begin, rest) && !final:
		return false
	case s.call.bare:
		return s.afterBare(rest, final)
	}
	s.state, s.inArray = splitText, false
	return true
}
