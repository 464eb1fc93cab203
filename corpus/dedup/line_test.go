package dedup

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
)

// removeLines is what a build does with Lines.
func removeLines(t testing.TB, o LineOptions, items []item) {
	t.Helper()
	lines, err := NewLines(o)
	if err != nil {
		t.Fatal(err)
	}
	order := orderOf(t, t.TempDir(), items)
	repeats, err := NewRepeats(t.TempDir(), 300)
	if err != nil {
		t.Fatal(err)
	}
	defer repeats.Close()
	for i := range items {
		if err := repeats.Add(uint32(i), lines.Worker().Hashes(nil, items[i].document())); err != nil {
			t.Fatal(err)
		}
	}
	marks, err := repeats.Later(t.Context(), order)
	w := lines.Worker()
	forMarks(t, marks, err, func(doc uint32, hashes []uint64) {
		items[doc].apply(func(d *document.Document) { w.Remove(d, hashes) })
	})
}

// plainUnits splits a text in a plain way.
func plainUnits(text, unit string) []string {
	lines := strings.SplitAfter(text, "\n")
	if unit == UnitLines {
		return lines
	}
	var units []string
	for i, line := range lines {
		empty := strings.TrimSpace(line) == ""
		if i == 0 || !empty && strings.TrimSpace(lines[i-1]) == "" {
			units = append(units, "")
		}
		units[len(units)-1] += line
	}
	return units
}

// content is what units have in common: letters and digits, as words.
func content(unit string) (joined string, length int) {
	d := (&item{text: unit}).document()
	var b strings.Builder
	for _, w := range d.Words().Words {
		if w.Hash == 0 {
			continue
		}
		word := unit[w.Start:w.End]
		b.WriteString(strings.ToLower(word) + "\x00")
		length += utf8.RuneCountInString(word)
	}
	return b.String(), length
}

// plainLines is the oracle.
func plainLines(o LineOptions, items []item) {
	old := append([]item(nil), items...)
	has := func(it *item, want string) bool {
		for _, unit := range plainUnits(it.text, o.Unit) {
			if c, _ := content(unit); c == want {
				return true
			}
		}
		return false
	}
	for i := range items {
		kept := ""
		for _, unit := range plainUnits(old[i].text, o.Unit) {
			c, length := content(unit)
			goes := false
			for j := range old {
				goes = goes || length >= o.MinLength && old[j].better(&old[i]) && has(&old[j], c)
			}
			if !goes {
				kept += unit
			}
		}
		finish(&items[i], kept, o.MaxRemoved)
	}
}

// finish sets a text of which a part was removed.
func finish(it *item, kept string, most float64) {
	if kept == it.text {
		return
	}
	share := float64(len(it.text)-len(kept)) / float64(len(it.text))
	it.text = kept
	switch {
	case strings.TrimSpace(kept) == "":
		it.drop = &document.Drop{Rule: "all"}
	case share > most:
		it.drop = &document.Drop{Rule: "max_removed"}
	}
}

func TestLinesEqualOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, unit := range []string{UnitLines, UnitParagraphs} {
		for range 15 {
			o := LineOptions{Unit: unit, MinLength: 1 + r.IntN(12), MaxRemoved: float64(r.IntN(5)) / 4}
			items := itemsOf(r, sentences(r, 12, 40))
			sameInAnyOrder(t, r, items, func(x []item) { plainLines(o, x) }, func(x []item) { removeLines(t, o, x) })
		}
	}
}

func TestLines(t *testing.T) {
	items := []item{
		{rank: Rank{Quality: 1}, text: "Subscribe to our newsletter today!\nFirst text.\n"},
		{rank: Rank{Quality: 2}, text: "Second text.\n\nsubscribe, to our NEWSLETTER today\nRow 17 of the table of numbers\n"},
		{rank: Rank{Quality: 0}, text: "Short\nSUBSCRIBE TO OUR NEWSLETTER TODAY\r\nRow 18 of the table of numbers"},
		{rank: Rank{Quality: -1}, text: "Short\n"},
	}
	removeLines(t, LineOptions{Unit: UnitLines, MinLength: 10, MaxRemoved: 0.5}, items)
	want := []string{
		"First text.\n",
		"Second text.\n\nsubscribe, to our NEWSLETTER today\nRow 17 of the table of numbers\n",
		"Short\nRow 18 of the table of numbers",
		"Short\n",
	}
	for i, w := range want {
		if items[i].text != w {
			t.Errorf("document %d becomes %q, want %q", i, items[i].text, w)
		}
		if dropped := items[i].drop != nil; dropped != (i == 0) {
			t.Errorf("document %d is dropped: %+v", i, items[i].drop)
		}
	}
	if d := items[0].drop; d != nil && (d.Filter != "lines" || d.Rule != "max_removed" || d.Limit != 0.5 || d.Value < 0.7) {
		t.Errorf("%+v", d)
	}
}

// TestMaxRemoved: a document is dropped when more goes than may, not as much.
func TestMaxRemoved(t *testing.T) {
	for most, rule := range map[float64]string{0.5: "", 0.49: "max_removed"} {
		items := []item{{rank: Rank{Quality: 1}, text: "one two three\n"}, {text: "one two three\nsix four five\n"}}
		removeLines(t, LineOptions{Unit: UnitLines, MinLength: 1, MaxRemoved: most}, items)
		if got := results(items)[items[1].name()]; got != rule+"|six four five\n" {
			t.Errorf("at most %v may go: %q", most, got)
		}
	}
}

func TestLineOptions(t *testing.T) {
	for _, o := range []LineOptions{
		{Unit: "words", MinLength: 1}, {Unit: UnitLines}, {Unit: UnitLines, MinLength: 1, MaxRemoved: 1.5}, {Unit: UnitLines, MinLength: 1, MaxRemoved: -1},
	} {
		if _, err := NewLines(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	var o LineOptions
	o.SetDefaults()
	if err := o.Check(); err != nil {
		t.Error(err)
	}
}
