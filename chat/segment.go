package chat

import (
	"regexp"
	"slices"
)

// Segment is a piece of a rendered conversation.
type Segment struct {
	Text string
	// Control marks markup: special tokens are recognized in it. In other text,
	// which people or tools wrote, they never are.
	Control bool
	// Loss marks the assistant's own tokens, the end of its turn included: what
	// training learns to write.
	Loss bool
}

// segmentWriter joins neighbors of one kind.
type segmentWriter struct {
	segments []Segment
	loss     bool
}

func (w *segmentWriter) control(text string) { w.add(Segment{text, true, w.loss}) }
func (w *segmentWriter) plain(text string)   { w.add(Segment{text, false, w.loss}) }

func (w *segmentWriter) add(s Segment) {
	if s.Text == "" {
		return
	}
	if n := len(w.segments); n > 0 && w.segments[n-1].Control == s.Control && w.segments[n-1].Loss == s.Loss {
		w.segments[n-1].Text += s.Text
		return
	}
	w.segments = append(w.segments, s)
}

// markupLike matches what may be part of a special token.
var markupLike = regexp.MustCompile(`[<>|#▁]|\[/?[A-Z]`)

// withoutGaps marks what stands between two pieces of one source and cannot be
// a special token, such as the punctuation of JSON: the pieces are then encoded
// together, as a model that writes them would.
func (t text) withoutGaps() text {
	out := text{s: t.s}
	for _, m := range t.marks {
		if n := len(out.marks) - 1; n >= 0 && out.marks[n].source == m.source && !markupLike.MatchString(t.s[out.marks[n].to:m.from]) {
			out.marks[n].to = m.to
			continue
		}
		out.marks = append(out.marks, m)
	}
	return out
}

// segments divides what a template wrote: what came from the conversation is
// plain, the rest markup. Loss is ascending.
func (t text) segments(loss [][2]int) []Segment {
	cuts := []int{0, len(t.s)}
	for _, m := range t.marks {
		cuts = append(cuts, m.from, m.to)
	}
	for _, l := range loss {
		cuts = append(cuts, l[0], l[1])
	}
	slices.Sort(cuts)
	var out []Segment
	m, l := 0, 0
	for i := 1; i < len(cuts); i++ {
		from, to := cuts[i-1], cuts[i]
		if from == to {
			continue
		}
		for m < len(t.marks) && t.marks[m].to <= from {
			m++
		}
		for l < len(loss) && loss[l][1] <= from {
			l++
		}
		s := Segment{
			Text:    t.s[from:to],
			Control: m == len(t.marks) || t.marks[m].from > from,
			Loss:    l < len(loss) && loss[l][0] <= from,
		}
		if n := len(out); n > 0 && out[n-1].Control == s.Control && out[n-1].Loss == s.Loss {
			out[n-1].Text += s.Text
			continue
		}
		out = append(out, s)
	}
	return out
}
