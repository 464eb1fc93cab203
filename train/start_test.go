package train

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// mustRefuse holds that a run does not begin and leaves the journal alone.
func mustRefuse(t *testing.T, r *Recipe, o Options, want string) {
	t.Helper()
	path := filepath.Join(o.RunDir, metricsFile)
	before, _ := os.ReadFile(path) // there may be none
	if _, err := runOnce(t, r, o); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the journal was changed")
	}
}

// TestLostCheckpoints holds that a run whose checkpoints are gone is not begun
// anew over what is left of it.
func TestLostCheckpoints(t *testing.T) {
	r := smallRun(t)
	dir := t.TempDir()
	mustRun(t, r, Options{RunDir: dir})
	kept := filepath.Join(t.TempDir(), checkpointsDir)
	if err := os.Rename(filepath.Join(dir, checkpointsDir), kept); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, r, Options{RunDir: dir, Resume: true}, "checkpoints are gone")
	if err := os.RemoveAll(filepath.Join(dir, modelDir)); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, r, Options{RunDir: dir, Resume: true}, "checkpoints are gone")

	// A link to a checkpoint is one.
	last := checkpoint.Name(r.Steps)
	if err := os.Symlink(filepath.Join(kept, last), filepath.Join(dir, checkpointsDir, last)); err != nil {
		t.Skip("this system makes no links:", err)
	}
	if result := mustRun(t, r, Options{RunDir: dir, Resume: true}); result.Step != r.Steps {
		t.Errorf("resumed at the link: %+v", result)
	}
}

// TestKilledEarly resumes a run that had no checkpoint yet: it begins anew.
func TestKilledEarly(t *testing.T) {
	r := smallRun(t)
	dir := t.TempDir()
	mustWrite(t, filepath.Join(dir, metricsFile), []byte(`{"kind":"step","step":1,"train":{"loss":1}}`+"\n"))
	if result := mustRun(t, r, Options{RunDir: dir, Resume: true}); !result.Finished {
		t.Errorf("%+v", result)
	}
}

// TestHoldsRun begins a run where only the checkpoints of another are left.
func TestHoldsRun(t *testing.T) {
	r := smallRun(t)
	dir := t.TempDir()
	halfRun(t, r, dir)
	if err := os.Remove(filepath.Join(dir, metricsFile)); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, r, Options{RunDir: dir}, "holds a run already")
}

// TestAdvice damages the newest of two checkpoints, and the only one.
func TestAdvice(t *testing.T) {
	r := smallRun(t)
	r.Checkpoint.Keep = 2
	dir := t.TempDir()
	mustRun(t, r, Options{RunDir: dir})
	older, newest := checkpoint.Name(2), checkpoint.Name(4)
	mustWrite(t, filepath.Join(dir, checkpointsDir, newest, trainingDir, stateFile), []byte("{}"))
	mustRefuse(t, r, Options{RunDir: dir, Resume: true}, "Remove this checkpoint to resume from "+filepath.Join(dir, checkpointsDir, older))
	if err := os.RemoveAll(filepath.Join(dir, checkpointsDir, older)); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, r, Options{RunDir: dir, Resume: true}, "only checkpoint of the run: restore it from a copy")
}

// TestLocked holds that two trainers do not work in one directory.
func TestLocked(t *testing.T) {
	r := smallRun(t)
	dir := t.TempDir()
	unlock, err := atomicfile.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := atomicfile.Lock(dir); err == nil {
		t.Skip("this system has no locks")
	}
	mustRefuse(t, r, Options{RunDir: dir}, dir+" is in use")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	mustRun(t, r, Options{RunDir: dir})
	mustRun(t, r, Options{RunDir: dir, Resume: true}) // the first has let it go
}

// TestDiskPlan holds what a run is refused for where the disk is small.
func TestDiskPlan(t *testing.T) {
	r := smallRun(t) // 4 steps, saved every 2: three checkpoints at most
	dir := t.TempDir()
	r.Checkpoint.Keep = 100
	many := planOf(t, r, dir).DiskBytes
	r.Checkpoint.Keep = 3
	if few := planOf(t, r, dir).DiskBytes; few != many {
		t.Errorf("%d bytes for the three checkpoints there will be, %d where 100 may be kept", few, many)
	}
	if err := os.Mkdir(filepath.Join(dir, "shards"), 0o777); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, filepath.Join(dir, "shards", "large"), make([]byte, many))
	trainer, err := New(r, Options{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	for _, c := range []struct {
		free int64
		ok   bool
	}{{-1, true}, {0, false}, {many - 1, false}, {many, true}} {
		trainer.plan.DiskFree = c.free
		if err := trainer.fits(); (err == nil) != c.ok {
			t.Errorf("%d bytes free of %d: %v", c.free, many, err)
		}
	}
}

func planOf(t *testing.T, r *Recipe, dir string) Plan {
	t.Helper()
	trainer, err := New(r, Options{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	return trainer.Plan()
}

// TestSyncs holds that a directory is durable before what it replaces goes.
func TestSyncs(t *testing.T) {
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	r := smallRun(t)
	dir := t.TempDir()
	mustRun(t, r, Options{RunDir: dir})
	var log []string
	for op, name := range disk.Log() {
		if rel, err := filepath.Rel(dir, disk.Path(op)); err == nil && (name == "syncdir" || name == "removeall" || name == "rename") {
			log = append(log, name+" "+filepath.ToSlash(rel))
		}
	}
	// The directory is synced after its last file has a name, so before
	// training/ is there; then again.
	training := slices.Index(log, "rename checkpoints/.writing/training/"+mastersFile)
	if training < 1 || log[training-1] != "syncdir checkpoints/.writing" || log[training-2] == "rename checkpoints/.writing/manifest.json" {
		t.Errorf("training/ is not durable: %q", log)
	}
	named := slices.Index(log, "rename model")
	if named < 0 || log[named+1] != "syncdir ." || log[named+2] != "removeall model.old" {
		t.Errorf("the old model goes before the new one is durable: %q", log)
	}
}
