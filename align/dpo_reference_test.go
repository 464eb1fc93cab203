package align

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// TestDPOReference: what the reference says is measured once, kept, gone on with and
// refused where it is damaged.
func TestDPOReference(t *testing.T) {
	r := pairsRecipe(DPO, smallModel(t, dense), false, tastes(t, 40))
	r.Steps = 1
	dir := t.TempDir()
	runPairs(t, t.Context(), r, Options{RunDir: dir})
	path := filepath.Join(dir, referenceFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f referred
	if err := checkpoint.StrictJSON(whole, &f); err != nil || len(f.LogProbs) != 40 {
		t.Fatalf("%d comparisons, %v", len(f.LogProbs), err)
	}
	refer := func() error {
		run, err := New(t.Context(), r, Options{RunDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		return run.method.(*dpo).refer(t.Context(), run)
	}
	for _, n := range []int{0, 1, 17, 40} { // as an interruption leaves it
		part := referred{Version: f.Version, Source: f.Source, LogProbs: f.LogProbs[:n]}
		if err := part.save(path, false); err != nil {
			t.Fatal(err)
		}
		if err := refer(); err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(path); err != nil || string(again) != string(whole) {
			t.Errorf("after %d comparisons the file is another, %v", n, err)
		}
	}
	for name, text := range map[string]string{
		"a digit": strings.Replace(string(whole), `"logprobs": [`, `"logprobs": [[1],`, 1),
		"cut":     string(whole[:len(whole)/2]),
		"sum":     strings.Replace(string(whole), f.SHA256, strings.Repeat("0", 64), 1),
	} {
		if text == string(whole) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := refer(); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := f
	other.Source = "of another reference"
	other.LogProbs = [][]float64{{1}}
	if err := other.save(path, false); err != nil {
		t.Fatal(err)
	}
	if err := refer(); err != nil {
		t.Error(err)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(whole) {
		t.Errorf("that of another reference was used, %v", err)
	}
}

// TestDPOReferenceLength: numbers of all digits and of most are read, of many comparisons
// too.
func TestDPOReferenceLength(t *testing.T) {
	path := filepath.Join(t.TempDir(), referenceFile)
	for _, v := range []float64{-123.45600128173828, -math.SmallestNonzeroFloat64, -1.7976931348623157e+308} {
		all := make([]*comparison, 10_000)
		f := referred{Version: referenceVersion, Source: "x", LogProbs: make([][]float64, len(all))}
		for i := range all {
			all[i] = &comparison{}
			all[i].Answers = make([]preference.Sequence, 2)
			f.LogProbs[i] = []float64{v, v}
		}
		if err := f.save(path, false); err != nil {
			t.Fatal(err)
		}
		found := referred{Version: referenceVersion, Source: "x"}
		if err := found.read(path, all); err != nil || len(found.LogProbs) != len(all) {
			t.Errorf("%v: %d comparisons, %v", v, len(found.LogProbs), err)
		}
	}
}

// TestDPOReferenceFaults: a disk that fails leaves what was there or what was to be.
func TestDPOReferenceFaults(t *testing.T) {
	all := make([]*comparison, 2)
	for i := range all {
		all[i] = &comparison{}
		all[i].Answers = make([]preference.Sequence, 2)
	}
	before := referred{Version: referenceVersion, Source: "x", LogProbs: [][]float64{{-1, -2}}}
	after := referred{Version: referenceVersion, Source: "x", LogProbs: [][]float64{{-1, -2}, {-3, -0.1}}}
	path := filepath.Join(t.TempDir(), referenceFile)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if err := after.save(path, false); err != nil {
		t.Fatal(err)
	}
	for op := range disk.Ops() {
		disk.Reset()
		if err := before.save(path, false); err != nil {
			t.Fatal(err)
		}
		disk.FailOp(op, syscall.ENOSPC)
		saved := after.save(path, false)
		disk.Reset()
		found := referred{Version: referenceVersion, Source: "x"}
		if err := found.read(path, all); err != nil || len(found.LogProbs) < 1 || saved == nil && len(found.LogProbs) < 2 {
			t.Errorf("operation %d: %v, %v after %v", op, found, err, saved)
		}
	}
}

// TestDPOInterrupted: a run that ends while the reference is measured goes on.
func TestDPOInterrupted(t *testing.T) {
	r := pairsRecipe(DPO, smallModel(t, dense), false, tastes(t, 40))
	r.Steps = 2
	whole := t.TempDir()
	result, _ := runPairs(t, t.Context(), r, Options{RunDir: whole})
	dir := t.TempDir()
	run, err := New(t.Context(), r, Options{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if early, err := run.Run(ctx); err != nil || early.Finished {
		t.Errorf("%+v, %v", early, err)
	}
	if err := run.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, referenceFile)); err != nil {
		t.Errorf("what was measured is gone: %v", err)
	}
	later, _ := runPairs(t, t.Context(), r, Options{RunDir: dir, Resume: true})
	sameEnd(t, "interrupted", endOf(t, whole, result), endOf(t, dir, later))
}

// TestDPORefusals: a reference with another tokenizer, and one that is damaged.
func TestDPORefusals(t *testing.T) {
	r := pairsRecipe(DPO, smallModel(t, dense), false, tastes(t, 20))
	r.Reference = smallModel(t, dense)
	path := filepath.Join(r.Reference, "tokenizer.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.Reference, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), "<|im_start|>", "<|on_start|>", -1)
	if err := os.WriteFile(path, []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), r, Options{}); err == nil || !strings.Contains(err.Error(), "another tokenizer") {
		t.Error(err)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := model.Load(r.Reference, true)
	if err != nil {
		t.Fatal(err)
	}
	last := m.Trained()[len(m.Trained())-1]
	last.Master[0] = float32(math.NaN())
	if err := m.Save(r.Reference, model.Provenance{}, map[string][]byte{"tokenizer.json": text}); err != nil {
		t.Fatal(err)
	}
	run, err := New(t.Context(), r, Options{RunDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if _, err := run.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "reference") && !errors.Is(err, model.ErrNonFinite) {
		t.Error(err)
	}
}
