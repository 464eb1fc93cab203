package quickstart

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/train"
)

// Sight is how the model learned to see: the text model goes on with a tower, from
// pictures of scenes and of lines of code, with texts of the corpus among them.
type Sight struct {
	Eyes       Eyes  `json:"eyes"`
	Pictures   int   `json:"pictures"`    // that are drawn
	TextTokens int64 `json:"text_tokens"` // of texts among them, about
	// LaterPictures and LaterTokens are drawn and taken for the lesson after this one.
	LaterPictures int   `json:"later_pictures,omitempty"`
	LaterTokens   int64 `json:"later_tokens,omitempty"`
	Drawn         bool  `json:"drawn"`
	Steps         int   `json:"steps"` // changes with the pace
	Warmup        int   `json:"warmup"`
	EvalEvery     int   `json:"eval_every"`
	Work          Work  `json:"work"`
	// Tokens are those that it learned from, 0 until all is done; Loss is the last one
	// and Text that of held-out texts, in nats per token.
	Tokens int64   `json:"tokens,omitempty"`
	Loss   float64 `json:"loss,omitempty"`
}

func (s *state) seeing() bool { return s.Sight != nil && s.Sight.Tokens > 0 }

// looked says that the stage is over.
func (s *state) looked() bool { return s.seeing() || s.Skipped[sightStage] != "" }

const (
	sightStage = "sight"
	// sightMinutes is the least time of a quick start whose model learns to see.
	sightMinutes = 2
	// sightShare is the part of the time for that, of which drawing takes a little.
	sightShare = 0.22
	// textTokenShare is the part of the tokens that are plain text. All of these are
	// learned and some four of a picture's, so they are half of what is learned.
	textTokenShare = 0.07
	// sightDecay is the part of the steps in which the rate falls, where another lesson
	// follows in which it falls to the end.
	sightDecay = 0.2
)

// sees says whether there is time for the model to learn to see.
func (s *session) sees() bool { return s.Minutes >= sightMinutes }

// learningShare is the part of the time in which the model learns from text.
func (s *session) learningShare() float64 {
	if s.sees() {
		return trainingShare - sightShare - assistantShare
	}
	return trainingShare
}

// planSight decides how the model will look at pictures, or that it will not.
func (s *session) planSight(p *Plan) {
	if !s.sees() {
		s.skip(sightStage, fmt.Sprintf("it takes --minutes %v or more", float64(sightMinutes)))
		return
	}
	p.Eyes = eyesOf(p.Shape)
	p.SightSeconds = sightShare * s.budget().Seconds()
}

// look lets the model learn to see.
func (s *session) look(ctx context.Context) error {
	p := s.state.Plan
	after := p.AfterSeconds + p.AssistantSeconds
	left := s.left().Seconds() - after
	if s.state.Sight == nil {
		if least := leastLesson * p.SightSeconds; left < least {
			s.skip(sightStage, fmt.Sprintf("it needs %.0f s and %.0f are left", least, max(left, 0)))
			return nil
		}
		s.state.Sight = s.newSight(p, left)
		if err := s.save(); err != nil {
			return err
		}
	}
	g := s.state.Sight
	if !g.Drawn {
		if err := s.drawSet(ctx, g); err != nil {
			return fmt.Errorf("sight: %w", err)
		}
		g.Drawn = true
		if err := s.save(); err != nil {
			return err
		}
	}
	result, err := s.learn(ctx, &lesson{
		dir: s.sightRun(), steps: &g.Steps, least: g.Warmup, recipe: func() *train.Recipe { return s.sightRecipe(p, g) }, work: &g.Work, after: after,
		decay: s.sightDecay(), preparing: s.showPreparing(),
	})
	var memory *train.MemoryError
	if errors.As(err, &memory) {
		s.state.Sight = nil
		s.skip(sightStage, fmt.Sprintf("it needs %s of memory, and %s are available", progress.Bytes(memory.Need.Total), progress.Bytes(memory.Available)))
		return nil
	}
	if err != nil {
		return err
	}
	g.Tokens, g.Loss = int64(result.Step)*int64(g.Eyes.StepTokens), result.Loss
	return nil
}

