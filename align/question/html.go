package question

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/polymath-lm/polymath/corpus/extract"
)

// readHTML reads the blocks of a page: headings, paragraphs, lists, tables without
// cells over several rows, and lists of definitions. What frames the page is left out.
func readHTML(c *collector, f file) error {
	text, _, err := extract.Plain(f.content, "")
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	p := page{z: html.NewTokenizer(bytes.NewReader(text)), at: 1}
	p.z.SetMaxBuf(maxToken)
	for p.next() {
	}
	p.flush()
	if err := p.z.Err(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s:%d: %w", f.path, p.at, err)
	}
	c.addArticle(&article{file: f, title: p.title, blocks: p.blocks})
	return nil
}

// maxToken bounds one tag or text, in bytes.
const maxToken = 4 << 20

// page parts a page into blocks.
type page struct {
	z      *html.Tokenizer
	at     int // the line
	blocks []block
	title  string

	text  strings.Builder
	in    atom.Atom // the element whose text is collected; 0: a paragraph
	first int       // the line where it begins

	skip      atom.Atom // the element that is passed over, and how deep in others like it
	skipDepth int

	tables int    // how deep in tables
	table  *block // the outermost one; nil once it is one that cannot be read
	header bool   // its first row names columns
	cell   bool   // in a cell, whose parts are one text
	terms  *block
}

// skipped elements have no text of the page.
var skipped = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Nav: true, atom.Header: true, atom.Footer: true, atom.Aside: true, atom.Form: true,
	atom.Noscript: true, atom.Template: true, atom.Svg: true, atom.Select: true, atom.Button: true, atom.Iframe: true, atom.Textarea: true,
}

// inlines are elements within a text; all others end it.
var inlines = map[atom.Atom]bool{
	atom.A: true, atom.Abbr: true, atom.B: true, atom.Bdi: true, atom.Bdo: true, atom.Cite: true, atom.Code: true, atom.Data: true,
	atom.Del: true, atom.Dfn: true, atom.Em: true, atom.Font: true, atom.I: true, atom.Ins: true, atom.Kbd: true, atom.Label: true,
	atom.Mark: true, atom.Q: true, atom.S: true, atom.Samp: true, atom.Small: true, atom.Span: true, atom.Strong: true, atom.Sub: true,
	atom.Sup: true, atom.Time: true, atom.Tt: true, atom.U: true, atom.Var: true, atom.Wbr: true, atom.Img: true,
}

// ofTable are the elements of which tables are made: they end a cell.
var ofTable = map[atom.Atom]bool{
	atom.Table: true, atom.Thead: true, atom.Tbody: true, atom.Tfoot: true, atom.Tr: true, atom.Td: true, atom.Th: true,
}

func heading(tag atom.Atom) int {
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return int(tag.String()[1] - '0')
	}
	return 0
}

