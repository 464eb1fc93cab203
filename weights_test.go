package polymath_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
)

// TestWeightsMemory: less memory for the weights changes no text, and is said.
func TestWeightsMemory(t *testing.T) {
	par.SetThreads(2) // each has a buffer
	defer par.SetThreads(0)
	dir := random(t, nil)
	plan, err := model.PlanWeights(dir, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	o := polymath.GenerateOptions{MaxTokens: 30, Temperature: 1, Seed: 5}
	open := func(n int64) *polymath.Model {
		m, err := polymath.Open(dir, polymath.WithWeightsMemory(n))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		return m
	}
	whole := open(0)
	if s := whole.Info().WeightsMemory; s != (polymath.WeightsMemory{}) {
		t.Errorf("a model that fits: %+v", s)
	}
	want, err := whole.Generate(t.Context(), "A rolling", o)
	if err != nil {
		t.Fatal(err)
	}
	m := open(plan.Least)
	s := m.Info().WeightsMemory
	if s.Budget != plan.Least || s.Held > s.Budget || s.All != plan.All || s.Streamed == 0 || s.TokensPerSecond <= 0 || s.TokensPerSecond >= s.WholeTokensPerSecond {
		t.Errorf("%+v", s)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if got, err := m.Generate(t.Context(), "A rolling", o); err != nil || got.Text != want.Text {
				t.Errorf("%q, %v; want %q", got.Text, err, want.Text)
			}
		})
	}
	group.Wait()
	if s := m.Stats(); s.WeightHits == 0 || s.WeightMisses == 0 || s.WeightBytesRead == 0 || s.WeightsStalled == 0 {
		t.Errorf("%+v", s)
	}
	if _, err := polymath.Open(dir, polymath.WithWeightsMemory(plan.Least-1)); err == nil || !strings.Contains(err.Error(), "the least is") {
		t.Errorf("%v", err)
	}
}

// TestWeightsFileCut: a file that is cut while its model is open is an error of
// each request, and not the end of the program, and the model works on once the
// file is what it was.
func TestWeightsFileCut(t *testing.T) {
	par.SetThreads(2) // each has a buffer
	defer par.SetThreads(0)
	dir := random(t, nil)
	plan, err := model.PlanWeights(dir, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := polymath.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	m, err := polymath.Open(dir, polymath.WithWeightsMemory(plan.Least))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	path := filepath.Join(dir, "model.safetensors")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := whole.Generate(t.Context(), "A rolling", polymath.GenerateOptions{MaxTokens: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	o := polymath.GenerateOptions{MaxTokens: 5}
	var group sync.WaitGroup
	for i := range 4 { // together
		group.Go(func() {
			prompt := []string{"A rolling", "stone", "gathers", "no moss"}[i]
			if _, err := m.Generate(t.Context(), prompt, o); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "model.") {
				t.Errorf("%v", err)
			}
			// Embeddings are looked up in the mapped file, and their pages are gone.
			if _, err := whole.Generate(t.Context(), prompt, o); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("with all weights in memory: %v", err)
			}
		})
	}
	group.Wait()
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // the file is looked at once a second
	if _, err := m.Generate(t.Context(), "no moss", o); err == nil || !strings.Contains(err.Error(), "load the model again") {
		t.Errorf("a file that was written to: %v", err)
	}
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*polymath.Model{m, whole} {
		if got, err := m.Generate(t.Context(), "A rolling", o); err != nil || got.Text != want.Text {
			t.Errorf("with the file as it was: %q, %v; want %q", got.Text, err, want.Text)
		}
	}
}
