package extract

import "golang.org/x/net/html/atom"

// choose returns the element that holds the main content, or -1 when nothing
// reads like one.
func (s *scanner) choose() int32 {
	best, most := int32(-1), float32(0)
	for i := range s.nodes {
		n := &s.nodes[i]
		if n.tag == 0 || n.kind&block == 0 {
			continue
		}
		v := s.value[i]
		if v <= 0 {
			continue
		}
		if v *= s.prior(n); v >= most {
			best, most = int32(i), v
		}
	}
	return best
}

// prior is how much more an element is worth for what it says that it is.
func (s *scanner) prior(n *node) float32 {
	f := float32(1)
	switch {
	case n.hint&isBody != 0:
		f = 1.25
	case n.tag == atom.Article:
		f = 1.15
	case n.hint&isArticle != 0 || n.tag == atom.Main:
		f = 1.05
	}
	return f
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

// sift marks the runs to keep.
func (s *scanner) sift(runs []run) {
	for i := range runs {
		r := &runs[i]
		r.keep = r.density() <= 0.5 || r.form == code
	}
	first, last := -1, -1
	for i := range runs {
		if r := &runs[i]; r.keep && s.solid(r) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	for i := range runs {
		r := &runs[i]
		if i > last || i < first && r.form == title {
			r.keep = false
		}
	}
}

// solid tells whether a run reads like a part of an article by itself.
func (s *scanner) solid(r *run) bool {
	own := r.letters - r.linked
	return own >= 40 && r.commas > 0 || r.form == code || r.form == item && own >= 15
}
