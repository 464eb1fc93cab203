package model

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// golden is what testdata/parity.py wrote: the model in fp32 PyTorch.
type golden struct {
	t     *testing.T
	file  *safetensors.File
	meta  map[string]string
	model *Model
	batch *Batch
	// errs are the distances (Euclidean, over a tensor) between PyTorch in
	// fp32 and PyTorch that rounds to bf16 where the decoder does.
	errs map[string]float64
	// slack multiplies the bound; 0 = 1.
	slack float64
}

func openGolden(t *testing.T) *golden { return openGoldenAt(t, "testdata/parity.safetensors") }

func openGoldenAt(t *testing.T, path string) *golden {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	g := &golden{t: t, file: file, meta: file.Metadata()}
	var lengths []int
	g.decode("documents", &lengths)
	g.decode("errors", &g.errs)
	cfg, err := ParseConfig([]byte(g.meta["config"]))
	if err != nil {
		t.Fatal(err)
	}
	g.model = build(cfg)
	g.model.alloc(true)
	for _, p := range g.model.params {
		for _, part := range p.Parts {
			copy(p.PartOf(part, p.Group(part.Group)), g.floats("start."+part.Name))
		}
	}
	g.model.Sync()
	g.batch = &Batch{Tokens: g.ints("tokens")}
	at := 0
	for _, n := range lengths {
		g.batch.Spans = append(g.batch.Spans, Span{Start: at, Len: n})
		at += n
	}
	return g
}

func (g *golden) decode(name string, dst any) {
	g.t.Helper()
	if err := json.Unmarshal([]byte(g.meta[name]), dst); err != nil {
		g.t.Fatal(name, err)
	}
}

func (g *golden) floats(name string) []float32 {
	g.t.Helper()
	x, err := g.file.Tensor(name)
	if err != nil {
		g.t.Fatal(err)
	}
	dst := make([]float32, x.Len())
	if err := x.CopyF32(dst); err != nil {
		g.t.Fatal(err)
	}
	return dst
}

func (g *golden) ints(name string) []int32 {
	g.t.Helper()
	x, err := g.file.Tensor(name)
	if err != nil {
		g.t.Fatal(err)
	}
	dst := make([]int32, x.Len())
	for i := range dst {
		dst[i] = int32(x.Data[4*i]) | int32(x.Data[4*i+1])<<8 | int32(x.Data[4*i+2])<<16 | int32(x.Data[4*i+3])<<24
	}
	return dst
}

// check compares a tensor with PyTorch's in fp32. The bound follows from bf16:
// both our error and that of PyTorch rounded at the same places are sums of
// many independent roundings of the same sizes, so their norms are two draws of
// one distribution, whose spread over n elements is about 1/sqrt(2n) of its
// mean. Twice the one, and a half more for tensors of few elements, is beyond
// any draw, and far below what a missing term would make.
func (g *golden) check(name string, got []float32) {
	g.t.Helper()
	g.judge(name, len(got), g.distance(name, got))
}

// distance is how far values are from PyTorch's in fp32, squared.
type distance struct{ err, bf16, norm float64 }

func (g *golden) distance(name string, got []float32) (d distance) {
	g.t.Helper()
	for i, w := range g.floats(name) {
		e := float64(got[i]) - float64(w)
		d.err += e * e
		d.norm += float64(w) * float64(w)
	}
	d.bf16 = g.errs[name] * g.errs[name]
	return d
}

func (g *golden) judge(name string, n int, d distance) {
	g.t.Helper()
	err, bf16, norm := math.Sqrt(d.err), math.Sqrt(d.bf16), math.Sqrt(d.norm)
	g.t.Logf("%-60s %8.2g of %8.2g; bf16 %8.2g, ratio %.2f", name, err, norm, bf16, err/bf16)
	if limit := max(g.slack, 1) * bf16 * (2 + 4/math.Sqrt(float64(n))); !(err <= limit) {
		g.t.Errorf("%s: error %g; rounding to bf16 explains %g", name, err, limit)
	}
	// The bias of a tower's keys moves all scores of a query alike, which softmax
	// does not see: its gradient is 0, and all of it is rounding.
	if bf16 > 0.05*norm && !strings.HasSuffix(name, ".k_proj.bias") {
		g.t.Errorf("%s: the bound %g is useless beside the norm %g", name, bf16, norm)
	}
}

