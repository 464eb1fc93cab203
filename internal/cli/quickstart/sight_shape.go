package quickstart

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/train"
)

// Eyes is the shape of the tower with which a model looks at pictures.
type Eyes struct {
	Side, Patch          int // of a picture and of what becomes a token of it, in pixels
	Width, Layers, Heads int
	StepTokens           int
	LR                   float64
}

// eyesOf fits a tower to a decoder. A patch is two letters wide and a line high. Found
// by experiment: see docs/LOG.md.
func eyesOf(s Shape) Eyes {
	width := min(max(s.Width/64*64, 128), 256)
	return Eyes{
		Side: 72, Patch: 12, Width: width, Layers: 3, Heads: width / headDim,
		StepTokens: sightTokens, LR: sightRate * math.Sqrt(128/float64(width)),
	}
}

const (
	// sightRate is the peak learning rate of a tower of width 128. The decoder, which
	// can write already, learns at a part of its own rate, or it would forget.
	sightRate    = 2e-3
	decoderShare = 0.25
	// sightTokens are those of a step, of which a few more than a dozen are pictures':
	// with less of them it does not begin to read in the time, with more there are too
	// few steps.
	sightTokens = 2048
)

// tokens is what a picture takes of them.
func (e Eyes) tokens() int { return (e.Side / e.Patch) * (e.Side / e.Patch) }

// flopsPerPatch is that of forward and backward, without the projector.
func (e Eyes) flopsPerPatch() float64 {
	d := float64(e.Width)
	return 3 * float64(e.Layers) * (2*12*d*d + 4*d*float64(e.tokens()))
}

// spec is the tower for a recipe. Pictures are mostly white, which comes out near 0, and
// what is drawn on it far from that: so a model begins to look sooner.
func (e Eyes) spec() train.VisionSpec {
	return train.VisionSpec{ImageSize: e.Side, PatchSize: e.Patch, HiddenSize: e.Width, Layers: e.Layers, Heads: e.Heads, Mean: new(0.95), Std: new(0.25)}
}

// recipe is the run in which a model of a shape goes on to learn from conversations.
func (e Eyes) recipe(s Shape, o lessonOptions) *train.Recipe {
	r := train.DefaultRecipe()
	r.Name = o.name
	r.Seed = 1
	r.Model.From = o.from
	r.Data = train.DataSpec{Conversations: o.files, TooLong: "cut", HeldOut: o.heldOut()}
	r.Steps = o.steps
	rows := min(16, e.StepTokens/s.Sequence)
	r.Batch = train.BatchSpec{Tokens: e.StepTokens, Rows: rows, Sequence: s.Sequence}
	g := &r.Optimizer
	g.LR, g.Beta2 = e.LR*o.towerShare, 0.98
	for _, group := range []*train.GroupSpec{&g.Embeddings, &g.Head, &g.Attention, &g.Experts, &g.Router, &g.Norms} {
		*group = train.GroupSpec{Rule: train.AdamW, Scale: decoderShare * s.LR / g.LR}
	}
	g.Vision, g.Projector = &train.GroupSpec{Rule: train.Muon, Scale: 1}, &train.GroupSpec{Rule: train.AdamW, Scale: 0.5}
	r.Schedule = train.ScheduleSpec{Kind: train.WSD, Warmup: max(o.warmup, 1), Decay: o.decay}
	r.Spike.Window = 0
	r.Eval = train.EvalSpec{Every: o.evalEvery, Rows: max(evalTokens/s.Sequence, 1)}
	r.Checkpoint = train.CheckpointSpec{Every: o.saveEvery, Keep: 1}
	return r
}

// lessonOptions are the parts of a recipe that do not follow from the shapes.
type lessonOptions struct {
	name, from                          string
	files                               []string
	steps, warmup, evalEvery, saveEvery int
	decay                               float64
	towerShare                          float64 // of the tower's own rate
	examples                            int     // in the files, at least
}

// heldOut is a hundredth of the examples, or a larger share of few, so that there are
// some to measure by.
func (o *lessonOptions) heldOut() float64 {
	const least, most = 0.01, 0.25
	return min(max(least, 30/float64(max(o.examples, 1))), most)
}

// String names the choice.
func (e Eyes) String() string {
	return fmt.Sprintf("pictures of %d x %d pixels as %d tokens each, through %d layers of width %d", e.Side, e.Side, e.tokens(), e.Layers, e.Width)
}
