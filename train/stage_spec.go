package train

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
)

// Groups of parameters that a stage trains.
const (
	GroupDecoder   = "decoder"
	GroupVision    = "vision"
	GroupProjector = "projector"
	GroupAll       = "all"
)

// moduleNames are the groups without GroupAll, in the order of the forward pass.
var moduleNames = []string{GroupVision, GroupProjector, GroupDecoder}

// StageSpec is a part of a run. What it leaves out of batch and data is the
// recipe's; what it leaves out of how positions are told apart stays as it was.
type StageSpec struct {
	// Steps is the length of the stage; Tokens gives it in tokens instead, rounded
	// up to whole steps. The last one may have none: it takes the steps that are
	// left of the run, which has no length of its own otherwise.
	Steps  int   `yaml:"steps" json:"steps,omitempty"`
	Tokens int64 `yaml:"tokens" json:"tokens,omitempty"`
	// Train lists what changes: "projector", "vision", "decoder", or "all", which
	// it is if left out. The rest stays as it is and costs no gradients.
	Train []string `yaml:"train" json:"train"`
	// Batch replaces keys of the recipe's batch. With another sequence, rows are as
	// many as make a microbatch of about as many tokens as the recipe's, and tokens
	// at least one microbatch, unless it says. Recompute is on where either says so.
	Batch BatchSpec `yaml:"batch" json:"batch,omitzero"`
	// Data is what the stage trains on: one source, or several of which each gives a
	// share of the rows, evenly mixed. Left out, the stage goes on with the recipe's
	// data.
	Data []SourceSpec `yaml:"data" json:"data,omitempty"`
	// RopeTheta, RopeScaling and Context become the model's rope_theta, rope_scaling
	// and max_position_embeddings. 0 and nil: as they were, but positions for at
	// least a row, of the stage or held out. A yarn or llama3 that does not say what it
	// stretches stretches the positions that the model had before, or before it was
	// stretched for the first time: its factor is that of all stretching together.
	RopeTheta   float64            `yaml:"rope_theta" json:"rope_theta,omitzero"`
	RopeScaling *model.RopeScaling `yaml:"rope_scaling" json:"rope_scaling,omitempty"`
	Context     int                `yaml:"max_position_embeddings" json:"max_position_embeddings,omitempty"`
	// LRScale multiplies the learning rate of the schedule; 0: 1.
	LRScale float64 `yaml:"lr_scale" json:"lr_scale,omitzero"`
}

// SourceSpec is what a stage reads: Shards or Conversations.
type SourceSpec struct {
	// Shards is a directory of token shards.
	Shards string `yaml:"shards" json:"shards,omitempty"`
	// Conversations are files as those of DataSpec, whose TooLong and SkipBad hold for
	// them. The same list in several stages becomes shards once.
	Conversations Files `yaml:"conversations" json:"conversations,omitempty"`
	// Share is its part of the stage's rows, in thousandths at the finest. The
	// shares of a stage add up to 1; a source alone needs none.
	Share float64 `yaml:"share" json:"share,omitzero"`
	// Whole keeps documents of Shards whole in a row, see DataSpec.Whole.
	Whole bool `yaml:"whole" json:"whole,omitempty"`
}

// SetDefaults is a stage that trains everything.
func (s *StageSpec) SetDefaults() { *s = StageSpec{Train: []string{GroupAll}} }

// MarshalYAML writes the keys that a recipe has to give.
func (s StageSpec) MarshalYAML() (any, error) {
	var plain StageSpec
	plain.SetDefaults()
	v, d := reflect.ValueOf(s), reflect.ValueOf(plain)
	return writtenKeys(v, d, d), nil
}

// trains reports whether the stage changes a group.
func (s *StageSpec) trains(module string) bool {
	return slices.Contains(s.Train, GroupAll) || slices.Contains(s.Train, module)
}

// stages are those of the recipe, or the one that trains everything.
func (r *Recipe) stages() []StageSpec {
	if len(r.Stages) > 0 {
		return r.Stages
	}
	return []StageSpec{{Train: []string{GroupAll}}}
}

// batchOf is the batch of a stage.
func (r *Recipe) batchOf(stage int) BatchSpec {
	b := r.Batch
	if len(r.Stages) == 0 {
		return b
	}
	own := &r.Stages[stage].Batch
	if own.Sequence > 0 {
		b.Rows, b.Sequence = max(b.Rows*b.Sequence/own.Sequence, 1), own.Sequence
	}
	if own.Rows > 0 {
		b.Rows = own.Rows
	}
	if b.Tokens = max(b.Tokens, b.Rows*b.Sequence); own.Tokens > 0 {
		b.Tokens = own.Tokens
	}
	b.Recompute = b.Recompute || own.Recompute
	return b
}

