package terminal

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

func TestCutBlocks(t *testing.T) {
	for _, c := range []struct{ text, whole string }{
		{"", ""},
		{"One paragraph that goes on", ""},
		{"One.\n\nTwo goes on", "One.\n\n"},
		{"One.\n\nTwo", ""}, // of too few bytes
		{"One.\n\n- item", ""},
		{"- a\n\n- b\n\n1. c\n\n  more", ""},
		{"- a\n\nText again", "- a\n\n"},
		{"One.\n\n```go\nx\n\ny\n", "One.\n\n"},
		{"One.\n\n```go\nx\n\nfunc y\n```\n\nText", "One.\n\n```go\nx\n\nfunc y\n```\n\n"},
		{"````\n```\n\nstill code\n", ""},
		{"| a |\n\n# Heading", "| a |\n\n"},
		{"> quote\n\n> quote", ""},
	} {
		whole, rest := cutBlocks(c.text)
		if whole != c.whole || whole+rest != c.text {
			t.Errorf("%q: %q and %q, want %q", c.text, whole, rest, c.whole)
		}
	}
}

// FuzzCutBlocks: nothing is lost, and a cut stays where it is when more is
// written.
func FuzzCutBlocks(f *testing.F) {
	f.Add("One.\n\nTwo.\n\n```\ncode\n\nmore\n```\n\nEnd of it", 20)
	f.Add("\r\n~~~\n\n~~~ x\n\n~~~\n\n\n\nabcd", 9)
	f.Fuzz(func(t *testing.T, text string, n int) {
		whole, rest := cutBlocks(text)
		if whole+rest != text {
			t.Fatalf("%q and %q", whole, rest)
		}
		if n < 0 || n > len(text) {
			return
		}
		early, _ := cutBlocks(text[:n])
		if !strings.HasPrefix(whole, early) {
			t.Errorf("%q was whole, and then %q", early, whole)
		}
	})
}

// shown are the escape sequences that rendered text may have: colors.
var shown = regexp.MustCompile("\x1b\\[[0-9;:]*m")

func FuzzRender(f *testing.F) {
	f.Add("# A\n\n**b** `c` [d](http://e) \x1b]8;;x\x07 | a |\n|---|\n| b |", 40)
	f.Add("&#27;[2J &#x9b;3J &#0000007; [&#27;](&#27;]52) ![a](&#x1B;c) &lrm; `&#27;`\n\n&#27;]0;title&#7;", 80)
	f.Add("<a href='\u009b'>&#27;[8mx</a>\n\n- [ ] &#X1b;\n\n[x]: &#27;\n\n[x]", 80)
	f.Fuzz(func(t *testing.T, text string, width int) {
		out := newMarkdown(width%200, true).render(text)
		rest := shown.ReplaceAllString(out, "")
		if at := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }); at >= 0 {
			t.Errorf("%q has a control character at %q", out, rest[at:])
		}
	})
}

// TestEntities: a character that Markdown spells cannot steer the terminal.
func TestEntities(t *testing.T) {
	for _, text := range []string{"a&#27;[8mb", "a&#x1b;[8mb", "a&#X00001B;[8mb", "a&#155;8mb"} {
		out := newMarkdown(80, true).render(text)
		if strings.Contains(out, "\x1b[8m") || strings.ContainsRune(out, 0x9b) || !strings.Contains(ansi.Strip(out), "8mb") {
			t.Errorf("%q is shown as %q", text, out)
		}
	}
}
