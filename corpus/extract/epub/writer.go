package epub

import (
	"bytes"
	"strconv"
)

// gap is what stands before the next character.
type gap int

const (
	gapNone  gap = iota
	gapCell      // next to a cell of the same row
	gapLine      // next item or row
	gapBlank     // next paragraph
)

// writer makes paragraphs of elements.
type writer struct {
	out []byte

	body   bool   // we are in what is shown
	skip   string // the element that is passed over, and how often it is open
	depth  int
	pre    int // open preformatted elements
	lists  []list
	marker string // of the next item
	gap    gap
	space  bool // space came since the last character
	fresh  bool // nothing came since a line or cell began
	lead   bool // nothing came since an item or cell began
}

// list is an open list; next is the number of its next item, 0 without numbers.
type list struct{ next int }

// maxLists bounds the depth to which lists are told apart.
const maxLists = 32

func (w *writer) reset(body bool) {
	*w = writer{out: w.out, body: body, gap: gapBlank, fresh: true}
}

// endBlock ends the last line, so that the next text begins a paragraph.
func (w *writer) endBlock() { w.part(gapBlank) }

// part asks for that gap at least before the next character.
func (w *writer) part(g gap) {
	w.gap = max(w.gap, g)
	w.space = false
}

// open writes the gap before a character that comes, and the marker of an item.
func (w *writer) open() {
	if w.gap == gapNone {
		return
	}
	if w.gap != gapCell {
		w.out = bytes.TrimRight(w.out, " \t\n")
	}
	switch {
	case len(w.out) == 0:
	case w.gap == gapCell:
		w.out = append(w.out, " | "...)
	case w.gap == gapLine:
		w.out = append(w.out, '\n')
	default:
		w.out = append(w.out, "\n\n"...)
	}
	if w.marker != "" {
		for range len(w.lists) - 1 {
			w.out = append(w.out, "  "...)
		}
		w.out = append(w.out, w.marker...)
		w.marker = ""
	}
	w.gap, w.fresh, w.lead = gapNone, true, false
}

// start begins an element; alone says that it has no end.
func (w *writer) start(name string, drop, alone bool) {
	switch {
	case w.skip != "":
		if name == w.skip && !alone {
			w.depth++
		}
		return
	case name == "body":
		w.body = true
		return
	case !w.body:
		return
	case drop || isSkipped(name):
		if !alone {
			w.skip, w.depth = name, 1
		}
		return
	}
	switch name {
	case "br":
		w.part(gapLine)
	case "ul", "ol":
		w.startList(name, alone)
	case "li":
		w.startItem()
	case "td", "th":
		w.part(gapCell)
		w.lead = true
	case "tr":
		w.part(gapLine)
	case "pre":
		w.endBlock()
		if !alone {
			w.pre++
		}
	default:
		if isBlock(name) {
			w.paragraph()
		}
	}
}

// paragraph begins a paragraph, but for the first one of an item or cell.
func (w *writer) paragraph() {
	if !w.lead {
		w.endBlock()
	}
}

func (w *writer) startList(name string, alone bool) {
	if len(w.lists) == 0 {
		w.endBlock()
	} else {
		w.part(gapLine)
	}
	if alone || len(w.lists) == maxLists {
		return
	}
	l := list{}
	if name == "ol" {
		l.next = 1
	}
	w.lists = append(w.lists, l)
}

func (w *writer) startItem() {
	w.part(gapLine)
	w.marker, w.lead = "- ", true
	if len(w.lists) == 0 {
		return
	}
	if l := &w.lists[len(w.lists)-1]; l.next > 0 {
		w.marker = strconv.Itoa(l.next) + ". "
		l.next++
	}
}

func (w *writer) end(name string) {
	switch {
	case w.skip != "":
		if name == w.skip {
			if w.depth--; w.depth == 0 {
				w.skip = ""
			}
		}
		return
	case name == "body":
		w.endBlock()
		w.body = false
		return
	}
	switch name {
	case "ul", "ol":
		w.marker = ""
		if len(w.lists) > 0 {
			w.lists = w.lists[:len(w.lists)-1]
		}
		if len(w.lists) == 0 {
			w.endBlock()
		} else {
			w.part(gapLine)
		}
	case "li":
		w.close(gapLine)
	case "td", "th":
		w.close(gapCell)
	case "tr":
		w.part(gapLine)
	case "pre":
		w.pre = max(w.pre-1, 0)
		w.endBlock()
	default:
		if isBlock(name) {
			w.paragraph()
		}
	}
}

// close ends an item or a cell: what comes is the next one, even after a
// paragraph.
func (w *writer) close(g gap) {
	if !w.lead {
		w.gap = g
	}
	w.marker, w.lead, w.space = "", false, false
}

func isSkipped(name string) bool {
	switch name {
	case "head", "title", "script", "style", "nav", "template", "noscript", "iframe", "object", "audio", "video", "svg", "rt", "rp", "annotation", "annotation-xml":
		return true
	}
	return false
}

func isBlock(name string) bool {
	switch name {
	case "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "section", "article", "aside", "header", "footer", "main",
		"table", "caption", "dl", "dt", "dd", "figure", "figcaption", "hr", "address", "details", "summary", "form", "fieldset", "center":
		return true
	}
	return false
}
