package model

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// upcycled returns a dense model and what Upcycle makes of it, both trainable.
func upcycled(t *testing.T, kind string, o UpcycleOptions) (dense, mixture *Model) {
	t.Helper()
	c := small(t, kind)
	if kind == Mellum {
		c.NumExperts = 0
	}
	dense = newModel(t, c)
	w, err := dense.Weights()
	if err != nil {
		t.Fatal(err)
	}
	up, err := Upcycle(t.Context(), w, o)
	if err != nil {
		t.Fatal(err)
	}
	mixture, err = LoadWeights(up, LoadOptions{Trainable: true})
	if err != nil {
		t.Fatal(err)
	}
	return dense, mixture
}

// TestUpcycle: without noise the mixture is the dense model's function. In
// float64 that holds to rounding. In the decoder's arithmetic it holds to the bit
// where a gate is 1 or gates are equal powers of two. Otherwise the gates and
// their sum round in fp32 before the residual stream rounds to bf16: the sum of
// two bf16 numbers is often just between two others, and then any error turns
// the last bit, at most 2^-7 of the number in each layer. With a granularity the
// parts of a network also round to bf16 apart.
func TestUpcycle(t *testing.T) {
	want := map[string]string{Llama: Mixtral, Mistral: Mixtral, Qwen3: Qwen3MoE, Mellum: Mellum}
	for kind, becomes := range want {
		for _, o := range []UpcycleOptions{{Experts: 4, TopK: 2}, {Experts: 3, TopK: 1}, {Experts: 4, TopK: 2, RouterStd: 1e-30}, {Experts: 2, TopK: 2, RouterStd: 1, Granularity: 4}} {
			dense, mixture := upcycled(t, kind, o)
			if mixture.cfg.ModelType != becomes {
				t.Errorf("%s became %s", kind, mixture.cfg.ModelType)
			}
			g := o.granularity()
			if c := mixture.cfg; c.NumExperts != o.Experts*g || c.NumExpertsPerTok != o.TopK*g || c.MoEIntermediateSize*g != dense.cfg.IntermediateSize {
				t.Errorf("%s, %+v: %d experts of %d, top %d", kind, o, c.NumExperts, c.MoEIntermediateSize, c.NumExpertsPerTok)
			}
			docs := documents(dense.cfg.VocabSize, 21, 9)
			wsd, wsm := NewWorkspace(dense, 30, false), NewWorkspace(mixture, 30, false)
			a, b := allLogits(t, dense, wsd, docs), allLogits(t, mixture, wsm, docs)
			mixture.cfg.RouterAuxLossCoef = 0
			x, y := newReference(dense, wsd).loss(docs, shifted(docs), nil), newReference(mixture, wsm).loss(docs, shifted(docs), nil)
			if math.Abs(x-y) > 1e-12 {
				t.Errorf("%s, %+v: loss %v in float64, as a mixture %v", kind, o, x, y)
			}
			difference, size, equal := 0.0, 0.0, 0
			for i := range a {
				d := float64(a[i] - b[i])
				difference, size = difference+d*d, size+float64(a[i])*float64(a[i])
				if d == 0 {
					equal++
				}
			}
			ratio := math.Sqrt(difference / size)
			t.Logf("%s, %+v: logits differ by %.2g, %d of %d not at all", kind, o, ratio, equal, len(a))
			limit := 0x1p-7 * float64(dense.cfg.NumLayers)
			if o.TopK == 1 || o.RouterStd == 1e-30 {
				limit = 0
			}
			if ratio > limit {
				t.Errorf("%s, %+v: logits differ by %g of their size, want at most %g", kind, o, ratio, limit)
			}
		}
	}
}

// TestUpcycleLayerTypes: kinds of attention stay as they are.
func TestUpcycleLayerTypes(t *testing.T) {
	c := small(t, Qwen3)
	c.SlidingWindow, c.LayerTypes = 9, []string{FullAttention, SlidingAttention}
	o := UpcycleOptions{Experts: 2, TopK: 1}
	up, err := upcycledConfig(c, o)
	if err != nil || up.ModelType != Mellum || up.Window(0) != 0 || up.Window(1) != 9 || up.slidingTheta() != c.RopeTheta {
		t.Errorf("%+v, %v", up, err)
	}
	c.RopeScaling = &RopeScaling{Type: RopeLinear, Factor: 2}
	if _, err := upcycledConfig(c, o); err == nil || !strings.Contains(err.Error(), "rope_scaling") {
		t.Errorf("stretched layers that slide: %v", err)
	}
}

