package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// fixed returns full's weights in a model for inference.
func fixed(full *Model) *Model {
	c := *full.cfg
	m := build(&c)
	m.alloc(false)
	for i, p := range m.params {
		for g := range p.Groups {
			p.SetGroup(g, full.params[i].Group(g))
		}
	}
	for l, bias := range m.RouterBiases() {
		copy(bias, full.RouterBiases()[l])
	}
	return m
}

// adapted returns full with an adapter whose B is not zero.
func adapted(t testing.TB, full *Model, c AdapterConfig) *Model {
	t.Helper()
	m := fixed(full)
	if err := m.AddAdapter(c, 5); err != nil {
		t.Fatal(err)
	}
	stir(m)
	return m
}

// stir gives the B of a new adapter values that matter.
func stir(m *Model) {
	for _, p := range m.adapter.params {
		if strings.HasSuffix(p.Name, ".lora_B.weight") {
			q := *p
			q.InitStd = 0.05
			q.Init(11)
		}
	}
	m.Sync()
}

var everyTarget = AdapterConfig{Rank: 5, Alpha: 8, Targets: AdapterTargets()}

// loraReference is the float64 model whose weights are those of base and
// adapter together.
type loraReference struct {
	*reference
	adapter *adapter
	base    map[*Param][]float64 // by full's Param
	own     map[*Param][]float64 // by the adapter's
	full    *Model
}

func newLoRAReference(full, m *Model, ws *Workspace) *loraReference {
	r := &loraReference{reference: newReference(full, ws), adapter: m.adapter, full: full, base: map[*Param][]float64{}, own: map[*Param][]float64{}}
	for p, w := range r.weights {
		r.base[p] = slices.Clone(w)
	}
	for _, p := range m.adapter.params {
		w := make([]float64, p.Len())
		for i, v := range p.Master {
			w[i] = float64(tensor.FromFloat32(v).Float32())
		}
		r.own[p] = w
	}
	r.combine()
	return r
}

// combine sets the weights to w + scale·B·A.
func (r *loraReference) combine() {
	for _, p := range r.adapter.updated {
		var of *Param
		for _, q := range r.full.params {
			if q.Name == p.Name {
				of = q
			}
		}
		w := r.weights[of]
		copy(w, r.base[of])
		l, rank := p.LoRA, p.LoRA.Rank()
		a := r.own[l.A]
		for g := range p.Groups {
			for i, part := range l.Parts {
				b := r.own[part.B]
				for row := range part.B.Out {
					for k := range rank {
						f := float64(l.Scale) * b[(g*part.B.Out+row)*rank+k]
						add64(w[(g*p.Out+part.Row+row)*p.In:][:p.In], a[(g*l.A.Out+i*rank+k)*p.In:][:p.In], f)
					}
				}
			}
		}
	}
}

// slope is reference.slope along a direction of an adapter's parameter.
func (r *loraReference) slope(p *Param, direction []float64, b *Batch, targets []int32) float64 {
	const h = 1e-4
	w := r.own[p]
	start := slices.Clone(w)
	at := func(step float64) float64 {
		for i := range w {
			w[i] = start[i] + step*direction[i]
		}
		r.combine()
		return r.loss(b, targets, nil)
	}
	up, down := at(h), at(-h)
	copy(w, start)
	return (up - down) / (2 * h)
}

// TestLoRAGradients compares the gradients of adapters with central differences
// of the model in float64, along the gradient and along random directions, with
// the limits of TestGradients: adapters pass some more roundings but no other
// kind. Their gradients are the matrix's seen through the other factor, sums of
// products with random signs that cancel, which multiplies the error as it does
// for a router's. The base's Params take none.
func TestLoRAGradients(t *testing.T) {
	tests := []struct {
		name, kind string
		config     AdapterConfig
		change     func(c *Config)
	}{
		{"every target", Llama, everyTarget, func(*Config) {}},
		{"PEFT's choice", Llama, AdapterConfig{Rank: 4, Alpha: 4, Targets: []string{"q_proj", "v_proj"}}, func(*Config) {}},
		{"biases, stable", Qwen2, AdapterConfig{Rank: 9, Alpha: 5, RankStable: true, Targets: []string{"k_proj", "up_proj"}}, func(*Config) {}},
		{"norms, tied", Qwen3, everyTarget, func(c *Config) { c.TieEmbeddings = true }},
		{"experts", Qwen3MoE, everyTarget, func(c *Config) { c.RouterAuxLossCoef, c.SharedExpertSize = 0.5, 12 }},
		{"mixtral", Mixtral, AdapterConfig{Rank: 3, Alpha: 6, Targets: []string{"up_proj", "down_proj"}}, func(*Config) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := small(t, tt.kind)
			c.VocabSize = 43
			tt.change(c)
			full := newModel(t, c)
			m := adapted(t, full, tt.config)
			b := documents(c.VocabSize, 17, 8)
			targets := shifted(b)
			ws := NewWorkspace(m, len(targets), true)
			if _, err := m.LossBackward(ws, b, targets, nil, 1/float32(len(targets)-2)); err != nil {
				t.Fatal(err)
			}
			checkLoRA(t, newLoRAReference(full, m, ws), b, targets)
			for _, p := range m.params {
				if p.Grad != nil || p.Master != nil {
					t.Errorf("%s of the base takes part", p.Name)
				}
			}
		})
	}
}

