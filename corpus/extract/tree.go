package extract

import (
	"bytes"
	"io"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxBytes = 64 << 20 // of a page
	maxNodes = 1 << 20  // of a page, elements and pieces of text
	maxDepth = 512      // deeper elements count as the content of the last one
)

// node is an element or a piece of text. The nodes of a page lie in the order of
// the page, and the content of an element is the nodes up to its end.
type node struct {
	tag    atom.Atom // 0 for text
	kind   kind
	hint   hint
	end    int32 // the node after its content
	parent int32

	// of text: its bytes in tree.text. Of a table: its cells.
	from, to int32
	// letters counts bytes that are neither space nor punctuation, linked those of
	// links; of an element, all in it.
	letters, linked int32
	commas          int32 // of text: commas and the ends of sentences
	link            bool  // of text: inside a link
}

// tree is a page.
type tree struct {
	nodes []node
	text  []byte // of all text nodes; space is one blank but in pre
	meta  metadata
}

// open is an element that has not ended yet.
type open struct {
	node   int32
	before int32 // the place on the stack of the one of the same tag below, plus one
	// places on the stack, plus one, of the uppermost barrier and block below
	barrier, block int32
}

// builder makes a tree of tokens. Nothing it does for a token takes longer for a
// deep or broken page, apart from closing elements, once each.
type builder struct {
	tree
	z     *html.Tokenizer
	stack []open
	last  map[atom.Atom]int32 // place of the uppermost element of a tag, plus one
	// places of the uppermost barrier and block, plus one
	barrier, block int32
	deeper         int       // elements beyond maxDepth
	raw            atom.Atom // the element whose raw text comes next
	link           bool
	pre            int
}

