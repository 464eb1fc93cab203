package question

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/format"
	"strings"
)

// add adds what the package says.
func (p *goPackage) add(c *collector) {
	at := c.place(Symbol, p.path)
	at.short = p.name
	for _, name := range p.declared {
		c.name(at, name)
	}
	p.addPackage(c)
	p.addFuncs(c, "", p.doc.Funcs)
	for _, v := range append(p.doc.Vars, p.doc.Consts...) {
		p.addValue(c, v)
	}
	for _, t := range p.doc.Types {
		p.addFuncs(c, "", t.Funcs)
		p.addFuncs(c, t.Name+".", t.Methods)
		p.addType(c, t)
		for _, v := range append(t.Vars, t.Consts...) {
			p.addValue(c, v)
		}
	}
}

func (p *goPackage) entry(ask Ask, subject, text, passage string, node ast.Node) Entry {
	at := p.fset.Position(node.Pos())
	return Entry{
		Kind: Symbol, Ask: ask, Subject: subject, Within: p.path, Text: text, Passage: passage,
		Origin: fmt.Sprintf("%s:%d", at.Filename, at.Line), License: p.license,
	}
}

func (p *goPackage) addPackage(c *collector) {
	list := p.plain(p.doc.Doc)
	if len(list) == 0 || !strings.HasPrefix(list[0], "Package "+p.name+" ") {
		c.leave(leftNoAnswer)
		return
	}
	text := beginning(list[0], c.limits.Answer)
	e := Entry{Kind: Symbol, Ask: AskIs, Subject: p.name, Within: p.path, Text: text, License: p.license}
	e.Passage = paragraphs(append([]string{p.head()}, list...), c.limits.Passage)
	if len(p.doc.Filenames) > 0 {
		e.Origin = p.doc.Filenames[0] + ":1"
	}
	c.add(e)
}

func (p *goPackage) head() string { return fmt.Sprintf("package %s // import %q", p.name, p.path) }

func (p *goPackage) addFuncs(c *collector, prefix string, funcs []*doc.Func) {
	for _, f := range funcs {
		if f.Level > 0 {
			continue // of an embedded type
		}
		subject, declared := prefix+f.Name, p.print(signature(f.Decl))
		list := p.plain(f.Doc)
		passage := paragraphs(append([]string{p.head(), declared}, list...), c.limits.Passage)
		if text := about(list, f.Name, c.limits.Answer); text != "" {
			c.add(p.entry(AskDoes, subject, text, passage, f.Decl))
		} else {
			c.leave(leftNoAnswer)
		}
		if !strings.Contains(declared, "\n") {
			c.add(p.entry(AskSignature, subject, declared, passage, f.Decl))
		}
		for _, example := range f.Examples {
			if text := p.example(example); text != "" && example.Suffix == "" {
				c.add(p.entry(AskExample, subject, text, "", f.Decl))
			}
		}
	}
}

func (p *goPackage) addType(c *collector, t *doc.Type) {
	list := p.plain(t.Doc)
	text := about(list, t.Name, c.limits.Answer)
	if text == "" {
		c.leave(leftNoAnswer)
		return
	}
	declared := p.print(t.Decl)
	if length(declared) > c.limits.Passage/2 {
		declared = "type " + t.Name
	}
	passage := paragraphs(append([]string{p.head(), declared}, list...), c.limits.Passage)
	c.add(p.entry(AskIs, t.Name, text, passage, t.Decl))
}

// addValue adds a constant or a variable that has a comment of its own.
func (p *goPackage) addValue(c *collector, v *doc.Value) {
	for _, spec := range v.Decl.Specs {
		s, ok := spec.(*ast.ValueSpec)
		if !ok || len(s.Names) != 1 || !s.Names[0].IsExported() {
			continue
		}
		comments := s.Doc.Text()
		if comments == "" && len(v.Decl.Specs) == 1 {
			comments = v.Doc
		}
		list := p.plain(comments)
		if text := about(list, s.Names[0].Name, c.limits.Answer); text != "" {
			passage := paragraphs(append([]string{p.head(), v.Decl.Tok.String() + " " + s.Names[0].Name}, list...), c.limits.Passage)
			c.add(p.entry(AskIs, s.Names[0].Name, text, passage, s))
		}
	}
}

// about is what the first paragraph says of a name, if it speaks of it.
func about(list []string, name string, most int) string {
	if len(list) == 0 {
		return ""
	}
	rest := list[0]
	for _, article := range []string{"A ", "An ", "The "} {
		rest = strings.TrimPrefix(rest, article)
	}
	if rest, ok := strings.CutPrefix(rest, name); !ok || !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, ", ") {
		return ""
	}
	return beginning(list[0], most)
}

// plain is the paragraphs of a comment as plain text; lists, code and headings end it.
func (p *goPackage) plain(text string) (list []string) {
	for _, block := range p.doc.Parser().Parse(text).Content {
		b, ok := block.(*comment.Paragraph)
		if !ok {
			break
		}
		words := strings.Join(strings.Fields(flat(b.Text)), " ")
		if strings.HasPrefix(words, "Deprecated:") || strings.HasPrefix(words, "BUG(") {
			break
		}
		list = append(list, words)
	}
	return list
}

// flat is a text of a comment without its links.
func flat(list []comment.Text) string {
	var b strings.Builder
	for _, t := range list {
		switch t := t.(type) {
		case comment.Plain:
			b.WriteString(string(t))
		case comment.Italic:
			b.WriteString(string(t))
		case *comment.Link:
			b.WriteString(flat(t.Text))
		case *comment.DocLink:
			b.WriteString(flat(t.Text))
		}
	}
	return b.String()
}

// signature is the declaration of a function without comment and body.
func signature(d *ast.FuncDecl) *ast.FuncDecl {
	own := *d
	own.Doc, own.Body = nil, nil
	return &own
}

func (p *goPackage) print(node any) string {
	var b bytes.Buffer
	if d, ok := node.(*ast.GenDecl); ok {
		own := *d
		own.Doc, node = nil, &own
	}
	if err := format.Node(&b, p.fset, node); err != nil {
		return ""
	}
	return b.String()
}

// example is the code of an example and what it prints.
func (p *goPackage) example(e *doc.Example) string {
	code := p.print(e.Code)
	if _, block := e.Code.(*ast.BlockStmt); !block || len(code) < 2 {
		return "" // a whole file
	}
	lines := strings.Split(strings.Trim(code[1:len(code)-1], "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "\t")
	}
	text := "```go\n" + strings.TrimSpace(strings.Join(lines, "\n")) + "\n```"
	if out := strings.TrimSpace(e.Output); out != "" && !e.Unordered {
		text += "\n\nIt prints:\n\n```\n" + out + "\n```"
	}
	return text
}