// next reads a token; false at the end.
func (p *page) next() bool {
	kind := p.z.Next()
	lines := bytes.Count(p.z.Raw(), []byte("\n"))
	switch kind {
	case html.ErrorToken:
		return false
	case html.TextToken:
		if p.skip == 0 {
			if p.text.Len() == 0 {
				p.first = p.at
			}
			p.text.Write(p.z.Text())
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		p.start(kind == html.SelfClosingTagToken)
	case html.EndTagToken:
		name, _ := p.z.TagName()
		p.end(atom.Lookup(name))
	}
	p.at += lines
	return true
}

func (p *page) start(closed bool) {
	name, more := p.z.TagName()
	tag := atom.Lookup(name)
	switch {
	case p.skip != 0:
		if tag == p.skip && !closed {
			p.skipDepth++
		}
		return
	case skipped[tag] && !closed:
		p.flush()
		p.skip, p.skipDepth = tag, 1
		return
	case tag == atom.Br:
		p.text.WriteByte(' ')
		return
	case tag != 0 && inlines[tag]:
		return
	case p.cell && !ofTable[tag]:
		p.text.WriteByte(' ')
		return
	}
	p.flush()
	switch tag {
	case atom.Table:
		if p.tables++; p.tables == 1 {
			p.table, p.header = &block{form: tableBlock, line: p.at}, false
		} else {
			p.table = nil // for layout
		}
	case atom.Tr:
		if p.tables == 1 && p.table != nil {
			p.table.cells, p.table.lines = append(p.table.cells, nil), append(p.table.lines, p.at)
		}
	case atom.Th, atom.Td:
		p.cell, p.header = true, p.header || tag == atom.Th
		if more && p.spans() {
			p.table = nil
		}
	case atom.Dl:
		p.terms = &block{form: termsBlock, line: p.at}
	}
	p.in = tag
}

// spans reports whether a cell is larger than one.
func (p *page) spans() bool {
	for more := true; more; {
		var key, value []byte
		key, value, more = p.z.TagAttr()
		if (string(key) == "colspan" || string(key) == "rowspan") && string(value) != "1" {
			return true
		}
	}
	return false
}

func (p *page) end(tag atom.Atom) {
	if p.skip != 0 {
		if tag == p.skip {
			if p.skipDepth--; p.skipDepth == 0 {
				p.skip = 0
			}
		}
		return
	}
	if tag != 0 && inlines[tag] {
		return
	}
	if p.cell && !ofTable[tag] {
		p.text.WriteByte(' ')
		return
	}
	p.flush()
	switch tag {
	case atom.Table:
		p.endTable()
	case atom.Dl:
		if p.terms != nil && len(p.terms.terms) > 0 {
			p.blocks = append(p.blocks, *p.terms)
		}
		p.terms = nil
	}
	p.in = 0
}

// endTable takes the table that ends, if its first row names columns.
func (p *page) endTable() {
	if p.tables == 0 {
		return
	}
	if p.tables--; p.tables > 0 {
		return
	}
	if p.table != nil && p.header && len(p.table.cells) > 2 && len(p.table.cells[0]) > 1 {
		p.blocks = append(p.blocks, *p.table)
	}
	p.table = nil
}

// flush ends the text that was collected.
func (p *page) flush() {
	text := oneLine(p.text.String())
	p.text.Reset()
	if p.tables > 0 {
		p.flushCell(text)
		return
	}
	if text == "" {
		return
	}
	switch level := heading(p.in); {
	case p.in == atom.Title:
		p.title = text
	case level > 0:
		p.blocks = append(p.blocks, block{form: headingBlock, level: level, text: text, line: p.first})
	case p.in == atom.Pre:
		p.blocks = append(p.blocks, block{form: codeBlock, line: p.first})
	case p.terms != nil:
		p.flushTerm(text)
	case p.in == atom.Li:
		if n := len(p.blocks); n > 0 && p.blocks[n-1].form == listBlock {
			p.blocks[n-1].text += "\n- " + text
			return
		}
		p.blocks = append(p.blocks, block{form: listBlock, text: "- " + text, line: p.first})
	default:
		p.blocks = append(p.blocks, block{form: paragraphBlock, text: text, line: p.first})
	}
}

// flushCell ends a cell or a caption.
func (p *page) flushCell(text string) {
	ended := p.cell
	p.cell = false
	switch {
	case p.table == nil:
	case ended && len(p.table.cells) > 0:
		last := len(p.table.cells) - 1
		p.table.cells[last] = append(p.table.cells[last], text)
	case p.in == atom.Caption:
		p.table.text = text
	}
}

// flushTerm ends a term or a definition, or goes on with one.
func (p *page) flushTerm(text string) {
	n := len(p.terms.terms)
	switch {
	case p.in == atom.Dt:
		p.terms.terms = append(p.terms.terms, term{name: text, at: strconv.Itoa(p.first)})
	case n > 0:
		p.terms.terms[n-1].definition = strings.TrimSpace(p.terms.terms[n-1].definition + " " + text)
	}
}
