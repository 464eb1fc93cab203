package extract

import (
	"bytes"

	"golang.org/x/net/html/atom"
)

// render writes the runs that are kept.
func (s *scanner) render(runs []run) []byte {
	size := 0
	for i := range runs {
		if runs[i].keep {
			size += int(runs[i].letters)*5/4 + 8
		}
	}
	out := make([]byte, 0, size)
	var before *run
	for i := range runs {
		r := &runs[i]
		if !r.keep {
			continue
		}
		mark := len(out)
		out = appendGap(out, before, r)
		start := len(out)
		out = s.appendRun(out, r)
		if len(out) == start {
			out = out[:mark]
			continue
		}
		before = r
	}
	if len(out) > 0 {
		out = append(out, '\n')
	}
	return out
}

// appendGap writes what stands between two runs.
func appendGap(out []byte, before, r *run) []byte {
	if before != nil {
		switch same := before.form == r.form && before.group == r.group; {
		case r.form == tableCell && same && before.cell == r.cell:
			return append(out, ' ')
		case r.form == tableCell && same:
			return append(out, " | "...)
		case (r.form == tableCell || r.form == item) && before.form == r.form:
			out = append(out, '\n')
		default:
			out = append(out, "\n\n"...)
		}
	}
	if r.form != item {
		return out
	}
	for range max(int(r.depth), 1) - 1 {
		out = append(out, "  "...)
	}
	if before == nil || before.form != item || before.group != r.group {
		return append(out, "- "...)
	}
	return append(out, "  "...)
}

// appendRun writes the text of a run without space around it.
func (s *scanner) appendRun(out []byte, r *run) []byte {
	start := len(out)
	for i := r.from; i < r.to; {
		n := &s.nodes[i]
		switch {
		case n.tag == atom.Br:
			out = append(trimBlanks(out, start), '\n')
		case n.tag == 0:
			t := s.text[n.from:n.to]
			if r.form != code && len(t) > 0 && t[0] == ' ' && (len(out) == start || out[len(out)-1] == ' ' || out[len(out)-1] == '\n') {
				t = t[1:]
			}
			out = append(out, t...)
		case n.kind&void == 0 && s.dropped(i):
			i = n.end
			continue
		}
		i++
	}
	if r.form == code { // the first line may be indented
		out = append(out[:start], bytes.TrimLeft(out[start:], "\r\n")...)
	}
	for len(out) > start && (out[len(out)-1] <= ' ') {
		out = out[:len(out)-1]
	}
	return out
}

func trimBlanks(out []byte, start int) []byte {
	for len(out) > start && out[len(out)-1] == ' ' {
		out = out[:len(out)-1]
	}
	return out
}
