package train

import (
	"runtime/debug"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
)

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

// enterStage makes the stage of a step, which counts from 1, the current one: its
// positions, its buffers, and no gradients of what it does not train.
func (t *Trainer) enterStage(step int) error {
	stage, _ := t.recipe.stageOf(step)
	if stage == t.stage {
		return nil
	}
	t.stage, t.recent = stage, t.recent[:0]
	leg := &t.legs[stage]
	if len(t.recipe.Stages) > 0 {
		if err := t.model.Stretch(t.shapes[stage]); err != nil {
			return err
		}
		t.cfg = t.model.Config()
		if stage > 0 && t.step == leg.first && leg.feed != t.legs[stage-1].feed {
			t.watcher.forget() // other data has another loss; a resumed run has done so
		}
		t.freeze()
	}
	t.makeWorkspace()
	return nil
}

// freeze takes the gradients away of what the current stage does not train.
func (t *Trainer) freeze() {
	if t.stale { // or what is frozen now would keep them
		t.optimizer.ZeroGrad()
		t.stale = false
	}
	frozen := func(i int) bool { return !t.trains(moduleOf(t.trained[i])) }
	t.optimizer.Freeze(frozen)
	for i, p := range t.trained {
		if p.Grad = t.grads[i]; frozen(i) {
			p.Grad = nil
		}
	}
}

// makeWorkspace makes the buffers of the current stage, in place of those of the
// one before.
func (t *Trainer) makeWorkspace() {
	b := &t.legs[t.stage].batch
	tokens := t.passTokens(b)
	t.model.ReservePositions(t.longest(b))
	if ws := t.workspace; ws != nil && ws.MaxTokens() == tokens && ws.Recomputes() == b.Recompute {
		return
	}
	t.workspace = nil
	kernel.ForgetScratch() // which may refer to it
	debug.FreeOSMemory()   // the peak is that of one stage, without what loading left
	t.workspace = model.NewTrainingWorkspace(t.model, tokens, b.Recompute)
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

func sum(list []int) int {
	n := 0
	for _, v := range list {
		n += v
	}
	return n
}

func negative(n int) bool { return n < 0 }
