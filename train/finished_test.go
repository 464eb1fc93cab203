package train

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReadFinished: what a run's directory tells is what the run was, and a resumed
// run began when it first did.
func TestReadFinished(t *testing.T) {
	r := tinyRun(t)
	r.Eval = EvalSpec{Every: 4, Rows: 4}
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	first := Options{RunDir: dir, Observer: Observe(func(rec Record) {
		if rec.Step == 5 {
			stop()
		}
	})}
	train := func(ctx context.Context, o Options) (*Trainer, Result) {
		t.Helper()
		tr, err := New(r, o)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tr.Close() }()
		result, err := tr.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return tr, result
	}
	before := time.Now().Add(-time.Second)
	if _, result := train(ctx, first); result.Finished {
		t.Fatal("the run was not interrupted")
	}
	if _, err := ReadFinished(dir); err == nil || !strings.Contains(err.Error(), "not finished") {
		t.Errorf("a run that is not finished: %v", err)
	}
	begun, err := readInfo(dir)
	if err != nil {
		t.Fatal(err)
	}
	if begun.Began.Before(before) || begun.Began.After(time.Now()) {
		t.Errorf("the run began at %v", begun.Began)
	}
	begun.Began = begun.Began.Add(-time.Hour) // so that it is not that of resuming
	if err := begun.save(dir); err != nil {
		t.Fatal(err)
	}
	tr, result := train(context.Background(), Options{RunDir: dir, Resume: true})
	f, err := ReadFinished(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Began.Equal(begun.Began) {
		t.Errorf("began %v, and %v before it was resumed", f.Began, begun.Began)
	}
	p := tr.Plan()
	if f.Eval != result.Eval || f.Parameters != p.Parameters || f.Active != p.Active || f.Tokens != p.Tokens || f.FLOPs != p.FLOPs || f.Steps != p.Steps {
		t.Errorf("%+v is not %+v with %+v", f, p, result)
	}
	if f.RecipeHash != r.Hash() || f.Recipe.Hash() != r.Hash() || len(f.Model) != 64 || len(f.Metrics) != 64 || f.Seconds <= 0 {
		t.Errorf("hashes or time: %+v", f)
	}
	if d := f.Conditions.Differ(tr.Conditions()); d != "" {
		t.Errorf("the run differs from itself: %s", d)
	}
	other := f.Conditions
	other.EvalRows++
	if d := other.Differ(f.Conditions); !strings.Contains(d, "eval.rows") {
		t.Errorf("other rows: %q", d)
	}
}

func TestReadFinishedRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFinished(dir); err == nil || !strings.Contains(err.Error(), "run.json") {
		t.Errorf("an empty directory: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, infoFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFinished(dir); err == nil || !strings.Contains(err.Error(), infoFile) {
		t.Errorf("half a file: %v", err)
	}
}
