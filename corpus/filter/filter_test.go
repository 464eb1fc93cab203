package filter

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// apply applies a step to a new document.
func apply(s document.Step, text string) *document.Document {
	var d document.Document
	d.Reset([]byte(text))
	s.Apply(&d)
	return &d
}

// wantDrop checks the decision in full; rule "" means that the document stays.
func wantDrop(t *testing.T, d *document.Document, rule string, value, limit float64) {
	t.Helper()
	switch {
	case rule == "" && d.Drop != nil:
		t.Errorf("dropped: %+v", *d.Drop)
	case rule != "" && d.Drop == nil:
		t.Errorf("stays, want it dropped by %s", rule)
	case rule != "" && (d.Drop.Rule != rule || d.Drop.Value != value || d.Drop.Limit != limit):
		t.Errorf("dropped: %+v, want %s with %v against %v", *d.Drop, rule, value, limit)
	}
}

// TestDrops shows the number and the limit of drops, and that a limit itself is
// allowed.
func TestDrops(t *testing.T) {
	steps := published(t)
	quality, repetition, fineWeb := steps[0], steps[1], steps[2]
	wantDrop(t, apply(quality, strings.Repeat("word, ", 49)), "min_words", 49, 50)
	wantDrop(t, apply(quality, strings.Repeat("word of the ", 17)), "", 0, 0)
	wantDrop(t, apply(quality, strings.Repeat("ab ", 60)), "min_mean_length", 2, 3)
	wantDrop(t, apply(quality, strings.Repeat("#tags the word of this ", 20)), "max_hashes", 1./6, 0.1)
	wantDrop(t, apply(quality, strings.Repeat("the very same ", 50)), "min_stop_words", 1, 2)
	wantDrop(t, apply(quality, strings.Repeat("the words of ", 33_334)), "max_words", 100_002, 100_000)
	wantDrop(t, apply(repetition, ""), "empty", 0, 1)
	wantDrop(t, apply(repetition, "a\nb\nc\nb\na"), "duplicate_lines", 0.4, 0.3)
	wantDrop(t, apply(repetition, "a\n\nb\n\na\n\n"), "duplicate_paragraphs", 1./3, 0.3)
	wantDrop(t, apply(fineWeb, " \n\n"), "empty", 0, 1)
	wantDrop(t, apply(fineWeb, strings.Repeat("A line that is surely long enough for all.\n", 3)), "max_repeated_characters", 2./3, 0.01)
}

// TestC4 shows what the step takes out and what it says about it.
func TestC4(t *testing.T) {
	text := "  A first line here. \n\nNo mark at the end\nToo short.\nEnable JavaScript in it now.\nRead our privacy policy please.\n" +
		"One[1] line with [edit] marks. Two. Three. Four.\r\nThe last one is here."
	d := apply(published(t)[3], text)
	wantDrop(t, d, "", 0, 0)
	if want := "A first line here.\nOne line with  marks. Two. Three. Four.\nThe last one is here."; string(d.Text()) != want {
		t.Errorf("left is %q, want %q", d.Text(), want)
	}
	total := len(d.Text())
	reasons := map[string]int{}
	for _, c := range d.Cuts {
		if c.Step != "c4" {
			t.Errorf("cut by %q", c.Step)
		}
		reasons[c.Reason] = c.Count
		total += int(c.Bytes)
		for _, s := range c.Spans {
			if s[0] < 0 || s[1] <= 0 || s[0]+s[1] > len(text) {
				t.Errorf("%s is cut at %v of %d bytes", c.Reason, s, len(text))
			}
		}
	}
	if total != len(text) {
		t.Errorf("%d bytes are left or cut, of %d", total, len(text))
	}
	for reason, n := range map[string]int{
		"space": 3, "blank": 1, "terminal_punctuation": 1, "min_line_words": 1, "javascript": 1, "policy": 1, "citations": 2,
	} {
		if reasons[reason] != n {
			t.Errorf("%d cuts for %s, want %d: %+v", reasons[reason], reason, n, d.Cuts)
		}
	}
	short := apply(published(t)[3], "Not enough of them. Here are two.")
	wantDrop(t, short, "min_sentences", 2, 5)
	if len(short.Cuts) > 0 || string(short.Text()) != "Not enough of them. Here are two." {
		t.Errorf("a dropped document was changed: %+v", short.Cuts)
	}
}

func listFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestWordList(t *testing.T) {
	name := listFile(t, "# what is not wanted\nBad\n\nvery bad thing\nx-y\n🖕\n坏话\r\n")
	w, err := NewWordList(WordListOptions{Lists: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	step := w.Worker()
	for text, n := range map[string]float64{
		"All is good.":               0,
		"badly done, unbad, ba d":    0,
		"That is BAD, bad!":          2,
		"a very bad thing it is":     3,
		"a very bad, thing it is":    1,
		"X-Y is found, x - y is not": 3,
		"so 🖕":                       1,
		"不要说坏话了":                     2,
	} {
		d := apply(step, text)
		if n == 0 {
			wantDrop(t, d, "", 0, 0)
		} else {
			wantDrop(t, d, "max_count", n, 0)
		}
	}
	if d := apply(step, "It is a Very\nBad thing."); d.Drop == nil || d.Drop.Note != "Very\nBad thing" {
		t.Errorf("dropped %+v, want a note of the phrase", d.Drop)
	}
	some, err := NewWordList(WordListOptions{Lists: []string{name}, MaxCount: 1, MaxRatio: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	wantDrop(t, apply(some.Worker(), "bad"), "", 0, 0)                               // one word is allowed
	wantDrop(t, apply(some.Worker(), "bad bad of eight words here is it"), "", 0, 0) // and a quarter
	wantDrop(t, apply(some.Worker(), "bad bad here"), "max_ratio", 2./3, 0.25)

	c, err := NewC4(C4Options{BadWords: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	wantDrop(t, apply(c.Worker(), "A bad word."), "bad_words", 1, 0)
}

func TestLicenses(t *testing.T) {
	var o LicensesOptions
	o.SetDefaults()
	o.Allow = append(o.Allow, "LGPL-2.1-only")
	l, err := NewLicenses(o)
	if err != nil {
		t.Fatal(err)
	}
	for license, keeps := range map[string]bool{
		"MIT": true, "mit": true, "GPL-3.0-only": false, "": false, "MIT OR GPL-2.0-only": true, "MIT AND GPL-2.0-only": false,
		"GPL-2.0-only AND MIT OR ISC": true, "GPL-2.0-only AND (MIT OR ISC)": false, "(MIT)": true, "Apache-2.0 WITH LLVM-exception": true,
		"GPL-2.0-only WITH Classpath-exception-2.0": false, "Apache-2.0+": true, "LGPL-2.1-or-later": true, "MIT OR": false, "MIT (": false,
		"free for all": false, "MIT/X11": false, "((((MIT))))": true, strings.Repeat("(", 100) + "MIT" + strings.Repeat(")", 100): false,
	} {
		d := &document.Document{Meta: map[string]string{"license": license}}
		l.Worker().Apply(d)
		if (d.Drop == nil) != keeps {
			t.Errorf("%q: %+v, want it kept: %v", license, d.Drop, keeps)
		}
	}
	o.Unknown = "keep"
	if l, err = NewLicenses(o); err != nil {
		t.Fatal(err)
	}
	wantDrop(t, apply(l.Worker(), "text"), "", 0, 0)
}

func TestLength(t *testing.T) {
	l, err := NewLength(LengthOptions{MinBytes: 3, MaxBytes: 20, MinWords: 2, MaxWords: 4})
	if err != nil {
		t.Fatal(err)
	}
	s := l.Worker()
	wantDrop(t, apply(s, "ab"), "min_bytes", 2, 3)
	wantDrop(t, apply(s, strings.Repeat("a", 21)), "max_bytes", 21, 20)
	wantDrop(t, apply(s, "abc"), "min_words", 1, 2)
	wantDrop(t, apply(s, "a b c d e"), "max_words", 5, 4)
	wantDrop(t, apply(s, "a b c d"), "", 0, 0)
}

// TestCheck holds that impossible values are named.
func TestCheck(t *testing.T) {
	for key, err := range map[string]error{
		"min_words":         (&QualityOptions{MinWords: -1}).Check(),
		"min_mean_length":   (&QualityOptions{MinMeanLength: 5, MaxMeanLength: 4}).Check(),
		"max_bullet_lines":  (&QualityOptions{MaxBulletLines: 1.5}).Check(),
		"min_stop_words":    (&QualityOptions{MinStopWords: 1}).Check(),
		"stop_words":        (&QualityOptions{StopWords: make([]string, 65)}).Check(),
		"top_3_gram":        (&RepetitionOptions{Top3: -0.1}).Check(),
		"duplicate_9_grams": (&RepetitionOptions{Repeated9: 2}).Check(),
		"duplicate_lines":   (&RepetitionOptions{Lines: 2}).Check(),
		"short_line":        (&FineWebOptions{ShortLine: -1}).Check(),
		"max_newlines":      (&FineWebOptions{MaxNewlines: -1}).Check(),
		"max_short_lines":   (&FineWebOptions{MaxShortLines: 3}).Check(),
		"min_sentences":     (&C4Options{MinSentences: -1}).Check(),
		"bad_words":         (&C4Options{BadWords: []string{""}}).Check(),
		"lists":             (&WordListOptions{}).Check(),
		"max_ratio":         (&WordListOptions{Lists: []string{"x"}, MaxRatio: 2}).Check(),
		"min_bytes":         (&LengthOptions{}).Check(),
		"max_words":         (&LengthOptions{MaxWords: -1}).Check(),
		"allow":             (&LicensesOptions{Allow: []string{"MIT OR ISC"}, Unknown: "drop"}).Check(),
		"unknown":           (&LicensesOptions{Allow: []string{"MIT"}}).Check(),
	} {
		var bad *recipe.ValueError
		if !errors.As(err, &bad) || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
	for content, want := range map[string]string{"": "no phrase", "\n# x\n": "no phrase", strings.Repeat("a ", 65): ":1: the phrase has 65 words"} {
		if _, err := NewWordList(WordListOptions{Lists: []string{listFile(t, content)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", content, err, want)
		}
	}
	if _, err := NewWordList(WordListOptions{Lists: []string{"no/such/file"}}); !strings.Contains(err.Error(), "no/such/file") {
		t.Errorf("%v names no file", err)
	}
}

// TestWorkersDoNotAllocate holds for documents that come after a longer one.
func TestWorkersDoNotAllocate(t *testing.T) {
	text := []byte(strings.Repeat("The words of this line are all the same, and it is long enough for them. Another one is here!\n", 40))
	for _, s := range published(t) {
		var d document.Document
		d.Reset(text)
		d.Words()
		s.Apply(&d)
		dropped := 0
		if d.Drop != nil {
			dropped = 1
		}
		if n := testing.AllocsPerRun(10, func() { d.Drop = nil; s.Apply(&d) }); int(n) > dropped {
			t.Errorf("%s: %v allocations, besides %d for the drop", s.Name(), n, dropped)
		}
	}
}

// FuzzSteps holds that decisions do not depend on what a worker did before, and
// that C4's edits account for the text.
func FuzzSteps(f *testing.F) {
	f.Add([]byte("A line.\n\nAnother [1] line… \u2028and so on.\r\n- x\n- x"), []byte("Before it."))
	f.Add([]byte("{[]}\x1c\x85\xff[12][edit]."), []byte(""))
	used := published(f)
	f.Fuzz(func(t *testing.T, text, other []byte) {
		fresh := published(t)
		for i := range used {
			var a, b document.Document
			a.Reset(bytes.Clone(text))
			fresh[i].Apply(&a)
			b.Reset(other)
			used[i].Apply(&b)
			b.Reset(bytes.Clone(text))
			used[i].Apply(&b)
			if (a.Drop == nil) != (b.Drop == nil) || a.Drop != nil && *a.Drop != *b.Drop || !bytes.Equal(a.Text(), b.Text()) {
				t.Fatalf("%s of %q: %+v and %+v", used[i].Name(), text, a.Drop, b.Drop)
			}
			if a.Drop != nil && (len(a.Cuts) > 0 || !bytes.Equal(a.Text(), text)) {
				t.Fatalf("%s of %q: changed and dropped", used[i].Name(), text)
			}
		}
	})
}

// FuzzPhrases holds that a list finds its own phrases.
func FuzzPhrases(f *testing.F) {
	f.Add([]byte("bad\nvery bad\n# not\n\xff x.y\n"), []byte("a very Bad thing"))
	f.Fuzz(func(t *testing.T, list, text []byte) {
		name := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(name, list, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := readPhrases("lists", []string{name})
		if err != nil {
			return
		}
		var l words.List
		l.Split(text)
		if n, _ := p.count(text, l.Words, len(l.Words)); n > len(l.Words) {
			t.Fatalf("%d of %d words are in phrases", n, len(l.Words))
		}
		for line := range bytes.Lines(list) {
			if line = trim(line); len(line) == 0 || bytes.HasPrefix(line, []byte("# ")) || bytes.HasPrefix(line, []byte("\ufeff")) {
				continue
			}
			l.Split(line)
			if n, _ := p.count(line, l.Words, len(l.Words)); n == 0 {
				t.Fatalf("%q is not found in itself", line)
			}
		}
	})
}

func FuzzSPDX(f *testing.F) {
	f.Add("MIT OR (Apache-2.0 WITH x AND isc)")
	f.Fuzz(func(_ *testing.T, text string) {
		if e, err := parseSPDX(text); err == nil {
			e.allowed(map[string]bool{"mit": true})
		}
	})
}

// TestC4LongText drops a text whose last lines would not be looked at.
func TestC4LongText(t *testing.T) {
	var o C4Options
	o.SetDefaults()
	c, err := NewC4(o)
	if err != nil {
		t.Fatal(err)
	}
	var d document.Document
	d.Reset([]byte("These are words of a line.\n"))
	d.Words().Words = make([]words.Word, words.Most) // as of a text of so many, in memory that nothing touches
	c.Worker().Apply(&d)
	if d.Drop == nil || d.Drop.Rule != "max_words" {
		t.Errorf("dropped: %+v", d.Drop)
	}
}

// TestWorkersLetGo reads texts of many lines, after which workers hold no more than
// before.
func TestWorkersLetGo(t *testing.T) {
	var f FineWebOptions
	var r RepetitionOptions
	f.SetDefaults()
	r.SetDefaults()
	lines, again := &fineWeb{o: &f}, &repetition{o: &r, top: r.top(), repeated: r.repeated()}
	for _, text := range []string{strings.Repeat("\n", 3*keep), strings.Repeat("a\n", 3*keep)} {
		apply(lines, text)
		apply(again, text)
		if n := max(cap(lines.lines.slots), cap(again.set.slots), cap(again.grams.hashes)); n > 4*keep {
			t.Errorf("memory for %d words is held", n)
		}
	}
}
