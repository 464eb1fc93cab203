package clean

import (
	"bytes"

	"github.com/polymath-lm/polymath/corpus/document"
)

// PDFOptions are those of the step pdf_lines.
type PDFOptions struct {
	// Headers takes out what stands at the top or the foot of many pages, and the
	// numbers of pages.
	Headers bool `yaml:"headers" json:"headers"`
	// Hyphens joins words that were divided at the end of a line.
	Hyphens bool `yaml:"hyphens" json:"hyphens"`
	// Paragraphs joins the lines of a paragraph.
	Paragraphs bool `yaml:"paragraphs" json:"paragraphs"`
}

// SetDefaults does all three.
func (o *PDFOptions) SetDefaults() { *o = PDFOptions{Headers: true, Hyphens: true, Paragraphs: true} }

// Check finds nothing wrong with any value.
func (o *PDFOptions) Check() error { return nil }

// Reasons of the cuts of pdf_lines.
const (
	pdfName      = "pdf_lines"
	reasonHeader = "header"
	reasonNumber = "page_number"
	reasonHyphen = "hyphen"
	reasonLine   = "line" // of a line feed that became a blank
	reasonPage   = "page" // of a form feed
)

// PDF is the step pdf_lines: it makes running text of pages. Documents that are
// no PDF stay as they are unless form feeds part them into pages. Goroutines may
// share it.
type PDF struct{ o PDFOptions }

// NewPDF makes the step.
func NewPDF(o PDFOptions) (*PDF, error) { return &PDF{o: o}, nil }

// Worker returns the step for one goroutine.
func (p *PDF) Worker() document.Step {
	return &pdfWorker{o: p.o, words: make(map[uint64]bool), heads: make(map[uint64]int)}
}

type pdfWorker struct {
	o     PDFOptions
	lines []pdfLine
	words map[uint64]bool // of the document
	heads map[uint64]int  // on how many pages a line stands at the edge
	width int             // letters of a full line
	d     *document.Document
	out   []byte
}

// pdfLine is a line without the space around it.
type pdfLine struct {
	at, end int // in the text
	page    int
	number  bool // it is nothing but the number of a page
	gone    bool
}

// Name is pdf_lines.
func (w *pdfWorker) Name() string { return pdfName }

// Apply makes running text of the pages.
func (w *pdfWorker) Apply(d *document.Document) {
	text := d.Text()
	if d.Format != document.PDF && bytes.IndexByte(text, '\f') < 0 || len(text) == 0 {
		return
	}
	w.d = d
	w.split(text)
	if w.o.Headers {
		w.dropEdges(text)
	}
	if w.o.Hyphens {
		w.learn(text)
	}
	w.measure()
	w.out = make([]byte, 0, len(text))
	w.join(text)
	if !bytes.Equal(w.out, text) {
		d.SetText(w.out)
	}
	w.out, w.d = nil, nil
}

// split finds the lines and their pages. A form feed ends both.
func (w *pdfWorker) split(text []byte) {
	w.lines = w.lines[:0]
	page := 0
	for at := 0; at < len(text); {
		n := bytes.IndexAny(text[at:], "\n\f")
		if n < 0 {
			n = len(text) - at
		}
		line := bytes.TrimRight(text[at:at+n], " \t\r")
		start := at + len(line) - len(bytes.TrimLeft(line, " \t"))
		w.lines = append(w.lines, pdfLine{at: min(start, at+len(line)), end: at + len(line), page: page})
		if at += n; at < len(text) && text[at] == '\f' {
			w.d.Cut(pdfName, reasonPage, at, 1)
			page++
		}
		at++
	}
}

// measure takes the width of the page from the longest tenth of the lines.
func (w *pdfWorker) measure() {
	var counts [256]int
	total := 0
	for _, l := range w.lines {
		if n := l.end - l.at; n > 0 && !l.gone {
			counts[min(n, 255)]++
			total++
		}
	}
	w.width = 255
	for left := total / 10; w.width > 0; w.width-- {
		if left -= counts[w.width]; left < 0 {
			break
		}
	}
}

const (
	minPages  = 3 // on which a header stands
	edgeLines = 3 // of a page that may be headers, at the top and the foot
	headBytes = 160
)

// dropEdges marks headers, footers and numbers of pages.
func (w *pdfWorker) dropEdges(text []byte) {
	clear(w.heads)
	pages := 0
	w.eachPage(func(edge []*pdfLine) {
		pages++
		for _, l := range edge {
			if h := headHash(text[l.at:l.end]); h != 0 {
				w.heads[h]++
			}
		}
	})
	if pages < 2 {
		return
	}
	enough := max(minPages, pages/20)
	w.eachPage(func(edge []*pdfLine) {
		for _, l := range edge {
			line := text[l.at:l.end]
			switch h := headHash(line); {
			case isPageNumber(line):
				l.gone, l.number = true, true
				w.d.Cut(pdfName, reasonNumber, l.at, l.end-l.at)
			case h != 0 && w.heads[h] >= enough:
				l.gone = true
				w.d.Cut(pdfName, reasonHeader, l.at, l.end-l.at)
			}
		}
	})
}

// eachPage gives the first and the last lines of each page that are not empty.
func (w *pdfWorker) eachPage(f func(edge []*pdfLine)) {
	var edge []*pdfLine
	for from := 0; from < len(w.lines); {
		to := from
		for to < len(w.lines) && w.lines[to].page == w.lines[from].page {
			to++
		}
		edge = edge[:0]
		i := from
		for ; i < to && len(edge) < edgeLines; i++ {
			if l := &w.lines[i]; l.end > l.at {
				edge = append(edge, l)
			}
		}
		top := len(edge)
		for k := to - 1; k >= i && len(edge) < top+edgeLines; k-- {
			if l := &w.lines[k]; l.end > l.at {
				edge = append(edge, l)
			}
		}
		f(edge)
		from = to
	}
}

// headHash returns a hash of a line in which all numbers are equal, or 0 for a
// line without letters or too long for a header.
func headHash(line []byte) uint64 {
	if len(line) > headBytes {
		return 0
	}
	h, letters, digit := uint64(14695981039346656037), 0, false
	for _, c := range line {
		switch {
		case c == ' ' || c == '\t':
			continue
		case '0' <= c && c <= '9':
			if digit {
				continue
			}
			digit, c = true, '0'
		default:
			digit = false
			if isLetter(c) {
				letters++
			}
		}
		h = (h ^ uint64(c)) * 1099511628211
	}
	if letters == 0 {
		return 0
	}
	return h | 1
}

// isPageNumber tells whether a line is nothing but a number, as pages have it:
// 12, xii, - 12 -, Page 12 of 30, 12/30.
func isPageNumber(line []byte) bool {
	if len(line) > 24 {
		return false
	}
	line = bytes.ToLower(bytes.Trim(line, " \t-–—|[]()."))
	for _, word := range [][]byte{[]byte("page"), []byte("seite"), []byte("página"), []byte("p.")} {
		line = bytes.TrimLeft(bytes.TrimPrefix(line, word), " \t")
	}
	if len(line) > 0 && len(line) <= 7 && len(bytes.Trim(line, "ivxlc")) == 0 {
		return true
	}
	digits := 0
	for _, part := range bytes.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '/' }) {
		switch {
		case len(bytes.Trim(part, "0123456789")) == 0 && len(part) <= 5:
			digits++
		case digits == 1 && (string(part) == "of" || string(part) == "von" || string(part) == "de"):
		default:
			return false
		}
	}
	return digits == 1 || digits == 2
}
