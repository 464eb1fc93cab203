package question

import (
	"fmt"
	"strings"
)

// form is what a block of a document is.
type form int

const (
	headingBlock form = iota
	paragraphBlock
	listBlock
	codeBlock
	tableBlock
	termsBlock
)

// block is a part of a document, in the order of reading.
type block struct {
	form  form
	level int // of a heading, from 1
	text  string
	line  int
	cells [][]string // of a table, the first row its columns
	lines []int      // where each row is
	terms []term     // their places are lines
}

// article is a text with headings.
type article struct {
	file    file
	title   string // that it gives itself besides its headings
	license string
	blocks  []block
}

// addArticle adds what stands below headings, tables and lists of definitions.
func (c *collector) addArticle(d *article) {
	title := d.title
	for _, b := range d.blocks {
		if b.form == headingBlock && b.level == 1 {
			title = b.text
			break
		}
	}
	if title == "" || length(title) > c.limits.Subject {
		title = stem(d.file.name)
	}
	at, heading := c.place(Heading, title), ""
	for i := range d.blocks {
		b := &d.blocks[i]
		switch b.form {
		case headingBlock:
			heading = unnumbered(b.text)
			c.name(at, heading)
			c.addSection(d, i, heading, title)
		case tableBlock:
			c.addTable(d.table(b, "the table "+nonempty(b.text, heading, title)))
		case termsBlock:
			list := make([]term, len(b.terms))
			for j, t := range b.terms {
				list[j] = term{t.name, t.definition, d.file.path + ":" + t.at}
			}
			c.addTerms(list, nonempty(heading, title), d.license)
		}
	}
}

func nonempty(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// table is a block as one. Rows with another number of cells are filled or cut.
func (d *article) table(b *block, name string) *table {
	t := &table{name: name, columns: b.cells[0], ordered: true, license: d.license}
	for i, cells := range b.cells[1:] {
		row := make([]string, len(t.columns))
		copy(row, cells)
		t.rows, t.at = append(t.rows, row), append(t.at, fmt.Sprintf("%s:%d", d.file.path, b.lines[i+1]))
	}
	return t
}

// addSection adds what stands below a heading, up to the next.
func (c *collector) addSection(d *article, i int, heading, title string) {
	h := &d.blocks[i]
	var texts []string
	for _, b := range d.blocks[i+1:] {
		if b.form != paragraphBlock && b.form != listBlock {
			break
		}
		texts = append(texts, b.text)
	}
	if len(texts) == 0 || heading == title {
		return // a heading over others, or the document's own
	}
	e := Entry{
		Kind: Heading, Ask: AskSays, Subject: heading, Within: title, Text: d.blocks[i+1].text,
		Origin: fmt.Sprintf("%s:%d", d.file.path, h.line), License: d.license,
	}
	if d.blocks[i+1].form == paragraphBlock {
		e.Text = beginning(e.Text, c.limits.Answer)
	}
	if strings.HasSuffix(heading, "?") {
		e.Ask = AskAsked
	}
	e.Passage = paragraphs(append([]string{heading}, texts...), c.limits.Passage)
	c.add(e)
}

// unnumbered is a heading without the number before it and the signs of links behind.
func unnumbered(heading string) string {
	heading = strings.TrimSpace(strings.TrimRight(heading, "¶#§ "))
	number, rest, ok := strings.Cut(heading, " ")
	if ok && strings.Trim(number, "0123456789.)") == "" {
		return strings.TrimSpace(rest)
	}
	return heading
}