func checkLoRA(t *testing.T, r *loraReference, b *Batch, targets []int32) {
	t.Helper()
	roundings := math.Sqrt(40) / math.Sqrt(3) / 512
	random := rand.New(rand.NewPCG(1, 9))
	for _, p := range r.adapter.params {
		norm := 0.0
		for _, g := range p.Grad {
			norm += float64(g) * float64(g)
		}
		norm = math.Sqrt(norm)
		direction, signs, want := make([]float64, p.Len()), make([]float64, p.Len()), 0.0
		for i, g := range p.Grad {
			direction[i] = float64(g) / norm
			signs[i] = float64(2*random.IntN(2)-1) / math.Sqrt(float64(p.Len()))
			want += float64(g) * signs[i]
		}
		limit := 3 * 4 * roundings / math.Sqrt(float64(min(len(targets), p.Len())))
		if got := math.Abs(r.slope(p, direction, b, targets)/norm - 1); !(got <= limit) {
			t.Errorf("%s: gradient of length %.6g is off by %.2g of it, limit %.2g", p.Name, norm, got, limit)
		}
		limit = 3 * 0.03 * norm / math.Sqrt(float64(p.Len()))
		if off := math.Abs(r.slope(p, signs, b, targets) - want); !(off <= limit) {
			t.Errorf("%s along a random direction: off by %.2g, limit %.2g", p.Name, off, limit)
		}
	}
}

// TestLoRAFresh: an adapter that has not been trained changes no bit, and a
// trained one changes results.
func TestLoRAFresh(t *testing.T) {
	for _, kind := range []string{Llama, Qwen3MoE} {
		full := newModel(t, small(t, kind))
		base, m := fixed(full), fixed(full)
		if err := m.AddAdapter(everyTarget, 1); err != nil {
			t.Fatal(err)
		}
		b := documents(full.cfg.VocabSize, 70, 30)
		n := len(b.Tokens)
		want := allLogits(t, base, NewWorkspace(base, n, false), b)
		if got := allLogits(t, m, NewWorkspace(m, n, false), b); !slices.Equal(bits(got), bits(want)) {
			t.Errorf("%s: a fresh adapter changes the logits", kind)
		}
		if got := allLogits(t, full, NewWorkspace(full, n, false), b); !slices.Equal(bits(got), bits(want)) {
			t.Errorf("%s: the fixed model is another", kind)
		}
		stir(m)
		if got := allLogits(t, m, NewWorkspace(m, n, false), b); slices.Equal(bits(got), bits(want)) {
			t.Errorf("%s: the adapter does nothing", kind)
		}
	}
}

func bits(x []float32) []uint32 {
	out := make([]uint32, len(x))
	for i, v := range x {
		out[i] = math.Float32bits(v)
	}
	return out
}

// TestLoRAInvariance: with an adapter too, a row's result depends on that row
// alone, and gradients do not depend on threads. The batch is larger than a
// chunk of the adapter's.
func TestLoRAInvariance(t *testing.T) {
	for _, kind := range []string{Llama, Qwen3MoE} {
		m := adapted(t, newModel(t, small(t, kind)), everyTarget)
		b := documents(m.cfg.VocabSize, 700, 3, 500)
		n, v := len(b.Tokens), m.cfg.VocabSize
		all := allLogits(t, m, NewWorkspace(m, n, false), b)
		for _, s := range b.Spans {
			alone := &Batch{Tokens: b.Tokens[s.Start : s.Start+s.Len], Spans: []Span{{Len: s.Len}}}
			got := allLogits(t, m, NewWorkspace(m, s.Len, false), alone)
			if !slices.Equal(bits(got), bits(all[s.Start*v:(s.Start+s.Len)*v])) {
				t.Errorf("%s: a document of %d tokens alone gives other bits", kind, s.Len)
			}
		}
		var first [][]uint32
		for _, threads := range []int{1, 2, 7} {
			par.SetThreads(threads)
			ws := NewWorkspace(m, n, true)
			m.ZeroGrad()
			if _, err := m.LossBackward(ws, b, shifted(b), nil, 1); err != nil {
				t.Fatal(err)
			}
			par.SetThreads(0)
			for i, p := range m.AdapterParams() {
				if threads == 1 {
					first = append(first, bits(p.Grad))
				} else if !slices.Equal(first[i], bits(p.Grad)) {
					t.Errorf("%s: %s: other gradients with %d threads", kind, p.Name, threads)
				}
			}
		}
	}
}

// TestLoRAAllocates: passes with an adapter allocate nothing.
func TestLoRAAllocates(t *testing.T) {
	m := adapted(t, newModel(t, small(t, Qwen3MoE)), everyTarget)
	b := documents(m.cfg.VocabSize, 40, 24)
	ws, targets := NewWorkspace(m, 64, true), shifted(b)
	pass := func() {
		if _, err := m.LossBackward(ws, b, targets, nil, 1); err != nil {
			t.Fatal(err)
		}
	}
	pass()
	if n := testing.AllocsPerRun(5, pass); n > 0 {
		t.Errorf("%v allocations a pass", n)
	}
}