// stageLength is the number of steps that a stage says it has, 0 for what is left.
func (r *Recipe) stageLength(stage int) int {
	s := &r.stages()[stage]
	if s.Tokens > 0 {
		per := int64(r.batchOf(stage).Tokens)
		return int((s.Tokens + per - 1) / per)
	}
	return s.Steps
}

// reads are the sources that a stage has of its own: those that it names, or the recipe's
// data once more where its rows have another length. A stage with none reads on in that.
func (r *Recipe) reads(i int) []SourceSpec {
	if s := r.stages()[i].Data; len(s) > 0 || r.batchOf(i).Sequence == r.Batch.Sequence {
		return s
	}
	return []SourceSpec{{Conversations: r.Data.Conversations, Share: 1, Whole: r.Data.Whole}}
}

// ownsLength reports whether every stage says how long it is, so that the run
// need not.
func (r *Recipe) ownsLength() bool {
	return len(r.Stages) > 0 && r.stageLength(len(r.Stages)-1) > 0
}

// stageOf returns the stage of a step, which counts from 1, and the steps before
// the stage.
func (r *Recipe) stageOf(step int) (stage, before int) {
	for last := len(r.stages()) - 1; stage < last; stage++ {
		n := r.stageLength(stage)
		if step <= before+n {
			break
		}
		before += n
	}
	return stage, before
}

// stageSteps is the length of each stage of a run of total steps.
func (r *Recipe) stageSteps(total int) []int {
	steps := make([]int, len(r.stages()))
	last := len(steps) - 1
	for i := range last {
		steps[i] = r.stageLength(i)
		total -= steps[i]
	}
	steps[last] = total
	return steps
}

// stagedSteps is the length of a run with stages, on data of so many rows an epoch.
func (r *Recipe) stagedSteps(rows int64) int {
	last := len(r.Stages) - 1
	before, tokens := 0, int64(0)
	for i := range last {
		n := r.stageLength(i)
		before, tokens = before+n, tokens+int64(n)*int64(r.batchOf(i).Tokens)
	}
	switch per := int64(r.batchOf(last).Tokens); {
	case r.ownsLength():
		return before + r.stageLength(last)
	case r.Tokens > 0:
		return before + int(max(r.Tokens-tokens+per-1, 0)/per)
	case r.Epochs > 0:
		return int(math.Ceil(r.Epochs * float64(rows) / float64(r.Batch.rowsPerStep())))
	}
	return r.Steps
}

// everTrains reports whether any stage changes a group.
func (r *Recipe) everTrains(module string) bool {
	return slices.ContainsFunc(r.stages(), func(s StageSpec) bool { return s.trains(module) })
}

// checkStages refuses stages that cannot be; whether the run is long enough for
// them is checkStageSteps'.
func (r *Recipe) checkStages() error {
	for i := range r.Stages {
		for _, check := range []func(int, string) error{r.checkTrained, r.checkStageBatch, r.checkStageLength, r.checkStageData, r.checkStageRates} {
			if err := check(i, fmt.Sprintf("stages[%d]", i)); err != nil {
				return err
			}
		}
	}
	if r.Epochs > 0 { // only the data tells
		return nil
	}
	return r.checkStageSteps(r.TotalSteps())
}

func (r *Recipe) checkTrained(i int, key string) error {
	s := &r.Stages[i]
	if len(s.Train) == 0 {
		return recipe.Bad(key+".train", "say what is trained: %s or all", strings.Join(moduleNames, ", "))
	}
	for _, name := range s.Train {
		if name != GroupAll && !slices.Contains(moduleNames, name) {
			return recipe.Bad(key+".train", "there is no group %q: use %s or all", name, strings.Join(moduleNames, ", "))
		}
		if name != GroupAll && name != GroupDecoder && r.Model.From == "" && !r.Model.Vision.given() {
			return recipe.Bad(key+".train", "a model without model.vision has no %s", name)
		}
	}
	return nil
}

func (r *Recipe) checkStageBatch(i int, key string) error {
	own := r.Stages[i].Batch
	for _, c := range []struct {
		key   string
		value int
	}{{"tokens", own.Tokens}, {"rows", own.Rows}, {"sequence", own.Sequence}} {
		if err := recipe.Between(key+".batch."+c.key, float64(c.value), 0, maxSize); err != nil {
			return err
		}
	}
	b := r.batchOf(i)
	return b.validate(key + ".batch")
}

