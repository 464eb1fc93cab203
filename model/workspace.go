package model

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/moe"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Workspace holds every buffer of a pass. It is allocated once; passes allocate
// nothing in steady state. A Workspace serves one pass at a time, of the model
// that it was made for.
type Workspace struct {
	model     *Model
	maxTokens int
	train     bool
	recompute bool // what a layer computed is there for one layer at a time
	sizeBytes int64

	batch  nn.Batch       // of the current pass
	caches []*Cache       // of its spans
	blocks []kernel.Block // keys and values of spans without a cache

	acts   []layerActs     // [L]; all share their buffers unless train, or with recompute
	x      [][]tensor.BF16 // [L+1][T, D] residual stream before each layer; all the same unless train
	mid    [][]tensor.BF16 // [L][T, D] residual stream between attention and feed-forward; shared like acts
	normed []tensor.BF16   // [T, D]
	out    []tensor.BF16   // [T, D] result of a sublayer
	hidden []tensor.BF16   // [T, D] final hidden states
	rstd   []float32       // [T] of the final norm; nil unless train

	moe  moe.Scratch
	ffn  nn.FFNScratch
	head nn.HeadScratch // without train, empty before the first loss
	grad gradients

	sight sight
	gaze  *gaze // what Attention collects; nil = nothing

	lossRows  []int32       // counted rows
	lossIDs   []int32       // their targets
	lossScale []float32     // their weights
	lossX     []tensor.BF16 // [T, D] their hidden states
	lossArgs  nn.LossArgs

	load    [][]int
	entropy []float64
}

// layerActs are the stored results of one layer.
type layerActs struct {
	attn              nn.AttentionActs
	attnRstd, ffnRstd []float32 // [T]; nil unless train
	moe               moe.Acts
	ffn               nn.FFNActs
}

// gradients is the scratch of the backward pass.
type gradients struct {
	x      []tensor.BF16 // [T, D] of the residual stream
	normed []tensor.BF16 // [T, D] of a sublayer's input
	hidden []tensor.BF16 // [T, D] of the final hidden states
	rows   []tensor.BF16 // [T, D] of the counted rows' hidden states
	slopes []float32     // [T] of the counted rows' entropies
	sums   []float32     // for norms over D
	attn   nn.AttentionGrads
}

// NewWorkspace allocates the buffers for batches of up to maxTokens tokens.
// With train they include the stored activations and the gradients; m must
// then be trainable, or have an adapter that is.
func NewWorkspace(m *Model, maxTokens int, train bool) *Workspace {
	if maxTokens < 1 || train && len(m.Trained()) == 0 {
		panic("model: workspace of no tokens, or for training a model that is not trainable")
	}
	return newWorkspace(m, maxTokens, train, false)
}

// NewTrainingWorkspace is NewWorkspace for training. With recompute it keeps of each
// layer only what enters it, [T, D], and the backward pass computes the rest again,
// one layer at a time: with the same bits, at the cost of another forward pass.
func NewTrainingWorkspace(m *Model, maxTokens int, recompute bool) *Workspace {
	if maxTokens < 1 || len(m.Trained()) == 0 {
		panic("model: workspace of no tokens, or for training a model that is not trainable")
	}
	return newWorkspace(m, maxTokens, true, recompute)
}

func newWorkspace(m *Model, maxTokens int, train, recompute bool) *Workspace {
	var measure nn.Arena
	layOut(m, &measure, maxTokens, train, recompute)
	ws := layOut(m, nn.NewArena(measure.SizeBytes()), maxTokens, train, recompute)
	ws.sizeBytes = measure.SizeBytes()
	return ws
}

// WorkspaceBytes returns exactly how much memory the buffers of NewWorkspace
// take. With train they have room to see as many views as there is room for their
// tokens. What the kernels keep for each thread is not in it, nor what is added
// without train: by the first Loss or LogProbs a chunk of logits, of 16 MiB at
// most or of 32 rows, and by the first batch with Patches VisionWorkspaceBytes
// and the features.
func WorkspaceBytes(cfg *Config, maxTokens int, train bool) int64 {
	var measure nn.Arena
	layOut(build(cfg), &measure, maxTokens, train, false)
	return measure.SizeBytes()
}

