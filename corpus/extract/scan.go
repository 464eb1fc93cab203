package extract

import "golang.org/x/net/html/atom"

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
	textFirst      bool // text comes before the first link
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
	case d < 0.5 && r.form != title && r.form != tableCell:
		c := &s.cards[r.owner]
		c.textFirst = c.textFirst || c.links+c.texts == 0
		c.texts++
	}
	s.runs = append(s.runs, r)
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
	if p.links+p.texts == 0 {
		p.textFirst = c.textFirst
	}
	p.links += c.links
	p.texts += c.texts
	if !c.textFirst && n.kind&block != 0 && n.letters < 400 && c.links > 0 && c.texts > 0 && c.links <= 12 && c.texts <= 4 {
		p.cards++
		p.letters += n.letters
	}
}