// leastLesson is the part of the time for a lesson without which it is not begun.
const leastLesson = 0.3

// sightDecay is the share of the steps in which the rate falls.
func (s *session) sightDecay() float64 {
	if s.state.Plan.AssistantSeconds > 0 {
		return sightDecay
	}
	return decayShare
}

// newSight plans it for the seconds that are left. How long a step takes follows from
// the arithmetic, until it is measured.
func (s *session) newSight(p *Plan, seconds float64) *Sight {
	g := &Sight{Eyes: p.Eyes}
	g.Steps = max(int((1-drawingShare)*seconds/p.lessonSeconds(1-textTokenShare)), 10)
	g.Warmup, g.EvalEvery = max(g.Steps/40, 1), max(g.Steps/evalsPlanned, 1)
	tokens := float64(g.Steps) * float64(p.Eyes.StepTokens)
	// A machine that is faster than was expected sees them again.
	g.Pictures = min(max(int((1-textTokenShare)*tokens/p.Eyes.perPicture()), 1), mostPictures)
	g.TextTokens = int64(textTokenShare * float64(g.Pictures) * p.Eyes.perPicture() / (1 - textTokenShare))
	if p.AssistantSeconds > 0 {
		later := p.assistantTokens()
		g.LaterPictures = min(max(int(reviewShare*later/p.Eyes.perPicture()), 1), mostPictures)
		g.LaterTokens = int64(retoldShare * later)
	}
	return g
}

// perPicture is what a picture takes of tokens, with a question and its answer.
func (e Eyes) perPicture() float64 { return float64(e.tokens() + wordTokens) }

// lessonSeconds is what a step takes of which a share is pictures with their questions.
func (p *Plan) lessonSeconds(pictures float64) float64 {
	patches := pictures * float64(p.Eyes.tokens()) / p.Eyes.perPicture() // of a token
	return p.StepSeconds * float64(p.Eyes.StepTokens) / float64(p.Shape.StepTokens) * (1 + patches*p.Eyes.flopsPerPatch()/p.FLOPsPerToken)
}

const (
	// wordTokens are those of the question and the answer about a picture, of the signs
	// of who speaks, and of what is left empty of rows, about.
	wordTokens = 31
	// drawingShare is the part of the time for sight that drawing takes.
	drawingShare = 0.1
	// mostPictures bounds the disk's space: some 1.5 KB each.
	mostPictures = 200_000
)

func (s *session) sightRecipe(p *Plan, g *Sight) *train.Recipe {
	o := s.lessonOptions(p, g.Steps, g.Warmup, g.EvalEvery)
	o.name, o.from, o.decay = "quick start: sight", filepath.Join(s.textRun(), "model"), s.sightDecay()
	o.files, o.examples = []string{s.path(sightDir, picturesName), s.path(sightDir, textsName)}, g.Pictures
	r := g.Eyes.recipe(p.Shape, o)
	r.Model.Vision = g.Eyes.spec()
	return r
}

// lessonOptions are those of a lesson of so many steps after the first one.
func (s *session) lessonOptions(p *Plan, steps, warmup, evalEvery int) lessonOptions {
	o := lessonOptions{steps: max(steps, 1), warmup: warmup, evalEvery: evalEvery, towerShare: 1}
	if p.StepSeconds > 0 {
		o.saveEvery = max(int(saveSeconds/p.StepSeconds*float64(p.Shape.StepTokens)/float64(p.Eyes.StepTokens)), 1)
	}
	return o
}

// showPreparing shows how far pictures and texts have become tokens.
func (s *session) showPreparing() func(share float64) error {
	return func(share float64) error {
		s.Screen.Show(fmt.Sprintf("  %-12s %s", "encoding", progress.Bar(share, 30)))
		return nil
	}
}
