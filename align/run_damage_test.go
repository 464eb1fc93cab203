package align

import (
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

// halfRun takes two of the five steps of fakeRecipe, and leaves a checkpoint.
func halfRun(t testing.TB, r *Recipe, dir string) {
	t.Helper()
	f := &fake{during: func(what string, n int) error {
		if what == "loss" && n == 3 {
			return errors.New("half")
		}
		return nil
	}}
	if result, err := runFake(t.Context(), r, Options{RunDir: dir}, f); err == nil || result.Step != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
}

// TestFaults fails operations on the disk while a run saves: whatever fails, the
// run ends with an error that says so, what is named a checkpoint is a whole one, and
// resuming ends as if nothing had been.
func TestFaults(t *testing.T) {
	fast(t)
	r, whole, start := fakeRecipe(t), t.TempDir(), t.TempDir()
	r.Steps, r.Eval.Every, r.Sample.Every = 3, 0, 0
	want := endOf(t, whole, mustRunFake(t, r, Options{RunDir: whole}, nil))
	halfRun(t, r, start)
	disk := fault.New()
	try := func(what string, arm func()) (ops []string, failed bool) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(dir, os.DirFS(start)); err != nil {
			t.Fatal(err)
		}
		restore := atomicfile.Replace(disk)
		disk.Reset()
		arm()
		_, err := runFake(t.Context(), r, Options{RunDir: dir, Resume: true}, nil)
		for op, name := range disk.Log() {
			ops = append(ops, name+" "+filepath.Base(disk.Path(op)))
		}
		restore()
		if err == nil {
			return ops, false
		}
		if !errors.Is(err, syscall.ENOSPC) && !strings.Contains(err.Error(), "read back") {
			t.Errorf("%s: another error: %v", what, err)
		}
		list, err := checkpoint.List(dir)
		if err != nil || len(list) == 0 {
			t.Errorf("%s: %v, %v", what, list, err)
		}
		for _, saved := range list {
			if err := VerifyCheckpoint(saved.Path); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		result, err := runFake(t.Context(), r, Options{RunDir: dir, Resume: true}, nil)
		if err != nil {
			t.Fatalf("%s: resuming failed: %v", what, err)
		}
		sameEnd(t, what, want, endOf(t, dir, result))
		for _, pattern := range []string{"*writing*", "*.old", "checkpoints/.*"} {
			if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
				t.Errorf("%s: left behind: %v, %v", what, left, err)
			}
		}
		return ops, true
	}
	ops, failed := try("nothing", func() {})
	if failed || len(ops) < 50 {
		t.Fatalf("%d operations, failed %v", len(ops), failed)
	}
	seen := map[string]int{}
	for op, what := range ops {
		// There are hundreds: of those on files a few of each kind, of those on
		// directories all.
		kind, _, _ := strings.Cut(what, " ")
		seen[kind]++
		whole := kind == "removeall" || kind == "rename" && !strings.Contains(what, ".")
		if !whole && seen[kind]%30 != 1 {
			continue
		}
		if _, failed := try(what, func() { disk.FailOp(op, syscall.ENOSPC) }); !failed {
			t.Errorf("%s (operation %d) failed and the run did not", what, op)
		}
	}
	for _, kind := range []string{"create", "write", "sync", "close", "rename", "syncdir", "removeall"} {
		if seen[kind] == 0 {
			t.Errorf("no %s among the operations", kind)
		}
	}
	for room := int64(0); ; room = room*5 + 1000 {
		if _, failed := try("full disk", func() { disk.FailAtByte(room, syscall.ENOSPC) }); !failed {
			break
		}
	}
	if _, failed := try("bad disk", func() { disk.FlipByte(100) }); !failed {
		t.Error("a byte read back changed and nobody noticed")
	}
}

// TestRenameFails fails the renaming of whole directories: the checkpoint, the model.
func TestRenameFails(t *testing.T) {
	fast(t)
	r := fakeRecipe(t)
	for fail := range 3 {
		dir := t.TempDir()
		halfRun(t, r, dir)
		run, err := newRun(t.Context(), r, Options{RunDir: dir, Resume: true}, &fake{})
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		run.store.Rename = func(from, to string) error {
			if count++; count-1 == fail {
				return &fs.PathError{Op: "rename", Path: to, Err: syscall.EIO}
			}
			return os.Rename(from, to)
		}
		if _, err := run.Run(t.Context()); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "is whole, resume from it") {
			t.Errorf("rename %d: %v", fail, err)
		}
		if err := run.Close(); err != nil {
			t.Fatal(err)
		}
		mustRunFake(t, r, Options{RunDir: dir, Resume: true}, nil)
	}
}

