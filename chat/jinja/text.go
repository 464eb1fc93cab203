package jinja

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// text is a string that knows which of its bytes came from the conversation,
// and from where in it. Everything a template does to text keeps the marks, so
// that what people wrote never becomes markup, however it was cut, trimmed or
// joined. Bytes without a mark are the template's own.
type text struct {
	s     string
	marks []Mark // ascending, apart, none empty
}

// Mark says that the bytes From ≤ i < To came from Source.
type Mark struct{ From, To, Source int }

func plain(s string) text { return text{s: s} }

func marked(s string, source int) text {
	if s == "" {
		return text{}
	}
	return text{s: s, marks: []Mark{{0, len(s), source}}}
}

// slice is t[from:to], in bytes.
func (t text) slice(from, to int) text {
	out := text{s: t.s[from:to]}
	if from == to {
		return out
	}
	i := sort.Search(len(t.marks), func(i int) bool { return t.marks[i].To > from })
	for ; i < len(t.marks) && t.marks[i].From < to; i++ {
		m := t.marks[i]
		out.marks = append(out.marks, Mark{max(m.From, from) - from, min(m.To, to) - from, m.Source})
	}
	return out
}

// trim cuts what the functions say from the left and the right.
func (t text) trim(cut func(rune) bool, left, right bool) text {
	from, to := 0, len(t.s)
	if left {
		from = to - len(strings.TrimLeftFunc(t.s, cut))
	}
	if right {
		to = from + len(strings.TrimRightFunc(t.s[from:], cut))
	}
	return t.slice(from, to)
}

// mapRunes replaces every character; previous is the one before it, or -1.
func (t text) mapRunes(f func(previous, r rune) string) text {
	var w textBuilder
	previous, at := rune(-1), 0
	for i := 0; i < len(t.s); {
		r, n := utf8.DecodeRuneInString(t.s[i:])
		for at < len(t.marks) && t.marks[at].To <= i {
			at++
		}
		out := f(previous, r)
		if r == utf8.RuneError && n == 1 {
			out = t.s[i : i+1]
		}
		if at < len(t.marks) && t.marks[at].From <= i {
			w.writeMarked(out, t.marks[at].Source)
		} else {
			w.writeString(out)
		}
		previous, i = r, i+n
	}
	return w.text()
}

// replace is strings.Replace.
func (t text) replace(old string, by text, n int) text {
	var w textBuilder
	from := 0
	for ; n != 0; n-- {
		i := strings.Index(t.s[from:], old)
		if i < 0 {
			break
		}
		if old == "" { // before every character, and at the end
			w.write(by)
			if from == len(t.s) {
				return w.text()
			}
			_, i = utf8.DecodeRuneInString(t.s[from:])
			w.write(t.slice(from, from+i))
			from += i
			continue
		}
		w.write(t.slice(from, from+i))
		w.write(by)
		from += i + len(old)
	}
	w.write(t.slice(from, len(t.s)))
	return w.text()
}

// textBuilder concatenates.
type textBuilder struct {
	b     []byte
	marks []Mark
}

func (w *textBuilder) len() int { return len(w.b) }

func (w *textBuilder) writeString(s string) { w.b = append(w.b, s...) }

func (w *textBuilder) writeMarked(s string, source int) {
	if s == "" {
		return
	}
	w.mark(Mark{len(w.b), len(w.b) + len(s), source})
	w.b = append(w.b, s...)
}

func (w *textBuilder) write(t text) {
	for _, m := range t.marks {
		w.mark(Mark{m.From + len(w.b), m.To + len(w.b), m.Source})
	}
	w.b = append(w.b, t.s...)
}

func (w *textBuilder) mark(m Mark) {
	if n := len(w.marks); n > 0 && w.marks[n-1].To == m.From && w.marks[n-1].Source == m.Source {
		w.marks[n-1].To = m.To
		return
	}
	w.marks = append(w.marks, m)
}

func (w *textBuilder) text() text { return text{s: string(w.b), marks: w.marks} }

func concat(parts ...text) text {
	var w textBuilder
	for _, p := range parts {
		w.write(p)
	}
	return w.text()
}