// TrainingWorkspaceBytes is WorkspaceBytes of NewTrainingWorkspace.
func TrainingWorkspaceBytes(cfg *Config, maxTokens int, recompute bool) int64 {
	var measure nn.Arena
	layOut(build(cfg), &measure, maxTokens, true, recompute)
	return measure.SizeBytes()
}

// needHead allocates what a loss needs and generation does not.
func (ws *Workspace) needHead() {
	ws.model.mustHaveHead()
	if ws.head.Loss != nil {
		return
	}
	var measure nn.Arena
	head := &ws.model.head
	head.Take(&measure, ws.maxTokens, false)
	ws.head = head.Take(nn.NewArena(measure.SizeBytes()), ws.maxTokens, false)
	ws.sizeBytes += measure.SizeBytes()
}

// Recomputes reports whether the backward pass computes activations again.
func (ws *Workspace) Recomputes() bool { return ws.recompute }

// Bytes returns the size of the buffers.
func (ws *Workspace) Bytes() int64 { return ws.sizeBytes }

// MaxTokens returns the largest batch the workspace takes.
func (ws *Workspace) MaxTokens() int { return ws.maxTokens }

// layOut takes every buffer from arena.
func layOut(m *Model, arena *nn.Arena, maxTokens int, train, recompute bool) *Workspace {
	td := maxTokens * m.cfg.HiddenSize
	ws := &Workspace{
		model: m, maxTokens: maxTokens, train: train, recompute: recompute,
		normed: nn.Take[tensor.BF16](arena, td),
		out:    nn.Take[tensor.BF16](arena, td),
		hidden: nn.Take[tensor.BF16](arena, td),

		lossRows:  nn.Take[int32](arena, maxTokens),
		lossIDs:   nn.Take[int32](arena, maxTokens),
		lossScale: nn.Take[float32](arena, maxTokens),
		lossX:     nn.Take[tensor.BF16](arena, td),
		load:      make([][]int, len(m.layers)),
		entropy:   make([]float64, len(m.layers)),
	}
	ws.batch.Positions = nn.Take[int32](arena, maxTokens)
	ws.takeBlocks(arena)
	ws.takeActs(arena, td)
	ws.takeScratch(arena)
	ws.takeSight(arena)
	if train {
		if !m.cfg.Scalar {
			ws.head = m.head.Take(arena, maxTokens, true)
		}
		ws.rstd = nn.Take[float32](arena, maxTokens)
		ws.grad = gradients{
			x:      nn.Take[tensor.BF16](arena, td),
			normed: nn.Take[tensor.BF16](arena, td),
			hidden: nn.Take[tensor.BF16](arena, td),
			rows:   nn.Take[tensor.BF16](arena, td),
			slopes: nn.Take[float32](arena, maxTokens),
			sums:   nn.Take[float32](arena, nn.SumsLen(maxTokens, m.cfg.HiddenSize)),
			attn:   m.layers[0].attn.TakeGrads(arena, maxTokens),
		}
	}
	return ws
}

// takeBlocks lays out room for the keys of one span of all tokens, and half as
// much again so that many short spans, which fill their last blocks badly, run
// in few groups.
func (ws *Workspace) takeBlocks(arena *nn.Arena) {
	blockLen := ws.model.layers[0].attn.Shape.BlockLen()
	n := blocksFor(ws.maxTokens)
	for range n + n/2 {
		ws.blocks = append(ws.blocks, kernel.Block{BF16: nn.Take[tensor.BF16](arena, blockLen)})
	}
}

// takeActs lays out the activations: one set for each layer in training, and
// otherwise, or where they are computed again, one for all.
func (ws *Workspace) takeActs(arena *nn.Arena, td int) {
	m := ws.model
	ws.acts = make([]layerActs, len(m.layers))
	ws.x = append(ws.x, nn.Take[tensor.BF16](arena, td))
	apart := ws.train && !ws.recompute
	moeFrom, ffnFrom := -1, -1
	for i, l := range m.layers {
		a := &ws.acts[i]
		ws.takeStream(arena, td)
		if apart || i == 0 {
			a.attn = l.attn.Take(arena, ws.maxTokens, ws.train)
			if ws.train {
				a.attnRstd = nn.Take[float32](arena, ws.maxTokens)
				a.ffnRstd = nn.Take[float32](arena, ws.maxTokens)
			}
		} else {
			first := &ws.acts[0]
			a.attn, a.attnRstd, a.ffnRstd = first.attn, first.attnRstd, first.ffnRstd
		}
		switch {
		case l.moe != nil && !apart && moeFrom >= 0:
			a.moe = ws.acts[moeFrom].moe
		case l.moe != nil:
			a.moe, moeFrom = l.moe.Take(arena, ws.maxTokens), i
		case !apart && ffnFrom >= 0:
			a.ffn = ws.acts[ffnFrom].ffn
		default:
			a.ffn, ffnFrom = l.ffn.Take(arena, ws.maxTokens), i
		}
		if l.moe != nil {
			ws.load[i] = make([]int, m.cfg.NumExperts)
		}
	}
}

