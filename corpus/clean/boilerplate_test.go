package clean

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
)

func boilerplate(t testing.TB) document.Step {
	var o BoilerplateOptions
	o.SetDefaults()
	b, err := NewBoilerplate(o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Worker()
}

func TestBoilerplate(t *testing.T) {
	s := boilerplate(t)
	for _, c := range []struct{ line, reason string }{
		{"This website uses cookies. By continuing you agree to our use of cookies.", "cookies"},
		{"Wir verwenden Cookies: diese Seite verwendet Cookies, um besser zu werden.", "cookies"},
		{"Please enable JavaScript to view the comments powered by Disqus.", "javascript"},
		{"© 2019 The Company, Inc.", "copyright"},
		{"Copyright 2019 Company. All rights reserved.", "copyright"},
		{"Sign up for our newsletter and get it in your inbox every day", "subscribe"},
		{"Subscribe to our channel", "subscribe"},
		{"Share this article", "share"},
		{"Follow us on Twitter", "share"},
		{"READ MORE: What happened then", "more"},
		{"Continue reading »", "more"},
		{"Skip to main content", "menu"},
		{"Advertisement", "menu"},
		{"Read more…", "menu"},
		{"Share", "menu"},
		{"She baked cookies for the children and they ate them all.", ""},
		{"JavaScript is a language that browsers run.", ""},
		{"The copyright of the photograph belongs to the museum.", ""},
		{"Shareholders of the company met on Monday.", ""},
		{"Share prices fell on Monday after the company cut its forecast for the year to come.", ""},
		{"Related work is discussed in the next section.", ""},
		{"Next he went to the station, where the train was waiting.", ""},
		{"Menus were printed on thick paper.", ""},
		{"Follow users as they click through the site and note where they stop.", ""},
		{"See also chapter three, where the proof is given in full detail.", ""},
		{"", ""},
	} {
		text := "The first line, which stays.\n" + c.line + "\nThe last line, which stays.\n"
		got, reasons := apply(s, text, document.HTML)
		want := text
		if c.reason != "" {
			want = strings.Replace(text, c.line+"\n", "", 1)
		}
		if got != want || c.reason != "" && reasons[c.reason] != 1 || c.reason == "" && len(reasons) > 0 {
			t.Errorf("%q: cut for %v, want %q", c.line, reasons, c.reason)
		}
	}
}

func TestRepeatedLines(t *testing.T) {
	s := boilerplate(t)
	refrain := "Posted by the editors\n"
	text := refrain + "one\n" + refrain + "two\n\n" + refrain + "\nthree\n" + refrain + "four\n---\n---\n---\n---\n"
	want := refrain + "one\ntwo\n\nthree\nfour\n---\n---\n---\n---\n"
	if got, reasons := apply(s, text, document.Text); got != want || reasons[reasonRepeated] != 3 {
		t.Errorf("got %q, cut for %v", got, reasons)
	}
	if got, _ := apply(s, text, document.Code); got != text {
		t.Errorf("code became %q", got)
	}
	three := refrain + "one\n" + refrain + "two\n" + refrain
	if got, _ := apply(s, three, document.Text); got != three {
		t.Errorf("three times: %q", got)
	}
}

func TestBoilerplateOptions(t *testing.T) {
	for _, o := range []BoilerplateOptions{{MaxWords: 0, Repeats: 1}, {MaxWords: 1, Repeats: -1}} {
		if _, err := NewBoilerplate(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	b, err := NewBoilerplate(BoilerplateOptions{MaxWords: 3})
	if err != nil {
		t.Fatal(err)
	}
	text := "Share this very good article\nShare this\n" + strings.Repeat("A line again\n", 9)
	if got, _ := apply(b.Worker(), text, document.Text); got != strings.Replace(text, "Share this\n", "", 1) {
		t.Errorf("got %q", got)
	}
}

func FuzzBoilerplate(f *testing.F) {
	f.Add("Share\n\nShare this\n\n\na b\na b\na b\na b\na b\n")
	s := boilerplate(f)
	f.Fuzz(func(t *testing.T, text string) {
		once, reasons := apply(s, text, document.Text)
		if (once != text) != (len(reasons) > 0) {
			t.Errorf("cut for %v", reasons)
		}
		if utf8.ValidString(text) && !utf8.ValidString(once) {
			t.Errorf("not UTF-8: %q", once)
		}
		if twice, _ := apply(s, once, document.Text); twice != once {
			t.Errorf("%q: %q, then %q", text, once, twice)
		}
		rest := text
		for line := range strings.Lines(once) { // lines stay in order and whole
			i := strings.Index(rest, line)
			if i < 0 {
				t.Fatalf("%q has the new line %q", once, line)
			}
			rest = rest[i+len(line):]
		}
	})
}

func BenchmarkBoilerplate(b *testing.B) {
	for name, text := range map[string]string{
		"paragraphs": strings.Repeat(strings.Repeat("The quick brown fox jumps over the lazy dog. ", 8)+"\n\n", 500),
		"lines":      strings.Repeat("It's a sunny day, and the quick brown fox jumps over the lazy dog.\n", 1000) + strings.Repeat("Share this article\n", 20),
	} {
		b.Run(name, func(b *testing.B) {
			s := boilerplate(b)
			content := bytes.Clone([]byte(text))
			b.SetBytes(int64(len(content)))
			var d document.Document
			for b.Loop() {
				d.Reset(content)
				s.Apply(&d)
			}
		})
	}
}
