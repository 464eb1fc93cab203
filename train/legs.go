package train

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
)

// leg is a stage as a run goes through it.
type leg struct {
	first, steps int   // the steps before it, and its own
	tokens       int64 // of the steps before it
	batch        BatchSpec
	feed         *feed
	row          int64 // of the feed that its first step reads
}

// legsOf are the stages of a run of total steps. Stages with one feed read on in it.
func legsOf(r *Recipe, feeds []*feed, total int) []leg {
	legs := make([]leg, len(feeds))
	read := map[*feed]int64{}
	first, tokens := 0, int64(0)
	for i, steps := range r.stageSteps(total) {
		b, f := r.batchOf(i), feeds[i]
		legs[i] = leg{first: first, steps: steps, tokens: tokens, batch: b, feed: f, row: read[f]}
		first, tokens = first+steps, tokens+int64(steps)*int64(b.Tokens)
		read[f] += int64(steps) * b.rowsPerStep()
	}
	return legs
}

// end is the step after which the leg is over.
func (l *leg) end() int { return l.first + l.steps }

// rowAfter is the row of the feed that the first step after this one reads, if it
// is of the leg.
func (l *leg) rowAfter(step int) int64 {
	return l.row + int64(step-l.first)*l.batch.rowsPerStep()
}

// tokensAfter is the number of tokens seen in so many steps.
func (t *Trainer) tokensAfter(step int) int64 {
	stage, _ := t.recipe.stageOf(step)
	l := &t.legs[stage]
	return l.tokens + int64(step-l.first)*int64(l.batch.Tokens)
}

// position is the row that comes after a step, in its own feed.
func (t *Trainer) position(step int) int64 {
	stage, _ := t.recipe.stageOf(max(step, 1))
	return t.legs[stage].rowAfter(step)
}

// stretch finds the configuration of the model in each stage.
func (t *Trainer) stretch() error {
	t.shapes = make([]*model.Config, len(t.recipe.stages()))
	cfg := t.cfg
	for i := range t.shapes {
		s, b := &t.recipe.stages()[i], t.recipe.batchOf(i)
		to, n := *cfg, t.longest(&b)
		if to.MaxPositions = max(cfg.MaxPositions, n); s.Context > 0 {
			to.MaxPositions = s.Context
		}
		if s.RopeTheta > 0 {
			to.RopeTheta = s.RopeTheta
		}
		if s.RopeScaling != nil {
			to.RopeScaling = scalingOf(s.RopeScaling, cfg)
		}
		key := fmt.Sprintf("stages[%d]", i)
		if err := checkReach(key, s.RopeScaling, cfg, &to); err != nil {
			return err
		}
		if n > to.MaxPositions {
			return recipe.Bad(key+".max_position_embeddings", "rows of %d tokens are longer than the %d positions of the model", n, to.MaxPositions)
		}
		cfg = cfg.Stretched(&to)
		if err := cfg.Validate(); err != nil {
			return recipe.Bad(key, "%v", err)
		}
		t.shapes[i] = cfg
	}
	return nil
}

// scalingOf is a stage's scaling with what it stretches, of a model that is cfg before.
func scalingOf(s *model.RopeScaling, cfg *model.Config) *model.RopeScaling {
	scaling := *s
	if scaling.OriginalPositions == 0 && scaling.Type != model.RopeLinear {
		if scaling.OriginalPositions = cfg.MaxPositions; cfg.RopeScaling != nil && cfg.RopeScaling.OriginalPositions > 0 {
			scaling.OriginalPositions = cfg.RopeScaling.OriginalPositions
		}
	}
	return &scaling
}

// checkReach refuses a yarn of a stretched model that does not say what it stretches and
// does not reach as far as the positions go: its factor is meant on top of the one before.
func checkReach(key string, s *model.RopeScaling, cfg, to *model.Config) error {
	if s == nil || s.OriginalPositions > 0 || s.Type != model.RopeYaRN || cfg.RopeScaling == nil {
		return nil
	}
	original := to.RopeScaling.OriginalPositions
	if s.Factor*float64(original) >= float64(to.MaxPositions) {
		return nil
	}
	return recipe.Bad(key+".rope_scaling", "a factor of %v, of the %d positions before all stretching, does not reach the %d of the model: give %v",
		s.Factor, original, to.MaxPositions, float64(to.MaxPositions)/float64(original))
}

// passTokens is how many tokens of a pass a stage needs room for: a microbatch, or a
// row of the held-out documents that all stages measure.
func (t *Trainer) passTokens(b *BatchSpec) int {
	tokens := b.Rows * b.Sequence
	if t.data.held != nil {
		tokens = max(tokens, t.recipe.Batch.Sequence)
	}
	return tokens
}

// longest is the length of the longest document, or piece of one, that a pass of a
// stage may have.
func (t *Trainer) longest(b *BatchSpec) int {
	if t.data.held != nil {
		return max(b.Sequence, t.recipe.Batch.Sequence)
	}
	return b.Sequence
}
