package train

import (
	"fmt"
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

// StageSpec is a part of a run.
type StageSpec struct {
	// Steps is the length of the stage. The last one has none: it takes the steps
	// that are left.
	Steps int `yaml:"steps" json:"steps,omitempty"`
	// Train lists what changes: "projector", "vision", "decoder", or "all". The
	// rest stays as it is and costs no gradients.
	Train []string `yaml:"train" json:"train"`
}

// trains reports whether the stage changes a group.
func (s *StageSpec) trains(module string) bool {
	return slices.Contains(s.Train, GroupAll) || slices.Contains(s.Train, module)
}

// moduleOf tells the group of a parameter by its name.
func moduleOf(p *model.Param) string {
	switch {
	case strings.HasPrefix(p.Name, "vision_tower."):
		return GroupVision
	case strings.HasPrefix(p.Name, "multi_modal_projector."):
		return GroupProjector
	}
	return GroupDecoder
}

// stages are those of the recipe, or the one that trains everything.
func (r *Recipe) stages() []StageSpec {
	if len(r.Stages) > 0 {
		return r.Stages
	}
	return []StageSpec{{Train: []string{GroupAll}}}
}

// stageOf returns the stage of a step, which counts from 1, and the steps before
// the stage.
func (r *Recipe) stageOf(step int) (stage, before int) {
	list := r.stages()
	for stage < len(list)-1 && step > before+list[stage].Steps {
		before += list[stage].Steps
		stage++
	}
	return stage, before
}

// stageSteps is the length of each stage of a run of total steps.
func (r *Recipe) stageSteps(total int) []int {
	list := r.stages()
	steps := make([]int, len(list))
	for i := range list[:len(list)-1] {
		steps[i] = list[i].Steps
		total -= list[i].Steps
	}
	steps[len(list)-1] = total
	return steps
}

// everTrains reports whether any stage changes a group.
func (r *Recipe) everTrains(module string) bool {
	return slices.ContainsFunc(r.stages(), func(s StageSpec) bool { return s.trains(module) })
}

// checkStages refuses stages that cannot be; whether the run is long enough for
// them is checkStageSteps'.
func (r *Recipe) checkStages() error {
	for i := range r.Stages {
		key, s := fmt.Sprintf("stages[%d]", i), &r.Stages[i]
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
		last := i == len(r.Stages)-1
		if !last && (s.Steps < 1 || s.Steps > maxSize) {
			return recipe.Bad(key+".steps", "%d is impossible: a stage has at least 1 step, but for the last, which has what is left", s.Steps)
		}
		if last && s.Steps != 0 {
			return recipe.Bad(key+".steps", "the last stage has the steps that are left: remove it")
		}
	}
	if r.Epochs > 0 { // only the data tells
		return nil
	}
	return r.checkStageSteps(r.TotalSteps())
}

// checkStageSteps refuses stages that leave nothing of a run for the last one.
func (r *Recipe) checkStageSteps(total int) error {
	_, before := r.stageOf(maxSize)
	if before >= total {
		return recipe.Bad("stages", "the stages before the last have %d steps, and the run has %d: none is left for the last", before, total)
	}
	return nil
}

// holdGradients lists what the run trains, and lets go of the gradients of what it
// never does.
func (t *Trainer) holdGradients() {
	all := t.model.Trained()
	if t.trained = all; t.recipe.Lora.Rank == 0 {
		t.trained = changing(t.recipe, all)
		for _, p := range all {
			if !slices.Contains(t.trained, p) {
				p.Grad = nil
			}
		}
	}
	t.grads = make([][]float32, len(t.trained))
	for i, p := range t.trained {
		t.grads[i] = p.Grad
	}
	if t.stageUpdates = nil; len(t.recipe.Stages) > 0 {
		t.stageUpdates = make([]int, len(t.recipe.Stages))
	}
}

// enterStage makes the next step's stage the current one: what it does not train
// has no gradient.
func (t *Trainer) enterStage() {
	stage, _ := t.recipe.stageOf(t.step + 1)
	if stage == t.stage || len(t.recipe.Stages) == 0 {
		t.stage = stage
		return
	}
	if t.stale { // or what is frozen now would keep them
		t.optimizer.ZeroGrad()
		t.stale = false
	}
	t.stage = stage
	frozen := func(i int) bool { return !t.trains(moduleOf(t.trained[i])) }
	t.optimizer.Freeze(frozen)
	for i, p := range t.trained {
		if p.Grad = t.grads[i]; frozen(i) {
			p.Grad = nil
		}
	}
}

// trains reports whether the current stage changes a group.
func (t *Trainer) trains(module string) bool { return t.recipe.stages()[t.stage].trains(module) }

// sync brings what products read up to date with the weights that a step changed.
func (t *Trainer) sync() {
	for _, p := range t.trained {
		if p.Grad != nil {
			p.Sync()
		}
	}
}

// restoreUpdates gives the optimizer the counts of a checkpoint.
func (t *Trainer) restoreUpdates(s *trainState) {
	copy(t.stageUpdates, s.StageUpdates)
	t.optimizer.SetSteps(s.Updates, func(i int) int {
		if t.stageUpdates == nil {
			return s.Updates
		}
		n := 0
		for stage, updates := range t.stageUpdates {
			if t.recipe.Stages[stage].trains(moduleOf(t.trained[i])) {
				n += updates
			}
		}
		return n
	})
}

// rate is the learning rate of a step, which counts from 1: that of the schedule,
// and each stage begins with the warmup.
func (r *Recipe) rate(step, total int) float64 {
	lr := r.Schedule.LR(r.Optimizer.LR, step, total)
	stage, before := r.stageOf(step)
	if warmup := r.Schedule.warmup(total); stage > 0 && step-before < warmup {
		lr *= float64(step-before) / float64(warmup)
	}
	return lr
}

func sum(list []int) int {
	n := 0
	for _, v := range list {
		n += v
	}
	return n
}

func negative(n int) bool { return n < 0 }
