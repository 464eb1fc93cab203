package train

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/conversation"
)

// ValueError is an impossible value in a recipe, with its key.
type ValueError = recipe.ValueError

// maxSize bounds every size in a recipe: products of two stay within int64.
const maxSize = recipe.MaxSize

// Validate reports the first impossible value as a *ValueError. It looks at
// the recipe alone: whether its files exist is for New to say.
func (r *Recipe) Validate() error {
	for _, check := range []func() error{
		r.Model.validate, r.checkVision, r.checkData, r.checkLora, func() error { return r.Batch.validate("batch") }, r.checkLength, r.checkStages,
		r.Optimizer.Validate, r.Schedule.Validate, r.checkRates, r.checkIntervals,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Recipe) checkData() error {
	d := &r.Data
	switch {
	case d.Shards == "" && len(d.Conversations) == 0:
		return recipe.Bad("data.shards", "name the directory of the token shards, or a file of conversations as data.conversations")
	case d.Shards != "" && len(d.Conversations) > 0:
		return recipe.Bad("data.conversations", "a run trains on conversations or on data.shards, not on both")
	case len(r.talks()) == 0 && (d.TooLong != "" || d.SkipBad):
		return recipe.Bad("data.conversations", "data.too_long and data.skip_bad are about a file of conversations: name it, or remove them")
	case len(r.talks()) > 0 && d.TooLong != conversation.Cut && d.TooLong != conversation.Drop:
		return recipe.Bad("data.too_long", "there is no rule %q: use %q or %q", d.TooLong, conversation.Cut, conversation.Drop)
	case slices.Contains(d.Conversations, ""):
		return recipe.Bad("data.conversations", "a file without a name: remove it")
	}
	if r.Tokenizer == "" && r.Model.From == "" {
		return recipe.Bad("tokenizer", "name the tokenizer.json of the new model, which made the shards if there are any")
	}
	return recipe.Between("data.held_out", r.Data.HeldOut, 0, 0.5)
}

// checkLora refuses what an adapter cannot be, or cannot be trained with.
func (r *Recipe) checkLora() error {
	if err := r.Lora.Validate(&r.Optimizer); err != nil || r.Lora.Rank == 0 {
		return err
	}
	if r.Model.From == "" {
		return recipe.Bad("model.from", "an adapter is for a model that is there already: name it")
	}
	if r.Model.BiasRate > 0 {
		return recipe.Bad("model.router_bias_rate", "an adapter leaves the choice of experts as it is: remove it")
	}
	if len(r.Stages) > 0 {
		return recipe.Bad("stages", "an adapter is all that a run with lora trains: remove them")
	}
	return nil
}

// Validate reports what an adapter cannot be, or cannot be trained with, as a
// *ValueError of a key of the section lora or optimizer.
func (l *LoraSpec) Validate(o *OptimizerSpec) error {
	if l.Rank == 0 {
		if l.Alpha != 0 || l.RankStable || len(l.Targets) > 0 {
			return recipe.Bad("lora.rank", "an adapter needs a rank of at least 1")
		}
		return nil
	}
	c := l.Adapter()
	if err := c.Check(); err != nil {
		key, _, _ := strings.Cut(err.Error(), " ")
		return recipe.Bad("lora."+strings.TrimSuffix(key, ":"), "lora.%v", err)
	}
	for _, g := range o.groups() {
		if g.Rule == Muon {
			return recipe.Bad("optimizer."+g.name+".rule", "an adapter's matrices are trained with %q", AdamW)
		}
	}
	return nil
}

func (m *ModelSpec) validate() error {
	if err := recipe.Between("model.router_bias_rate", m.BiasRate, 0, 1); err != nil {
		return err
	}
	if m.From != "" {
		return m.checkFrom()
	}
	if m.Experts == 0 && (m.ExpertSize != 0 || m.ExpertsPerToken != 0 || m.SharedExpertSize != 0 || m.Capacity != 0 || m.BiasRate > 0) {
		return recipe.Bad("model.num_experts", "a model with experts needs their number")
	}
	_, err := m.config()
	return err
}

// checkFrom refuses a shape beside From, which brings its own.
func (m *ModelSpec) checkFrom() error {
	empty := DefaultRecipe().Model
	empty.From, empty.Vision, empty.BiasRate = m.From, m.Vision, m.BiasRate
	if !reflect.DeepEqual(*m, empty) {
		return recipe.Bad("model.from", "the model to go on from brings its own shape: remove the other keys of model but vision and router_bias_rate")
	}
	return nil
}

// config is the model's shape as package model has it. An impossible one is a
// *ValueError of the key that the model's own check names.
func (m *ModelSpec) config() (*model.Config, error) {
	kind := model.Qwen3MoE
	if m.Experts == 0 {
		kind = model.Qwen3
	}
	if len(m.LayerTypes) > 0 || m.SlidingTheta != 0 {
		kind = model.Mellum
	}
	c := &model.Config{
		ModelType: kind, VocabSize: m.VocabSize, HiddenSize: m.HiddenSize, NumLayers: m.Layers,
		IntermediateSize: m.DenseSize, NumHeads: m.Heads, NumKVHeads: m.KVHeads, HeadDim: m.HeadDim,
		SlidingWindow: m.Window, MaxPositions: m.Context, RopeTheta: m.RopeTheta, RMSNormEps: m.NormEps,
		TieEmbeddings: m.TieEmbeddings, InitStd: m.InitStd, BOSTokenID: -1, PadTokenID: -1,
		OutputZLossCoef: m.OutputZLoss, NumExperts: m.Experts, NumExpertsPerTok: m.ExpertsPerToken,
		MoEIntermediateSize: m.ExpertSize, NormTopKProb: true, RouterAuxLossCoef: m.BalanceLoss,
		RouterZLossCoef: m.ZLoss, RouterBias: m.BiasRate > 0, CapacityFactor: m.Capacity,
		SharedExpertSize: m.SharedExpertSize, RopeScaling: m.RopeScaling, SlidingRopeTheta: m.SlidingTheta,
		LayerTypes: slices.Clone(m.LayerTypes),
	}
	if c.NumKVHeads == 0 {
		c.NumKVHeads = c.NumHeads
	}
	if c.HeadDim == 0 && c.NumHeads > 0 && c.HiddenSize%c.NumHeads == 0 {
		c.HeadDim = c.HiddenSize / c.NumHeads
	}
	c.MaxPositions = max(c.MaxPositions, 1) // New fills it in from the batch
	if err := c.Validate(); err != nil {
		key, _, _ := strings.Cut(err.Error(), " ")
		return nil, &ValueError{Key: "model." + strings.TrimSuffix(key, ":"), Problem: "model." + err.Error()}
	}
	return c, nil
}

func (b *BatchSpec) validate(key string) error {
	err := cmp.Or(
		recipe.Between(key+".tokens", float64(b.Tokens), 1, maxSize),
		recipe.Between(key+".rows", float64(b.Rows), 1, maxSize),
		recipe.Between(key+".sequence", float64(b.Sequence), 2, maxSize),
	)
	if err != nil {
		return err
	}
	if unit := b.Rows * b.Sequence; b.Tokens%unit != 0 {
		near := max(b.Tokens/unit, 1) * unit
		return recipe.Bad(key+".tokens", "%d tokens are no whole number of microbatches of %d rows x %d tokens = %d; %d would be", b.Tokens, b.Rows, b.Sequence, unit, near)
	}
	return nil
}

func (r *Recipe) checkLength() error {
	switch {
	case r.Steps < 0:
		return recipe.Bad("steps", "%d is impossible: it must be at least 1", r.Steps)
	case r.Tokens < 0:
		return recipe.Bad("tokens", "%d is impossible: it must be at least 1", r.Tokens)
	case !(r.Epochs >= 0 && r.Epochs <= 1<<16):
		return recipe.Bad("epochs", "%v is impossible: it must be more than 0 and at most %d", r.Epochs, 1<<16)
	case r.Steps == 0 && r.Tokens == 0 && r.Epochs == 0 && r.ownsLength():
		return nil // checkStages looks at it
	case r.Steps == 0 && r.Tokens == 0 && r.Epochs == 0:
		return recipe.Bad("steps", "set the length of the run, in steps, tokens or epochs")
	case r.Steps > 0 && r.Tokens > 0:
		return recipe.Bad("tokens", "set the length of the run in steps or in tokens, not in both")
	case r.Epochs > 0 && (r.Steps > 0 || r.Tokens > 0):
		return recipe.Bad("epochs", "set the length of the run in epochs, or in steps or tokens, not in both")
	case r.Steps > maxSize:
		return recipe.Bad("steps", "%d is impossible: it must be at most %d", r.Steps, maxSize)
	case r.Tokens/int64(r.Batch.Tokens) >= maxSize:
		return recipe.Bad("tokens", "%d is impossible: it must be at most %d steps of batch.tokens", r.Tokens, maxSize)
	}
	if r.Epochs > 0 { // only the data tells
		return nil
	}
	return r.checkWarmup(r.TotalSteps())
}

func (r *Recipe) checkWarmup(steps int) error {
	if r.Schedule.Warmup > steps {
		return recipe.Bad("schedule.warmup", "%d steps of warmup are longer than the run of %d steps, which would never reach optimizer.lr: lower it", r.Schedule.Warmup, steps)
	}
	return nil
}

// Validate reports the first impossible value as a *ValueError of a key of the
// section optimizer.
func (o *OptimizerSpec) Validate() error {
	below1 := float64(math.Nextafter32(1, 0)) // the rules work in float32
	err := cmp.Or(
		recipe.Between("optimizer.lr", o.LR, math.SmallestNonzeroFloat64, 10),
		recipe.Between("optimizer.beta1", o.Beta1, 0, below1),
		recipe.Between("optimizer.beta2", o.Beta2, 0, below1),
		recipe.Between("optimizer.eps", o.Eps, 1e-30, 1),
		recipe.Between("optimizer.weight_decay", o.WeightDecay, 0, 10),
		recipe.Between("optimizer.momentum", o.Momentum, 0, below1),
		recipe.Between("optimizer.iterations", float64(o.Iterations), 1, 20),
	)
	if err != nil {
		return err
	}
	for _, g := range o.groups() {
		if err := g.validate("optimizer." + g.name); err != nil {
			return err
		}
	}
	return nil
}

// namedGroup is a group of parameters with its key.
type namedGroup struct {
	GroupSpec
	name string
	muon bool // whether Muon makes sense: a matrix between hidden states
}

func (o *OptimizerSpec) groups() []namedGroup {
	list := []namedGroup{
		{o.Embeddings, "embeddings", false},
		{o.Head, "head", false},
		{o.Attention, "attention", true},
		{o.Experts, "experts", true},
		{o.Router, "router", false},
		{o.Norms, "norms", false},
	}
	if o.Vision != nil {
		list = append(list, namedGroup{*o.Vision, "vision", true})
	}
	if o.Projector != nil {
		list = append(list, namedGroup{*o.Projector, "projector", false})
	}
	return list
}

func (g namedGroup) validate(key string) error {
	switch {
	case g.Rule != AdamW && g.Rule != Muon:
		return recipe.Bad(key+".rule", "there is no rule %q: use %q or %q", g.Rule, AdamW, Muon)
	case g.Rule == Muon && !g.muon:
		return recipe.Bad(key+".rule", "muon is for the matrices of attention, experts and vision: use %q", AdamW)
	}
	return recipe.Between(key+".scale", g.Scale, 0, 1000)
}

// Validate reports the first impossible value as a *ValueError of a key of the
// section schedule.
func (s *ScheduleSpec) Validate() error {
	if s.Kind != WSD && s.Kind != Cosine && s.Kind != Constant {
		return recipe.Bad("schedule.kind", "there is no schedule %q: use %q, %q or %q", s.Kind, WSD, Cosine, Constant)
	}
	return cmp.Or(
		recipe.Between("schedule.warmup", float64(s.Warmup), 0, maxSize),
		recipe.Between("schedule.warmup_share", s.WarmupShare, 0, 1),
		recipe.Between("schedule.decay", s.Decay, 0, 1),
		recipe.Between("schedule.floor", s.Floor, 0, 1),
	)
}

func (r *Recipe) checkRates() error {
	err := cmp.Or(
		recipe.Between("clip", r.Clip, 0, math.Inf(1)),
		recipe.Between("ema", r.EMA, 0, math.Nextafter(1, 0)),
		recipe.Between("spike.window", float64(r.Spike.Window), 0, 1<<16),
		recipe.Between("spike.sigma", r.Spike.Sigma, 0, math.Inf(1)),
		recipe.Between("spike.norm", r.Spike.Norm, 0, math.Inf(1)),
		recipe.Between("spike.max_skips", float64(r.Spike.MaxSkips), 1, maxSize),
	)
	if err != nil || r.Spike.Window == 0 {
		return err
	}
	if r.Spike.Window == 1 {
		return recipe.Bad("spike.window", "one step has no standard deviation: give 2 or more, or 0 to compare with none")
	}
	return cmp.Or(
		recipe.Between("spike.sigma", r.Spike.Sigma, 1, math.Inf(1)),
		recipe.Between("spike.norm", r.Spike.Norm, 1, math.Inf(1)),
	)
}

func (r *Recipe) checkIntervals() error {
	return cmp.Or(
		recipe.Between("eval.every", float64(r.Eval.Every), 0, maxSize),
		recipe.Between("eval.rows", float64(r.Eval.Rows), 0, maxSize),
		recipe.Between("sample.every", float64(r.Sample.Every), 0, maxSize),
		recipe.Between("sample.tokens", float64(r.Sample.Tokens), 1, maxSize),
		recipe.Between("sample.temperature", r.Sample.Temperature, 0, 100),
		recipe.Between("checkpoint.every", float64(r.Checkpoint.Every), 0, maxSize),
		recipe.Between("checkpoint.keep", float64(r.Checkpoint.Keep), 1, maxSize),
	)
}
