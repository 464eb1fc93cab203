package pipeline

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/direct"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/internal/recipe"
)

func TestMain(m *testing.M) {
	flag.Parse()
	beam.Init()
	os.Exit(m.Run())
}

// TestEqualsLocal builds one recipe with package corpus and with both runners
// that are in this process.
func TestEqualsLocal(t *testing.T) {
	dir := t.TempDir()
	writeFixture(t, dir)
	for _, c := range []struct{ name, recipe string }{
		{"trained", fixtureRecipe(dir, "tokenizer: {train: {vocab_size: 300, sample: 64 KiB}}\n")},
		{"opened", fixtureRecipe(dir, "tokenizer: "+filepath.Join(dir, "local-trained", "tokenizer.json")+"\n")},
	} {
		local := filepath.Join(dir, "local-"+c.name)
		want := buildLocal(t, c.recipe, local)
		for _, runner := range []string{"prism", "direct"} {
			t.Run(c.name+"/"+runner, func(t *testing.T) {
				out := filepath.Join(t.TempDir(), "out")
				got := runOn(t, runner, c.recipe, out)
				compareSources(t, got, want)
				compareShards(t, filepath.Join(out, corpus.ShardsDir), filepath.Join(local, corpus.ShardsDir))
				compareDecisions(t, out, local)
			})
		}
	}
}

