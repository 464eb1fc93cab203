package main

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// joined drops empty paragraphs and spaces around the others.
func joined(paragraphs []string) string {
	var kept []string
	for _, p := range paragraphs {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "|")
}

func TestMarkup(t *testing.T) {
	const page = "<html><head><title>T</title></head><body><script>x()</script><h1>One</h1>\n<p>Two <b>bold</b> &amp;\nmore</p><!-- no --><pre>code</pre><para>Three <gui>Menu</gui>.</para></body>"
	if got, want := joined(markup(page)), "One|Two bold & more|Three Menu."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestManual(t *testing.T) {
	const page = ".TH X 1\n.SH NAME\nx \\- does \\fBmuch\\fR\nand more\n.PP\nA second \\(lqone\\(rq.\n.nf\nint x;\n.fi\n.B skipped\nlast\n"
	if got, want := joined(manual(page)), "x - does much and more|A second “one”. last"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTranslations(t *testing.T) {
	messages := []string{"header", "Das <b>Haus</b>\nist _alt", "eins\x00zwei %d"}
	var table, text bytes.Buffer
	for _, m := range messages {
		at := uint32(28 + 8*len(messages) + text.Len())
		if err := binary.Write(&table, binary.LittleEndian, [2]uint32{uint32(len(m)), at}); err != nil {
			t.Fatal(err)
		}
		text.WriteString(m)
	}
	var file bytes.Buffer
	if err := binary.Write(&file, binary.LittleEndian, [7]uint32{0x950412de, 0, uint32(len(messages)), 28, 28}); err != nil {
		t.Fatal(err)
	}
	file.Write(table.Bytes())
	file.Write(text.Bytes())
	if got, want := joined(translations(file.Bytes())), "Das Haus ist alt|eins|zwei"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for cut := range file.Len() {
		translations(file.Bytes()[:cut]) // does not panic
	}
}

func TestCodeOf(t *testing.T) {
	for path, want := range map[string]string{
		"p/usr/share/man/de/man1/ls.1.gz":                     "de",
		"p/usr/share/man/pt_BR/man1/ls.1.gz":                  "pt",
		"p/usr/share/help/C/x/index.page":                     "en",
		"p/usr/share/help/sr@latin/x/index.page":              "",
		"p/usr/share/libreoffice/help/zh-CN/text/a.html":      "zh",
		"p/usr/share/locale/ja/LC_MESSAGES/x.mo":              "ja",
		"p/usr/share/doc/debian-handbook/html/nb-NO/ch1.html": "nb",
		"p/usr/share/doc/debian/FAQ/basic.fr.html":            "fr",
		"p/usr/share/man/tlh/man1/ls.1.gz":                    "",
		"p/usr/share/man/man1/ls.1.gz":                        "xx",
	} {
		code := ""
		if want == "xx" {
			code, want = "en", "en"
		}
		if got := codeOf(path, code); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	got := sentences("This is the first sentence. Short. And here is the third one! 这是一个足够长的中文句子，所以应该被保留下来。短句。")
	want := []string{"This is the first sentence.", "And here is the third one!", "这是一个足够长的中文句子，所以应该被保留下来。"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestPlausible(t *testing.T) {
	for _, c := range []struct {
		code, text string
		want       bool
	}{
		{"en", "An English sentence of some length.", true},
		{"ru", "An English sentence of some length.", false},
		{"ja", "日本語の文章です。", true},
		{"zh", "日本語の文章です。", false},
		{"en", "12 34 -- == 56 () [] a", false},
	} {
		if got := plausible(c.code, c.text); got != c.want {
			t.Errorf("%s %q: %v", c.code, c.text, got)
		}
	}
}

// TestShared shows that text which several languages have teaches none.
func TestShared(t *testing.T) {
	c := &collection{train: map[string]map[string][]string{}, tune: map[string][]string{}, held: map[string][]string{}, owner: map[uint64]string{}}
	s := source{name: "p", role: "train"}
	c.take(s, "de", "Dieser Satz steht nur in einer Sprache hier.")
	c.take(s, "de", "This sentence was not translated at all.")
	c.take(s, "en", "This sentence was not translated at all.")
	c.take(source{name: "q", role: "test"}, "de", "Dieser Satz steht nur in einer Sprache hier.")
	c.dropShared()
	if got := c.train["de"]["p"]; len(got) != 1 || len(c.train["en"]["p"]) != 0 || len(c.held["de"]) != 0 {
		t.Errorf("%q %q %q", got, c.train["en"], c.held)
	}
}