// checkMean compares a mean over the tokens, of which rounding makes only one
// draw. Each token's part has about the relative error of a logit, and those of
// different tokens are independent; four times what follows is the limit.
func (g *golden) checkMean(name string, got float64) {
	g.t.Helper()
	logits := 0.0
	for _, v := range g.floats("logits") {
		logits += float64(v) * float64(v)
	}
	relative := g.errs["logits"] / math.Sqrt(logits)
	want := float64(g.floats(name)[0])
	limit := 4 * relative * want / math.Sqrt(float64(len(g.batch.Tokens)))
	if !(math.Abs(got-want) <= limit) {
		g.t.Errorf("%s is %v, want %v within %.2g", name, got, want, limit)
	}
}

// checkGrads checks every tensor's gradient.
func (g *golden) checkGrads() {
	g.t.Helper()
	for _, p := range g.model.params {
		n := p.GroupLen()
		for _, part := range p.Parts {
			g.check("grad."+part.Name, p.PartOf(part, p.Grad[part.Group*n:(part.Group+1)*n]))
		}
	}
}

// checkFinal checks the weights after the last step. By then rounding has
// turned some choices of experts, in our run others than in PyTorch's, which
// moves an error from one expert to the next: a layer's experts are one tensor
// here.
func (g *golden) checkFinal() {
	g.t.Helper()
	for _, p := range g.model.params {
		var sum distance
		for _, part := range p.Parts {
			d := g.distance("final."+part.Name, p.PartOf(part, p.Group(part.Group)))
			sum.err, sum.bf16, sum.norm = sum.err+d.err, sum.bf16+d.bf16, sum.norm+d.norm
		}
		g.judge("final."+p.Name, p.Len(), sum)
	}
}

// TestParity: logits, losses, every gradient and the weights after ten steps of
// AdamW agree with PyTorch in fp32 within the error of bf16.
func TestParity(t *testing.T) {
	g := openGolden(t)
	m := g.model
	targets := g.ints("targets")
	ws := NewWorkspace(m, len(targets), true)
	g.check("logits", allLogits(t, m, ws, g.batch))
	var adam struct {
		LR, Beta1, Beta2, Eps, Decay float32
		Steps                        int
	}
	g.decode("adamw", &adam)
	moments := map[*Param][2][]float32{}
	for _, p := range m.params {
		moments[p] = [2][]float32{make([]float32, p.Len()), make([]float32, p.Len())}
	}
	counted := 0
	for _, id := range targets {
		if id >= 0 {
			counted++
		}
	}
	for step := 1; step <= adam.Steps; step++ {
		m.ZeroGrad()
		stats, err := m.LossBackward(ws, g.batch, targets, nil, 1/float32(counted))
		if err != nil {
			t.Fatal(err)
		}
		if step == 1 {
			g.checkMean("loss", stats.Loss/float64(stats.Tokens))
			g.checkMean("balance", stats.BalanceLoss)
			g.checkMean("router_z", stats.RouterZLoss)
			g.checkGrads()
		}
		s := kernel.AdamWStep{
			LR: adam.LR, Beta1: adam.Beta1, Beta2: adam.Beta2, Eps: adam.Eps, GradScale: 1,
			Correction1: float32(1 / (1 - math.Pow(float64(adam.Beta1), float64(step)))),
			Correction2: float32(1 / (1 - math.Pow(float64(adam.Beta2), float64(step)))),
		}
		for _, p := range m.params {
			s.WeightDecay = adam.Decay
			if p.NoDecay {
				s.WeightDecay = 0
			}
			kernel.AdamW(p.Master, moments[p][0], moments[p][1], p.Grad, s)
		}
		m.Sync()
	}
	g.checkFinal()
}
