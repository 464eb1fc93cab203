package train

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// smallRun is as small as a run can be: what is tested is its files.
func smallRun(t *testing.T) *Recipe {
	r := tinyRun(t)
	r.Steps, r.Schedule.Warmup = 4, 1
	r.Model.HiddenSize, r.Model.Layers, r.Model.Experts, r.Model.ExpertsPerToken, r.Model.ExpertSize = 8, 1, 2, 1, 8
	r.Model.VocabSize = 300
	r.Batch = BatchSpec{Tokens: 16, Rows: 1, Sequence: 16}
	r.Eval.Every, r.Sample.Every, r.Sample.Prompts = 0, 0, nil
	r.Checkpoint = CheckpointSpec{Every: 2, Keep: 1}
	return r
}

// halfRun trains two of the four steps of smallRun, which leaves a checkpoint.
func halfRun(t *testing.T, r *Recipe, dir string) {
	t.Helper()
	trainer, err := New(r, Options{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	trainer.options.Observer = Observe(func(r Record) {
		if r.Kind == KindStep && r.Step == 2 {
			cancel()
		}
	})
	if result, err := trainer.Run(ctx); err != nil || result.Finished || result.Step != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
}

// mustResume goes on from the last checkpoint to the end and compares the
// model with that of a run without faults.
func mustResume(t *testing.T, what string, r *Recipe, dir, want string) {
	t.Helper()
	result, err := runOnce(t, r, Options{RunDir: dir, Resume: true})
	if err != nil {
		t.Fatalf("%s: resuming failed: %v", what, err)
	}
	sameModel(t, want, result.ModelDir)
	for _, sub := range []string{"", checkpointsDir} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") && e.Name() != atomicfile.LockName || strings.Contains(e.Name(), ".writing") {
				t.Errorf("%s: %s was left behind", what, filepath.Join(sub, e.Name()))
			}
		}
	}
}

// TestFaults fails each operation on the disk in turn, while a run saves its
// second checkpoint and its model. Whatever fails, the run ends with an error
// that says so, what is named a checkpoint is a whole one, and resuming ends in
// the same model.
func TestFaults(t *testing.T) {
	r := smallRun(t)
	whole := mustRun(t, r, Options{RunDir: t.TempDir()})
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	start := t.TempDir()
	halfRun(t, r, start)

	try := func(what string, arm func()) (ops []string, failed bool) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(dir, os.DirFS(start)); err != nil {
			t.Fatal(err)
		}
		disk.Reset()
		arm()
		_, err := runOnce(t, r, Options{RunDir: dir, Resume: true})
		for op, name := range disk.Log() {
			rel, err := filepath.Rel(dir, disk.Path(op))
			if err != nil {
				t.Fatal(err)
			}
			ops = append(ops, name+" "+filepath.ToSlash(rel))
		}
		disk.Reset()
		if err != nil && !errors.Is(err, syscall.ENOSPC) && !strings.Contains(err.Error(), "read back") {
			t.Errorf("%s: another error: %v", what, err)
		}
		if err != nil {
			allWhole(t, what, dir)
			mustResume(t, what, r, dir, whole.ModelDir)
		}
		return ops, err != nil
	}
	ops, failed := try("nothing", func() {})
	if failed || len(ops) < 50 {
		t.Fatalf("%d operations, failed %v", len(ops), failed)
	}
	seen, last := map[string]int{}, map[string]int{}
	for op, what := range ops {
		last[what] = op
	}
	for op, what := range ops {
		// There are hundreds, and each costs two runs: of those on files a few
		// of each kind, of those on directories the last on each.
		name, path, _ := strings.Cut(what, " ")
		seen[name]++
		whole := (name == "rename" || name == "syncdir" || name == "removeall") && !strings.ContainsAny(strings.TrimPrefix(filepath.Base(path), "."), ".") && last[what] == op
		if !whole && seen[name]%16 != 1 {
			continue
		}
		if _, failed := try(what, func() { disk.FailOp(op, syscall.ENOSPC) }); !failed {
			t.Errorf("%s (operation %d) failed and the run did not", what, op)
		}
	}
	for _, name := range []string{"create", "write", "sync", "close", "rename", "syncdir", "removeall"} {
		if seen[name] == 0 {
			t.Errorf("no %s among the operations", name)
		}
	}
	for room := int64(0); ; room = room*3 + 1000 {
		if _, failed := try("full disk", func() { disk.FailAtByte(room, syscall.ENOSPC) }); !failed {
			break
		}
	}
	for _, at := range []int64{0, 100, 5000} {
		if _, failed := try("bad disk", func() { disk.FlipByte(at) }); !failed {
			t.Errorf("byte %d read back changed and nobody noticed", at)
		}
	}
}

