package clean

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/polymath-lm/polymath/corpus/document"
)

func step(t testing.TB, o UnicodeOptions) document.Step {
	u, err := NewUnicode(o)
	if err != nil {
		t.Fatal(err)
	}
	return u.Worker()
}

func defaults() UnicodeOptions {
	var o UnicodeOptions
	o.SetDefaults()
	return o
}

// apply returns the text after a step, and the reasons of its cuts.
func apply(s document.Step, text string, f document.Format) (string, map[string]int) {
	var d document.Document
	d.Reset([]byte(text))
	d.Format = f
	s.Apply(&d)
	reasons := map[string]int{}
	for _, c := range d.Cuts {
		reasons[c.Reason] += c.Count
	}
	return string(d.Text()), reasons
}

func TestUnicode(t *testing.T) {
	s := step(t, defaults())
	for name, c := range map[string]struct{ text, want, reason string }{
		"plain":           {"A line.\n\nAnother one.\n", "A line.\n\nAnother one.\n", ""},
		"tabs, no end":    {"a\tb", "a\tb", ""},
		"composed":        {"cafe\u0301", "caf\u00e9", reasonNFC},
		"Hangul":          {"\u1112\u1161\u11ab", "\ud55c", reasonNFC},
		"order of marks":  {"q\u0307\u0323", "q\u0323\u0307", reasonNFC},
		"angstrom":        {"\u212b", "\u00c5", reasonNFC},
		"after ascii":     {strings.Repeat("x", 40) + "n\u0303", strings.Repeat("x", 40) + "\u00f1", reasonNFC},
		"controls":        {"a\x00b\x1b[1mc\x7f\u0090", "ab[1mc", reasonControl},
		"private use":     {"a\ue000\U000f0000b\ufffe", "ab", reasonControl},
		"byte order mark": {"\ufeffa", "a", reasonControl},
		"zero width":      {"a\u200bb\u00adc\u2060d\u202ee", "abcde", reasonHidden},
		"joiners":         {"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f468\u200d\U0001f469", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f468\u200d\U0001f469", ""},
		"joiner in Latin": {"a\u200db", "ab", reasonHidden},
		"line ends":       {"a\r\nb\rc\u2028d\u0085e\ff", "a\nb\nc\nd\ne\nf", reasonNewline},
		"trailing space":  {"a  \nb\t\u00a0\n c \t", "a\nb\n c", reasonTrailing},
		"blank lines":     {"\n\na\n\n\n\n\n\nb\n\n\n", "a\n\n\nb\n", reasonBlank},
		"blank with tabs": {"a\n \n\t\n \n \nb", "a\n\n\nb", reasonBlank},
		"invalid":         {"a\xff\xfeb\xc3", "a\ufffdb\ufffd", reasonInvalid},
		"mojibake":        {"It\u00e2\u20ac\u2122s caf\u00c3\u00a9.", "It\u2019s caf\u00e9.", reasonMojibake},
		"latin-1":         {"It\u00e2\u0080\u0099s", "It\u2019s", reasonMojibake},
		"twice":           {"It\u00c3\u00a2\u00e2\u201a\u00ac\u00e2\u201e\u00a2s", "It\u2019s", reasonMojibake},
		"a lost byte":     {"\u00e2\u20ac\u0153Yes\u00e2\u20ac he said", "\u201cYes\u201d he said", reasonMojibake},
		"a lost space":    {"C\u00e2\u20ac\u2122est \u00c3 moi", "C\u2019est \u00e0 moi", reasonMojibake},
		"not mojibake":    {"\u201eSpa\u00df\u201c, voil\u00e0\u00a0\u00bb, IRM\u00c3\u2014 \u00c9\u2026", "\u201eSpa\u00df\u201c, voil\u00e0\u00a0\u00bb, IRM\u00c3\u2014 \u00c9\u2026", ""},
		"empty":           {"", "", ""},
		"only space":      {" \n \u200b\n", "", reasonBlank},
	} {
		t.Run(name, func(t *testing.T) {
			got, reasons := apply(s, c.text, document.Text)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.reason == "" && len(reasons) > 0 || c.reason != "" && reasons[c.reason] == 0 {
				t.Errorf("cut for %v, want %q", reasons, c.reason)
			}
		})
	}
}

func TestUnicodeFormats(t *testing.T) {
	s := step(t, defaults())
	for _, c := range []struct {
		format     document.Format
		text, want string
	}{
		{document.Code, "\ufeffx = 'e\u0301 \u200b'  \r\n\n\n\n\ny\n", "x = 'e\u0301 \u200b'  \n\n\n\n\ny\n"},
		{document.PDF, "a\n\f\nb", "a\n\f\nb"},
	} {
		if got, _ := apply(s, c.text, c.format); got != c.want {
			t.Errorf("%s: got %q, want %q", c.format, got, c.want)
		}
	}
	off := defaults()
	off.Mojibake, off.BlankLines = false, 0
	if got, _ := apply(step(t, off), "caf\u00c3\u00a9s\n\na", document.Text); got != "caf\u00c3\u00a9s\na" {
		t.Errorf("options: got %q", got)
	}
	if _, err := NewUnicode(UnicodeOptions{BlankLines: -1}); err == nil {
		t.Error("-1 blank lines are allowed")
	}
}

// TestSpecials compares the table with what golang.org/x/text says of each
// character, alone and after a letter.
func TestSpecials(t *testing.T) {
	for r := rune(0x80); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) || specials().has(r) {
			continue
		}
		for _, s := range []string{string(r), "a" + string(r), string(r) + "\u0301"[:0] + "b", "\u1100" + string(r)} {
			if !norm.NFC.IsNormalString(s) {
				t.Fatalf("%U is not special", r)
			}
		}
		if isRemoved(r) || isHidden(r) || isNewline(r) {
			t.Fatalf("%U is not special", r)
		}
	}
}

