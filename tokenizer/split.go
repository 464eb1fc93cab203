package tokenizer

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// span is the piece text[start:end].
type span struct{ start, end int }

// pieces is a text on its way to words.
type pieces struct {
	text  []byte
	spans []span
	own   []byte // memory for a step that changes the text
}

func (p *pieces) release(most int) {
	p.text = nil
	if cap(p.own) > most {
		p.own = nil
	}
	if cap(p.spans) > most {
		p.spans = nil
	}
}

// step is a pre-tokenizer: it cuts every span of in further and appends the
// result to out, whose text is in's unless the step changes it. first tells
// that the text is the beginning of what the user gave.
type step interface {
	split(in, out *pieces, first bool)
}

// scanStep cuts at the words of a scanner.
type scanStep struct{ scanner }

func (s scanStep) split(in, out *pieces, _ bool) {
	for _, w := range in.spans {
		text := in.text[w.start:w.end]
		for i := 0; i < len(text); {
			end := s.end(text, i)
			out.spans = append(out.spans, span{w.start + i, w.start + end})
			i = end
		}
	}
}

// prefixStep puts a space before every piece that does not begin with one.
type prefixStep struct{}

func (prefixStep) split(in, out *pieces, _ bool) {
	out.own = out.own[:0]
	for _, w := range in.spans {
		start := len(out.own)
		if w.start < w.end && in.text[w.start] != ' ' {
			out.own = append(out.own, ' ')
		}
		out.own = append(out.own, in.text[w.start:w.end]...)
		out.spans = append(out.spans, span{start, len(out.own)})
	}
	out.text = out.own
}

// metaspaceStep writes spaces as mark, begins pieces with it, and cuts before
// each.
type metaspaceStep struct {
	mark          []byte
	always, start bool // prepend to every piece; to the first of the text
	cut           bool
}

func (s metaspaceStep) split(in, out *pieces, first bool) {
	out.own = out.own[:0]
	for i, w := range in.spans {
		text := in.text[w.start:w.end]
		start := len(out.own)
		begins := len(text) > 0 && (text[0] == ' ' || bytes.HasPrefix(text, s.mark))
		if len(text) > 0 && !begins && (s.always || s.start && first && i == 0) {
			out.own = append(out.own, s.mark...)
		}
		for {
			n := bytes.IndexByte(text, ' ')
			if n < 0 {
				break
			}
			out.own = append(append(out.own, text[:n]...), s.mark...)
			text = text[n+1:]
		}
		out.own = append(out.own, text...)
		s.cutSpan(out, start)
	}
	out.text = out.own
}

func (s metaspaceStep) cutSpan(out *pieces, start int) {
	end := len(out.own)
	for s.cut && start < end {
		n := bytes.Index(out.own[start+1:end], s.mark)
		if n < 0 {
			break
		}
		out.spans = append(out.spans, span{start, start + 1 + n})
		start += 1 + n
	}
	if start < end {
		out.spans = append(out.spans, span{start, end})
	}
}

// wholeScanner takes all text as one word.
type wholeScanner struct{}

func (wholeScanner) end(text []byte, _ int) int { return len(text) }

// markScanner cuts before every run of mark. It serves vocabularies that have
// no token across such a place, where it changes no ids but lets the cache work.
type markScanner struct{ mark []byte }

func (s markScanner) end(text []byte, i int) int {
	for bytes.HasPrefix(text[i:], s.mark) {
		i += len(s.mark)
	}
	if n := bytes.Index(text[i:], s.mark); n >= 0 {
		return i + n
	}
	return len(text)
}

// behavior says what becomes of the matches of a patternStep.
type behavior string

const (
	removed            behavior = "Removed"
	isolated           behavior = "Isolated"
	mergedWithPrevious behavior = "MergedWithPrevious"
	mergedWithNext     behavior = "MergedWithNext"
	contiguous         behavior = "Contiguous"
)

// patternStep cuts around what a pattern matches.
type patternStep struct {
	pattern  matcher
	behavior behavior
	invert   bool // what is between the matches counts as matched
}

func (s patternStep) split(in, out *pieces, _ bool) {
	for _, w := range in.spans {
		c := cutter{out: out, behavior: s.behavior, from: len(out.spans)}
		last := w.start
		s.pattern.each(in.text[w.start:w.end], func(start, end int) {
			c.add(last, w.start+start, s.invert)
			c.add(w.start+start, w.start+end, !s.invert)
			last = w.start + end
		})
		c.add(last, w.end, s.invert)
	}
}

// cutter appends the parts of one piece, told in order.
type cutter struct {
	out      *pieces
	behavior behavior
	from     int  // out.spans[from:] are this piece's
	matched  bool // the last part was a match
}

func (c *cutter) add(start, end int, matched bool) {
	if start == end {
		return
	}
	before := c.matched
	join := false
	switch c.behavior {
	case removed:
		if matched {
			return
		}
	case mergedWithPrevious:
		join = matched && !before
	case mergedWithNext:
		join = !matched && before
	case contiguous:
		join = matched == before
	}
	c.matched = matched
	if n := len(c.out.spans); join && n > c.from {
		c.out.spans[n-1].end = end
		return
	}
	c.out.spans = append(c.out.spans, span{start, end})
}

// matcher calls f for each match in text, from left to right; never for an
// empty one.
type matcher interface {
	each(text []byte, f func(start, end int))
}

type stringMatcher struct{ old []byte }

func (m stringMatcher) each(text []byte, f func(start, end int)) {
	for i := 0; ; {
		n := bytes.Index(text[i:], m.old)
		if n < 0 {
			return
		}
		f(i+n, i+n+len(m.old))
		i += n + len(m.old)
	}
}

// runeMatcher matches single characters.
type runeMatcher func(r rune) bool

func (m runeMatcher) each(text []byte, f func(start, end int)) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if m(r) {
			f(i, i+size)
		}
		i += size
	}
}

func isNumber(r rune) bool { return classOf(r) == number }

func isPunctuation(r rune) bool {
	_, found := slices.BinarySearchFunc(rangesPunctuation[:], r, func(in [2]rune, r rune) int {
		switch {
		case in[1] < r:
			return -1
		case in[0] > r:
			return 1
		}
		return 0
	})
	return found
}

// regexMatcher is for patterns that no scanner knows.
type regexMatcher struct{ re *regexp2.Regexp }

func (m regexMatcher) each(text []byte, f func(start, end int)) {
	found, err := m.re.FindStringMatch(string(text))
	for found != nil && err == nil {
		if start, n := found.ByteRange(); n > 0 {
			f(start, start+n)
		}
		found, err = m.re.FindNextMatch(found)
	}
	if err != nil { // only limits fail, and none is set
		panic("tokenizer: " + err.Error())
	}
}
