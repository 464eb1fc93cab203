package quickstart

import (
	"fmt"

	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/train"
)

// Eyes is the shape of the tower with which a model looks at pictures.
type Eyes struct {
	Side, Patch          int // of a picture and of what becomes a token of it, in pixels
	Width, Layers, Heads int
	LR                   float64
}

// eyesOf fits a tower to a decoder. Found by experiment: see docs/LOG.md.
func eyesOf(s Shape) Eyes {
	width := min(max(64*((s.Width+63)/64), 128), 256)
	return Eyes{Side: 64, Patch: 8, Width: width, Layers: 4, Heads: width / headDim, LR: sightRate}
}

const (
	// sightRate is the peak learning rate of tower and projector. The decoder, which
	// can write already, learns at decoderScale times that, or it would forget.
	sightRate    = 2e-3
	decoderScale = 0.4
)

// tokens is what a picture takes of them.
func (e Eyes) tokens() int { return (e.Side / e.Patch) * (e.Side / e.Patch) }

// config is the tower.
func (e Eyes) config() *vision.Config {
	c := vision.Default()
	c.ImageSize, c.PatchSize, c.HiddenSize, c.IntermediateSize = e.Side, e.Patch, e.Width, 4*e.Width
	c.NumLayers, c.NumHeads = e.Layers, e.Heads
	return &c
}

// flopsPerPatch is that of forward and backward, without the projector.
func (e Eyes) flopsPerPatch() float64 {
	d := float64(e.Width)
	return 3 * float64(e.Layers) * (2*12*d*d + 4*d*float64(e.tokens()))
}

// recipe is the run in which a model of a shape learns to see.
func (e Eyes) recipe(s Shape, o sightOptions) *train.Recipe {
	r := train.DefaultRecipe()
	r.Name = "quick start: sight"
	r.Seed = 1
	r.Model.From = o.from
	r.Model.Vision = train.VisionSpec{ImageSize: e.Side, PatchSize: e.Patch, HiddenSize: e.Width, Layers: e.Layers, Heads: e.Heads}
	r.Data = train.DataSpec{Conversations: o.files, TooLong: "cut", HeldOut: 0.01}
	r.Steps = o.steps
	rows := min(16, s.StepTokens/s.Sequence)
	r.Batch = train.BatchSpec{Tokens: s.StepTokens, Rows: rows, Sequence: s.Sequence}
	g := &r.Optimizer
	g.LR = e.LR
	for _, group := range []*train.GroupSpec{&g.Embeddings, &g.Head, &g.Attention, &g.Experts, &g.Router, &g.Norms} {
		group.Scale = decoderScale
	}
	r.Schedule = train.ScheduleSpec{Kind: train.WSD, Warmup: max(o.steps/40, 1), Decay: decayShare}
	r.Spike.Window = 0
	r.Eval = train.EvalSpec{Every: max(o.steps/evalsPlanned, 1), Rows: max(evalTokens/s.Sequence, 1)}
	r.Checkpoint = train.CheckpointSpec{Every: o.saveEvery, Keep: 1}
	return r
}

// sightOptions are the parts of a recipe that do not follow from the shapes.
type sightOptions struct {
	from      string
	files     []string
	steps     int
	saveEvery int
}

// String names the choice.
func (e Eyes) String() string {
	return fmt.Sprintf("pictures of %d x %d pixels as %d tokens each, through %d layers of width %d", e.Side, e.Side, e.tokens(), e.Layers, e.Width)
}
