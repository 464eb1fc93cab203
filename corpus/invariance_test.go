package corpus

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// TestThreads: the number of threads and the memory change no file.
func TestThreads(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	text := f.recipe(filepath.Join(dir, "out"))
	testThreads(t, text)
	testThreads(t, strings.Replace(text, "license: CC0-1.0", "license: CC0-1.0, sample: 150 KiB", 1))
}

func testThreads(t *testing.T, text string) {
	t.Helper()
	var want map[string]string
	for _, threads := range []int{1, 2, 4} {
		r := parse(t, text)
		r.Threads, r.Memory = threads, 64<<20*recipe.Bytes(threads)
		m, err := Build(t.Context(), r, Options{Fresh: true})
		if err != nil {
			t.Fatal(err)
		}
		if m.ShardDocs == 0 {
			t.Fatal("nothing is left")
		}
		got := resultOf(t, r.Out)
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d threads: %s", threads, diff)
		}
	}
}

// TestOrderAndFiles: the shards are the same whatever the files are called, in
// which order records lie in them, and how they are divided among them.
func TestOrderAndFiles(t *testing.T) {
	dir := t.TempDir()
	one := newFixture(t, filepath.Join(dir, "one"))
	two := newFixture(t, filepath.Join(dir, "two"))
	two.scatter(t)
	a, b := parse(t, one.recipe(filepath.Join(dir, "a"))), parse(t, two.recipe(filepath.Join(dir, "b")))
	b.Segment = 100 << 10
	ma, mb := mustBuild(t, a), mustBuild(t, b)
	if ma.Shards != mb.Shards || ma.Tokenizer != mb.Tokenizer {
		t.Errorf("the shards differ: %d tokens in %d documents and %d in %d", ma.Tokens, ma.ShardDocs, mb.Tokens, mb.ShardDocs)
	}
	for i := range ma.Sources {
		if diff := cmp.Diff(ma.Sources[i].Funnel, mb.Sources[i].Funnel); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(ma.Sources[i].After, mb.Sources[i].After); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(ids(ma.Sources[i].Samples), ids(mb.Sources[i].Samples)); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(ma.Clusters, mb.Clusters); diff != "" {
		t.Error(diff)
	}
}

func ids(s Samples) map[string][]string {
	out := map[string][]string{}
	for key, list := range s {
		for _, sample := range list {
			out[key] = append(out[key], sample.ID)
		}
	}
	return out
}

// scatter renames the text files and pages, and deals the lines out to other
// files in another order.
func (f *fixture) scatter(t *testing.T) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 3))
	for _, pattern := range []string{"text/*.txt", "pages/*.html"} {
		paths, err := filepath.Glob(f.path(pattern))
		if err != nil || len(paths) == 0 {
			t.Fatal(err)
		}
		for i, at := range random.Perm(len(paths)) {
			to := filepath.Join(filepath.Dir(paths[i]), "sub", fmt.Sprintf("moved-%03d%s", at, filepath.Ext(paths[i])))
			f.move(t, paths[i], to)
		}
	}
	var lines []string
	for _, name := range []string{"lines/a.jsonl", "lines/b.jsonl.gz"} {
		lines = append(lines, strings.SplitAfter(f.unpacked(t, name), "\n")...)
		if err := os.Remove(f.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	for i := range 5 {
		f.write(t, fmt.Sprintf("lines/part-%d.jsonl", i), strings.Join(lines[i*len(lines)/5:(i+1)*len(lines)/5], ""))
	}
}

func (f *fixture) move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) unpacked(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(f.path(name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return string(data)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	data, err = io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
