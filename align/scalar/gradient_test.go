package scalar

import (
	"math"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// TestGradients: the head's gradient is that of float64, and the decoder's has
// the bits that its own backward pass makes of the hidden states' (which model
// tests against slopes); gradients add up, and do not depend on threads.
func TestGradients(t *testing.T) {
	defer par.SetThreads(0)
	c := small(t, model.Qwen3MoE)
	c.RouterAuxLossCoef = 0.5
	s := newScalar(t, c)
	b, last := pack(someSequences(97))
	rows := append([]int32{2, 3}, last[2:]...)
	dValues := make([]float32, len(rows))
	for i := range dValues {
		dValues[i] = float32(i%5)/3 - 0.6
	}
	ws := model.NewWorkspace(s.Decoder(), len(b.Tokens), true)
	m := s.Decoder()
	if _, err := m.ForwardTrain(ws, b); err != nil {
		t.Fatal(err)
	}
	dHidden := make([]tensor.BF16, len(b.Tokens)*40)
	wantHead := make([]float64, 40)
	for i, r := range rows {
		for k, w := range s.Head().Master {
			dHidden[int(r)*40+k] = tensor.FromFloat32(dValues[i] * tensor.FromFloat32(w).Float32())
			wantHead[k] += float64(dValues[i]) * float64(m.Hidden(ws)[int(r)*40+k].Float32())
		}
	}
	m.Backward(ws, b, dHidden, 0.25)
	var want [][]float32
	for _, p := range m.Trained() {
		want = append(want, slices.Clone(p.Grad))
	}
	for _, threads := range []int{1, 3} {
		par.SetThreads(threads)
		s.ZeroGrad()
		if _, err := m.ForwardTrain(ws, b); err != nil {
			t.Fatal(err)
		}
		s.Backward(ws, b, rows, dValues, 0.25)
		for i, p := range m.Trained() {
			mustEqual(t, p.Name, p.Grad, want[i])
		}
		for k, g := range s.Head().Grad {
			if !(math.Abs(float64(g)-wantHead[k]) <= 1e-5) {
				t.Errorf("head's gradient %d is %v, want %v", k, g, wantHead[k])
			}
		}
	}
	once := slices.Clone(s.Head().Grad)
	if _, err := m.ForwardTrain(ws, b); err != nil {
		t.Fatal(err)
	}
	s.Backward(ws, b, rows, dValues, 0.25)
	for k, g := range s.Head().Grad {
		if !(math.Abs(float64(g-2*once[k])) <= 1e-5) {
			t.Errorf("head's gradient %d is %v after two passes, %v after one", k, g, once[k])
		}
	}
	for _, p := range s.Params() {
		if s.ZeroGrad(); slices.ContainsFunc(p.Grad, func(g float32) bool { return g != 0 }) {
			t.Errorf("%s: ZeroGrad leaves a gradient", p.Name)
		}
	}
}

// TestLearns: steps against the gradient make a model prefer what it is told to.
func TestLearns(t *testing.T) {
	s := newScalar(t, small(t, model.Qwen3MoE))
	sequences := someSequences(97)
	b, last := pack(sequences)
	ws := model.NewWorkspace(s.Decoder(), len(b.Tokens), true)
	loss := func(values []float32, d []float32) (sum float64) {
		for i, v := range values {
			e := v - float32(i%2)
			d[i] = 2 * e
			sum += float64(e * e)
		}
		return sum
	}
	d := make([]float32, len(last))
	first := loss(mustScore(t, s, sequences), d)
	for range 60 {
		if _, err := s.Decoder().ForwardTrain(ws, b); err != nil {
			t.Fatal(err)
		}
		values := make([]float32, len(last))
		s.Values(ws, last, values)
		loss(values, d)
		s.ZeroGrad()
		s.Backward(ws, b, last, d, 0)
		for _, p := range s.Params() {
			for i, g := range p.Grad {
				p.Master[i] -= 0.01 * g
			}
		}
		s.Sync()
	}
	if after := loss(mustScore(t, s, sequences), d); !(after < first/4) {
		t.Errorf("loss %v after %v", after, first)
	}
}

// TestFrozen: of a decoder that trains nothing the head alone learns, and with an
// adapter the adapter does too.
func TestFrozen(t *testing.T) {
	c := small(t, model.Llama)
	m, err := model.NewFixed(c, 7)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(m, 3)
	if err != nil {
		t.Fatal(err)
	}
	full := newScalar(t, c)
	sequences := someSequences(97)
	mustEqual(t, "fixed", mustScore(t, s, sequences), mustScore(t, full, sequences))
	b, last := pack(sequences)
	d := make([]float32, len(last))
	for i := range d {
		d[i] = 1
	}
	ws := model.NewWorkspace(m, len(b.Tokens), false)
	if err := m.Forward(ws, b); err != nil {
		t.Fatal(err)
	}
	s.Backward(ws, b, last, d, 0)
	if len(s.Params()) != 1 || s.Head().Grad[0] == 0 {
		t.Errorf("%d Params, the head's gradient begins %v", len(s.Params()), s.Head().Grad[0])
	}
	head := slices.Clone(s.Head().Grad)
	s.ZeroGrad()
	if err := m.AddAdapter(model.AdapterConfig{Rank: 3, Alpha: 6, Targets: []string{"q_proj", "down_proj"}}, 5); err != nil {
		t.Fatal(err)
	}
	ws = model.NewWorkspace(m, len(b.Tokens), true)
	if _, err := m.ForwardTrain(ws, b); err != nil {
		t.Fatal(err)
	}
	s.Backward(ws, b, last, d, 0)
	mustEqual(t, "head", s.Head().Grad, head)
	if got := s.Params(); len(got) != len(m.AdapterParams())+1 || got[len(got)-1] != s.Head() {
		t.Errorf("%d Params of %d of an adapter", len(got), len(m.AdapterParams()))
	}
	moved := false
	for _, p := range m.AdapterParams() {
		moved = moved || slices.ContainsFunc(p.Grad, func(g float32) bool { return g != 0 })
	}
	if !moved {
		t.Error("the adapter has no gradient")
	}
}
