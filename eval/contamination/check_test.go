package contamination

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/task"
)

// invent makes words of a text that is nowhere else.
func invent(seed uint64, words int) []string {
	r := rand.New(rand.NewPCG(seed, 5))
	out := make([]string, words)
	for i := range out {
		for range 2 + r.IntN(2) {
			out[i] += string("bdfgklmnprst"[r.IntN(12)]) + string("aeiou"[r.IntN(5)])
		}
	}
	return out
}

func text(words []string) string { return strings.Join(words, " ") }

const instruction = "Read the following question with care and then choose the best one of the answers that are given below it.\nQuestion: "

// planted are items whose place in the corpus is known.
type planted struct {
	items     []task.Item
	documents []string
	// found is by item the rules that must find it, and short the items that are too
	// short.
	found map[string]bool
	at    map[string]int // the document of each
	rules map[string]int
	short []string
}

func plant() *planted {
	p := &planted{found: map[string]bool{}, at: map[string]int{}, rules: map[string]int{}}
	filler := func(n uint64) string { return text(invent(900+n, 40)) }
	add := func(id, question, answer, document string, rules ...string) {
		p.items = append(p.items, task.Item{
			Task: "planted", ID: id, Number: len(p.items), Cluster: id, Prompt: instruction + question + "\nAnswer:",
			Choices: []string{"no", answer}, Before: " ", Gold: 1,
		})
		if document != "" {
			n := uint64(len(p.documents))
			p.at[id] = len(p.documents)
			p.documents = append(p.documents, filler(2*n)+"\n"+document+"\n"+filler(2*n+1))
		}
		if len(rules) > 0 {
			p.found[id] = true
		}
		for _, r := range rules {
			p.rules[r]++
		}
	}
	const substring, ngram = "substring50", "ngram13"
	long := func(seed uint64) []string { return invent(seed, 28) }
	add("absent", text(long(1)), "yes", filler(500))
	add("exact", text(long(2)), "yes", text(long(2)), substring, ngram)
	add("other case", text(long(3)), "yes", strings.ToUpper(text(long(3))), substring, ngram)
	add("other symbols", text(long(4)), "yes", strings.Join(long(4), ", -- "), substring, ngram)
	// 14 words of the middle, of which the substrings at the ends are not a part.
	add("half", text(invent(5, 80)), "yes", text(invent(5, 80)[30:44]), ngram)
	add("12 words", text(invent(6, 80)), "yes", text(invent(6, 80)[30:42]))
	near := long(7)
	for i := 6; i < len(near); i += 7 {
		near[i] = "other"
	}
	add("near miss", text(long(7)), "yes", text(near))
	add("in two documents", text(long(8)), "yes", text(long(8)[:6]))
	p.documents = append(p.documents, filler(700)+" "+text(long(8)[6:12])+" "+filler(701))
	add("short", "What is it?", "a cat", "What is it? a cat")
	add("short with its answer", "What is that?", text(invent(10, 12)), "What is that? "+text(invent(10, 12)), substring, ngram)
	add("dropped", text(long(11)), "yes", "")
	p.documents = append(p.documents, text(long(11))) // the recipe drops what is so short
	p.documents = append(p.documents, filler(800)+" "+instruction+filler(801), "Answer: "+filler(802)+" "+filler(803))
	p.short = []string{"short"}
	return p
}

// lab is a directory with a corpus and a model that was trained on it.
type lab struct {
	dir, model string
	*planted
	manifest *corpus.Manifest
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{dir: t.TempDir(), planted: plant()}
	l.manifest = l.build(t, "corpus", l.documents)
	l.model = l.save(t, "models/base", model.Provenance{Corpus: l.manifest.Shards})
	return l
}