func checkClean(t *testing.T, s document.Step, text string, f document.Format) {
	t.Helper()
	once, reasons := apply(s, text, f)
	if !utf8.ValidString(once) {
		t.Errorf("%q: not UTF-8: %q", text, once)
	}
	if f != document.Code && !norm.NFC.IsNormalString(once) {
		t.Errorf("%q: not in form C: %q", text, once)
	}
	if (once != text) != (len(reasons) > 0) {
		t.Errorf("%q: cut for %v, became %q", text, reasons, once)
	}
	if twice, _ := apply(s, once, f); twice != once {
		t.Errorf("%q: %q, then %q", text, once, twice)
	}
}

func FuzzUnicode(f *testing.F) {
	for _, s := range []string{
		"plain text\n", "e\u0301 \u212b \u1112\u1161\u11ab", "\u00c3\u00a9\u00e2\u20ac\u2122s", "\r\n\r\u2028", "a \u200b \n\n\n\n b\xff",
		"\u00c3\u200b\u00a9s caf\u00c3\u00a9", "\u0645\u200c\u062e", "\u00c3\u0192\u00c2\u00a9t\u00c3\u0192\u00c2\u00a9",
	} {
		f.Add(s)
	}
	s := step(f, defaults())
	f.Fuzz(func(t *testing.T, text string) {
		checkClean(t, s, text, document.Text)
		checkClean(t, s, text, document.Code)
		checkClean(t, s, text, document.PDF)
	})
}

func BenchmarkUnicode(b *testing.B) {
	english := strings.Repeat("It\u2019s a sunny day, and the quick brown fox jumps over the lazy dog \u2013 again and again.\n", 2000)
	for name, text := range map[string]string{
		"ascii":   strings.Repeat("It is a sunny day, and the quick brown fox jumps over the lazy dog - again and again.\n", 2000),
		"english": english,
		"german":  strings.Repeat("Ein schöner Tag, über den Dächern hängt früh am Morgen dichter Nebel; „gut“, sagte er.\n", 2000),
		"russian": strings.Repeat("Съешь же ещё этих мягких французских булок, да выпей чаю.\n", 2000),
		"chinese": strings.Repeat("我能吞下玻璃而不伤身体，今天的天气很好。\n", 2000),
		"hindi":   strings.Repeat("मैं काँच खा सकता हूँ और मुझे उससे कोई चोट नहीं पहुंचती।\n", 2000),
		"dirty":   strings.ReplaceAll(english, "day", "day \u200b\r\n"),
	} {
		b.Run(name, func(b *testing.B) {
			s := step(b, defaults())
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

// TestManyMarks: normalization parts very long runs of combining marks, and
// another pass leaves that alone.
func TestManyMarks(t *testing.T) {
	for _, marks := range []string{"\u0301", "\u0316\u0301", "\u0301\u0323\u1dce\u20d0"} {
		once, _ := apply(step(t, defaults()), "a"+strings.Repeat(marks, 1000)+"b", document.Text)
		if again, cuts := apply(step(t, defaults()), once, document.Text); again != once || len(cuts) > 0 {
			t.Errorf("%q: another pass cuts %v", marks, cuts)
		}
	}
}