func buildLocal(t *testing.T, text, out string) *corpus.Manifest {
	t.Helper()
	r, err := corpus.ParseRecipe("r.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Out = out
	m, err := corpus.Build(context.Background(), r, corpus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func runOn(t *testing.T, runner, text, out string) *Manifest {
	t.Helper()
	j := Job{Name: "r.yaml", Recipe: text, Work: t.TempDir(), Rounds: 4, RunBytes: 1 << 16, Decisions: 3}
	p, s := beam.NewPipelineWithRoot()
	if err := Build(s, j); err != nil {
		t.Fatal(err)
	}
	if _, err := beam.Run(context.Background(), runner, p); err != nil {
		t.Fatal(err)
	}
	m, err := Finish(context.Background(), j, out)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func compareSources(t *testing.T, got *Manifest, want *corpus.Manifest) {
	t.Helper()
	if got.Shards != want.Shards || got.Tokenizer != want.Tokenizer {
		t.Errorf("shards %s by tokenizer %s; want %s by %s", got.Shards, got.Tokenizer, want.Shards, want.Tokenizer)
	}
	for i, w := range want.Sources {
		g := got.Sources[i]
		if a, b := marshal(t, g.Report.Funnel), marshal(t, w.Funnel); a != b {
			t.Errorf("source %s: funnel %s; want %s", w.Name, a, b)
		}
		if g.Left != w.After.Left || g.Report.Files != w.Files || g.Report.Failed != w.Failed {
			t.Errorf("source %s: %v left, %d of %d files failed; want %v, %d of %d",
				w.Name, g.Left, g.Report.Failed, g.Report.Files, w.After.Left, w.Failed, w.Files)
		}
	}
	if a, b := marshal(t, got.Mixed), marshal(t, want.Mixed); a != b {
		t.Errorf("mixed %s; want %s", a, b)
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compareShards compares all files of two directories.
func compareShards(t *testing.T, got, want string) {
	t.Helper()
	a, b := readDir(t, got), readDir(t, want)
	if len(a) == 0 || !reflect.DeepEqual(a, b) {
		t.Errorf("the shards differ: %d files in %s, %d in %s", len(a), got, len(b), want)
	}
}

func readDir(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[e.Name()] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// compareDecisions compares what became of every record. Places come in the
// order of the numbers of a local build.
func compareDecisions(t *testing.T, out, local string) {
	t.Helper()
	all := readDecisions(t, filepath.Join(out, "decisions"))
	c, err := corpus.Open(local)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if int64(len(all)) != c.Documents() {
		t.Fatalf("%d decisions; want %d", len(all), c.Documents())
	}
	seen := map[string]int{}
	for i, d := range all {
		want, err := c.Document(context.Background(), uint32(i))
		if err != nil {
			t.Fatal(err)
		}
		keeper := uint32(0)
		if d.Keeper != nil {
			at, ok := slices.BinarySearchFunc(all, *d.Keeper, func(d Decision, p Place) int { return slices.Compare(d.Place[:], p[:]) })
			if keeper = uint32(at); !ok {
				t.Fatalf("document %d: its keeper %v is no document", i, *d.Keeper)
			}
		}
		if d.Gone != want.Gone || keeper != want.Keeper || string(d.Record) != marshal(t, want.Record) {
			t.Errorf("document %d: %q for %d, %s; want %q for %d, %s", i, d.Gone, keeper, d.Record, want.Gone, want.Keeper, marshal(t, want.Record))
		}
		switch {
		case want.Record.Bad != "":
			seen["bad"]++
		case want.Record.Drop != nil:
			seen["dropped"]++
		default:
			seen[want.Gone]++
		}
	}
	for _, kind := range []string{"bad", "dropped", "exact", "near", ""} {
		if seen[kind] == 0 {
			t.Errorf("no document is %q: the fixture shows too little", kind)
		}
	}
}

func readDecisions(t *testing.T, dir string) []Decision {
	t.Helper()
	var all []Decision
	for name, packed := range readDir(t, dir) {
		z, err := zstd.NewReader(strings.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		text := jsontext.NewDecoder(z)
		last := Place{-1}
		for {
			var d Decision
			err := json.UnmarshalDecode(text, &d)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if slices.Compare(d.Place[:], last[:]) <= 0 {
				t.Errorf("%s: %v comes after %v", name, d.Place, last)
			}
			d.Record = bytes.Clone(d.Record)
			all, last = append(all, d), d.Place
		}
		z.Close()
	}
	slices.SortFunc(all, func(a, b Decision) int { return slices.Compare(a.Place[:], b.Place[:]) })
	return all
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	good := fixtureRecipe(dir, "tokenizer: {train: {vocab_size: 300}}\n")
	for _, c := range []struct{ old, with, key string }{
		{"minhash:", "lines: {}\n  minhash:", "dedup.lines"},
		{"minhash:", "substrings: {}\n  minhash:", "dedup.substrings"},
		{"epochs: 2", "sample: 1 MiB", "sources[0].sample"},
		{"{min_words: 9}", "{min_words: 9}, perplexity: {model: m, max: 100}", "pipelines.pages[1].perplexity"},
	} {
		j := Job{Name: "r.yaml", Recipe: strings.Replace(good, c.old, c.with, 1), Work: dir, Rounds: 1, RunBytes: 1 << 20, Decisions: 1}
		var bad *recipe.ValueError
		if err := j.Check(); !errors.As(err, &bad) || bad.Key != c.key {
			t.Errorf("%s: %v", c.key, err)
		}
	}
}

// TestFails runs what must end with an error that says why.
func TestFails(t *testing.T) {
	dir := t.TempDir()
	writeFixture(t, dir)
	good := fixtureRecipe(dir, "tokenizer: {train: {vocab_size: 300}}\n")
	for _, c := range []struct {
		name, recipe string
		rounds       int
		want         string
	}{
		{"too much is bad", strings.Replace(good, "max_bad: 0.4", "max_bad: 0.001", 1), 4, "max_bad"},
		{"too few rounds", good, 1, "--rounds"},
		{"no file", strings.Replace(good, dir+"/text", dir+"/nothing", 1), 4, "nothing"},
		{"vocabulary", strings.Replace(good, "vocab_size: 300", "vocab_size: 100000", 1), 4, "vocab_size"},
	} {
		j := Job{Name: "r.yaml", Recipe: c.recipe, Work: t.TempDir(), Rounds: c.rounds, RunBytes: 1 << 20, Decisions: 1}
		p, s := beam.NewPipelineWithRoot()
		if err := Build(s, j); err != nil {
			t.Fatal(err)
		}
		_, err := beam.Run(context.Background(), "direct", p)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v", c.name, err)
		}
		if _, err := Finish(context.Background(), j, t.TempDir()); err == nil {
			t.Errorf("%s: the failed pipeline was finished", c.name)
		}
	}
}
