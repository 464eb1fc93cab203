package extract

import "golang.org/x/net/html/atom"

// run is a stretch of text that no start or end of a block interrupts.
type run struct {
	owner    int32 // the innermost block around it
	from, to int32 // nodes
	letters  int32
	linked   int32
	commas   int32
	form     form
	group    int32 // of a cell: its row; of an item: its element
	cell     int32 // of a cell: its element
	depth    uint8 // of an item: how many lists it is in
	keep     bool
}

// maxUp bounds how far up the elements are asked that may decide about one.
const maxUp = 64

// form is what a run of text is.
type form uint8

const (
	paragraph form = iota
	title
	item
	tableCell
	code
	quote
)

func (r *run) density() float32 {
	if r.letters == 0 {
		return 1
	}
	return float32(r.linked) / float32(r.letters)
}

// classify says what the run is by the elements around it.
func (s *scanner) classify(r *run) {
	for i, steps := r.owner, 0; i >= 0 && steps < maxUp; i, steps = s.nodes[i].parent, steps+1 {
		n := &s.nodes[i]
		switch {
		case n.kind&heading != 0:
			r.form = title
			return
		case n.tag == atom.Pre || n.tag == atom.Listing:
			r.form = code
			return
		case n.tag == atom.Li || n.tag == atom.Dd || n.tag == atom.Dt:
			r.form, r.group, r.depth = item, i, s.lists
			return
		case n.kind&cell != 0:
			if s.isData(n.parent) {
				r.form, r.group, r.cell = tableCell, n.parent, i
			}
			return
		case n.tag == atom.Blockquote:
			r.form = quote
			return
		}
	}
}

// isData tells whether the table around a row is one of data, not of layout.
func (s *scanner) isData(row int32) bool {
	for i := row; i >= 0; i = s.nodes[i].parent {
		if n := &s.nodes[i]; n.tag == atom.Table {
			return n.from >= 4 && n.letters < 80*n.from
		}
	}
	return false
}

// worth is what a run counts for as part of an article: its letters if it reads
// like sentences, less than nothing if it reads like a menu.
func (s *scanner) worth(r *run) float32 {
	own := float32(r.letters - r.linked)
	d := r.density()
	p := s.nodes[r.owner].tag == atom.P
	switch {
	case d > 0.5 && own >= 20 && p:
		return 0
	case d > 0.5:
		if r.form == title {
			return -5
		}
		return -min(max(15, float32(r.letters)/2), 60)
	case r.form == code:
		return own / 2
	case r.form == title, r.form == tableCell:
		return 0
	case !p && own < 300 && len(s.runs) > 0 && s.runs[len(s.runs)-1].density() > 0.9:
		return -5 // a link and what it leads to
	case own >= 80 && r.commas > 0:
		return own * (1 - d)
	case own >= 40 && r.commas > 0 || own >= 120 && p || own >= 300: // Thai has no stops
		return own * (1 - d) / 2
	case p || r.form == item || r.form == quote:
		return 0
	}
	return -10
}
