package align

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// TestRun looks at what a run leaves: of a model, and of an adapter.
func TestRun(t *testing.T) {
	for _, lora := range []bool{false, true} {
		r, dir := fakeRecipe(t), t.TempDir()
		name := modelDir
		if lora {
			r.Lora, name = train.LoraSpec{Rank: 2, Targets: model.AdapterTargets()}, adapterDir
		}
		var seen []Record
		f := &fake{}
		result := mustRunFake(t, r, Options{RunDir: dir, Version: "7", Observer: Observe(func(r Record) { seen = append(seen, r) })}, f)
		if !result.Finished || result.Step != 5 || result.ModelDir != filepath.Join(dir, name) || result.Last["loss"] == 0 || result.Eval["loss"] == 0 || f.closed != 1 {
			t.Errorf("%+v, closed %d times", result, f.closed)
		}
		man, err := model.Verify(result.ModelDir)
		if err != nil {
			t.Fatal(err)
		}
		parent, err := checkpoint.ModelHash(r.Model)
		if err != nil || man.Parent != parent || man.Recipe != r.Hash() || man.Tokenizer == "" || man.Version != "7" {
			t.Errorf("the manifest says %+v, %v; the parent is %s", man.Provenance, err, parent)
		}
		if base, err := model.Load(r.Model, false); err != nil {
			t.Error(err)
		} else if lora {
			if err := base.LoadAdapter(result.ModelDir, false); err != nil {
				t.Error(err)
			}
		} else if _, err := model.Load(result.ModelDir, false); err != nil {
			t.Error(err)
		}
		list, err := checkpoint.List(dir)
		if err != nil || len(list) != 2 || list[1].Step != 5 {
			t.Errorf("%v, %v", list, err)
		}
		if err := VerifyCheckpoint(result.Checkpoint); err != nil {
			t.Error(err)
		}
		checkRecords(t, dir, seen)
		checkPage(t, dir)
	}
}

// checkRecords holds what a run of fakeRecipe records.
func checkRecords(t *testing.T, dir string, seen []Record) {
	t.Helper()
	records, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, r := range records {
		kinds = append(kinds, fmt.Sprint(r.Kind, r.Step))
	}
	want := "eval0 step1 step2 sample2 sample2 eval2 step3 step4 sample4 sample4 eval4 step5 eval5"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("the journal has %s", got)
	}
	passing := func(r Record) bool { return r.Kind == KindCheckpoint }
	if n := len(slices.DeleteFunc(slices.Clone(seen), passing)); n != len(records) || len(seen) != n+4 {
		t.Errorf("%d records were told, %d without checkpoints, %d are written", len(seen), n, len(records))
	}
	step := records[1].Values
	if step["lr"] != 0.005 || step["grad_norm/policy"] <= 0 || step["grad_norm/critic"] <= 0 || !math.IsNaN(step["nothing"]) {
		t.Errorf("%v", step)
	}
	if p := records[1].Timing.Phases["update"]; p.Seconds <= 0 || p.Tokens != 72 {
		t.Errorf("%+v", p)
	}
}

func checkPage(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, pageFile))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{"finished", "<h2>loss</h2>", "<h2>grad_norm/critic</h2>", "<h2>seconds/update</h2>", "held out", "<th>after step 0</th><th>after step 5</th>", "&lt;b&gt;", "reward 1", "fake data"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, word := range []string{"<script", "http:", "https:", "<b><b>", "NaN"} {
		if strings.Contains(page, word) {
			t.Errorf("the page contains %q", word)
		}
	}
}

// TestRunThreads runs with one thread, and with two.
func TestRunThreads(t *testing.T) {
	fast(t)
	r := fakeRecipe(t)
	defer par.SetThreads(par.Threads())
	var ends []map[string]string
	for _, n := range []int{1, 2} {
		par.SetThreads(n)
		dir := t.TempDir()
		ends = append(ends, endOf(t, dir, mustRunFake(t, r, Options{RunDir: dir}, nil)))
	}
	sameEnd(t, "two threads", ends[0], ends[1])
}

// killer copies a run's directory before every change of a name in it, which is
// what there would be if the program were killed then.
type killer struct {
	atomicfile.System
	dir  string
	copy func()
}

func (k *killer) Rename(from, to string) error {
	k.copy()
	return k.System.Rename(from, to)
}