// parse builds the tree of a page in UTF-8.
func parse(content []byte) (*tree, error) {
	if len(content) > maxBytes {
		return nil, &LimitError{What: "bytes", Limit: maxBytes}
	}
	b := &builder{z: html.NewTokenizer(bytes.NewReader(content)), last: make(map[atom.Atom]int32, 32)}
	b.nodes = make([]node, 0, 64+len(content)/64)
	b.text = make([]byte, 0, len(content)/4)
	b.push(atom.Html, block|barrier, 0)
	for {
		switch b.z.Next() {
		case html.ErrorToken:
			if err := b.z.Err(); err != io.EOF {
				return nil, err
			}
			for len(b.stack) > 0 {
				b.pop()
			}
			return &b.tree, nil
		case html.TextToken:
			if b.raw == 0 || b.meta.wants(b.raw) {
				b.addText(b.z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			b.start()
		case html.EndTagToken:
			name, _ := b.z.TagName()
			b.endTag(lookup(name))
		}
		if len(b.nodes) > maxNodes {
			return nil, &LimitError{What: "elements", Limit: maxNodes}
		}
	}
}

func (b *builder) top() *node { return &b.nodes[b.stack[len(b.stack)-1].node] }

func (b *builder) push(tag atom.Atom, k kind, h hint) {
	parent := int32(-1)
	if n := len(b.stack); n > 0 {
		parent = b.stack[n-1].node
	}
	i := int32(len(b.nodes))
	b.nodes = append(b.nodes, node{tag: tag, kind: k, hint: h, end: i + 1, parent: parent})
	if k&void != 0 {
		return
	}
	b.stack = append(b.stack, open{node: i, before: b.last[tag], barrier: b.barrier, block: b.block})
	place := int32(len(b.stack))
	b.last[tag] = place
	if k&barrier != 0 {
		b.barrier = place
	}
	if k&block != 0 {
		b.block = place
	}
	if tag == atom.Pre || tag == atom.Listing {
		b.pre++
	}
}

// pop ends the innermost element.
func (b *builder) pop() {
	o := b.stack[len(b.stack)-1]
	b.stack = b.stack[:len(b.stack)-1]
	n := &b.nodes[o.node]
	n.end = int32(len(b.nodes))
	b.last[n.tag], b.barrier, b.block = o.before, o.barrier, o.block
	switch n.tag {
	case atom.Pre, atom.Listing:
		b.pre--
	case atom.A:
		b.link = false
	}
	if n.parent >= 0 {
		p := &b.nodes[n.parent]
		p.letters += n.letters
		p.linked += n.linked
	}
}

// closeTo ends elements until the one at that place, plus one, has ended.
func (b *builder) closeTo(place int32) {
	for int32(len(b.stack)) >= place {
		b.pop()
	}
}

// closeOpen ends the uppermost element of that tag if none of the others was
// opened in it.
func (b *builder) closeOpen(tag atom.Atom, unless ...atom.Atom) {
	place := b.last[tag]
	if place == 0 {
		return
	}
	for _, u := range unless {
		if b.last[u] > place {
			return
		}
	}
	b.closeTo(place)
}

// imply ends the elements that the start of this one ends.
func (b *builder) imply(tag atom.Atom, k kind) {
	if k&closesP != 0 && b.last[atom.P] > b.barrier {
		b.closeTo(b.last[atom.P])
	}
	switch tag {
	case atom.Li:
		b.closeOpen(atom.Li, atom.Ul, atom.Ol, atom.Td, atom.Th, atom.Table, atom.Menu)
	case atom.Dt, atom.Dd:
		b.closeOpen(atom.Dt, atom.Dl, atom.Td, atom.Th, atom.Table)
		b.closeOpen(atom.Dd, atom.Dl, atom.Td, atom.Th, atom.Table)
	case atom.Td, atom.Th:
		b.closeOpen(atom.Td, atom.Table)
		b.closeOpen(atom.Th, atom.Table)
	case atom.Tr:
		b.closeOpen(atom.Tr, atom.Table)
	case atom.Thead, atom.Tbody, atom.Tfoot:
		b.closeOpen(atom.Thead, atom.Table)
		b.closeOpen(atom.Tbody, atom.Table)
		b.closeOpen(atom.Tfoot, atom.Table)
	case atom.A:
		if place := b.last[atom.A]; place > b.block {
			b.closeTo(place)
		}
		b.link = false
	}
	if k&heading != 0 && b.top().kind&heading != 0 {
		b.pop()
	}
}

func (b *builder) start() {
	name, more := b.z.TagName()
	tag, k := lookup(name)
	h := b.attributes(tag, more)
	switch {
	case k&raw != 0:
		b.raw = tag
		return
	case tag == atom.Html || tag == atom.Head || tag == atom.Body && b.last[tag] != 0:
		return
	case k&void != 0 && tag != atom.Br && tag != atom.Hr:
		return
	}
	b.imply(tag, k)
	if len(b.stack) >= maxDepth && k&void == 0 {
		b.deeper++
		return
	}
	if b.pre > 0 {
		h &= isHidden // classes inside code are about its grammar
	}
	if k&cell != 0 {
		if t := b.last[atom.Table]; t > 0 {
			b.nodes[b.stack[t-1].node].from++
		}
	}
	b.push(tag, k, h)
	if tag == atom.A {
		b.link = !(b.meta.fragment && b.inHeading()) // to the heading itself
	}
}

func (b *builder) inHeading() bool {
	n := b.top()
	for range 3 {
		if n.kind&heading != 0 {
			return true
		}
		if n.parent < 0 {
			return false
		}
		n = &b.nodes[n.parent]
	}
	return false
}

func (b *builder) endTag(tag atom.Atom, k kind) {
	b.raw = 0
	if k&raw != 0 {
		return
	}
	if b.deeper > 0 && k&void == 0 {
		b.deeper--
		return
	}
	place := b.last[tag]
	if tag == atom.A {
		b.link = false
	}
	switch {
	case place <= 1 || tag == atom.Body: // not open, or the page itself
	case k&block == 0:
		if place > b.block { // else it ends with the block it is around
			b.closeTo(place)
		}
	case k&cell != 0 || tag == atom.Tr || tag == atom.Tbody || tag == atom.Thead || tag == atom.Tfoot:
		if place > b.last[atom.Table] {
			b.closeTo(place)
		}
	case place >= b.barrier || tag == atom.Table:
		b.closeTo(place)
	}
}

func (b *builder) addText(s []byte) {
	if b.raw != 0 {
		b.meta.rawText(b.raw, s)
		return
	}
	from := len(b.text)
	n := node{kind: 0, link: b.link, parent: b.stack[len(b.stack)-1].node, end: int32(len(b.nodes)) + 1}
	if b.pre > 0 {
		b.text = append(b.text, s...)
		n.letters = int32(len(s))
	} else {
		b.text = collapse(b.text, s, &n)
	}
	if len(b.text) == from {
		return
	}
	n.from, n.to = int32(from), int32(len(b.text))
	if n.link {
		n.linked = n.letters
	}
	b.nodes = append(b.nodes, n)
	p := b.top()
	p.letters += n.letters
	p.linked += n.linked
}
