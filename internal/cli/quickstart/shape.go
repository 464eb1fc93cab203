package quickstart

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/train"
)

// Shape is the size of a model and of its steps.
type Shape struct {
	Vocab, Width, Layers, ExpertWidth int
	Sequence, StepTokens              int
	LR                                float64
}

const (
	experts     = 16
	expertsUsed = 2
	headDim     = 32
)

// decayShare is the share of the steps in which the learning rate falls.
const decayShare = 0.5

// tokensPerParameter is how many tokens a model learns for each parameter that
// works on a token. Found by experiment: see docs/LOG.md.
const tokensPerParameter = 15

// widths are the candidates, each with the depth that goes with it.
var widths = []int{64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768}

// shapeFor chooses the widest model that still learns tokensPerParameter tokens
// for each active parameter within flops operations. A larger model learns more
// from a token, a smaller one sees more tokens; there lies the balance.
func shapeFor(flops float64) Shape {
	best := shapeOf(widths[0], flops)
	for _, width := range widths[1:] {
		s := shapeOf(width, flops)
		if flops/s.flopsPerToken() >= tokensPerParameter*float64(s.active()) {
			best = s
		}
	}
	return best
}

// narrower returns the next smaller shape with the vocabulary of s, which the
// tokenizer has; ok is false where there is none.
func narrower(s Shape, flops float64) (less Shape, ok bool) {
	for _, width := range widths {
		if width < s.Width {
			less, ok = shapeOf(width, flops), true
		}
	}
	less.Vocab = s.Vocab
	return less, ok
}

// shapeOf fills in what follows from the width and the time.
func shapeOf(width int, flops float64) Shape {
	s := Shape{
		Vocab: 2048, Width: width, ExpertWidth: width,
		Layers:   min(2+width/32, 12),
		Sequence: 256, StepTokens: 1024,
	}
	if width >= 128 {
		s.Vocab = 4096
	}
	if width >= 320 {
		s.Vocab, s.Sequence = 8192, 512
	}
	// Steps grow with the run, some thousands of them.
	for tokens := flops / s.flopsPerToken(); tokens/float64(s.StepTokens) > 5000 && s.StepTokens < 32768; {
		s.StepTokens *= 2
	}
	s.LR = 6e-3 * math.Sqrt(64/float64(width))
	return s
}

// active counts the parameters that work on a token.
func (s Shape) active() int64 {
	d, f := int64(s.Width), int64(s.ExpertWidth)
	layer := 4*d*d + experts*d + expertsUsed*3*d*f
	return int64(s.Vocab)*d + int64(s.Layers)*layer
}

// flopsPerToken is that of forward and backward.
func (s Shape) flopsPerToken() float64 {
	attention := 12 * float64(s.Layers) * float64(s.Width) * float64(s.Sequence) / 2
	return 6*float64(s.active()) + attention
}

// recipe is the training run of a shape.
func (s Shape) recipe(o recipeOptions) *train.Recipe {
	r := train.DefaultRecipe()
	r.Name = "quick start"
	r.Seed = 1
	r.Model.VocabSize, r.Model.HiddenSize, r.Model.Layers = s.Vocab, s.Width, s.Layers
	r.Model.Heads, r.Model.KVHeads, r.Model.HeadDim = s.Width/headDim, s.Width/headDim, headDim
	r.Model.Experts, r.Model.ExpertsPerToken, r.Model.ExpertSize = experts, expertsUsed, s.ExpertWidth
	r.Model.TieEmbeddings = true
	r.Model.Context = 2 * s.Sequence
	r.Tokenizer, r.Data.Shards, r.Data.HeldOut = o.tokenizer, o.shards, o.heldOut
	r.Steps = o.steps
	rows := min(16, s.StepTokens/s.Sequence)
	r.Batch = train.BatchSpec{Tokens: s.StepTokens, Rows: rows, Sequence: s.Sequence}
	r.Optimizer.LR = s.LR
	r.Schedule = train.ScheduleSpec{Kind: train.WSD, Warmup: max(o.steps/40, 1), Decay: decayShare}
	// Only steps that are not finite are skipped: a small model recovers from a
	// step that raised the loss, and a run that ends is of no use to anybody.
	r.Spike.Window = 0
	r.Eval = train.EvalSpec{Every: o.evalEvery, Rows: o.evalRows}
	r.Sample = train.SampleSpec{Prompts: o.prompts, Tokens: sampleTokens}
	r.Checkpoint = train.CheckpointSpec{Keep: 1}
	return r
}

// recipeOptions are the parts of a recipe that do not follow from the shape.
type recipeOptions struct {
	tokenizer, shards   string
	heldOut             float64
	steps               int
	evalEvery, evalRows int
	prompts             []string
}

// String names the choice.
func (s Shape) String() string {
	return fmt.Sprintf("%d layers of width %d, %d experts of %d of which %d work on each token, vocabulary %d",
		s.Layers, s.Width, experts, s.ExpertWidth, expertsUsed, s.Vocab)
}