func (k *killer) RemoveAll(path string) error {
	k.copy()
	return k.System.RemoveAll(path)
}

// TestKilled resumes from what there is on the disk at many moments: every record,
// and every renaming and removing. The end is that of a run that was never stopped.
func TestKilled(t *testing.T) {
	fast(t)
	for _, lora := range []bool{false, true} {
		r := fakeRecipe(t)
		if lora {
			r.Lora = train.LoraSpec{Rank: 2, Targets: model.AdapterTargets()}
		}
		dir, copies := filepath.Join(t.TempDir(), "run"), t.TempDir()
		n := 0
		take := func() {
			n++
			if _, err := os.Stat(dir); err != nil || n%3 != 0 || lora && n%2 != 0 {
				return
			}
			if err := os.CopyFS(filepath.Join(copies, fmt.Sprintf("%04d", n)), os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
		}
		restore := atomicfile.Replace(&killer{unsynced{atomicfile.OS}, dir, take})
		want := endOf(t, dir, mustRunFake(t, r, Options{RunDir: dir, Observer: Observe(func(Record) { take() })}, nil))
		restore()
		moments, err := os.ReadDir(copies)
		if err != nil || len(moments) < 6 {
			t.Fatalf("%d moments, %v", len(moments), err)
		}
		for _, m := range moments {
			dir := filepath.Join(copies, m.Name())
			result, err := runFake(t.Context(), r, Options{RunDir: dir, Resume: true}, nil)
			if err != nil {
				t.Fatalf("moment %s: %v", m.Name(), err)
			}
			sameEnd(t, "moment "+m.Name(), want, endOf(t, dir, result))
		}
	}
}

// TestInterrupted ends the context at each place in a run, and resumes, over and
// over: before a step's first update it is not taken, after that it is.
func TestInterrupted(t *testing.T) {
	fast(t)
	r := fakeRecipe(t)
	whole := t.TempDir()
	want := endOf(t, whole, mustRunFake(t, r, Options{RunDir: whole}, nil))
	type moment struct {
		what string
		n    int
		step int // the last one that is done then
	}
	dir := t.TempDir()
	for _, at := range []moment{
		{"evaluate", 0, 0},
		{"loss", 1, 0},
		{"update", 1, 1},
		{"loss", 2, 1},
		{"update", 2, 2},
		{"evaluate", 2, 2},
		{"update", 3, 3},
		{"loss", 4, 3},
		{"evaluate", 4, 4},
		{"loss", 5, 4},
		{"update", 5, 5},
		{"evaluate", 5, 5},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fake{}
		f.during = func(what string, n int) error {
			if what == at.what && n == at.n {
				cancel()
				if what == "evaluate" {
					return ctx.Err()
				}
			}
			return nil
		}
		result, err := runFake(ctx, r, Options{RunDir: dir, Resume: true}, f)
		if err != nil || result.Step != at.step || result.Finished || filepath.Base(result.Checkpoint) != checkpoint.Name(at.step) {
			t.Fatalf("%+v: %+v, %v", at, result, err)
		}
	}
	sameEnd(t, "interrupted", want, endOf(t, dir, mustRunFake(t, r, Options{RunDir: dir, Resume: true}, nil)))
}

// TestInterruptedLoading ends the context before there is anything to save.
func TestInterruptedLoading(t *testing.T) {
	r, dir := fakeRecipe(t), t.TempDir()
	run, err := newRun(t.Context(), r, Options{RunDir: dir}, &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if result, err := run.Run(ctx); err != nil || result.Finished || result.Checkpoint != "" {
		t.Errorf("%+v, %v", result, err)
	}
	mustRunFake(t, r, Options{RunDir: dir, Resume: true}, nil)
}

// TestError holds that an error in a step ends the run, after a checkpoint from
// which it goes on to the same end: that of the last whole step where nothing of the
// next one was learned.
func TestError(t *testing.T) {
	fast(t)
	r, whole := fakeRecipe(t), t.TempDir()
	want := endOf(t, whole, mustRunFake(t, r, Options{RunDir: whole}, nil))
	broken := errors.New("broken")
	for _, c := range []struct {
		what    string
		n, last int
	}{{"update", 4, 2}, {"loss", 4, 3}, {"evaluate", 4, 4}} {
		dir := t.TempDir()
		f := &fake{during: func(what string, n int) error {
			if what == c.what && n == c.n {
				return broken
			}
			return nil
		}}
		result, err := runFake(t.Context(), r, Options{RunDir: dir}, f)
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), fmt.Sprintf("step %d", c.n)) {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("step-%08d", c.last); filepath.Base(result.Checkpoint) != want {
			t.Errorf("%s of step %d: the last checkpoint is %q, want %s", c.what, c.n, result.Checkpoint, want)
		}
		sameEnd(t, "after an error", want, endOf(t, dir, mustRunFake(t, r, Options{RunDir: dir, Resume: true}, nil)))
	}
}

// TestSkipped has gradients that are not finite: once, in a pass, and always.
func TestSkipped(t *testing.T) {
	fast(t)
	r, dir := fakeRecipe(t), t.TempDir()
	f := &fake{}
	var before []float32
	f.during = func(what string, n int) error {
		grad := f.run.parts[0].params[0].Grad
		switch {
		case what == "loss" && n == 2:
			before = slices.Clone(f.run.parts[0].params[0].Master)
			grad[3] = float32(math.Inf(1))
		case what == "update" && n == 2:
			if !slices.Equal(before, f.run.parts[0].params[0].Master) || slices.ContainsFunc(grad, func(v float32) bool { return v != 0 }) {
				t.Error("weights have changed, or gradients are left")
			}
		case what == "loss" && n == 3:
			return fmt.Errorf("a pass: %w", model.ErrNonFinite)
		}
		return nil
	}
	result := mustRunFake(t, r, Options{RunDir: dir}, f)
	records, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, record := range records {
		if record.Kind == KindSkip {
			reasons = append(reasons, fmt.Sprint(record.Step, record.Skip.InARow, " ", record.Skip.Reason))
		}
	}
	want := []string{"2 1 policy: the gradient's norm is +Inf", "3 1 a pass: " + model.ErrNonFinite.Error()}
	if result.Skipped != 2 || !slices.Equal(reasons, want) {
		t.Errorf("%+v, %q", result, reasons)
	}

	dir, f = t.TempDir(), &fake{}
	r.Steps = 50
	f.during = func(what string, n int) error {
		if n > 3 && what != "update" {
			return model.ErrNonFinite
		}
		return nil
	}
	var spike *train.SpikeError
	if _, err := runFake(t.Context(), r, Options{RunDir: dir}, f); !errors.As(err, &spike) || spike.Skips != maxSkips || spike.Step != 13 {
		t.Errorf("%v", err)
	}
	if records, err := ReadMetrics(dir); err != nil || !slices.ContainsFunc(records, func(r Record) bool { return r.Kind == KindEval && r.Step == 4 && r.Values["not_finite"] == 1 }) {
		t.Errorf("no measurement says so: %v", err)
	}
}

// TestSkipsOfOnePart: a part whose gradients are never finite ends the run, although
// another one learns on, and although the run is interrupted meanwhile.
func TestSkipsOfOnePart(t *testing.T) {
	r, dir := fakeRecipe(t), t.TempDir()
	r.Steps = 50
	for _, last := range []int{2, 5} {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fake{}
		f.during = func(what string, n int) error {
			if what != "evaluate" { // before both of the policy's updates
				f.run.parts[0].params[0].Grad[3] = float32(math.Inf(1))
			}
			if what == "update" && n == 2 {
				cancel()
			}
			return nil
		}
		result, err := runFake(ctx, r, Options{RunDir: dir, Resume: true}, f)
		cancel()
		var spike *train.SpikeError
		if errors.As(err, &spike) != (last == 5) || spike != nil && (spike.Skips != maxSkips || spike.Step != last) || spike == nil && result.Step != last {
			t.Fatalf("%+v, %v", result, err)
		}
	}
}

// TestRefused: a directory with a run, one whose checkpoints are gone, one in use.
func TestRefused(t *testing.T) {
	r, dir := fakeRecipe(t), t.TempDir()
	refused := func(o Options, want string) {
		t.Helper()
		if _, err := runFake(t.Context(), r, o, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	refused(Options{}, "needs a directory")
	mustRunFake(t, r, Options{RunDir: dir}, nil)
	refused(Options{RunDir: dir}, "holds a run already")
	mustRunFake(t, r, Options{RunDir: dir, Resume: true}, nil) // it is finished
	unlock, err := atomicfile.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	refused(Options{RunDir: dir, Resume: true}, "in use")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, checkpoint.Dir)); err != nil {
		t.Fatal(err)
	}
	refused(Options{RunDir: dir, Resume: true}, "checkpoints are gone")
	refused(Options{RunDir: dir}, "holds a run already")
}

// TestPlan: what a run takes, and what it is refused for.
func TestPlan(t *testing.T) {
	r, dir := fakeRecipe(t), filepath.Join(t.TempDir(), "run")
	run, err := newRun(t.Context(), r, Options{RunDir: dir, Memory: 1 << 20}, &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	p := run.Plan()
	sum := int64(0)
	for _, part := range p.Memory.Parts {
		sum += part.Bytes
	}
	if p.Steps != 5 || p.Items != 10 || p.HeldOut != 2 || p.Trained != 2*p.Parameters || sum != p.Memory.Total || p.Available != 1<<20 {
		t.Errorf("%+v", p)
	}
	var memory *train.MemoryError
	if _, err := run.Run(t.Context()); !errors.As(err, &memory) || !strings.Contains(err.Error(), "critic: masters") || !strings.Contains(err.Error(), "lora") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused run left %v", err)
	}
	run.plan.Available, run.plan.DiskFree = 0, p.DiskBytes-1
	if err := run.fits(); err == nil || !strings.Contains(err.Error(), "checkpoint.keep") {
		t.Errorf("%v", err)
	}
	if result := mustRunFake(t, r, Options{RunDir: dir}, nil); result.Finished {
		if taken, err := checkpoint.Size(dir); err != nil || taken > p.DiskBytes*3/2 || taken < p.DiskBytes/3 {
			t.Errorf("%d bytes on the disk, planned %d, %v", taken, p.DiskBytes, err)
		}
	}
}

// TestNoSave: a run for measuring writes no weights.
func TestNoSave(t *testing.T) {
	dir := t.TempDir()
	result := mustRunFake(t, fakeRecipe(t), Options{RunDir: dir, NoSave: true}, nil)
	weights, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(weights) > 0 || !result.Finished || result.ModelDir != "" || result.Checkpoint != "" {
		t.Errorf("%+v, %v, %v", result, weights, err)
	}
}

// TestOpenModel: a model whose experts have a capacity is refused, and so is a row
// longer than it can read, and a broken weight.
func TestOpenModel(t *testing.T) {
	r := fakeRecipe(t)
	refused := func(key, want string) {
		t.Helper()
		var bad *ValueError
		if _, err := runFake(t.Context(), r, Options{RunDir: t.TempDir()}, nil); !errors.As(err, &bad) || bad.Key != key || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q of %s", err, want, key)
		}
	}
	r.Batch.Sequence = 500
	refused("batch.sequence", "256 positions")
	r.Batch.Sequence = fakeLength
	m, err := model.Load(r.Model, true)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(r.Model, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	save := func() {
		t.Helper()
		r.Model = t.TempDir()
		if err := m.Save(r.Model, model.Provenance{}, map[string][]byte{"tokenizer.json": file}); err != nil {
			t.Fatal(err)
		}
	}
	m.Params()[1].Master[0] = float32(math.NaN())
	save()
	refused("model", "holds NaN")
	m.Params()[1].Master[0] = 0
	m.Config().CapacityFactor = 1.5
	save()
	refused("model", "capacity_factor of 1.5")
	r.Model, r.Reference = smallModel(t, dense), r.Model
	refused("reference", "capacity_factor of 1.5")
	m.Config().CapacityFactor, m.Config().MaxPositions = 0, fakeLength-1
	short := r.Model
	save()
	r.Model, r.Reference = short, r.Model
	refused("batch.sequence", "(reference)")
}

// TestCommit holds that many goroutines see one beginning of the updates.
func TestCommit(t *testing.T) {
	r := &Run{}
	ctx, cancel := context.WithCancel(t.Context())
	inner, end := r.beginStep(ctx)
	defer end()
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if err := r.commit(); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	cancel()
	if err := r.commit(); err != nil || inner.Err() != nil {
		t.Errorf("%v, %v", err, inner.Err())
	}
	inner, end = r.beginStep(ctx)
	defer end()
	if err := r.commit(); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-inner.Done()
}
