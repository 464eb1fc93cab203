package extract

import "golang.org/x/net/html/atom"

// choose returns the element that holds the main content, or -1 when nothing
// reads like one.
func (s *scanner) choose() int32 {
	best, most := int32(-1), float32(0)
	for i := range s.nodes {
		n := &s.nodes[i]
		if n.tag == 0 || n.kind&block == 0 || n.tag == atom.P || n.tag == atom.Li || n.tag == atom.Blockquote {
			continue
		}
		v := s.value[i]
		if v <= 0 {
			continue
		}
		if v *= s.prior(int32(i)); v >= most {
			best, most = int32(i), v
		}
	}
	return best
}

// prior is how much more an element is worth for what it says that it is.
func (s *scanner) prior(i int32) float32 {
	n, b := &s.nodes[i], &s.bodies[i]
	switch {
	case b.self:
		return 2
	case b.parts > 1 && b.value >= 0.8*s.value[i] && b.largest <= 0.85*b.value:
		return 2 // an article in pieces, or a thread
	case n.tag == atom.Article:
		return 1.15
	case n.hint&isArticle != 0 || n.tag == atom.Main:
		return 1.05
	}
	return 1
}

// within returns the runs inside an element.
func (s *scanner) within(i int32) []run {
	lo, hi := i, s.nodes[i].end
	from := 0
	for from < len(s.runs) && s.runs[from].from < lo {
		from++
	}
	to := from
	for to < len(s.runs) && s.runs[to].from < hi {
		to++
	}
	return s.runs[from:to]
}

const maxHeading = 80 // letters of the heading of a part

// sift marks the runs to keep of those in root.
func (s *scanner) sift(runs []run, root int32) {
	first := len(runs)
	for i := range runs {
		r := &runs[i]
		r.keep = s.readable(r) && !s.listed(r, root) && !s.offering(r)
		if r.keep && s.solid(r) {
			first = min(first, i)
		}
	}
	last := len(runs) - 1
	for ; last > first && !(runs[last].keep && s.solid(&runs[last])); last-- {
		runs[last].keep = false
	}
	for ; last > first && (!runs[last].keep || runs[last].form == title || s.closing(&runs[last])); last-- {
		runs[last].keep = false
	}
	for i := range runs[:min(first, len(runs))] {
		r := &runs[i]
		tag := s.nodes[r.owner].tag
		opens := i == first-1 && r.form == title && tag != atom.H1 && r.letters < maxHeading
		if tag != atom.P && !opens {
			r.keep = false
		}
	}
}

// readable tells whether a run is more than links and labels.
func (s *scanner) readable(r *run) bool {
	own, p := r.letters-r.linked, s.nodes[r.owner].tag == atom.P
	switch {
	case r.form == code || r.form == tableCell && s.fewLinks(r):
		return true
	case r.density() > 0.5: // a sentence about something else, or a long one with links
		return r.commas > 0 && (own >= 40 || own >= 20 && p && !s.nodes[r.from].link)
	case r.form == paragraph && !p:
		return own >= 60 || r.commas > 0
	}
	return true
}

// fewLinks tells whether less than half of the table of a cell is links.
func (s *scanner) fewLinks(r *run) bool {
	for i := r.group; i >= 0; i = s.nodes[i].parent {
		if n := &s.nodes[i]; n.tag == atom.Table {
			return n.linked*2 < n.letters
		}
	}
	return false
}

// listed tells whether a run lies in a list of other articles below root.
func (s *scanner) listed(r *run, root int32) bool {
	for i := r.owner; i > root; i = s.nodes[i].parent {
		if s.cards[i].listing {
			return true
		}
	}
	return false
}

// solid tells whether a run reads like a part of an article by itself.
func (s *scanner) solid(r *run) bool {
	own := r.letters - r.linked
	if r.form == title {
		return false
	}
	return own >= 40 && r.commas > 0 || own >= 300 || r.form == code || r.form == item && own >= 15
}
