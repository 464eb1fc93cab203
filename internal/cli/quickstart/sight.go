package quickstart

import (
	"context"
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/train"
)

// Sight is how the model learned to see: the text model goes on with a tower, from
// pictures of scenes and of lines of code, with texts of the corpus among them.
type Sight struct {
	Eyes       Eyes  `json:"eyes"`
	Pictures   int   `json:"pictures"`    // that are drawn
	TextTokens int64 `json:"text_tokens"` // of texts among them, about
	Drawn      bool  `json:"drawn"`
	Steps      int   `json:"steps"` // changes with the pace
	Warmup     int   `json:"warmup"`
	EvalEvery  int   `json:"eval_every"`
	Work       Work  `json:"work"`
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
	sightShare = 0.25
	// textTokenShare is the part of the tokens that are plain text.
	textTokenShare = 0.2
)

// sees says whether there is time for the model to learn to see.
func (s *session) sees() bool { return s.Minutes >= sightMinutes }

// learningShare is the part of the time in which the model learns from text.
func (s *session) learningShare() float64 {
	if s.sees() {
		return trainingShare - sightShare
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

// eyed is the directory of the run that ends with the finished model: where it sees,
// the text's is another.
func (s *session) textDir() string {
	if p := s.state.Plan; p != nil && p.SightSeconds > 0 {
		return s.path(textRunDir)
	}
	return s.path(runDir)
}

// look lets the model learn to see.
func (s *session) look(ctx context.Context) error {
	p := s.state.Plan
	left := s.left().Seconds() - p.AfterSeconds
	if s.state.Sight == nil {
		if least := leastSight * p.SightSeconds; left < least {
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
		dir: s.path(runDir), steps: &g.Steps, least: g.Warmup, recipe: func() *train.Recipe { return s.sightRecipe(p, g) }, work: &g.Work, after: p.AfterSeconds,
		preparing: s.showPreparing(),
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

// leastSight is the part of the time for it without which it is not begun.
const leastSight = 0.3

// newSight plans it for the seconds that are left. How long a step takes follows from
// the arithmetic, until it is measured.
func (s *session) newSight(p *Plan, seconds float64) *Sight {
	g := &Sight{Eyes: p.Eyes}
	perPicture := float64(p.Eyes.tokens() + wordTokens)
	patches := (1 - textTokenShare) * float64(p.Eyes.tokens()) / perPicture // of a token
	step := p.StepSeconds * float64(p.Eyes.StepTokens) / float64(p.Shape.StepTokens) * (1 + patches*p.Eyes.flopsPerPatch()/p.FLOPsPerToken)
	g.Steps = max(int((1-drawingShare)*seconds/step), 10)
	g.Warmup, g.EvalEvery = max(g.Steps/40, 1), max(g.Steps/evalsPlanned, 1)
	tokens := float64(g.Steps) * float64(p.Eyes.StepTokens)
	// A machine that is faster than was expected sees them again.
	g.Pictures = min(max(int((1-textTokenShare)*tokens/perPicture), 1), mostPictures)
	g.TextTokens = int64(textTokenShare * float64(g.Pictures) * perPicture / (1 - textTokenShare))
	return g
}

const (
	// wordTokens are those of the questions and answers about a picture, and of what is
	// left empty of rows, about.
	wordTokens = 75
	// drawingShare is the part of the time for sight that drawing takes.
	drawingShare = 0.1
	// mostPictures bounds the disk's space: some 1.5 KB each.
	mostPictures = 200_000
)

func (s *session) sightRecipe(p *Plan, g *Sight) *train.Recipe {
	o := sightOptions{
		from: s.path(textRunDir, "model"), files: []string{s.path(sightDir, picturesName), s.path(sightDir, textsName)},
		steps: max(g.Steps, 1), warmup: g.Warmup, evalEvery: g.EvalEvery,
	}
	if p.StepSeconds > 0 {
		o.saveEvery = max(int(saveSeconds/p.StepSeconds*float64(p.Shape.StepTokens)/float64(g.Eyes.StepTokens)), 1)
	}
	return g.Eyes.recipe(p.Shape, o)
}

// showPreparing shows how far pictures and texts have become tokens.
func (s *session) showPreparing() func(share float64) error {
	return func(share float64) error {
		s.Screen.Show(fmt.Sprintf("  %-12s %s", "encoding", progress.Bar(share, 30)))
		return nil
	}
}
