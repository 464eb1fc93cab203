package chat

import (
	"regexp"
	"slices"

	"github.com/polymath-lm/polymath/chat/jinja"
)

// markupLike matches what may be part of a special token.
var markupLike = regexp.MustCompile(`[<>|#▁]|\[/?[A-Z]`)

// rendered is what a template wrote of a conversation. The sources of its marks
// are the indices of messages, or fromTools.
type rendered jinja.Output

// before is out up to a byte.
func (out rendered) before(end int) rendered {
	cut := rendered{Text: out.Text[:end], Generated: clip(out.Generated, end)}
	for _, m := range out.Marks {
		if m.From < end {
			cut.Marks = append(cut.Marks, jinja.Mark{From: m.From, To: min(m.To, end), Source: m.Source})
		}
	}
	return cut
}

// withoutGaps marks what stands between two pieces of one source and cannot be
// a special token, such as the punctuation of JSON: the pieces are then encoded
// together, as a model that writes them would. Pictures are never such a gap.
func (out rendered) withoutGaps(images [][2]int) rendered {
	var marks []jinja.Mark
	for _, m := range out.Marks {
		for len(images) > 0 && len(marks) > 0 && images[0][0] < marks[len(marks)-1].To {
			images = images[1:]
		}
		pictured := len(images) > 0 && images[0][0] < m.From
		if n := len(marks) - 1; n >= 0 && marks[n].Source == m.Source && !pictured && !markupLike.MatchString(out.Text[marks[n].To:m.From]) {
			marks[n].To = m.To
			continue
		}
		marks = append(marks, m)
	}
	out.Marks = marks
	return out
}

// segments divides what a template wrote: what came from the conversation is
// plain, the rest markup. Loss and images are ascending; no picture has loss.
func (out rendered) segments(loss, images [][2]int) []Segment {
	cuts := []int{0, len(out.Text)}
	for _, m := range out.Marks {
		cuts = append(cuts, m.From, m.To)
	}
	for _, r := range loss {
		cuts = append(cuts, r[0], r[1])
	}
	for _, r := range images {
		cuts = append(cuts, r[0], r[1])
	}
	slices.Sort(cuts)
	var list []Segment
	m, l, p := 0, 0, 0
	for i := 1; i < len(cuts); i++ {
		from, to := cuts[i-1], cuts[i]
		if from == to {
			continue
		}
		for m < len(out.Marks) && out.Marks[m].To <= from {
			m++
		}
		for l < len(loss) && loss[l][1] <= from {
			l++
		}
		for p < len(images) && images[p][1] <= from {
			p++
		}
		s := Segment{
			Text:    out.Text[from:to],
			Control: m == len(out.Marks) || out.Marks[m].From > from,
			Loss:    l < len(loss) && loss[l][0] <= from,
		}
		if p < len(images) && images[p][0] <= from {
			s.Image, s.Loss = p+1, false
		}
		if n := len(list); n > 0 && list[n-1].joins(s) {
			list[n-1].Text = out.Text[from-len(list[n-1].Text) : to] // not copied for each
			continue
		}
		list = append(list, s)
	}
	return list
}

// lastByte is the end of what came from message i; -1 if nothing did.
func (out rendered) lastByte(i int) int {
	for j := len(out.Marks) - 1; j >= 0; j-- {
		if out.Marks[j].Source == i {
			return out.Marks[j].To
		}
	}
	return -1
}

// after is the markup from a byte to the next mark.
func (out rendered) after(from int) string {
	for _, m := range out.Marks {
		if m.To > from {
			return out.Text[from:max(from, m.From)]
		}
	}
	return out.Text[from:]
}

// clip cuts ranges at end.
func clip(ranges [][2]int, end int) [][2]int {
	var out [][2]int
	for _, r := range ranges {
		if r[0] < end {
			out = append(out, [2]int{r[0], min(r[1], end)})
		}
	}
	return out
}
