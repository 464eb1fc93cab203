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

// bodies is about the elements in an element that are the text of an article by
// their names.
type bodies struct {
	self           bool // the element is one itself
	parts          int32
	value, largest float32
}

// cards is about what an element holds: runs of links and of other text, and
// pieces that are a link with a little text, as lists of other articles have
// them.
type cards struct {
	links, texts   int32
	cards, letters int32
	listing        bool // it is such a list
}

// scanner finds the runs of a page and weighs its elements.
type scanner struct {
	*tree
	ignore  hint // hints that count for nothing
	total   int32
	runs    []run
	value   []float32 // by node: what its text is worth as an article
	bodies  []bodies  // by node
	cards   []cards   // by node
	inside  []int32   // open elements
	at      run       // the run that is open
	breaks  int       // line breaks at its end
	lists   uint8
	scratch []byte
}

// dropped tells whether the content of an element is left out.
func (s *scanner) dropped(i int32) bool {
	n := &s.nodes[i]
	if n.kind&unseen != 0 {
		return true
	}
	h := n.hint &^ s.ignore
	own := n.letters - n.linked
	if n.tag == atom.Body || n.tag == atom.Main || own*2 > s.total {
		return false
	}
	if h&isHidden != 0 || n.kind&landmark != 0 && s.ignore&isAside == 0 {
		return true
	}
	if n.kind&phrase != 0 || n.tag == atom.P && n.letters > 200 {
		return false
	}
	switch {
	case n.tag == atom.Figcaption:
		return true
	case n.tag == atom.Article && s.ignore&isComment == 0 && s.nested(i):
		return true
	case h&isComment != 0:
		return true
	case h&isAside != 0 && h&isBody == 0:
		return !s.central(i)
	case h&isMeta != 0 && h&isBody == 0:
		return n.letters < 300
	}
	return false
}

// nested tells whether an article is a small part of another, such as a comment
// or the start of a related article.
func (s *scanner) nested(i int32) bool {
	n := &s.nodes[i]
	for up, steps := n.parent, 0; up >= 0 && steps < maxUp; up, steps = s.nodes[up].parent, steps+1 {
		if s.nodes[up].tag == atom.Article {
			return n.letters*2 < s.nodes[up].letters
		}
	}
	return false
}

// central tells whether an element has most of the text of the article around
// it, whatever its name.
func (s *scanner) central(i int32) bool {
	n := &s.nodes[i]
	for up, steps := n.parent, 0; up >= 0 && steps < maxUp; up, steps = s.nodes[up].parent, steps+1 {
		if a := &s.nodes[up]; a.hint&isBody != 0 {
			return (n.letters-n.linked)*2 > a.letters-a.linked
		}
	}
	return false
}

func (s *scanner) scan() {
	s.total = s.nodes[0].letters - s.nodes[0].linked
	s.value = make([]float32, len(s.nodes))
	s.bodies = make([]bodies, len(s.nodes))
	s.cards = make([]cards, len(s.nodes))
	s.at.owner = -1
	for i := int32(0); i < int32(len(s.nodes)); {
		for len(s.inside) > 0 && i >= s.nodes[s.inside[len(s.inside)-1]].end {
			s.leave()
		}
		n := &s.nodes[i]
		switch {
		case n.tag == 0:
			s.add(i)
		case n.tag == atom.Br:
			if s.breaks++; s.breaks == 2 {
				s.flush()
			}
		case n.kind&void != 0:
			s.flush()
		case s.dropped(i):
			if n.kind&block != 0 {
				s.flush() // what lies on both sides of it does not belong together
			}
			if n.linked >= 8 && n.linked*2 > n.letters {
				s.cards[n.parent].links++
			}
			i = n.end
			continue
		default:
			s.enter(i)
		}
		i++
	}
	for len(s.inside) > 0 {
		s.leave()
	}
}

func (s *scanner) enter(i int32) {
	n := &s.nodes[i]
	if n.kind&block != 0 {
		s.flush()
	}
	if n.kind&list != 0 {
		s.lists++
	}
	s.inside = append(s.inside, i)
}

func (s *scanner) leave() {
	i := s.inside[len(s.inside)-1]
	n := &s.nodes[i]
	if n.kind&block != 0 {
		s.flush()
	}
	if n.kind&list != 0 {
		s.lists--
	}
	s.inside = s.inside[:len(s.inside)-1]
	s.countCards(i)
	b := &s.bodies[i]
	if v := s.value[i]; n.hint&isBody != 0 && n.tag != atom.P && v > 0 {
		*b = bodies{true, 1, v, v}
	}
	if n.parent >= 0 {
		s.value[n.parent] += s.value[i]
		p := &s.bodies[n.parent]
		p.parts += b.parts
		p.value += b.value
		p.largest = max(p.largest, b.largest)
	}
}

// countCards tells the element around i what i is to it.
func (s *scanner) countCards(i int32) {
	n, c := &s.nodes[i], &s.cards[i]
	if n.parent < 0 {
		return
	}
	p := &s.cards[n.parent]
	if c.cards >= 3 && c.letters*2 > n.letters {
		c.listing = true
		s.value[i] = min(s.value[i], 0)
	}
	p.links += c.links
	p.texts += c.texts
	if n.kind&block != 0 && n.letters < 400 && c.links > 0 && c.texts > 0 && c.links <= 12 && c.texts <= 4 {
		p.cards++
		p.letters += n.letters
	}
}

// add puts a piece of text into the open run.
func (s *scanner) add(i int32) {
	n := &s.nodes[i]
	if n.letters == 0 && s.at.letters == 0 && n.commas == 0 {
		return
	}
	if s.at.letters == 0 && s.at.commas == 0 {
		s.at.from = i
	}
	s.at.to = i + 1
	s.at.letters += n.letters
	s.at.linked += n.linked
	s.at.commas += n.commas
	if n.letters > 0 {
		s.breaks = 0
	}
}

// flush ends the open run.
func (s *scanner) flush() {
	r := s.at
	s.at, s.breaks = run{}, 0
	if r.letters == 0 && r.commas == 0 {
		return
	}
	r.owner = s.inside[len(s.inside)-1]
	for k := len(s.inside) - 1; k > 0; k-- {
		if s.nodes[s.inside[k]].kind&block != 0 {
			r.owner = s.inside[k]
			break
		}
	}
	s.classify(&r)
	s.value[r.owner] += s.worth(&r)
	switch d := r.density(); {
	case d > 0.9 && r.letters >= 8:
		s.cards[r.owner].links++
	case d < 0.5 && r.form != title:
		s.cards[r.owner].texts++
	}
	s.runs = append(s.runs, r)
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
