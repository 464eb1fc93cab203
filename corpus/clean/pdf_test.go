package clean

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
)

func pdfStep(t testing.TB, o PDFOptions) document.Step {
	p, err := NewPDF(o)
	if err != nil {
		t.Fatal(err)
	}
	return p.Worker()
}

func allPDF() PDFOptions {
	var o PDFOptions
	o.SetDefaults()
	return o
}

func TestPDF(t *testing.T) {
	s := pdfStep(t, allPDF())
	full := "This line is as long as the lines of the page are, and so it goes"
	for name, c := range map[string]struct{ text, want string }{
		"a paragraph":      {full + "\non here, until the end of it.\nA short one.\n", full + " on here, until the end of it.\nA short one.\n"},
		"blank lines":      {full + "\n\n" + full + "\n", full + "\n\n" + full + "\n"},
		"a divided word":   {full + " to the exam-\nple of a word.\n", full + " to the example of a word.\n"},
		"a hyphen stays":   {"A well-known fact, and more of it here on the line is a well-\nknown fact.\n", "A well-known fact, and more of it here on the line is a well-known fact.\n"},
		"two known words":  {"The state and the owned are words, so that this one is state-\nowned.\n", "The state and the owned are words, so that this one is state-owned.\n"},
		"joined elsewhere": {"The cooperation and the co and the operation show that co-\noperation is one.\n", "The cooperation and the co and the operation show that cooperation is one.\n"},
		"a name":           {full + " of Anglo-\nSaxon times.\n", full + " of Anglo-Saxon times.\n"},
		"a dash":           {full + " -\nand more.\n", full + " - and more.\n"},
		"soft hyphen":      {full + " exam\u00ad\nple.\n", full + " example.\n"},
		"items":            {full + "\n• one\n• two\n1. three\n(no item)\n", full + "\n• one\n• two\n1. three\n(no item)\n"},
		"a heading":        {"Chapter one\n" + full + "\nand on.\n", "Chapter one\n" + full + " and on.\n"},
		"a table":          {full + "\n1 22 333 4444\n5 66 777 8888\n", full + "\n1 22 333 4444\n5 66 777 8888\n"},
		"across pages":     {full + "\n\f\nand on the next page.\n", full + " and on the next page.\n"},
		"a new page":       {full + ".\n\f\nAnother sentence.\n", full + ".\nAnother sentence.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := apply(s, c.text, document.PDF); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	if got, _ := apply(s, "a exam-\nple", document.Text); got != "a exam-\nple" {
		t.Errorf("text became %q", got)
	}
}

func TestPDFHeaders(t *testing.T) {
	var text, want strings.Builder
	for i := range 6 {
		fmt.Fprintf(&text, "A Book, chapter %d\n\nText of page number %d, which differs from the others %s.\n\n- %d -\n\f\n", i/2, i, strings.Repeat("x", i+1), i+1)
		fmt.Fprintf(&want, "Text of page number %d, which differs from the others %s.\n", i, strings.Repeat("x", i+1))
	}
	got, reasons := apply(pdfStep(t, allPDF()), text.String(), document.PDF)
	if got != want.String() {
		t.Errorf("got %q", got)
	}
	if reasons[reasonHeader] != 6 || reasons[reasonNumber] != 6 || reasons[reasonPage] != 6 {
		t.Errorf("cut for %v", reasons)
	}
	for line, is := range map[string]bool{
		"12": true, "xii": true, "Page 3 of 10": true, "3/10": true, "Seite 4": true, "[5]": true,
		"Page": false, "1 2 3": false, "Chapter 3": false, "": false, "123456": false, "mix": false,
	} {
		if isPageNumber([]byte(line)) != is {
			t.Errorf("%q is a page number: %v", line, !is)
		}
	}
}

func TestPDFOptions(t *testing.T) {
	text := "Head\nThe text of a page that is long, with an exam-\nple in it.\n1\n"
	text = text + "\f\n" + text + "\f\n" + text
	for _, o := range []PDFOptions{{}, {Headers: true}, {Hyphens: true}, {Paragraphs: true}} {
		got, _ := apply(pdfStep(t, o), text, document.PDF)
		if strings.Contains(got, "Head") == o.Headers || strings.Contains(got, "example") != o.Hyphens ||
			strings.Contains(got, "exam- ple") != o.Paragraphs {
			t.Errorf("%+v: %q", o, got)
		}
	}
}

// letters returns the letters and digits of a text.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// FuzzPDF checks that joining lines loses no letter.
func FuzzPDF(f *testing.F) {
	f.Add("A line of text that is exam-\nple\n\f\n1\n\f\nb\n")
	s := pdfStep(f, PDFOptions{Hyphens: true, Paragraphs: true})
	all := pdfStep(f, allPDF())
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		got, _ := apply(s, text, document.PDF)
		if letters(got) != letters(text) {
			t.Errorf("%q became %q", text, got)
		}
		for _, g := range []string{got, first(apply(all, text, document.PDF))} {
			if !utf8.ValidString(g) || strings.Contains(g, "\f") {
				t.Errorf("%q became %q", text, g)
			}
		}
	})
}

func first(text string, _ map[string]int) string { return text }

func BenchmarkPDF(b *testing.B) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "A Book\n%s%d\n\f\n", strings.Repeat("The quick brown fox jumps over the lazy dog and the tree be-\nhind it, again.\n", 30), i)
	}
	s := pdfStep(b, allPDF())
	content := []byte(text.String())
	b.SetBytes(int64(len(content)))
	var d document.Document
	for b.Loop() {
		d.Reset(content)
		d.Format = document.PDF
		s.Apply(&d)
	}
}
