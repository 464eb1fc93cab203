package extract

import "golang.org/x/net/html/atom"

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
