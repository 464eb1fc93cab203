package corpus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/shard"
)

// built makes the corpus of a fixture and opens it.
func built(t *testing.T, f *fixture) *Corpus {
	t.Helper()
	out := filepath.Join(f.dir, "out")
	mustBuild(t, parse(t, f.recipe(out)))
	c, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestTrace compares the lineage of every document with what a look at all
// documents and all shards tells.
func TestTrace(t *testing.T) {
	c := built(t, newFixture(t, t.TempDir()))
	ctx := context.Background()
	set, err := shard.OpenSet(filepath.Join(c.dir, ShardsDir))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var all []Found
	err = c.Each(ctx, true, func(f *Found) error {
		all = append(all, *f)
		all[len(all)-1].Text = slices.Clone(f.Text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	went := map[uint32][]uint32{}
	for _, f := range all {
		if f.Gone == goneExact || f.Gone == goneNear {
			went[f.Keeper] = append(went[f.Keeper], f.Number)
		}
	}
	if len(went) == 0 {
		t.Fatal("the fixture has no duplicates")
	}
	seen := 0
	for i := range all {
		f := &all[i]
		trace, err := c.Trace(ctx, f.Number)
		if err != nil {
			t.Fatal(err)
		}
		checkPlace(t, c, trace)
		if trace.Others != int64(len(went[f.Number])) {
			t.Errorf("document %d stands for %d others, want %v", f.Number, trace.Others, went[f.Number])
		}
		for _, o := range trace.StandsFor {
			if !slices.Contains(went[f.Number], o.Number) || o.ID != all[o.Number].Record.ID {
				t.Errorf("document %d stands for %+v, want %v", f.Number, o, went[f.Number])
			}
		}
		if (trace.Stays != nil) != (f.Gone == goneExact || f.Gone == goneNear) {
			t.Errorf("document %d, %q: stays %+v", f.Number, f.Gone, trace.Stays)
		}
		if f.Gone != "" || !f.Record.Kept() {
			if len(trace.Shards) > 0 || len(trace.Copies) > 0 {
				t.Errorf("document %d is gone and in the shards: %+v", f.Number, trace)
			}
			continue
		}
		id, err := document.ParseID(f.Record.Text)
		if err != nil {
			t.Fatal(err)
		}
		copies := 0
		for _, s := range trace.Copies {
			copies += s.Copies
		}
		var numbers []int64
		for _, l := range trace.Shards {
			numbers = append(numbers, l.Number)
		}
		if want := set.Find(id); !slices.Equal(numbers, want) || copies != len(want) {
			t.Errorf("document %d: %d copies at %v, want %v", f.Number, copies, numbers, want)
		}
		seen += len(numbers)
		if found, err := c.FindText(f.Text); err != nil || !slices.Contains(found, f.Number) {
			t.Errorf("the text of document %d finds %v, %v", f.Number, found, err)
		}
	}
	if int64(seen) != set.Docs() {
		t.Errorf("the documents are in the shards %d times, and these hold %d", seen, set.Docs())
	}
}

// checkPlace looks a document up by its place and its id.
func checkPlace(t *testing.T, c *Corpus, trace *Trace) {
	t.Helper()
	o := trace.Record.Origin
	if trace.File == nil || trace.File.Path != o.File || trace.File.SHA256 == "" {
		t.Errorf("document %d: file %+v", trace.Number, trace.File)
	}
	numbers, _, known, err := c.FindPlace(context.Background(), o.File, o.Record)
	if err != nil || !known || !slices.Equal(numbers, []uint32{trace.Number}) {
		t.Errorf("%s#%d finds %v, %v; want %d", o.File, o.Record, numbers, err, trace.Number)
	}
	id, err := document.ParseID(trace.Record.ID)
	if err != nil || id == (document.ID{}) {
		return // a bad record has none
	}
	if numbers, err := c.Find(id); err != nil || !slices.Contains(numbers, trace.Number) {
		t.Errorf("the id of document %d finds %v, %v", trace.Number, numbers, err)
	}
}

// TestFind: places that are not there, addresses, and texts that are nearly the
// same.
func TestFind(t *testing.T) {
	c := built(t, newSmallFixture(t, t.TempDir()))
	ctx := context.Background()
	if _, _, known, err := c.FindPlace(ctx, "nowhere.txt", -1); known || err != nil {
		t.Errorf("an unknown file: %v, %v", known, err)
	}
	numbers, records, known, err := c.FindPlace(ctx, "a.jsonl", -1)
	if err != nil || !known || records != 60 || len(numbers) != 60 {
		t.Errorf("a file of 60 lines: %d of %d, %v, %v", len(numbers), records, known, err)
	}
	calls := 0
	numbers, err = c.FindAddress(ctx, "https://example.org/12", func(done, all int) { calls++ })
	if err != nil || len(numbers) != 1 || calls != c.Manifest.Segments {
		t.Fatalf("an address: %v, %v, after %d of %d segments", numbers, err, calls, c.Manifest.Segments)
	}
	d, err := c.Document(ctx, numbers[0])
	if err != nil {
		t.Fatal(err)
	}
	if d.Record.Origin.Record != 12 {
		t.Errorf("the address leads to %+v", d.Record.Origin)
	}
	near, err := c.FindNear(ctx, []byte("A new beginning. "+string(d.Text)), nil)
	if err != nil || len(near) == 0 || near[0].Number != numbers[0] || near[0].Alike < 0.8 || near[0].Alike >= 1 {
		t.Errorf("a text that is nearly that of document %d: %+v, %v", numbers[0], near, err)
	}
	if within, err := c.FindWithin(ctx, append([]byte(" "), d.Text[20:len(d.Text)-20]...), func(done, all int) {}); err != nil || !slices.Contains(within, numbers[0]) {
		t.Errorf("a passage of document %d: %v, %v", numbers[0], within, err)
	}
	if within, err := c.FindWithin(ctx, []byte("words that nobody wrote"), nil); err != nil || len(within) != 0 {
		t.Errorf("no passage: %v, %v", within, err)
	}
	if near, err := c.FindNear(ctx, []byte("Nothing in all the world resembles these twelve particular words, does it?"), nil); err != nil || len(near) != 0 {
		t.Errorf("another text: %+v, %v", near, err)
	}
	if _, err := c.FindNear(ctx, []byte("too few"), nil); !errors.Is(err, ErrNoBands) {
		t.Error(err)
	}
}

func TestSplitPlace(t *testing.T) {
	for _, test := range []struct {
		text, file string
		record     int64
	}{
		{"a.jsonl#12", "a.jsonl", 12},
		{"a#b.txt", "a#b.txt", -1},
		{"a#b.txt#0", "a#b.txt", 0},
		{"#3", "#3", -1},
		{"", "", -1},
		{"a#-1", "a#-1", -1},
	} {
		if file, record := SplitPlace(test.text); file != test.file || record != test.record {
			t.Errorf("%q: %q, %d", test.text, file, record)
		}
	}
}

// TestAgain takes records through their steps again and looks at the cuts.
func TestAgain(t *testing.T) {
	f := newSmallFixture(t, t.TempDir())
	f.write(t, "text/private.txt", prose(700, 100)+"\nWrite to someone.special@gmail.com or call now, thank you.\n\n\n\n\n"+prose(701, 100))
	f.write(t, "text/short.txt", "Write to another.person@gmail.com today")
	f.write(t, "text/parted.txt", prose(702, 50)+"\nWrite to someone.el\u200bse@gmail.com or call now, thank you, and thank you.\n")
	out := filepath.Join(f.dir, "out")
	text := strings.Replace(f.recipe(out), "text: [length: {min_words: 5}]", "text: [unicode, length: {min_words: 8}, private]", 1)
	mustBuild(t, parse(t, text))
	c, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	again := func(place string) *Again {
		t.Helper()
		numbers, _, _, err := c.FindPlace(ctx, filepath.Base(place), 0)
		if err != nil || len(numbers) != 1 {
			t.Fatalf("%s: %v, %v", place, numbers, err)
		}
		trace, err := c.Trace(ctx, numbers[0])
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.Again(ctx, trace)
		if err != nil {
			t.Fatal(err)
		}
		if !a.Same || a.Pipeline != "text" {
			t.Errorf("%s: %+v", place, a)
		}
		if text, err := marshal(a); err != nil || strings.Contains(string(text), "@gmail.com") || strings.Contains(string(text), "someone.el") {
			t.Errorf("%s: private data is shown: %s", place, text)
		}
		return a
	}
	a := again("private.txt")
	if len(a.Steps) != 3 || len(a.Steps[0].Cuts) == 0 || len(a.Steps[2].Cuts) != 1 {
		t.Fatalf("%+v", a.Steps)
	}
	mail := a.Steps[2].Cuts[0]
	at := slices.IndexFunc(a.Steps[0].Cuts, func(c CutAgain) bool { return c.Reason == "blank_lines" })
	if at < 0 || !strings.Contains(a.Steps[0].Cuts[at].Before, "thank you.") {
		t.Errorf("%+v", a.Steps[0].Cuts)
	}
	if mail.Text != "" || mail.Reason != "email" || mail.Length != len("someone.special@gmail.com") || !strings.HasSuffix(mail.Before, "Write to ") || !strings.HasPrefix(mail.After, " or call") {
		t.Errorf("%+v", mail)
	}
	a = again("parted.txt")
	parted := slices.IndexFunc(a.Steps[0].Cuts, func(c CutAgain) bool { return c.Reason == "zero_width" })
	if parted < 0 || a.Steps[0].Cuts[parted].Before != "" || a.Steps[0].Cuts[parted].After != "" {
		t.Errorf("private data on both sides of a cut: %+v", a.Steps[0].Cuts)
	}
	shared := 0 // the files have lines that only the best of them keeps
	for i := range 12 {
		a := again(fmt.Sprintf("text/%02d.txt", i))
		last := a.Steps[len(a.Steps)-1]
		if last.Name != linesStage {
			continue
		}
		shared++
		beginning := prose(uint64(i%10), 300)[:40]
		if len(last.Cuts) == 0 || last.After >= last.Before || last.Cuts[0].Offset == 0 && !strings.HasPrefix(last.Cuts[0].Text, beginning) {
			t.Errorf("document %d: %+v", i, last)
		}
	}
	if shared == 0 {
		t.Error("no line was shared")
	}
	if a := again("short.txt"); a.Steps[len(a.Steps)-1].Drop == nil || a.Steps[len(a.Steps)-1].Drop.Rule != "min_words" {
		t.Errorf("%+v", a)
	}
	// A source that changed is not shown.
	numbers, _, _, err := c.FindPlace(ctx, "short.txt", 0)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := c.Trace(ctx, numbers[0])
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "text/short.txt", "Something else")
	if _, err := c.Again(ctx, trace); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	if err := os.Remove(f.path("text/short.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Again(ctx, trace); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
}

// TestBuiltRecipe: the recipe in the manifest is the one that was built.
func TestBuiltRecipe(t *testing.T) {
	f := newSmallFixture(t, t.TempDir())
	c := built(t, f)
	r, err := c.Recipe()
	if err != nil {
		t.Fatal(err)
	}
	got, err := marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if hexHash(got) != c.Manifest.RecipeHash {
		t.Errorf("the recipe reads back as %s", got)
	}
}
