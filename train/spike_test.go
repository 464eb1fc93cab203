package train

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestWatcher(t *testing.T) {
	s := &SpikeSpec{Window: 8, Sigma: 4, Norm: 10, MaxSkips: 3}
	fill := func(n int) *watcher {
		w := &watcher{}
		for i := range n {
			w.accept(s, 3+0.05*float64(i%2), 1)
		}
		return w
	}
	tests := []struct {
		name       string
		good       int
		loss, norm float64
		want       string
	}{
		{"usual", 8, 3.02, 1, ""},
		{"better", 8, 1, 1, ""},
		{"spike", 8, 3.3, 1, "the loss of 3.3000 is above 3.1250"},
		{"too early to tell", 3, 9, 1, ""},
		{"half a window is enough", 4, 9, 1, "the loss of 9.0000 is above"},
		{"norm", 8, 3, 11, "norm of 11 is above 10"},
		{"NaN", 0, math.NaN(), 1, "the loss is NaN"},
		{"infinite norm", 0, 3, math.Inf(1), "norm is +Inf"},
	}
	for _, test := range tests {
		got := fill(test.good).judge(s, test.loss, test.norm)
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestWindowSlides(t *testing.T) {
	s := &SpikeSpec{Window: 4, Sigma: 4, Norm: 10}
	w := &watcher{}
	for i := range 10 {
		w.accept(s, float64(i), 1)
	}
	if len(w.Losses) != 4 || w.Losses[0] != 6 || w.Losses[3] != 9 {
		t.Errorf("window %v, want 6 to 9", w.Losses)
	}
	w.skip()
	w.skip()
	if w.InARow != 2 || w.Total != 2 {
		t.Errorf("%d skips in a row, %d in all", w.InARow, w.Total)
	}
	w.accept(s, 10, 1)
	if w.InARow != 0 || w.Total != 2 {
		t.Errorf("after a good step: %d skips in a row, %d in all", w.InARow, w.Total)
	}
}

// TestLastingRise takes a rise that outlasts MaxSkips for the model's own, and
// never a step that is not finite.
func TestLastingRise(t *testing.T) {
	s := &SpikeSpec{Window: 4, Sigma: 4, Norm: 10, MaxSkips: 3}
	w := &watcher{}
	for range 4 {
		w.accept(s, 3, 1)
	}
	for i := range s.MaxSkips {
		if w.judge(s, 5, 1) == "" {
			t.Fatalf("step %d of the rise was taken", i)
		}
		w.skip()
	}
	if w.judge(s, math.NaN(), 1) == "" {
		t.Error("a loss that is NaN was taken")
	}
	if reason := w.judge(s, 5, 1); reason != "" {
		t.Fatalf("a lasting rise: %s", reason)
	}
	w.accept(s, 5, 1)
	if len(w.Losses) != 1 || w.Losses[0] != 5 {
		t.Errorf("window %v, want the new level alone", w.Losses)
	}
}

// TestSpikeAdvice: what is advised where steps are no longer finite works, and resuming
// with another rate, which is not advised, does not.
func TestSpikeAdvice(t *testing.T) {
	for _, lora := range []bool{false, true} {
		r := tinyRun(t)
		if lora {
			r = talkRun(t, true)
			r.Epochs = 0
		}
		r.Steps, r.Spike.MaxSkips, r.Checkpoint = 6, 1, CheckpointSpec{Every: 2, Keep: 1}
		dir := t.TempDir()
		trainer, err := New(r, Options{RunDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		trainer.options.Observer = Observe(func(rec Record) {
			if rec.Kind == KindCheckpoint {
				p := trainer.trained[0]
				p.Master[0] = float32(math.NaN())
				trainer.sync()
			}
		})
		_, err = trainer.Run(t.Context())
		trainer.Close()
		var stopped *SpikeError
		if !errors.As(err, &stopped) || stopped.Checkpoint == "" {
			t.Fatalf("lora %v: %v", lora, err)
		}
		advice := "; with model.from: " + stopped.Checkpoint + " it goes on"
		if text := err.Error(); strings.Contains(text, "resume") || !strings.Contains(text, "Begin another run with a lower optimizer.lr") || strings.Contains(text, advice) == lora {
			t.Errorf("lora %v: %s", lora, text)
		}
		r.Optimizer.LR /= 2
		mustRefuse(t, r, Options{RunDir: dir, Resume: true}, "optimizer.lr is ")
		if !lora {
			r.Model, r.Tokenizer = DefaultRecipe().Model, ""
			r.Model.From = stopped.Checkpoint
			mustRun(t, r, Options{RunDir: t.TempDir()})
		}
	}
	if text := (&SpikeError{Checkpoint: "c"}).Error(); strings.Contains(text, "model.from") { // as package align has it
		t.Error(text)
	}
}
