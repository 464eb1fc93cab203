package plan

import (
	"math"
	"testing"
)

func builtin(t *testing.T, name string) *Model {
	t.Helper()
	m, err := Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func near(t *testing.T, what string, got, want, part float64) {
	t.Helper()
	if math.Abs(got-want) > part*math.Abs(want) {
		t.Errorf("%s is %g, want %g within %g of it", what, got, want, part)
	}
}

// TestGPT4 checks the arithmetic that is told of GPT-4: 16 x 111B + 55B = 1.83T,
// 2 x 111B + 55B = 277B, and what comparing it with a dense 280B leaves out.
func TestGPT4(t *testing.T) {
	m := builtin(t, "gpt-4")
	p := m.Params()
	near(t, "16 experts", float64(p.Part(PartExperts).Total), 16*111e9, 0.001)
	near(t, "2 experts", float64(p.Part(PartExperts).Active), 2*111e9, 0.001)
	near(t, "experts and attention", float64(p.Part(PartExperts).Total+p.Part(PartAttention).Total), 1.83e12, 0.001)
	near(t, "the active ones", float64(p.Part(PartExperts).Active+p.Part(PartAttention).Active), 277e9, 0.002)
	for context, want := range map[int]float64{8192: 42e9, 131072: 676e9} {
		f := m.FLOPsAt(context)
		near(t, "attention of the last token", f.Part(PartScores), want, 0.01)
		mean := m.FLOPsPerToken(context, false)
		near(t, "the mean of all tokens", mean.Part(PartScores), f.Part(PartScores)/2, 0.001)
	}
	wide := builtin(t, "gpt-4-mqa")
	if full, one := m.KVBytesPerToken(BF16), wide.KVBytesPerToken(BF16); full != 120*2*112*96*2 || one != 120*2*128*2 {
		t.Errorf("keys and values of a token take %g and %g bytes", full, one)
	}
}

// TestLatent: decoding reads compressed keys, 512 + 64 numbers in each of 61 layers
// of DeepSeek-V3.
func TestLatent(t *testing.T) {
	m := builtin(t, "deepseek-v3")
	if at := m.FLOPsAt(1000); at.Part(PartScores) != 61*1000*2*128*(2*512+64) {
		t.Errorf("decoding over compressed keys takes %g", at.Part(PartScores))
	}
	// The mean of 1000 tokens sees 500.5 keys, and is computed in full: 192 for a
	// score, 128 for a value.
	near(t, "attention of a mean token", m.FLOPsPerToken(1000, false).Part(PartScores), 61*500.5*2*128*(192+128), 1e-12)
	// The README of its weights counts 11.5B of the predictor that are its own.
	near(t, "the predictor", float64(m.Params().Predictors), 11.5e9, 0.02)
}

// TestParts: parts add up to their sum, and training is three times forward.
func TestParts(t *testing.T) {
	for _, name := range Names() {
		m := builtin(t, name)
		p := m.Params()
		var total, active, layers int64
		for _, q := range p.Parts {
			if q.Name != PartPredictors {
				total += q.Total
				active += q.Active
			}
		}
		if total != p.Total || active != p.Active {
			t.Errorf("%s: parts make %d and %d, sums are %d and %d", name, total, active, p.Total, p.Active)
		}
		for l := range m.Layers {
			layers += m.Layer(l).Total()
		}
		if rest := p.Part(PartEmbedding).Total + p.Part(PartOutput).Total + p.Part(PartPositions).Total; p.Total-layers-rest > 8*int64(m.Width) {
			t.Errorf("%s: layers have %d parameters, the rest %d, all %d", name, layers, rest, p.Total)
		}
		forward, training := m.FLOPsPerToken(2048, false), m.FLOPsPerToken(2048, true)
		near(t, name, training.Total-training.Part(PartPredictors), 3*forward.Total, 1e-12)
	}
}

// TestDecodeBytes: one sequence reads the active weights, many read all experts.
func TestDecodeBytes(t *testing.T) {
	m := builtin(t, "mixtral-8x7b")
	p := m.Params()
	one := m.DecodeBytes(1, 1000, BF16, BF16)
	near(t, "weights of one token", one.Weights, 2*float64(p.Active), 1e-9)
	near(t, "its keys and values", one.KV, 1000*32*2*8*128*2, 1e-9)
	// Two tokens choose 2 of 8 each: 8 x (1 - (3/4)^2) = 3.5 experts.
	near(t, "experts of two tokens", m.DecodeBytes(2, 1, BF16, BF16).Experts, 3.5, 1e-12)
	near(t, "weights of many", m.DecodeBytes(1000, 1, Int4, BF16).Weights, float64(p.Total-p.Embedding)*4.5/8, 1e-9)
}