// TestUpcycleNoise: noise has the size asked for and hits the share asked for,
// and each expert has its own.
func TestUpcycleNoise(t *testing.T) {
	plain, noisy := UpcycleOptions{Experts: 3, TopK: 2}, UpcycleOptions{Experts: 3, TopK: 2, Noise: 0.25, NoiseShare: 0.5, Seed: 3}
	dense, exact := upcycled(t, Qwen3, plain)
	_, m := upcycled(t, Qwen3, noisy)
	for l, lay := range m.layers {
		before := dense.layers[l].ffn.GateUp.Weight
		w := before.Group(0)
		if !slices.Equal(exact.layers[l].moe.GateUp.Group(2), roundAll(w)) {
			t.Error("an expert without noise is no copy")
		}
		for e := range 3 {
			changed, sum := 0, 0.0
			for i, v := range lay.moe.GateUp.Group(e) {
				if d := float64(v - tensor.FromFloat32(w[i]).Float32()); d != 0 {
					changed++
					sum += d * d
				}
			}
			got := math.Sqrt(sum/float64(changed)) / rms(w)
			if share := float64(changed) / float64(len(w)); math.Abs(share-0.5) > 0.05 || math.Abs(got-0.25) > 0.02 {
				t.Errorf("layer %d, expert %d: noise of %.3f in a share of %.3f", l, e, got, share)
			}
		}
		if slices.Equal(lay.moe.Down.Group(0), lay.moe.Down.Group(1)) {
			t.Error("two experts have the same noise")
		}
	}
}

func roundAll(x []float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = tensor.FromFloat32(v).Float32()
	}
	return out
}

// TestUpcycleTrains: losses and gradients are finite, and a few steps make the
// experts differ, even those of one copy's parts.
func TestUpcycleTrains(t *testing.T) {
	for _, o := range []UpcycleOptions{{Experts: 4, TopK: 2}, {Experts: 2, TopK: 1, Granularity: 2}} {
		_, m := upcycled(t, Qwen3, o)
		docs := documents(m.cfg.VocabSize, 50, 30)
		ws := NewWorkspace(m, 80, true)
		first, last := 0.0, 0.0
		for step := range 20 {
			m.ZeroGrad()
			stats, err := m.LossBackward(ws, docs, shifted(docs), nil, 1.0/78)
			if err != nil {
				t.Fatal(err)
			}
			if !(stats.BalanceLoss >= 0.9 && stats.BalanceLoss <= float64(m.cfg.NumExperts)) {
				t.Fatalf("step %d: balance loss %v", step, stats.BalanceLoss)
			}
			if last = stats.Loss; step == 0 {
				first = last
			}
			for _, p := range m.params {
				for i, g := range p.Grad {
					if g-g != 0 {
						t.Fatalf("%s: gradient %v", p.Name, g)
					}
					p.Master[i] -= 0.05 * g
				}
			}
			m.Sync()
		}
		if !(last < first) {
			t.Errorf("%+v: loss %v at first, %v at last", o, first, last)
		}
		e := m.layers[0].moe
		if slices.Equal(e.Down.Group(0), e.Down.Group(1)) || slices.Equal(e.Router.Weight.Master[:m.cfg.HiddenSize], e.Router.Weight.Master[m.cfg.HiddenSize:2*m.cfg.HiddenSize]) {
			t.Errorf("%+v: experts are still the same", o)
		}
	}
}

func TestUpcycleRefuses(t *testing.T) {
	good := UpcycleOptions{Experts: 4, TopK: 2}
	for _, tt := range []struct {
		kind   string
		change func(c *Config, o *UpcycleOptions)
		want   string
	}{
		{Qwen2, nil, "type qwen2 has no counterpart"},
		{Qwen3MoE, nil, "has 6 experts already"},
		{Qwen3, func(_ *Config, o *UpcycleOptions) { o.Experts = 1 }, "1 experts"},
		{Qwen3, func(_ *Config, o *UpcycleOptions) { o.TopK = 5 }, "top-k 5"},
		{Qwen3, func(_ *Config, o *UpcycleOptions) { o.TopK = 0 }, "top-k 0"},
		{Qwen3, func(_ *Config, o *UpcycleOptions) { o.Granularity = 3 }, "granularity 3"},
		{Qwen3, func(_ *Config, o *UpcycleOptions) { o.Granularity = 8 }, "granularity 8"},
		{Qwen3, func(_ *Config, o *UpcycleOptions) { o.Noise = math.NaN() }, "noise NaN"},
		{Qwen3, func(_ *Config, o *UpcycleOptions) { o.NoiseShare = 2 }, "in a share of 2"},
	} {
		c, o := small(t, tt.kind), good
		if tt.change != nil {
			tt.change(c, &o)
		}
		w, err := newModel(t, c).Weights()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Upcycle(t.Context(), w, o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s, %+v: error %v, want %q", tt.kind, o, err, tt.want)
		}
	}
}