func (r *Recipe) checkStageLength(i int, key string) error {
	s, last := &r.Stages[i], i == len(r.Stages)-1
	switch runs := r.Steps > 0 || r.Tokens > 0 || r.Epochs > 0; {
	case s.Steps > 0 && s.Tokens != 0:
		return recipe.Bad(key+".tokens", "set the length of the stage in steps or in tokens, not in both")
	case s.Tokens < 0 || s.Steps < 0 || s.Steps > maxSize || s.Tokens/int64(r.batchOf(i).Tokens) >= maxSize:
		return recipe.Bad(key+".steps", "%d steps or %d tokens are impossible", s.Steps, s.Tokens)
	case !last && s.Steps == 0 && s.Tokens == 0:
		return recipe.Bad(key+".steps", "%d is impossible: a stage has at least 1 step, but for the last, which has what is left", s.Steps)
	case last && runs && (s.Steps > 0 || s.Tokens > 0):
		return recipe.Bad(key+".steps", "the last stage has the steps that are left: remove it, or the length of the run")
	}
	return nil
}

func (r *Recipe) checkStageData(i int, key string) error {
	list := r.Stages[i].Data
	total := 0.0
	for k, s := range list {
		at := fmt.Sprintf("%s.data[%d]", key, k)
		if err := s.check(at); err != nil {
			return err
		}
		if len(list) == 1 && s.Share == 0 {
			total = 1
			break
		}
		if err := recipe.Between(at+".share", s.Share, 1./shareUnits, 1); err != nil {
			return err
		}
		total += s.Share
	}
	if len(list) > 0 && math.Abs(total-1) > 1e-6 {
		return recipe.Bad(key+".data", "the shares of the rows add up to %.4g: they must add up to 1", total)
	}
	if r.Epochs > 0 && (len(list) > 0 || r.Stages[i].Batch != BatchSpec{}) {
		return recipe.Bad("epochs", "give the length of a run whose stages have data or a batch of their own in tokens or steps")
	}
	return nil
}

// check refuses what is no source; key is its place in the recipe.
func (s *SourceSpec) check(key string) error {
	switch {
	case s.Shards == "" && len(s.Conversations) == 0:
		return recipe.Bad(key+".shards", "name the directory of the token shards, or files of conversations as conversations")
	case s.Shards != "" && len(s.Conversations) > 0:
		return recipe.Bad(key+".conversations", "a source is conversations or shards, not both: make two of it")
	case slices.Contains(s.Conversations, ""):
		return recipe.Bad(key+".conversations", "a file without a name: remove it")
	case len(s.Conversations) > 0 && s.Whole:
		return recipe.Bad(key+".whole", "conversations are always whole: remove it")
	}
	return nil
}

func (r *Recipe) checkStageRates(i int, key string) error {
	s := &r.Stages[i]
	if err := recipe.Between(key+".lr_scale", s.LRScale, 0, 1000); err != nil {
		return err
	}
	if err := recipe.Between(key+".rope_theta", s.RopeTheta, 0, math.MaxFloat32); err != nil {
		return err
	}
	return recipe.Between(key+".max_position_embeddings", float64(s.Context), 0, maxSize)
}

// checkStageSteps refuses stages that leave nothing of a run for the last one.
func (r *Recipe) checkStageSteps(total int) error {
	_, before := r.stageOf(math.MaxInt)
	if before >= total {
		return recipe.Bad("stages", "the stages before the last have %d steps, and the run has %d: none is left for the last", before, total)
	}
	return nil
}

// rate is the learning rate of a step, which counts from 1: that of the schedule,
// and each stage that trains what the one before did not begins with the warmup.
func (r *Recipe) rate(step, total int) float64 {
	lr := r.Schedule.rate(r.Optimizer.LR, step, r.place(step, total), total)
	stage, before := r.stageOf(step)
	if warmup := r.Schedule.warmup(total); stage > 0 && r.trainsMore(stage) && step-before < warmup {
		lr *= float64(step-before) / float64(warmup)
	}
	if scale := r.stages()[stage].LRScale; scale > 0 {
		lr *= scale
	}
	return lr
}

// place is where a step would be, by the tokens before it, if all steps of the run
// had as many.
func (r *Recipe) place(step, total int) float64 {
	var before, all int64
	first, equal := 1, true
	for i, n := range r.stageSteps(total) {
		tokens := int64(r.batchOf(i).Tokens)
		equal = equal && tokens == int64(r.batchOf(0).Tokens)
		before += tokens * int64(min(max(step-first, 0), n))
		all += tokens * int64(n)
		first += n
	}
	if equal {
		return float64(step) // not a bit beside it
	}
	return float64(before)*float64(total)/float64(all) + 1
}

// trainsMore reports whether a stage trains what the one before did not.
func (r *Recipe) trainsMore(stage int) bool {
	return slices.ContainsFunc(moduleNames, func(name string) bool {
		return r.Stages[stage].trains(name) && !r.Stages[stage-1].trains(name)
	})
}