// TestDamage changes, cuts and removes each file of a checkpoint in turn: resuming
// fails, names the file, and leaves the run as it was.
func TestDamage(t *testing.T) {
	fast(t)
	r, dir := fakeRecipe(t), t.TempDir()
	halfRun(t, r, dir)
	last, err := checkpoint.Last(dir)
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
	if err != nil || len(files) < 15 {
		t.Fatal(files, err)
	}
	metrics, err := os.ReadFile(filepath.Join(dir, checkpoint.MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		flipped := slices.Clone(text)
		flipped[len(flipped)/2] ^= 1
		for _, broken := range [][]byte{flipped, text[:len(text)-2], {}, nil} {
			if broken == nil {
				err = os.Remove(path)
			} else {
				err = os.WriteFile(path, broken, 0o666)
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err := runFake(t.Context(), r, Options{RunDir: dir, Resume: true}, nil)
			if err == nil || !strings.Contains(err.Error(), filepath.Base(path)) || !strings.Contains(err.Error(), last) {
				t.Errorf("%s with %d of %d bytes: %v", path, len(broken), len(text), err)
			}
			if now, err := os.ReadFile(filepath.Join(dir, checkpoint.MetricsFile)); err != nil || string(now) != string(metrics) {
				t.Fatalf("the run was changed: %v", err)
			}
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	mustRunFake(t, r, Options{RunDir: dir, Resume: true}, nil)
}

// TestForeign resumes with another recipe, model and data, and from the checkpoint
// of package train and that of other parts.
func TestForeign(t *testing.T) {
	fast(t)
	r, dir := fakeRecipe(t), t.TempDir()
	halfRun(t, r, dir)
	other := smallModel(t, dense)
	for _, c := range []struct {
		want   string // "" for allowed
		change func(r *Recipe)
	}{
		{"the recipe's optimizer.lr is 0.02 now and was 0.01", func(r *Recipe) { r.Optimizer.LR = 0.02 }},
		{"the recipe's seed is 8 now", func(r *Recipe) { r.Seed = 8 }},
		{"the recipe's method is \"ppo\" now", func(r *Recipe) { r.Method = PPO }},
		{"began from a model with hash", func(r *Recipe) { r.Model = other }},
		{"had a reference with hash", func(r *Recipe) { r.Reference = other }},
		{"", func(r *Recipe) { r.Steps, r.Name, r.Checkpoint.Keep, r.Eval.Every = 4, "again", 1, 3 }},
	} {
		changed := *r
		c.change(&changed)
		_, err := runFake(t.Context(), &changed, Options{RunDir: dir, Resume: true}, nil)
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir)) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	result := mustRunFake(t, r, Options{RunDir: dir, Resume: true}, nil)
	if man, err := model.ReadManifest(result.ModelDir); err != nil || len(man.Recipes) != 3 || man.Recipes[1].Step != 3 || man.Recipe != r.Hash() {
		t.Errorf("%+v, %v", man, err)
	}

	run, err := newRun(t.Context(), r, Options{RunDir: dir, Resume: true}, &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	run.hashes.Data = "others"
	if _, err := run.Run(t.Context()); err == nil || !strings.Contains(err.Error(), `learned from data with hash "fake data"`) {
		t.Errorf("%v", err)
	}
	if err := os.Rename(filepath.Join(result.Checkpoint, checkpoint.TrainingDir), filepath.Join(result.Checkpoint, "x")); err != nil {
		t.Fatal(err)
	}
	if _, err := runFake(t.Context(), r, Options{RunDir: dir, Resume: true}, nil); err == nil || !strings.Contains(err.Error(), "is no checkpoint to resume from") {
		t.Errorf("%v", err)
	}
}

// TestMayChange holds that the list names keys that exist.
func TestMayChange(t *testing.T) {
	r := DefaultRecipe(DPO, false)
	r.Batch.Recompute = true
	r.Epochs, r.Reference, r.Preferences.Files, r.Rollout.Prompts = 1, "a", []string{"b"}, []string{"c"}
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
	r := DefaultRecipe(PPO, false)
	text, err := json.Marshal(savedState{Version: 1, Run: runState{Step: 3}, Recipe: r.encode(), Updates: map[string]int{"policy": 3}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":1,"recipe":[]}`))
	f.Add([]byte(`{"version":1,"run":{"step":-1},"recipe":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseState(text)
		if err != nil {
			return
		}
		if s.Run.Step < 0 {
			t.Errorf("%+v", s.Run)
		}
		_ = checkpoint.SameRecipe(s.Recipe, r.encode(), mayChange) // an error or not, but no panic
	})
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte("{\"kind\":\"step\",\"step\":1,\"values\":{\"loss\":null,\"kl\":0.5},\"timing\":{\"seconds\":1,\"phases\":{\"rollout\":{\"seconds\":1}}}}\n"))
	f.Add([]byte("{\"kind\":\"sample\",\"step\":1,\"sample\":{\"prompt\":\"<\",\"answer\":\"\"}}\n{\"kind\":\"eval\",\"values\":{\"a\":1},\"timing\":{}}\n{\"kind\":\"skip\",\"step\":1,\"skip\":{\"reason\":\"r\"},\"timing\":{}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		records, err := journalForm.Decode(text)
		if err != nil {
			return
		}
		info := &runInfo{Recipe: DefaultRecipe(DPO, false), Steps: 3}
		if err := pageTemplate.ExecuteTemplate(new(strings.Builder), "page", newPage(info, records, false)); err != nil {
			t.Fatal(err)
		}
		again := timeless(t, records)
		if back, err := journalForm.Decode([]byte(again)); err != nil || timeless(t, back) != again {
			t.Errorf("%q becomes %q, %v", text, again, err)
		}
	})
}
