package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// account is what walking all documents of a source finds.
type account struct {
	Read, Bad, Dropped, Kept, Left Count
	Gone                           map[string]Count
	Cuts                           int64 // bytes that stages after the filters took out
	Rules                          map[string]map[string]Count
}

// audit walks a corpus and compares every count of the manifest, and the shards,
// with what it finds.
func audit(t *testing.T, dir string) {
	t.Helper()
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	m := &c.Manifest
	set, err := shard.OpenSet(filepath.Join(dir, ShardsDir))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	tok, err := tokenizer.Load(m.TokenizerPath)
	if err != nil {
		t.Fatal(err)
	}
	in := map[shard.ID]int{} // how often a text is in the shards
	for doc := range set.NumDocs() {
		in[set.ID(doc)]++
	}
	accounts := map[string]*account{}
	want := map[shard.ID]int{}
	mixed := make([][]int64, len(m.Plan.Stages))
	for s := range mixed {
		mixed[s] = make([]int64, len(m.Sources))
	}
	number := int64(0)
	err = c.Each(t.Context(), true, func(f *Found) error {
		if int64(f.Number) != number {
			t.Fatalf("document %d comes after %d others", f.Number, number)
		}
		number++
		a := accounts[f.Source]
		if a == nil {
			a = &account{}
			accounts[f.Source] = a
		}
		a.take(f)
		if f.Record.Bad != "" || f.Gone != "" || f.Record.Drop != nil {
			if f.Record.Bad == "" && f.Record.Drop == nil && f.Gone != goneExact && f.Gone != goneNear {
				t.Errorf("document %d went without a reason", f.Number)
			}
			return nil
		}
		if id := document.NewID(f.Text); document.FormatID(id) != f.Record.Text {
			t.Errorf("document %d: its text is not that of its record", f.Number)
		}
		source := c.sourceOf(f.Source)
		for s := range m.Plan.Stages {
			n := m.Plan.NumCopies(s, source, document.NewID(f.Text))
			want[document.NewID(f.Text)] += n
			mixed[s][source] += int64(n)
		}
		for _, doc := range set.Find(document.NewID(f.Text)) {
			if got := tok.Decode(set.Doc(nil, doc)); string(got) != string(f.Text) {
				t.Errorf("document %d: the shards hold %d bytes of another text", f.Number, len(got))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if number != m.Documents {
		t.Errorf("%d documents, and the manifest says %d", number, m.Documents)
	}
	for id, n := range want {
		if n == 0 {
			delete(want, id)
		}
	}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("texts in the shards: %s", diff)
	}
	if diff := cmp.Diff(mixed, m.Mixed.Docs); diff != "" {
		t.Errorf("documents by stage and source: %s", diff)
	}
	for i := range m.Sources {
		s := &m.Sources[i]
		a := accounts[s.Name]
		if a == nil {
			a = &account{}
		}
		f := &s.Funnel
		got := account{Read: f.Read, Bad: f.Bad, Kept: f.Kept, Left: s.After.Left, Gone: s.After.Gone, Rules: f.Dropped}
		for _, rules := range f.Dropped {
			for _, n := range rules {
				got.Dropped = got.Dropped.plus(n)
			}
		}
		for _, reasons := range s.After.Cuts {
			for _, n := range reasons {
				got.Cuts += n.Bytes
			}
		}
		if diff := cmp.Diff(*a, got); diff != "" {
			t.Errorf("source %s: walked and told: %s", s.Name, diff)
		}
		if f.Read.Docs != f.Bad.Docs+got.Dropped.Docs+f.Kept.Docs {
			t.Errorf("source %s: %d read, %d bad, %d dropped, %d kept", s.Name, f.Read.Docs, f.Bad.Docs, got.Dropped.Docs, f.Kept.Docs)
		}
		gone := Count{}
		for _, n := range s.After.Gone {
			gone = gone.plus(n)
		}
		if f.Kept.Docs != gone.Docs+s.After.Left.Docs {
			t.Errorf("source %s: %d kept, %d gone, %d left", s.Name, f.Kept.Docs, gone.Docs, s.After.Left.Docs)
		}
		languages, formats := Outcome{}, Outcome{}
		for _, o := range f.Languages {
			languages = languages.plus(o)
		}
		for _, o := range f.Formats {
			formats = formats.plus(o)
		}
		if both := (Outcome{f.Kept, got.Dropped}); languages != both || formats != both {
			t.Errorf("source %s: %v by language, %v by format, %v in all", s.Name, languages, formats, both)
		}
	}
}

func (a *account) take(f *Found) {
	r := &f.Record
	a.Read.add(r.Bytes)
	switch {
	case r.Bad != "":
		a.Bad.add(r.Bytes)
	case r.Drop != nil && f.Gone == "":
		a.Dropped.add(r.TextBytes)
		a.Rules = plusIn(a.Rules, r.Drop.Filter, r.Drop.Rule, Count{1, r.TextBytes})
	default:
		before := r.TextBytes
		for _, cut := range r.Cuts {
			if cut.Step == linesStage || cut.Step == substringsStage {
				before += cut.Bytes
				a.Cuts += cut.Bytes
			}
		}
		a.Kept.add(before)
		if f.Gone != "" {
			a.Gone = plusAt(a.Gone, f.Gone, Count{1, r.TextBytes})
		} else {
			a.Left.add(r.TextBytes)
		}
	}
}

// TestAccounts: every record that was read is bad, dropped, gone or in the
// shards, and all counts say so.
func TestAccounts(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	for i := range 5 {
		f.write(t, fmt.Sprintf("text/paragraph%d.txt", i), prose(uint64(6000+i), 100)+"\n\n"+prose(6100, 60)+"\n\n"+prose(uint64(6200+i), 100))
	}
	lines, paragraphs := "lines: {min_length: 30}", "lines: {unit: paragraphs, min_length: 30}\n  substrings: {min_words: 30}"
	for _, change := range []string{
		"", paragraphs, "mixture: {stages: [{name: a, share: 2}, {name: b, share: 1, weights: {text: 1, pages: 3}}]}\n",
		"mixture: {size: 10 KiB}\n", "mixture: {size: 10 GiB, temperature: 3}\n",
	} {
		text := f.recipe(filepath.Join(dir, "out"))
		if change == paragraphs {
			text = strings.Replace(text, lines, paragraphs, 1)
		} else {
			text += change
		}
		r := parse(t, text)
		mustBuild(t, r)
		audit(t, r.Out)
	}
}

// TestAccountsOfData is TestAccounts on a corpus that was built of real data.
func TestAccountsOfData(t *testing.T) {
	dir := os.Getenv("POLYMATH_CORPUS")
	if dir == "" {
		t.Skip("POLYMATH_CORPUS is not set: the directory of a corpus")
	}
	audit(t, dir)
}