// takeStream lays out a layer's residual stream, between its parts and after it.
func (ws *Workspace) takeStream(arena *nn.Arena, td int) {
	switch {
	case !ws.train:
		ws.x, ws.mid = append(ws.x, ws.x[0]), append(ws.mid, ws.x[0])
		return
	case !ws.recompute || len(ws.mid) == 0:
		ws.mid = append(ws.mid, nn.Take[tensor.BF16](arena, td))
	default:
		ws.mid = append(ws.mid, ws.mid[0])
	}
	ws.x = append(ws.x, nn.Take[tensor.BF16](arena, td))
}

// takeScratch lays out what the layers of a kind share.
func (ws *Workspace) takeScratch(arena *nn.Arena) {
	sparse, dense := false, false
	for _, l := range ws.model.layers {
		if l.moe != nil && !sparse {
			ws.moe, sparse = l.moe.TakeScratch(arena, ws.maxTokens, ws.train), true
		}
		if l.ffn != nil && !dense {
			ws.ffn, dense = l.ffn.TakeScratch(arena, ws.maxTokens, ws.train), true
		}
	}
}

// begin checks batch and sets the positions, spans and groups of the pass.
func (ws *Workspace) begin(batch *Batch) error {
	b := &ws.batch
	b.Positions, b.Spans, b.Groups = b.Positions[:0], b.Spans[:0], append(b.Groups[:0], 0)
	ws.caches = ws.caches[:0]
	used, last := 0, 0 // blocks of this group; the farthest position
	for i := range batch.Spans {
		s := &batch.Spans[i]
		if s.Start != len(b.Positions) || s.Len < 1 || s.Start+s.Len > min(len(batch.Tokens), ws.maxTokens) {
			panic("model: spans must cover the tokens in order, and fit the workspace")
		}
		span := kernel.Span{Start: s.Start, Len: s.Len, Pos: s.Pos}
		if s.Cache == nil {
			n := blocksFor(s.Len)
			if used+n > len(ws.blocks) {
				b.Groups = append(b.Groups, int32(i))
				used = 0
			}
			span.Blocks = ws.blocks[used : used+n]
			used += n
		}
		b.Spans, ws.caches = append(b.Spans, span), append(ws.caches, s.Cache)
		for p := range s.Len {
			b.Positions = append(b.Positions, int32(s.Pos+p))
		}
		last = max(last, s.Pos+s.Len)
	}
	b.Groups = append(b.Groups, int32(len(b.Spans)))
	if len(b.Positions) != len(batch.Tokens) || len(batch.Tokens) == 0 {
		panic("model: spans must cover the tokens")
	}
	ws.model.rope.Grow(last)
	ws.model.slidingRope.Grow(last)
	return ws.reserve()
}

// reserve makes room in the caches of the pass.
func (ws *Workspace) reserve() error {
	for i, c := range ws.caches {
		s := &ws.batch.Spans[i]
		switch {
		case c == nil && s.Pos != 0:
			panic("model: a span without a cache must begin at position 0")
		case c == nil:
			continue
		case c.inUse:
			ws.release(i)
			panic("model: two spans of a batch share a cache")
		case c.len != s.Pos:
			ws.release(i)
			panic(fmt.Sprintf("model: span at position %d for a cache of %d", s.Pos, c.len))
		case s.Pos+s.Len > c.max:
			ws.release(i)
			return fmt.Errorf("sequence of %d tokens is longer than its cache of %d", s.Pos+s.Len, c.max)
		}
		c.inUse = true
		c.reserve(s.Pos + s.Len)
	}
	ws.release(len(ws.caches))
	return nil
}

// release takes the marks off the first n caches.
func (ws *Workspace) release(n int) {
	for _, c := range ws.caches[:n] {
		if c != nil {
			c.inUse = false
		}
	}
}
