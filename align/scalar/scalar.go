package scalar

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/nn"
)

// Model is a decoder with a head of one number. Values and Score only read it, so
// goroutines may call them at the same time, each with its own Workspace; only
// one may call Backward, Sync, ZeroGrad, or an optimizer, and alone.
type Model struct {
	decoder   *model.Model
	head      *model.Param
	tokenizer string
}

// headStd times 1/sqrt(D) is the deviation of a new head's weights. Hidden states
// are near one in size, so first values are about headStd: near enough to 0 that
// all texts are first worth the same, and not 0, where the decoder would learn
// nothing from the first step.
const headStd = 0.1

// New puts a new head on the decoder of m, whose own head it drops: m is the
// Model's from then on. The head's weights are normal, a function of seed, and
// trained whether m is or not; m may have an adapter, or get one later. A model
// that sees is an error, and so is one whose weights are not all in memory.
func New(m *model.Model, seed uint64) (*Model, error) {
	if err := m.DropHead(); err != nil {
		return nil, err
	}
	s := &Model{decoder: m, head: newHead(m.Config().HiddenSize)}
	s.head.Init(seed)
	s.head.Sync()
	return s, nil
}

func newHead(d int) *model.Param {
	p := &model.Param{
		Name: model.ScoreName, Groups: 1, Out: 1, In: d, Forms: nn.Lookup,
		InitStd: headStd / math.Sqrt(float64(d)),
		Parts:   []nn.Part{{Name: model.ScoreName, Rows: 1}},
	}
	p.Alloc(true)
	return p
}

// Decoder returns the decoder, which has no head: Workspaces are made for it,
// and passes run on it.
func (s *Model) Decoder() *model.Model { return s.decoder }

// Head returns the head, [1, D], which has Master and Grad.
func (s *Model) Head() *model.Param { return s.head }

// Params returns what is trained, in a fixed order: what the decoder trains, all
// of it or its adapter or nothing, and the head.
func (s *Model) Params() []*model.Param {
	trained := s.decoder.Trained()
	return append(trained[:len(trained):len(trained)], s.head)
}

// Sync brings the compute form of every one of Params up to date with its Master.
func (s *Model) Sync() {
	s.decoder.Sync()
	s.head.Sync()
}

// ZeroGrad sets the gradient of every one of Params to zero.
func (s *Model) ZeroGrad() {
	s.decoder.ZeroGrad()
	clear(s.head.Grad)
}

// TokenizerHash returns the Hash of the tokenizer whose tokens the model was
// trained on: that of the manifest, or without one of the tokenizer.json that lies
// with the model. "" = unknown: the model is new, or its directory has neither, or
// a tokenizer that this program does not read.
func (s *Model) TokenizerHash() string { return s.tokenizer }

// Values writes into dst [len(rows)] the values at rows, token indices of the
// batch of the decoder's last Forward or ForwardTrain with ws: the dot product of
// the hidden state and the head, both bf16, fused in fp32 into sixteen lanes that
// one tree adds up.
func (s *Model) Values(ws *model.Workspace, rows []int32, dst []float32) {
	d := s.head.In
	hidden := s.decoder.Hidden(ws)
	for i, r := range rows {
		dst[i] = kernel.Dot(hidden[int(r)*d:][:d], s.head.Table)
	}
}

// Backward adds to the gradients of Params that of
//
//	sum over i of dValues[i]*value(rows[i]) + auxScale * auxiliary losses of the routers
//
// after the decoder's ForwardTrain with the same ws and batch. rows ascend; they
// are added to the head's gradient in that order. If the decoder trains nothing
// the head alone gets gradients, and Forward with any workspace will do. It
// panics if rows do not ascend or are not in the batch.
func (s *Model) Backward(ws *model.Workspace, batch *model.Batch, rows []int32, dValues []float32, auxScale float32) {
	d := s.head.In
	hidden := s.decoder.Hidden(ws)
	mustAscend(rows, len(hidden)/d)
	for i, r := range rows {
		kernel.AddScaled(s.head.Grad, hidden[int(r)*d:][:d], dValues[i])
	}
	if len(s.decoder.Trained()) == 0 {
		return
	}
	dHidden := s.decoder.HiddenGrad(ws)
	for i, r := range rows {
		kernel.ScaleBF16(dHidden[int(r)*d:][:d], s.head.Table, dValues[i])
	}
	s.decoder.Backward(ws, batch, dHidden, auxScale)
}

func mustAscend(rows []int32, n int) {
	last := int32(-1)
	for _, r := range rows {
		if r <= last || int(r) >= n {
			panic(fmt.Sprintf("scalar: row %d after row %d of a batch of %d: rows must ascend and be in the batch", r, last, n))
		}
		last = r
	}
}
