package polymath

import (
	"math"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/memory"
	"github.com/polymath-lm/polymath/model"
)

// WithWeightsMemory lets the weights take at most n bytes of memory. What does
// not fit is read from the model's files when it is needed, in the same bits:
// the text stays the same and comes slower, see Info.WeightsMemory. Too small a
// number is an error that says what the least is. The default, 0, is all of the
// weights if they fit into the memory that is available, and else what it has
// room for.
func WithWeightsMemory(n int64) Option {
	return func(o *openOptions) { o.weights = n }
}

// WeightsMemory says how a model works with less memory than its weights need.
// Sizes are in bytes.
type WeightsMemory struct {
	Budget int64 // what the weights may take
	Held   int64 // what they take
	All    int64 // what all of them would take
	// Streamed is what a token of one completion needs of those that are not in
	// memory, at most.
	Streamed int64
	// LoadRate is how many bytes a second this machine reads and prepares, as
	// measured when the model was opened.
	LoadRate float64
	// TokensPerSecond is the speed of one completion to expect from that, at
	// least, and WholeTokensPerSecond the one with all weights in memory.
	TokensPerSecond, WholeTokensPerSecond float64
}

// runtimeBytes is what a program takes beside its model.
const runtimeBytes = 64 << 20

// fitCache lowers the default of the cache where it and the weights do not fit into
// the memory that is available: a long window takes much, four of them
// more, and one is enough to work.
func (o *openOptions) fitCache(path string) {
	available := memory.Available()
	plan, err := model.PlanWeights(path, math.MaxInt64)
	if err != nil || available == 0 { // loading says what is wrong
		return
	}
	cfg, err := model.ReadConfig(path)
	if err != nil {
		return
	}
	weights := plan.All
	if o.weights > 0 {
		weights = min(weights, o.weights)
	}
	work := infer.FootprintOf(cfg, o.engine).WorkBytes
	o.engine.CacheBytes = infer.CacheWithin(cfg, o.engine, available-weights-work-runtimeBytes-ImageBytes(cfg, o.imageCache))
}

// load loads the model at path within the memory that there is.
func (o *openOptions) load(path string) (*model.Model, model.WeightsPlan, error) {
	budget := o.weights
	if budget <= 0 {
		budget = o.room(path)
	}
	if budget == math.MaxInt64 {
		m, err := model.Load(path, false)
		return m, model.WeightsPlan{}, err
	}
	m, err := model.LoadWithin(path, budget)
	if err != nil {
		return nil, model.WeightsPlan{}, err
	}
	plan, err := model.PlanWeights(path, budget)
	return m, plan, err
}

// room returns how much memory there is for the weights of the model at path:
// math.MaxInt64 if there is enough, or nobody knows.
func (o *openOptions) room(path string) int64 {
	available := memory.Available()
	plan, err := model.PlanWeights(path, math.MaxInt64)
	if err != nil || available == 0 { // loading says what is wrong
		return math.MaxInt64
	}
	cfg, err := model.ReadConfig(path)
	if err != nil {
		return math.MaxInt64
	}
	footprint := infer.FootprintOf(cfg, o.engine)
	room := available - footprint.CacheBytes() - footprint.WorkBytes - runtimeBytes - ImageBytes(cfg, o.imageCache)
	if room >= plan.All {
		return math.MaxInt64
	}
	return max(room, plan.Least)
}

// weightsMemory describes a model under a budget, and measures its speed.
func weightsMemory(m *model.Model, plan model.WeightsPlan) WeightsMemory {
	speed := m.MeasureWeights()
	if speed.LoadRate == 0 {
		return WeightsMemory{}
	}
	return WeightsMemory{
		Budget: plan.Budget, Held: plan.Held, All: plan.All, Streamed: plan.Streamed,
		LoadRate: speed.LoadRate, TokensPerSecond: speed.Tokens, WholeTokensPerSecond: speed.WholeTokens,
	}
}
