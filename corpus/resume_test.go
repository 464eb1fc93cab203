package corpus

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stopAt builds until a number of segments is there, and stops.
func stopAt(t *testing.T, r *Recipe, segments int) {
	t.Helper()
	defer func(d time.Duration) { watchEvery = d }(watchEvery)
	watchEvery = 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := Build(ctx, r, Options{Observe: func(Progress) {
			if _, err := os.Stat(summaryPath(filepath.Join(r.Out, workDir, ingestStage), segments)); err == nil {
				cancel()
			}
		}})
		done <- err
	}()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("the build was not stopped: %v", err)
	}
}

func TestStopAndGoOn(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	r := parse(t, f.recipe(filepath.Join(dir, "whole")))
	mustBuild(t, r)
	want := resultOf(t, r.Out)
	parts := parse(t, f.recipe(filepath.Join(dir, "whole")))
	if err := os.Rename(r.Out, r.Out+".done"); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		stopAt(t, parts, 2*i)
	}
	mustBuild(t, parts)
	if diff := cmp.Diff(want, resultOf(t, parts.Out)); diff != "" {
		t.Error(diff)
	}
}

// TestChangedFiles: a build that goes on notices other files than it began with.
func TestChangedFiles(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(f *fixture, t *testing.T)
		want   string // "" builds
	}{
		{"a file that was read", func(f *fixture, t *testing.T) { f.write(t, "text/00.txt", "other text") }, "text/00.txt was changed since"},
		{"one of the same size", func(f *fixture, t *testing.T) { f.flip(t, "text/00.txt") }, "text/00.txt was changed since"},
		{"one that is read in part", func(f *fixture, t *testing.T) { f.flip(t, "lines/a.jsonl") }, "lines/a.jsonl was changed since"},
		{"one that was not read", func(f *fixture, t *testing.T) { f.flip(t, "pages/30.html") }, ""},
		{"only its time", func(f *fixture, t *testing.T) { f.touch(t, "text/00.txt"); f.touch(t, "lines/a.jsonl") }, ""},
		{"a new one", func(f *fixture, t *testing.T) { f.write(t, "text/zz.txt", "new") }, `source text has the file "zz.txt", which was not there when the build began`},
		{"one that is gone", func(f *fixture, t *testing.T) { f.move(t, f.path("text/05.txt"), f.path("elsewhere.txt")) }, `source text has no file "05.txt", which was there`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			f := newFixture(t, filepath.Join(dir, "in"))
			r := parse(t, f.recipe(filepath.Join(dir, "out")))
			stopAt(t, r, 3) // within lines/a.jsonl
			c.change(f, t)
			_, err := Build(t.Context(), r, Options{})
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "--fresh")):
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if c.want != "" {
				if _, err := Build(t.Context(), r, Options{Fresh: true}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func (f *fixture) flip(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(f.path(name))
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 2
	time.Sleep(10 * time.Millisecond) // the clock of file systems is coarse
	if err := os.WriteFile(f.path(name), data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) touch(t *testing.T, name string) {
	t.Helper()
	if err := os.Chtimes(f.path(name), time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// TestChangedRecipe: what was read differently is refused, and later stages are
// done anew without reading again.
func TestChangedRecipe(t *testing.T) {
	dir := t.TempDir()
	f := newSmallFixture(t, filepath.Join(dir, "in"))
	text := f.recipe(filepath.Join(dir, "out"))
	first := mustBuild(t, parse(t, text))
	for _, c := range []struct{ old, new, want string }{
		{"min_words: 9", "min_words: 8", "pipelines.pages[0].length.min_words was 9 and is 8"},
		{"license: CC0-1.0", "license: MIT", `sources[1].license was "CC0-1.0" and is "MIT"`},
	} {
		_, err := Build(t.Context(), parse(t, strings.Replace(text, c.old, c.new, 1)), Options{})
		var changed *ChangedError
		if !errors.As(err, &changed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	ingest := filepath.Join(dir, "out", workDir, ingestStage)
	before := hashes(t, ingest)
	for _, c := range []struct{ old, new, notice string }{
		{"seed: 7", "seed: 8", "tokenizer is done anew: seed was 7 and is 8"},
		{"min_length: 30", "min_length: 31", "lines is done anew: min_length was 30 and is 31"},
		{"bands: 4", "bands: 5", "dedup is done anew: minhash.bands was 4 and is 5"},
		{"  minhash: {bands: 4, rows: 4}\n", "", "dedup is done anew: minhash.bands is gone"},
		{"  lines: {min_length: 30}\n", "", "census is done anew"},
		{"dedup:", "dedup:\n  exact: false", "dedup is done anew: exact was true and is false"},
		{"epochs: 2", "epochs: 1, max_bad: 0.5", "pack is done anew"},
		{"name: fixture", "name: other", ""},
	} {
		r := parse(t, strings.Replace(text, c.old, c.new, 1))
		var notices []string
		m, err := Build(t.Context(), r, Options{Notice: func(s string) { notices = append(notices, s) }})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(notices, "\n"), c.notice) {
			t.Errorf("got %q, want %s", notices, c.notice)
		}
		if diff := cmp.Diff(before, hashes(t, ingest)); diff != "" {
			t.Error(diff)
		}
		if c.notice == "" && m.Shards != first.Shards && len(notices) == 0 {
			t.Error("a name changes the shards")
		}
	}
	last := mustBuild(t, parse(t, text))
	if last.Shards != first.Shards {
		t.Error("the first recipe does not give the first shards again")
	}
}

func TestTwoBuilds(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	r := parse(t, f.recipe(filepath.Join(dir, "out")))
	var second error
	tried := false
	_, err := Build(t.Context(), r, Options{Observe: func(Progress) {
		if !tried {
			tried = true
			_, second = Build(t.Context(), r, Options{})
		}
	}})
	if err != nil || second == nil || !strings.Contains(second.Error(), "in use by another run") {
		t.Errorf("the first: %v; the second: %v", err, second)
	}
}

func TestTooManyBad(t *testing.T) {
	dir := t.TempDir()
	f := newSmallFixture(t, filepath.Join(dir, "in"))
	f.write(t, "lines/b.jsonl", strings.Repeat("{\"text\": \n", 20))
	text := f.recipe(filepath.Join(dir, "out"))
	_, err := Build(t.Context(), parse(t, text), Options{})
	var bad *TooManyBad
	if !errors.As(err, &bad) || bad.Source != "lines" || !strings.Contains(err.Error(), "20 of 80 records cannot be read, more than the max_bad of 0.05") {
		t.Fatal(err)
	}
	t.Log(err)
	m := mustBuild(t, parse(t, strings.Replace(text, "format: jsonl", "format: jsonl, max_bad: 0.3", 1)))
	if m.Sources[1].Funnel.Bad.Docs != 20 {
		t.Errorf("%d records are bad", m.Sources[1].Funnel.Bad.Docs)
	}
}

// TestDamagedFile: the rest of a file that breaks off is put aside.
func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	data, err := os.ReadFile(f.path("lines/b.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "lines/b.jsonl.gz", string(data[:len(data)/2]))
	text := strings.Replace(f.recipe(filepath.Join(dir, "out")), "format: jsonl", "format: jsonl, max_bad: 0.6", 1)
	m := mustBuild(t, parse(t, text))
	s := m.Sources[1]
	if s.Failed != 1 || s.Funnel.Kept.Docs < 450 || s.Funnel.Kept.Docs > 800 {
		t.Errorf("%+v", s)
	}
	again := parse(t, text)
	again.Threads = 1
	if m2 := mustBuild(t, again); m2.Shards != m.Shards {
		t.Error("the shards are others")
	}
}

// TestLaterBands: duplicates by band keys that the segments do not hold are the
// same as by those that they hold.
func TestLaterBands(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	text := f.recipe(filepath.Join(dir, "out"))
	first := mustBuild(t, parse(t, text))
	mustBuild(t, parse(t, strings.Replace(text, "  minhash: {bands: 4, rows: 4}\n", "", 1)))
	if _, err := Build(t.Context(), parse(t, strings.Replace(text, "bands: 4", "bands: 6", 1)), Options{Fresh: true}); err != nil {
		t.Fatal(err)
	}
	later := mustBuild(t, parse(t, text))
	if later.Shards != first.Shards || len(first.Clusters.Near) == 0 {
		t.Error("the shards differ")
	}
	if diff := cmp.Diff(first.Clusters, later.Clusters); diff != "" {
		t.Error(diff)
	}
}

// TestForeignDirectory: what a build did not make is not taken for its own.
func TestForeignDirectory(t *testing.T) {
	for _, name := range []string{"work/notes.txt", "shards/shards.json"} {
		dir := t.TempDir()
		f := newSmallFixture(t, filepath.Join(dir, "in"))
		out := &fixture{dir: filepath.Join(dir, "out")}
		out.write(t, name, "mine")
		for _, fresh := range []bool{false, true} {
			_, err := Build(t.Context(), parse(t, f.recipe(out.dir)), Options{Fresh: fresh})
			if err == nil || !strings.Contains(err.Error(), "was not made by a build") {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := os.Stat(out.path(name)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestFreshNeedsSources: what is there stays where a build cannot begin anew.
func TestFreshNeedsSources(t *testing.T) {
	dir := t.TempDir()
	f := newSmallFixture(t, filepath.Join(dir, "in"))
	text := f.recipe(filepath.Join(dir, "out"))
	mustBuild(t, parse(t, text))
	typo := strings.ReplaceAll(text, filepath.Join(dir, "in"), filepath.Join(dir, "typo"))
	if _, err := Build(t.Context(), parse(t, typo), Options{Fresh: true}); err == nil || !strings.Contains(err.Error(), "typo") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "out", ShardsDir)); err != nil {
		t.Error(err)
	}
}

// TestMarkHalfWritten: a build that was killed while it marked a stage as begun
// left the mark under a temporary name, and no mark. The next one takes it away.
func TestMarkHalfWritten(t *testing.T) {
	s, err := newStage(t.TempDir(), "ingest", 1, "of", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(s.dir, "."+stageFile+".atomic-ABCDEFGHIJKL")
	if err := os.WriteFile(left, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if done, changed, err := s.open(); done != nil || changed != nil || err != nil {
		t.Fatal(done, changed, err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
}
