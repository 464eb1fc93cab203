package train

import (
	"strings"
	"testing"
)

// TestLongPrompt: a prompt is continued from its end, however long, or refused.
func TestLongPrompt(t *testing.T) {
	r := smallRun(t)
	r.Steps, r.Model.Context = 1, 512
	r.Sample.Prompts = []string{"the ", strings.Repeat("the cat ", 60)}
	trainer, err := New(r, Options{RunDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	n := len(trainer.prompts[1])
	if window := trainer.sampleOptions(trainer.cfg).Window; n <= 2*sampleChunk || window != n+r.Sample.Tokens {
		t.Errorf("a prompt of %d tokens, a window of %d", n, window)
	}
	samples := 0
	trainer.options.Observer = Observe(func(r Record) {
		if r.Kind == KindSample {
			samples++
		}
	})
	if _, err := trainer.Run(t.Context()); err != nil || samples != 2 {
		t.Errorf("%d samples, %v", samples, err)
	}
	r.Model.Context = n
	if _, err := New(r, Options{}); err == nil || !strings.Contains(err.Error(), "sample.prompts: prompt 2 has") {
		t.Errorf("a prompt as long as the model's positions: %v", err)
	}
}
