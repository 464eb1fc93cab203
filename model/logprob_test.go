package model

import (
	"math"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
)

// TestLogProbsBackwardIsLossBackward: policy gradients by way of log-probabilities
// have the bits of a loss with weights, auxiliary losses included, and the
// routers' statistics are the same.
func TestLogProbsBackwardIsLossBackward(t *testing.T) {
	change := func(c *Config) *Config {
		c.RouterAuxLossCoef, c.RouterZLossCoef = 0.5, 0.3
		return c
	}
	tests := []struct {
		name  string
		model *Model
	}{
		{"dense", newModel(t, small(t, Llama))},
		{"experts", newModel(t, change(small(t, Qwen3MoE)))},
		{"adapter", adapted(t, newModel(t, change(small(t, Qwen3MoE))), everyTarget)},
		{"pictures", newModel(t, change(withTower(small(t, Qwen3MoE))))},
	}
	capacity := change(small(t, Qwen3MoE))
	capacity.CapacityFactor = 0.8
	tied := small(t, Qwen3)
	tied.TieEmbeddings = true
	tests = append(tests, []struct {
		name  string
		model *Model
	}{{"capacity", newModel(t, capacity)}, {"tied", newModel(t, tied)}}...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := tt.model
			b := documents(m.cfg.VocabSize, 130, 1, 42)
			if m.cfg.Vision != nil {
				b = illustrated(m.cfg, pictures...)
			}
			targets := shifted(b)
			targets[5], targets[77] = -1, -1
			counted := 0
			weights, dLogProbs := make([]float32, len(targets)), make([]float32, len(targets))
			const scale = 0.37
			for i := range weights {
				weights[i] = float32(i%7)/3 - 0.8
				dLogProbs[i] = -float32(scale * weights[i])
				if targets[i] >= 0 {
					counted++
				}
			}
			ws := NewWorkspace(m, len(targets), true)
			want, err := m.LossBackward(ws, b, targets, weights, scale)
			if err != nil {
				t.Fatal(err)
			}
			want.ExpertLoad, want.RouterEntropy = cloneLoad(want.ExpertLoad), slices.Clone(want.RouterEntropy)
			var grads [][]float32
			for _, p := range m.Trained() {
				grads = append(grads, slices.Clone(p.Grad))
			}
			for _, threads := range []int{1, 3} {
				par.SetThreads(threads)
				m.ZeroGrad()
				got, err := m.ForwardTrain(ws, b)
				if err != nil {
					t.Fatal(err)
				}
				sameRouters(t, got, want)
				for _, dEntropies := range [][]float32{nil, make([]float32, len(targets))} {
					m.ZeroGrad()
					if _, err := m.ForwardTrain(ws, b); err != nil {
						t.Fatal(err)
					}
					m.LogProbsBackward(ws, b, targets, dLogProbs, dEntropies, scale*float32(counted))
					for i, p := range m.Trained() {
						mustEqual(t, p.Name, p.Grad, grads[i])
					}
				}
			}
			par.SetThreads(0)
		})
	}
}

func cloneLoad(load [][]int) (own [][]int) {
	for _, l := range load {
		own = append(own, slices.Clone(l))
	}
	return own
}

// sameRouters compares what two passes say of routers, and nothing else.
func sameRouters(t *testing.T, got, want Stats) {
	t.Helper()
	if got.Loss != 0 || got.Tokens != 0 || got.ZLoss != 0 {
		t.Errorf("a forward pass has a loss: %+v", got)
	}
	if got.BalanceLoss != want.BalanceLoss || got.RouterZLoss != want.RouterZLoss || got.Dropped != want.Dropped ||
		!slices.Equal(got.RouterEntropy, want.RouterEntropy) || !slices.EqualFunc(got.ExpertLoad, want.ExpertLoad, slices.Equal) {
		t.Errorf("routers %+v, want %+v", got, want)
	}
}

// TestLogProbsGradients compares the gradient of log-probabilities, entropies
// and auxiliary losses with slopes of the model in float64, as TestGradients
// does.
func TestLogProbsGradients(t *testing.T) {
	for _, tt := range []struct {
		name, kind string
		entropies  bool
		logProbs   bool
	}{
		{"both", Llama, true, true},
		{"entropies", Qwen3, true, false},
		{"experts", Qwen3MoE, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := small(t, tt.kind)
			c.VocabSize = 43
			if c.NumExperts > 0 {
				c.RouterAuxLossCoef, c.RouterZLossCoef = 1, 0.3
			}
			m := newModel(t, c)
			b := documents(c.VocabSize, 17, 8)
			targets := shifted(b)
			targets[3] = -1
			var dLogProbs, dEntropies []float32
			for i := range targets {
				if tt.logProbs {
					dLogProbs = append(dLogProbs, float32(i%5)/5-0.3)
				}
				if tt.entropies {
					dEntropies = append(dEntropies, 0.5-float32(i%3)/2)
				}
			}
			ws := NewWorkspace(m, len(targets), true)
			if _, err := m.ForwardTrain(ws, b); err != nil {
				t.Fatal(err)
			}
			m.LogProbsBackward(ws, b, targets, dLogProbs, dEntropies, 1)
			r := newReference(m, ws)
			r.measure = func(t int, logprob, entropy float64) (sum float64) {
				if dLogProbs != nil {
					sum += float64(dLogProbs[t]) * logprob
				}
				return sum + float64(dEntropies[t])*entropy
			}
			compareGradients(t, r, b, targets, nil)
		})
	}
}