// allWhole loads everything that has the name of a checkpoint.
func allWhole(t *testing.T, what, dir string) {
	t.Helper()
	dirs, err := checkpoint.List(dir)
	if err != nil || len(dirs) == 0 {
		t.Errorf("%s: %d checkpoints, %v", what, len(dirs), err)
	}
	for _, d := range dirs {
		if _, err := readSeal(d.Path); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := model.Load(d.Path, false); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestRenameFails fails the renaming of whole directories.
func TestRenameFails(t *testing.T) {
	r := smallRun(t)
	whole := mustRun(t, r, Options{RunDir: t.TempDir()})
	for fail := range 3 { // the checkpoint, the old model, the new model
		dir := t.TempDir()
		halfRun(t, r, dir)
		trainer, err := New(r, Options{RunDir: dir, Resume: true})
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		trainer.store.Rename = func(from, to string) error {
			count++
			if count-1 == fail {
				return &fs.PathError{Op: "rename", Path: to, Err: syscall.EIO}
			}
			return os.Rename(from, to)
		}
		_, err = trainer.Run(t.Context())
		if !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "is whole, resume from it") {
			t.Errorf("rename %d: %v", fail, err)
		}
		if err := trainer.Close(); err != nil {
			t.Fatal(err)
		}
		allWhole(t, "rename", dir)
		mustResume(t, "rename", r, dir, whole.ModelDir)
	}
}

// TestDamage changes, cuts and removes each file of a checkpoint in turn:
// resuming fails, names the file, and leaves the run as it was.
func TestDamage(t *testing.T) {
	r := smallRun(t)
	dir := t.TempDir()
	halfRun(t, r, dir)
	last, err := LastCheckpoint(dir)
	if err != nil || last == "" {
		t.Fatal(last, err)
	}
	var files []string
	err = filepath.WalkDir(last, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 9 {
		t.Fatal(files, err)
	}
	metrics := mustRead(t, filepath.Join(dir, metricsFile))
	for _, path := range files {
		text := mustRead(t, path)
		flipped := slices.Clone(text)
		flipped[len(flipped)/2] ^= 1
		for _, broken := range [][]byte{flipped, text[:len(text)-2], {}, nil} {
			if broken == nil {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else {
				mustWrite(t, path, broken)
			}
			_, err := runOnce(t, r, Options{RunDir: dir, Resume: true})
			if err == nil || !strings.Contains(err.Error(), filepath.Base(path)) {
				t.Errorf("%s with %d of %d bytes: %v", path, len(broken), len(text), err)
			}
			if string(mustRead(t, filepath.Join(dir, metricsFile))) != string(metrics) {
				t.Fatal("the run was changed")
			}
		}
		mustWrite(t, path, text)
	}
	mustRun(t, r, Options{RunDir: dir, Resume: true})
}

// TestChangedRecipe resumes with other recipes.
func TestChangedRecipe(t *testing.T) {
	r := smallRun(t)
	dir := t.TempDir()
	halfRun(t, r, dir)
	tests := []struct {
		want   string // "": allowed
		change func(r *Recipe)
	}{
		{"the recipe's optimizer.lr is 0.02 now and was 0.01", func(r *Recipe) { r.Optimizer.LR = 0.02 }},
		{"the recipe's seed is 8 now and was 7", func(r *Recipe) { r.Seed = 8 }},
		{"the recipe's batch.sequence is 8 now", func(r *Recipe) { r.Batch.Sequence = 8 }},
		{"the recipe's model.num_hidden_layers is 2 now", func(r *Recipe) { r.Model.Layers = 2 }},
		{"the recipe's optimizer.experts.rule is \"muon\" now", func(r *Recipe) { r.Optimizer.Experts.Rule = Muon }},
		{"the recipe's ema is 0 now", func(r *Recipe) { r.EMA = 0 }},
		{"it has taken 2 steps, and the recipe now ends after 1", func(r *Recipe) { r.Steps = 1 }},
		{"the recipe's data.held_out", func(r *Recipe) { r.Data.HeldOut = 0.2 }},
		{"", func(r *Recipe) { r.Steps, r.Checkpoint.Keep, r.Eval.Every, r.Name = 3, 2, 1, "again" }},
	}
	for _, test := range tests {
		changed := *r
		test.change(&changed)
		_, err := runOnce(t, &changed, Options{RunDir: dir, Resume: true})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}

// TestMayChange holds that the list names keys that exist.
func TestMayChange(t *testing.T) {
	r := DefaultRecipe()
	r.Epochs, r.Data.Conversations, r.Batch.Recompute = 1, Files{"file"}, true // left out where they are not set
	keys, err := checkpoint.Flatten(r.encode())
	if err != nil {
		t.Fatal(err)
	}
	for key := range mayChange {
		if _, ok := keys[key]; !ok {
			t.Errorf("a recipe has no key %s", key)
		}
	}
}

func FuzzState(f *testing.F) {
	text, err := json.Marshal(trainState{Version: 1, Step: 3, Recipe: DefaultRecipe().encode()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":1,"recipe":[]}`))
	f.Add([]byte(`{"version":1,"step":-1,"recipe":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseState(text)
		if err != nil {
			return
		}
		trainer := &Trainer{recipe: DefaultRecipe()}
		_ = trainer.sameRecipe(s.Recipe) // an error or not, but no panic
	})
}