// build makes a corpus of documents, one a file.
func (l *lab) build(t *testing.T, name string, documents []string) *corpus.Manifest {
	t.Helper()
	in := filepath.Join(l.dir, name+"-in")
	for i, d := range documents {
		write(t, filepath.Join(in, fmt.Sprintf("%02d.txt", i)), d)
	}
	r, err := corpus.ParseRecipe("r.yaml", []byte(fmt.Sprintf(`name: %[3]s
out: %[2]s
sources: [{name: text, path: %[1]s, pipeline: text}]
pipelines: {text: [length: {min_words: 40}]}
tokenizer: {train: {vocab_size: 300, sample: 64 KiB}}
`, filepath.ToSlash(in), filepath.ToSlash(filepath.Join(l.dir, name)), name)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := corpus.Build(t.Context(), r, corpus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// save makes what is looked at of a model.
func (l *lab) save(t *testing.T, name string, p model.Provenance) string {
	t.Helper()
	dir := filepath.Join(l.dir, filepath.FromSlash(name))
	data, err := json.Marshal(model.Manifest{Files: map[string]string{"config.json": "00"}, Provenance: p})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, model.ManifestName), string(data))
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func hashOf(t *testing.T, dir string) string {
	t.Helper()
	hash, err := atomicfile.Hash(filepath.Join(dir, model.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// run is an examination in which the model knows what it has seen, and half of
// the rest.
func (l *lab) run() (*eval.Finished, []eval.Sheet) {
	sheets := []eval.Sheet{{Task: &task.Task{Name: "planted", Method: task.MethodChoice}, Items: l.items}}
	f := &eval.Finished{Result: &eval.Result{Tasks: []eval.TaskResult{{Task: "planted", Method: task.MethodChoice}}}}
	for i, item := range l.items {
		right := l.found[item.ID] || i%2 == 0
		f.Records = append(f.Records, eval.Record{
			Task: "planted", Item: item.ID, Number: i, Cluster: item.Cluster, Verdict: task.Verdict{Right: right},
		})
	}
	return f, sheets
}

// TestPlanted wants exactly the items that are in the corpus, with their documents.
func TestPlanted(t *testing.T) {
	l := newLab(t)
	f, sheets := l.run()
	last := int64(0)
	err := Check(t.Context(), f, sheets, Options{Model: l.model, Progress: func(done, all int64) {
		if done <= last || done > all {
			t.Errorf("%d of %d after %d", done, all, last)
		}
		last = done
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := f.Result.Tasks[0].Contamination
	if !f.Result.Checked || c == nil {
		t.Fatalf("not checked: %q", f.Result.NotChecked)
	}
	var want []string
	for id := range l.found {
		want = append(want, id)
	}
	slices.Sort(want)
	if !reflect.DeepEqual(c.DirtyItems, want) || c.Dirty != len(want) {
		t.Errorf("found %q, want %q", c.DirtyItems, want)
	}
	if !reflect.DeepEqual(c.ShortItems, l.short) || c.Checkable != len(l.items)-1 || c.Items != len(l.items) {
		t.Errorf("too short %q of %d, %d are long enough", c.ShortItems, c.Items, c.Checkable)
	}
	if !reflect.DeepEqual(c.Rules, l.rules) {
		t.Errorf("by rules %v, want %v", c.Rules, l.rules)
	}
	if c.Documents != l.manifest.ShardDocs || last != c.Documents {
		t.Errorf("looked through %d documents of %d", c.Documents, l.manifest.ShardDocs)
	}
	for _, s := range c.Found {
		want := fmt.Sprintf("%02d.txt#0", l.at[s.Item])
		if filepath.Base(s.Origin) != want {
			t.Errorf("%q was found in %s, want %s", s.Item, s.Origin, want)
		}
		if len(s.Document) != 32 {
			t.Errorf("document %q", s.Document)
		}
	}
	checkScores(t, l, f)
}

// checkScores computes the scores anew.
func checkScores(t *testing.T, l *lab, f *eval.Finished) {
	t.Helper()
	var all, clean []float64
	var allNames, cleanNames []string
	for _, r := range f.Records {
		x := 0.0
		if r.Verdict.Right {
			x = 1
		}
		all, allNames = append(all, x), append(allNames, r.Cluster)
		if !l.found[r.Item] && !slices.Contains(l.short, r.Item) {
			clean, cleanNames = append(clean, x), append(cleanNames, r.Cluster)
		}
	}
	task := f.Result.Tasks[0]
	c := task.Contamination
	if c.Full != stat.Mean(all, allNames) || c.Clean != stat.Mean(clean, cleanNames) {
		t.Errorf("full %+v, clean %+v", c.Full, c.Clean)
	}
	if !(c.Clean.Value < c.Full.Value) || task.Headline.Estimate != c.Clean {
		t.Errorf("headline %+v, clean %+v", task.Headline, c.Clean)
	}
	f.Records[0].Verdict.Right = !f.Records[0].Verdict.Right // the absent item, judged again
	eval.Summarize(f.Result, f.Records)
	if now := f.Result.Tasks[0].Contamination.Clean; now.Value >= clean[0] && now == stat.Mean(clean, cleanNames) {
		t.Error("another verdict leaves the clean score as it was")
	}
}

// TestSameForAllWorkers finds the same documents however the work is divided.
func TestSameForAllWorkers(t *testing.T) {
	l := newLab(t)
	var first []byte
	for i := range 5 {
		f, sheets := l.run()
		if err := Check(t.Context(), f, sheets, Options{Model: l.model}); err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(f.Result)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && string(got) != string(first) {
			t.Fatalf("%s\n%s", first, got)
		}
		first = got
	}
}

func TestTrace(t *testing.T) {
	l := newLab(t)
	other := l.build(t, "other", []string{text(invent(50, 60)), text(invent(51, 60))})
	base := hashOf(t, l.model)
	child := l.save(t, "models/child", model.Provenance{Parent: base})
	grandchild := l.save(t, "else/where/grandchild", model.Provenance{Parent: hashOf(t, child), Corpus: other.Shards})
	orphan := l.save(t, "models/orphan", model.Provenance{Parent: strings.Repeat("ab", 32), Corpus: l.manifest.Shards})
	blank := l.save(t, "models/blank", model.Provenance{Version: "1"})
	staged := l.save(t, "models/staged", model.Provenance{Corpus: l.manifest.Shards, Stages: []string{other.Shards}})
	half := l.save(t, "models/half", model.Provenance{Corpus: l.manifest.Shards, Stages: []string{strings.Repeat("ef", 32)}})
	lost := l.save(t, "models/lost", model.Provenance{Corpus: strings.Repeat("cd", 32)})
	foreign := filepath.Join(l.dir, "models/foreign")
	write(t, filepath.Join(foreign, "config.json"), "{}")
	of := func(names ...string) (hashes []string) {
		for _, name := range names {
			hashes = append(hashes, map[string]string{"corpus": l.manifest.Shards, "other": other.Shards}[name])
		}
		return hashes
	}
	otherDir := filepath.Join(l.dir, "other")
	for _, c := range []struct {
		name   string
		o      Options
		hashes []string
		why    string // of a NotTraced
		fault  string // of another error
	}{
		{name: "its own corpus", o: Options{Model: l.model}, hashes: of("corpus")},
		{name: "named", o: Options{Model: l.model, Places: []string{filepath.Join(l.dir, "corpus")}}, hashes: of("corpus")},
		{name: "its parent's", o: Options{Model: child}, hashes: of("corpus")},
		{name: "its parent is too far", o: Options{Model: grandchild}, why: "is not found"},
		{name: "two levels", o: Options{Model: grandchild, Places: []string{child, otherDir}}, hashes: of("other", "corpus")},
		{name: "stages with data of their own", o: Options{Model: staged}, hashes: of("corpus", "other")},
		{name: "a stage's data gone", o: Options{Model: half}, why: "efefefef"},
		{name: "parent gone", o: Options{Model: orphan}, why: "abababab"},
		{name: "corpus gone", o: Options{Model: lost}, why: "cdcdcdcd"},
		{name: "says nothing", o: Options{Model: blank}, why: "does not say"},
		{name: "no manifest", o: Options{Model: foreign}, why: "manifest.json"},
		{name: "behind an API", o: Options{}, why: "API"},
		{name: "another corpus", o: Options{Model: l.model, Places: []string{otherDir}}, fault: "other: the model was not trained on what is there"},
		{name: "a corpus for a model without lineage", o: Options{Model: foreign, Places: []string{otherDir}}, fault: "manifest.json"},
		{name: "a corpus that is not there", o: Options{Model: l.model, Places: []string{filepath.Join(l.dir, "nowhere")}}, fault: "nowhere"},
	} {
		got, err := Trace(c.o)
		var none *NotTraced
		switch {
		case c.fault != "":
			if err == nil || errors.As(err, &none) || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.fault)
			}
		case c.why != "":
			if !errors.As(err, &none) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s: error %v, want a NotTraced of %q", c.name, err, c.why)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		default:
			var hashes []string
			for _, link := range got.Links {
				hashes = append(hashes, link.Hash)
				if link.Corpus == "" {
					t.Errorf("%s: no corpus of %s", c.name, link.Shards)
				}
			}
			if !reflect.DeepEqual(hashes, c.hashes) {
				t.Errorf("%s: %v, want %v", c.name, hashes, c.hashes)
			}
		}
	}
}

// TestFineTuned: what goes on from a model that no manifest names has seen more than
// its own shards.
func TestFineTuned(t *testing.T) {
	l := newLab(t)
	set, err := shard.OpenSet(filepath.Join(l.dir, "corpus", "shards"))
	if err != nil {
		t.Fatal(err)
	}
	header := set.Header()
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	header.Masked = true
	w, err := shard.NewWriter(filepath.Join(l.dir, "tuned", "data"), header)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddMasked(shard.ID{1}, []int32{70, 71, 72}, []bool{false, true, true}); err != nil {
		t.Fatal(err)
	}
	m, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	var none *NotTraced
	alone := l.save(t, "tuned/model", model.Provenance{Corpus: m.Hash()})
	if _, err := Trace(Options{Model: alone, Places: []string{filepath.Join(l.dir, "corpus")}}); err == nil {
		t.Error("another model's corpus was taken")
	}
	write(t, filepath.Join(alone, "tokenizer.json"), read(t, filepath.Join(l.dir, "corpus", corpus.TokenizerName)))
	if _, err := Trace(Options{Model: alone}); !errors.As(err, &none) || !strings.Contains(none.Why, "does not name") {
		t.Errorf("without a parent: %v", err)
	}
	// A run that is there says what it went on from: nothing, or a model.
	run := filepath.Join(l.dir, "tuned", "run.json")
	write(t, run, `{"recipe": {"data": {"conversations": ["chats.jsonl"]}}}`)
	if lineage, err := Trace(Options{Model: alone}); err != nil || len(lineage.Links) != 1 {
		t.Errorf("a new model: %+v, %v", lineage, err)
	}
	write(t, run, `{"recipe": {"model": {"from": "elsewhere"}, "data": {"conversations": ["chats.jsonl"]}}}`)
	if _, err := Trace(Options{Model: alone}); !errors.As(err, &none) || !strings.Contains(none.Why, "does not name") {
		t.Errorf("from elsewhere: %v", err)
	}
	if err := os.Remove(run); err != nil {
		t.Fatal(err)
	}
	l.save(t, "tuned/model", model.Provenance{Corpus: m.Hash(), Parent: hashOf(t, l.model)})
	lineage, err := Trace(Options{Model: alone, Places: []string{l.model}})
	if err != nil || len(lineage.Links) != 2 {
		t.Fatalf("with a parent: %+v, %v", lineage, err)
	}
	f, sheets := l.run()
	if err := Check(t.Context(), f, sheets, Options{Model: alone, Places: []string{l.model}}); err != nil {
		t.Fatal(err)
	}
	if c := f.Result.Tasks[0].Contamination; c == nil || c.Dirty != len(l.found) || c.Documents != l.manifest.ShardDocs+1 {
		t.Errorf("%+v", c)
	}
	adapter := l.save(t, "tuned/adapter", model.Provenance{Corpus: m.Hash(), Parent: "of the base"})
	write(t, filepath.Join(adapter, "tokenizer.json"), read(t, filepath.Join(alone, "tokenizer.json")))
	if lineage, err = Trace(Options{Model: l.model, Adapter: adapter}); err != nil || len(lineage.Links) != 2 {
		t.Errorf("with an adapter: %+v, %v", lineage, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestNotChecked: a model without lineage has no task that is called clean.
func TestNotChecked(t *testing.T) {
	l := newLab(t)
	f, sheets := l.run()
	f.Result.Checked = true
	f.Result.Tasks[0].Contamination = &eval.Contamination{}
	foreign := filepath.Join(l.dir, "foreign")
	write(t, filepath.Join(foreign, "config.json"), "{}")
	if err := Check(t.Context(), f, sheets, Options{Model: foreign}); err != nil {
		t.Fatal(err)
	}
	r := f.Result
	if r.Checked || !strings.Contains(r.NotChecked, "manifest.json") || r.Tasks[0].Contamination != nil || r.Tasks[0].Headline.Estimate != r.Tasks[0].Metrics[0].Estimate {
		t.Errorf("%+v", r)
	}
}

// TestDamagedShards refuses shards that are not what the model was trained on.
func TestDamagedShards(t *testing.T) {
	l := newLab(t)
	files, err := filepath.Glob(filepath.Join(l.dir, "corpus", "shards", "*"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := false
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(path) != "shards.json" {
			data[len(data)/2] ^= 1
			write(t, path, string(data))
			damaged = true
		}
	}
	f, sheets := l.run()
	if err := Check(t.Context(), f, sheets, Options{Model: l.model}); err == nil || !damaged || f.Result.Checked {
		t.Errorf("error %v, damaged %v", err, damaged)
	}
}

func TestEndOfContext(t *testing.T) {
	l := newLab(t)
	f, sheets := l.run()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Check(ctx, f, sheets, Options{Model: l.model}); !errors.Is(err, context.Canceled) || f.Result.Checked {
		t.Errorf("error %v", err)
	}
}
