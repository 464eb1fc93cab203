package question

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/corpus/extract"
)

// readMarkdown reads the blocks of a Markdown file: headings, paragraphs, lists, pipe
// tables, and lists of definitions ("Term" and a line ": meaning"). Fenced code is one
// block, and what is indented is left as it is.
func readMarkdown(c *collector, f file) error {
	text, meta, err := extract.Markdown(f.content, "")
	if errors.Is(err, extract.ErrEmpty) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	whole, _, err := extract.Plain(f.content, "")
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	p := &markdown{raw: bytes.Split(whole, []byte("\n"))}
	for line := range strings.Lines(string(text)) {
		p.line(strings.TrimRight(line, "\r\n"))
	}
	p.flush()
	c.addArticle(&article{file: f, title: meta["title"], license: meta["license"], blocks: p.blocks})
	return nil
}

// markdown parts a text into blocks, a line at a time.
type markdown struct {
	blocks []block
	held   []string // the lines of the block that goes on
	first  int      // where it begins
	fence  string   // that ends the code, "" outside
	raw    [][]byte // the file's lines, of which some were left out
	at     int      // of the last line, in raw
}

// farthest is how many lines of a file are looked through for one of its text.
const farthest = 1000

// place is the number of a line of the text in the file, from 1. A line that had a
// comment is taken for the next one.
func (p *markdown) place(line string) int {
	for i := p.at; i < min(len(p.raw), p.at+farthest); i++ {
		if string(bytes.TrimRight(p.raw[i], "\r")) == line {
			p.at = i + 1
			return p.at
		}
	}
	p.at = min(len(p.raw), p.at+1)
	return p.at
}

var (
	atx      = regexp.MustCompile(`^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$`)
	fenceAt  = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")
	setext   = regexp.MustCompile(`^ {0,3}(=+|-{2,})[ \t]*$`)
	itemAt   = regexp.MustCompile(`^ {0,3}(?:[-*+]|\d{1,9}[.)])[ \t]+`)
	ruleLine = regexp.MustCompile(`^[ \t]*\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$`)
)

func (p *markdown) line(line string) {
	at := p.place(line)
	if p.fence != "" {
		if rest := strings.TrimSpace(line); strings.HasPrefix(rest, p.fence) && strings.Trim(rest, p.fence[:1]) == "" {
			p.blocks, p.fence = append(p.blocks, block{form: codeBlock, line: at}), ""
		}
		return
	}
	if m := fenceAt.FindStringSubmatch(line); m != nil {
		p.flush()
		p.fence = m[1]
		return
	}
	if m := atx.FindStringSubmatch(line); m != nil {
		p.flush()
		p.blocks = append(p.blocks, block{form: headingBlock, level: len(m[1]), text: inline(m[2]), line: at})
		return
	}
	if m := setext.FindStringSubmatch(line); m != nil && len(p.held) > 0 && !itemAt.MatchString(p.held[0]) && !strings.Contains(p.held[0], "|") {
		level := 1
		if m[1][0] == '-' {
			level = 2
		}
		p.blocks = append(p.blocks, block{form: headingBlock, level: level, text: inline(strings.Join(p.held, " ")), line: p.first})
		p.held = nil
		return
	}
	if strings.TrimSpace(line) == "" {
		p.flush()
		return
	}
	if len(p.held) == 0 {
		p.first = at
	}
	p.held = append(p.held, line)
}