// TestLogProbsOnePass: log-probabilities and entropies after a pass for training
// have the bits of those after a pass for generation, on every path, and they are
// those of the logits.
func TestLogProbsOnePass(t *testing.T) {
	defer kernel.SetPath(kernel.CPU())
	for _, kind := range []string{Qwen3MoE, Mistral} {
		m := newModel(t, small(t, kind))
		v := m.cfg.VocabSize
		b := documents(v, 131, 1, 70)
		targets := shifted(b)
		targets[9] = -1
		n := len(targets)
		var wantLogProbs, wantEntropies []float32
		for _, path := range kernel.Paths() {
			if err := kernel.SetPath(path); err != nil {
				t.Fatal(err)
			}
			logProbs, entropies := make([]float32, n), make([]float32, n)
			ws := NewWorkspace(m, n, false)
			logits := allLogits(t, m, ws, b)
			m.LogProbs(ws, targets, logProbs)
			m.Entropies(ws, targets, entropies)
			if wantLogProbs == nil {
				wantLogProbs, wantEntropies = logProbs, entropies
				checkDistributions(t, logits, targets, logProbs, entropies)
			}
			mustEqual(t, path+": log-probabilities", logProbs, wantLogProbs)
			mustEqual(t, path+": entropies", entropies, wantEntropies)
			ws = NewWorkspace(m, n, true)
			if _, err := m.ForwardTrain(ws, b); err != nil {
				t.Fatal(err)
			}
			m.Entropies(ws, targets, entropies)
			m.LogProbs(ws, targets, logProbs)
			mustEqual(t, path+": log-probabilities of training", logProbs, wantLogProbs)
			mustEqual(t, path+": entropies of training", entropies, wantEntropies)
		}
	}
}

// checkDistributions compares with float64, of the logits as they are.
func checkDistributions(t *testing.T, logits []float32, targets []int32, logProbs, entropies []float32) {
	t.Helper()
	v := len(logits) / len(targets)
	for i, target := range targets {
		if target < 0 {
			if logProbs[i] != 0 || entropies[i] != 0 {
				t.Errorf("token %d without a target: %v, %v", i, logProbs[i], entropies[i])
			}
			continue
		}
		row := make([]float64, v)
		for k := range row {
			row[k] = float64(logits[i*v+k])
		}
		p, lse := softmax64(row)
		if got, want := float64(logProbs[i]), row[target]-lse; !(math.Abs(got-want) <= 1e-5) {
			t.Errorf("token %d: log-probability %v, want %v", i, got, want)
		}
		if got, want := float64(entropies[i]), lse-dot64(p, row); !(math.Abs(got-want) <= 1e-5) {
			t.Errorf("token %d: entropy %v, want %v", i, got, want)
		}
	}
}

// TestLogProbsDoNotAllocate, once they have run.
func TestLogProbsDoNotAllocate(t *testing.T) {
	defer par.SetThreads(0)
	par.SetThreads(2)
	m := newModel(t, small(t, Qwen3MoE))
	b := documents(m.cfg.VocabSize, 150, 33)
	targets := shifted(b)
	ws := NewWorkspace(m, len(targets), true)
	logProbs, entropies := make([]float32, len(targets)), make([]float32, len(targets))
	pass := func() {
		if _, err := m.ForwardTrain(ws, b); err != nil {
			t.Fatal(err)
		}
		m.LogProbs(ws, targets, logProbs)
		m.Entropies(ws, targets, entropies)
		m.LogProbsBackward(ws, b, targets, logProbs, entropies, 1)
	}
	pass()
	if n := testing.AllocsPerRun(5, pass); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestLogProbsPanics: a target that is no token is the caller's bug.
func TestLogProbsPanics(t *testing.T) {
	m := newModel(t, small(t, Llama))
	b := documents(m.cfg.VocabSize, 4)
	ws := NewWorkspace(m, 4, true)
	if _, err := m.ForwardTrain(ws, b); err != nil {
		t.Fatal(err)
	}
	targets := []int32{1, int32(m.cfg.VocabSize), 2, -1}
	dst := make([]float32, 4)
	for name, call := range map[string]func(){
		"LogProbs":         func() { m.LogProbs(ws, targets, dst) },
		"Entropies":        func() { m.Entropies(ws, targets, dst) },
		"LogProbsBackward": func() { m.LogProbsBackward(ws, b, targets, dst, nil, 0) },
		"untrained": func() {
			m.LogProbsBackward(NewWorkspace(m, 4, false), b, targets[:1], dst[:1], nil, 0)
		},
	} {
		if !panics(call) {
			t.Errorf("%s does not panic", name)
		}
	}
}

func panics(call func()) (did bool) {
	defer func() { did = recover() != nil }()
	call()
	return false
}
