package align

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
)

// fake is a method that is small, and uses all that a run offers: two parts, several
// updates a step, a state, samples.
type fake struct {
	policy, critic *model.Model
	run            *Run
	workspaces     [2]*model.Workspace // of the two
	kept           fakeState
	closed         int

	// during, if set, is called in a step: after "loss", before the first update, and
	// after "update", the first one, and in the measurement, "evaluate", before it.
	during func(what string, n int) error
}

type fakeState struct {
	Mean  float64 `json:"mean"`
	Seen  int     `json:"seen"`
	Coefs []int   `json:"coefs"`
}

const fakeRows, fakeLength = 2, 12

func (f *fake) plan(_ context.Context, r *Run, p *Plan) error {
	r.hashes.Data = "fake data"
	p.Items, p.HeldOut = 10, 2
	for _, name := range []string{"policy", "critic"} {
		if err := r.planTrained(p, name, r.recipe.Model); err != nil {
			return err
		}
	}
	for _, name := range []string{"policy", "critic"} {
		r.planPasses(p, name, r.cfg, r.tokens(), true)
	}
	return nil
}

func (f *fake) load(ctx context.Context, r *Run) (err error) {
	if f.policy, err = r.openTrained(r.recipe.Model); err != nil {
		return err
	}
	if f.critic, err = r.openTrained(r.recipe.Model); err != nil {
		return err
	}
	f.run = r
	r.addPart(r.policyPart("policy", f.policy))
	r.addPart(r.policyPart("critic", f.critic))
	for i, m := range []*model.Model{f.policy, f.critic} {
		f.workspaces[i] = model.NewTrainingWorkspace(m, r.tokens(), r.recipe.Batch.Recompute)
	}
	return context.Cause(ctx)
}

// batch is what step n learns from, as a function of seed, n and which alone.
func (f *fake) batch(n, which int) (*model.Batch, []int32) {
	b := &model.Batch{}
	var targets []int32
	for row := range fakeRows {
		b.Spans = append(b.Spans, model.Span{Start: len(b.Tokens), Len: fakeLength})
		for i := range fakeLength {
			u := infer.Uniform(f.run.recipe.Seed, 1000*(n+1)+which, row*fakeLength+i)
			b.Tokens = append(b.Tokens, int32(u*float64(f.run.cfg.VocabSize)))
			targets = append(targets, (b.Tokens[len(b.Tokens)-1]+1)%int32(f.run.cfg.VocabSize))
		}
	}
	return b, targets
}

func (f *fake) step(ctx context.Context, r *Run, n int, m Measures) error {
	began := time.Now()
	f.kept.Seen += fakeRows // before anything can end the step
	losses := 0.0
	for i, p := range []*part{r.parts[0], r.parts[0], r.parts[1]} {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		trained, workspace := f.policy, f.workspaces[0]
		if p.name == "critic" {
			trained, workspace = f.critic, f.workspaces[1]
		}
		batch, targets := f.batch(n, i)
		stats, err := trained.LossBackward(workspace, batch, targets, nil, 1/float32(len(targets)))
		if err != nil {
			return err
		}
		losses += stats.Loss / float64(len(targets))
		if i == 0 {
			if err := f.call("loss", n); err != nil {
				return err
			}
		}
		if _, err := r.update(p, r.rate(r.recipe.Optimizer.LR, n)); err != nil {
			return err
		}
		if i == 0 {
			if err := f.call("update", n); err != nil {
				return err
			}
		}
	}
	r.spend("update", began, 3*fakeRows*fakeLength)
	f.kept.Mean += (losses/3 - f.kept.Mean) / float64(n)
	f.kept.Coefs = append(f.kept.Coefs, n*n)
	m["loss"], m["mean"], m["nothing"] = losses/3, f.kept.Mean, math.NaN()
	for i := range r.samplesWanted(n) {
		r.sample(SampleRecord{Prompt: "<b>", Answer: fmt.Sprint(n, i), Values: Measures{"reward": float64(i)}})
	}
	return nil
}