// flush ends the block that goes on.
func (p *markdown) flush() {
	held := p.held
	p.held = nil
	switch {
	case len(held) == 0:
	case len(held) > 2 && strings.Contains(held[0], "|") && strings.Contains(held[1], "|") && ruleLine.MatchString(held[1]):
		p.table(held)
	case len(held) > 1 && strings.HasPrefix(held[1], ": "):
		p.definitions(held)
	case strings.HasPrefix(held[0], "    ") || strings.HasPrefix(held[0], "\t"):
		if n := len(p.blocks); n == 0 || p.blocks[n-1].form != listBlock { // else it goes on with an item
			p.blocks = append(p.blocks, block{form: codeBlock, line: p.first})
		}
	case itemAt.MatchString(held[0]):
		p.list(held)
	case strings.HasPrefix(strings.TrimSpace(held[0]), "<"), strings.HasPrefix(held[0], "["), strings.HasPrefix(held[0], "!["):
		p.blocks = append(p.blocks, block{form: codeBlock, line: p.first}) // HTML, links, pictures
	default:
		for i := range held {
			held[i] = strings.TrimPrefix(strings.TrimSpace(held[i]), "> ")
		}
		p.blocks = append(p.blocks, block{form: paragraphBlock, text: inline(strings.Join(held, " ")), line: p.first})
	}
}

// list joins the lines of each item. Lists with a blank line between items are one.
func (p *markdown) list(held []string) {
	var items []string
	for _, line := range held {
		if m := itemAt.FindString(line); m != "" {
			items = append(items, "- "+strings.TrimSpace(line[len(m):]))
		} else {
			items[len(items)-1] += " " + strings.TrimSpace(line)
		}
	}
	for i := range items {
		items[i] = "- " + inline(items[i][2:])
	}
	text := strings.Join(items, "\n")
	if n := len(p.blocks); n > 0 && p.blocks[n-1].form == listBlock {
		p.blocks[n-1].text += "\n" + text
		return
	}
	p.blocks = append(p.blocks, block{form: listBlock, text: text, line: p.first})
}

func (p *markdown) table(held []string) {
	b := block{form: tableBlock, line: p.first}
	for i, line := range held {
		if i != 1 {
			b.cells, b.lines = append(b.cells, pipes(line)), append(b.lines, p.first+i)
		}
	}
	p.blocks = append(p.blocks, b)
}

// pipes are the cells of a line, which may have escaped pipes in them.
func pipes(line string) (cells []string) {
	line = strings.TrimSpace(line)
	line = strings.TrimPrefix(line, "|")
	if strings.HasSuffix(line, "|") && !strings.HasSuffix(line, `\|`) {
		line = line[:len(line)-1]
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(line, `\|`, "\x00"), "|") {
		cells = append(cells, inline(strings.ReplaceAll(part, "\x00", "|")))
	}
	return cells
}

// definitions reads terms, each followed by lines that begin with a colon.
func (p *markdown) definitions(held []string) {
	b := block{form: termsBlock, line: p.first}
	for i, line := range held {
		if meaning, ok := strings.CutPrefix(line, ": "); ok {
			if n := len(b.terms); n > 0 {
				b.terms[n-1].definition = strings.TrimSpace(b.terms[n-1].definition + " " + inline(meaning))
			}
			continue
		}
		if i+1 < len(held) && strings.HasPrefix(held[i+1], ": ") {
			b.terms = append(b.terms, term{name: inline(line), at: strconv.Itoa(p.first + i)})
		} else if n := len(b.terms); n > 0 {
			b.terms[n-1].definition += " " + inline(line)
		}
	}
	p.blocks = append(p.blocks, b)
}

var marks = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)`), ""},
	{regexp.MustCompile(`\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])`), "$1"},
	{regexp.MustCompile(`<(https?://[^ >]*)>`), "$1"},
	{regexp.MustCompile(`\*\*([^*]+)\*\*`), "$1"},
	{regexp.MustCompile(`\*([^* ](?:[^*]*[^* ])?)\*`), "$1"},
	{regexp.MustCompile(`\b__([^_]+)__\b`), "$1"},
	{regexp.MustCompile("`+([^`]+)`+"), "$1"},
	{regexp.MustCompile(`\\([\\*_#\[\]()<>~-])`), "$1"},
}

// inline is text without the marks of emphasis, code, links and pictures.
func inline(text string) string {
	for _, m := range marks {
		text = m.form.ReplaceAllString(text, m.with)
	}
	return oneLine(text)
}
