package train

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/glob"
	"github.com/polymath-lm/polymath/shard"
)

// filesIn are the names of all there is in a directory.
func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// mustLock takes a directory, as another program would, until unlock is called.
func mustLock(t *testing.T, dir string) (unlock func()) {
	t.Helper()
	free, err := atomicfile.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := atomicfile.Lock(dir); err == nil {
		t.Skip("this system has no locks")
	}
	return func() {
		if err := free(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBegin: Begin is called once a new run is sure, before there is anything of it, and
// for no other; its error ends the run and leaves a directory that another may have.
func TestBegin(t *testing.T) {
	r := talkRun(t, true)
	r.Epochs, r.Steps = 0, 1
	dir := filepath.Join(t.TempDir(), "run")
	called, failure := 0, error(nil)
	o := Options{RunDir: dir, Begin: func() error {
		called++
		for _, name := range []string{metricsFile, infoFile} {
			if exists(filepath.Join(dir, name)) {
				t.Errorf("%s is there before the run is sure", name)
			}
		}
		return failure
	}}
	small := o
	small.Memory = 1 << 20
	var memory *MemoryError
	if _, err := runOnce(t, r, small); !errors.As(err, &memory) || called != 0 {
		t.Errorf("%v, and Begin was called %d times", err, called)
	}
	unlock := mustLock(t, dir)
	if _, err := runOnce(t, r, o); err == nil || called != 0 {
		t.Errorf("a directory in use: %v, and Begin was called %d times", err, called)
	}
	unlock()
	failure = errors.New("no")
	if _, err := runOnce(t, r, o); !errors.Is(err, failure) || called != 1 {
		t.Errorf("%v, and Begin was called %d times", err, called)
	}
	failure = nil
	mustRun(t, r, o)
	o.Resume = true
	mustRun(t, r, o)
	if called != 2 {
		t.Errorf("Begin was called %d times, want once for each run that is sure", called)
	}
}

// TestOthersDirectory: a run that is refused because there is another leaves its directory
// as it is, and is told so in words that hold for every command.
func TestOthersDirectory(t *testing.T) {
	dir := t.TempDir()
	other := tinyRun(t)
	other.Steps = 3
	mustRun(t, other, Options{RunDir: dir})
	before := filesIn(t, dir)
	_, err := runOnce(t, talkRun(t, true), Options{RunDir: dir})
	if err == nil || !strings.Contains(err.Error(), dir+" holds a run already: go on with it by --resume, or name another directory") || strings.Contains(err.Error(), "--run") {
		t.Error(err)
	}
	if diff := cmp.Diff(before, filesIn(t, dir)); diff != "" {
		t.Error(diff)
	}
	trainer, err := New(talkRun(t, true), Options{RunDir: dir, DryRun: true}) // writes nothing anyway
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestStaleShards: shards of a run that has not begun yet are made anew from another file,
// but not while that run has its directory.
func TestStaleShards(t *testing.T) {
	r := talkRun(t, true)
	dir := t.TempDir()
	planOf(t, r, dir)
	changed := *r
	changed.Data.Conversations = Files{filepath.Join(t.TempDir(), "talk.jsonl")}
	text := mustRead(t, r.Data.Conversations[0])
	mustWrite(t, changed.Data.Conversations[0], text[:len(text)/2+slices.Index(text[len(text)/2:], '\n')+1])
	unlock := mustLock(t, dir)
	before := filesIn(t, dir)
	if _, err := New(&changed, Options{RunDir: dir}); err == nil || !strings.Contains(err.Error(), dir+" is in use") {
		t.Error(err)
	}
	if diff := cmp.Diff(before, filesIn(t, dir)); diff != "" || !exists(filepath.Join(dir, dataDir, shard.ManifestName)) {
		t.Error(diff)
	}
	unlock()
	if p := planOf(t, &changed, dir); p.Data.Examples == 0 || p.Data.Examples >= 200 {
		t.Errorf("%+v", p.Data)
	}
}

// TestExpandLiteral: a file whose name looks like a pattern is found by its name, and one
// that a directory of such a name holds by a pattern with that escaped.
func TestExpandLiteral(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[1]*?b\\c")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Skipf("this file system has no such names: %v", err)
	}
	odd, plain := filepath.Join(dir, "chat[1]?.jsonl"), filepath.Join(dir, "chat12.jsonl")
	for _, path := range []string{odd, plain} {
		mustWrite(t, path, nil)
	}
	escaped := glob.Escape(dir)
	for _, c := range []struct {
		names, want []string
	}{
		{[]string{odd}, []string{odd}},
		{[]string{plain}, []string{plain}},
		{[]string{filepath.Join(escaped, "chat*.jsonl")}, []string{plain, odd}},
		{[]string{filepath.Join(escaped, "chat[1]?.jsonl")}, []string{plain}}, // a pattern, as there is no such file
		{[]string{glob.Escape(odd)}, []string{odd}},
	} {
		if got, err := Files(c.names).Expand(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v, want %q", c.names, got, err, c.want)
		}
	}
	for _, name := range []string{filepath.Join(dir, "none[1].jsonl"), filepath.Join(escaped, "none*")} {
		if _, err := (Files{name}).Expand(); err == nil || !strings.Contains(err.Error(), "there is no such file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