func (f *fake) evaluate(_ context.Context, _ *Run, m Measures) error {
	if err := f.call("evaluate", f.run.state.Step); err != nil {
		return err
	}
	batch, targets := f.batch(-1, 0)
	stats, err := f.policy.Loss(f.workspaces[0], batch, targets)
	if err != nil {
		return err
	}
	m["loss"] = stats.Loss / float64(len(targets))
	return nil
}

func (f *fake) call(what string, n int) error {
	if f.during == nil {
		return nil
	}
	return f.during(what, n)
}

func (f *fake) state() any { return f.kept }

func (f *fake) restore(state json.RawMessage) error { return json.Unmarshal(state, &f.kept) }

func (f *fake) finish(r *Run) *part { return r.parts[0] }

func (f *fake) close() error {
	f.closed++
	for _, m := range []*model.Model{f.policy, f.critic} {
		if m != nil {
			if err := m.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// fakeRecipe is of five steps, with measurements, samples and checkpoints.
func fakeRecipe(t testing.TB) *Recipe {
	r := DefaultRecipe(GRPO, false)
	r.Name, r.Seed, r.Steps = "fake", 5, 5
	r.Model = smallModel(t, experts)
	r.Batch = BatchSpec{Prompts: 2, Rows: fakeRows, Sequence: fakeLength}
	r.Optimizer.LR = 0.01
	r.Schedule = train.ScheduleSpec{Kind: train.WSD, Warmup: 2, Decay: 0.5}
	r.Eval = EvalSpec{Every: 2}
	r.Sample = SampleSpec{Every: 2, Answers: 2}
	r.Checkpoint = train.CheckpointSpec{Every: 2, Keep: 2}
	return r
}

// runFake runs the method f, a new one if it is nil.
func runFake(ctx context.Context, r *Recipe, o Options, f *fake) (Result, error) {
	if f == nil {
		f = &fake{}
	}
	run, err := newRun(ctx, r, o, f)
	if err != nil {
		return Result{}, err
	}
	result, err := run.Run(ctx)
	return result, errors.Join(err, run.Close())
}

func mustRunFake(t testing.TB, r *Recipe, o Options, f *fake) Result {
	t.Helper()
	result, err := runFake(t.Context(), r, o, f)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// endOf is all that a finished run has left, by path: the files of its last
// checkpoint and of its model, and its journal without the timing.
func endOf(t testing.TB, dir string, result Result) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, root := range []string{result.Checkpoint, result.ModelDir} {
		err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			switch name := filepath.Base(path); {
			case name == "metrics.jsonl" || filepath.Base(filepath.Dir(path)) == "training" && name == "manifest.json":
				return err // times, and their hash
			}
			files[rel] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	records, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	files["metrics.jsonl"] = timeless(t, records)
	return files
}

// timeless is the records without their timing.
func timeless(t testing.TB, records []Record) string {
	t.Helper()
	var b strings.Builder
	for _, r := range records {
		r.Timing = nil
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

func sameEnd(t testing.TB, what string, want, got map[string]string) {
	t.Helper()
	if len(want) < 10 || len(want) != len(got) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
	}
	for name, text := range want {
		if other, ok := got[name]; !ok || other != text {
			t.Errorf("%s: %s differs (there: %v)", what, name, ok)
		}
	}
}

// unsynced is a disk that does not wait for what is written to be durable: a test
// that kills no machine has no use for it.
type unsynced struct{ atomicfile.System }

type unsyncedHandle struct{ atomicfile.Handle }

func (unsyncedHandle) Sync() error { return nil }

func (d unsynced) Create(path string, perm fs.FileMode) (atomicfile.Handle, error) {
	h, err := d.System.Create(path, perm)
	if err != nil {
		return nil, err
	}
	return unsyncedHandle{h}, nil
}

func (unsynced) SyncDir(string) error { return nil }

// fast makes the disk one of these until the test ends.
func fast(t testing.TB) { t.Cleanup(atomicfile.Replace(unsynced{atomicfile.OS})) }
