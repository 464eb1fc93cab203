package train

import (
	"path/filepath"
	"testing"
)

// A run for measuring writes no weights, and takes the same steps.
func TestNoSave(t *testing.T) {
	saved, bare := t.TempDir(), t.TempDir()
	want := mustRun(t, tinyRun(t), Options{RunDir: saved})
	got := mustRun(t, tinyRun(t), Options{RunDir: bare, NoSave: true})
	if !got.Finished || got.Step != want.Step || got.Loss != want.Loss || got.ModelDir != "" || got.Checkpoint != "" {
		t.Errorf("%+v, want the steps of %+v", got, want)
	}
	if mustCurve(t, bare) != mustCurve(t, saved) {
		t.Error("the curves differ")
	}
	weights, err := filepath.Glob(filepath.Join(bare, "*", "*"))
	if err != nil || len(weights) != 0 {
		t.Errorf("written: %v, %v", weights, err)
	}
}
