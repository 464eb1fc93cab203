package quickstart

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sort"
	"time"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train"
)

// Plan is what the time will be spent on.
type Plan struct {
	Shape      Shape `json:"shape"`
	Parameters int64 `json:"parameters"`
	Active     int64 `json:"active"`
	Steps      int   `json:"steps"` // changes with the pace
	Warmup     int   `json:"warmup"`
	EvalEvery  int   `json:"eval_every"`
	// ExamTokens are what the examination reads, DocTokens of each document at
	// most.
	ExamTokens int64 `json:"exam_tokens"`
	DocTokens  int   `json:"doc_tokens"`
	EvalTokens int   `json:"eval_tokens"` // of a measurement of the held-out loss
	// StepSeconds was measured; FLOPsPerToken and MFU say what that means.
	StepSeconds   float64 `json:"step_seconds"`
	FLOPsPerToken float64 `json:"flops_per_token"`
	MFU           float64 `json:"mfu"`
	// AfterSeconds is kept for saving, examination, samples and questions.
	AfterSeconds float64 `json:"after_seconds"`
	// SightSeconds are for learning to see, with Eyes; 0: the model does not.
	SightSeconds float64 `json:"sight_seconds,omitempty"`
	Eyes         Eyes    `json:"eyes,omitzero"`
	// AssistantSeconds are for learning to answer, from so many Talks; 0: the model
	// does not.
	AssistantSeconds float64 `json:"assistant_seconds,omitempty"`
	Talks            Talks   `json:"talks,omitzero"`
}

const (
	sampleTokens   = 48
	samplesPlanned = 4    // times that the model writes while it learns
	evalsPlanned   = 8    // times that the held-out loss is measured
	evalShare      = 0.02 // of the time, for these
	evalTokens     = 8192 // each of them reads at least, if there are so many
	saveSeconds    = 60   // between checkpoints
	trialShare     = 0.03 // of the time, for measuring the training step
	examShare      = 0.04 // of the time, for predicting the held-out text
	questionShare  = 0.02 // of the time, for questions about it
)

// plan measures real training steps and decides how many there will be.
func (s *session) plan(ctx context.Context) error {
	p := &Plan{Shape: s.state.Tokens.Shape}
	s.Screen.Show("  measuring training steps")
	trial, narrowed, err := s.fitShape(ctx, p, s.tryShape)
	if err != nil {
		return err
	}
	if better, ok := s.betterShape(p); ok && !(narrowed && better.Width > p.Shape.Width) {
		s.say("training reaches %.0f%% of the limit, not the %.0f%% expected: another size suits it better", 100*p.MFU, 100*train.UsualMFU())
		p = &Plan{Shape: better}
		if trial, _, err = s.fitShape(ctx, p, s.tryShape); err != nil {
			return err
		}
	}
	if err := s.planExam(p); err != nil {
		return err
	}
	s.planSight(p)
	if err := s.planAssistant(ctx, p); err != nil {
		return err
	}
	p.AfterSeconds = 1 + trial.setup.Seconds() + s.examSeconds(p) + s.questionSeconds(p) + s.drawnSeconds(p) + s.askedSeconds(p)
	p.Steps = s.stepsIn(p, s.left())
	p.Warmup = max(p.Steps/40, 1)
	p.EvalEvery = max(p.Steps/evalsPlanned, 1)
	if p.Steps < 10 {
		return fmt.Errorf("in %s this machine can take %d training steps of %.1f s: give it more --minutes",
			progress.Duration(s.left()), p.Steps, p.StepSeconds)
	}
	s.state.Plan = p
	s.say("%s", p.explain(s.state.Tokens))
	return nil
}

// betterShape chooses anew by the speed that was measured, where that is far
// from what was expected. The tokenizer is made, so the vocabulary stays.
func (s *session) betterShape(p *Plan) (Shape, bool) {
	const far = 1.5
	if ratio := p.MFU / train.UsualMFU(); ratio < far && ratio > 1/far {
		return p.Shape, false
	}
	better := shapeFor(s.state.Machine.Peak * p.MFU * s.learningShare() * s.budget().Seconds())
	better.Vocab = p.Shape.Vocab
	return better, better.Width != p.Shape.Width
}

// fitShape tries the shape of p and, where memory is too little, narrower ones.
func (s *session) fitShape(ctx context.Context, p *Plan, try func(context.Context, *Plan) (trial, error)) (t trial, narrowed bool, err error) {
	for {
		t, err = try(ctx, p)
		var memory *train.MemoryError
		if !errors.As(err, &memory) {
			return t, narrowed, err
		}
		need, have := progress.Bytes(memory.Need.Total), progress.Bytes(memory.Available)
		less, ok := narrower(p.Shape, s.state.Machine.Peak*train.UsualMFU()*s.learningShare()*s.budget().Seconds())
		if !ok {
			return t, narrowed, fmt.Errorf("the smallest model needs %s of memory, and %s are available: end other programs", need, have)
		}
		s.say("a model of width %d needs %s of memory, and %s are available: trying width %d", p.Shape.Width, need, have, less.Width)
		*p, narrowed = Plan{Shape: less}, true
	}
}

// stepsIn returns how many steps fit into the time, with what goes along.
func (s *session) stepsIn(p *Plan, d time.Duration) int {
	seconds := d.Seconds() - p.AfterSeconds - p.SightSeconds - p.AssistantSeconds
	tokensPerSecond := float64(p.Shape.StepTokens) / p.StepSeconds
	// Measuring is a forward pass, a third of a step; samples and checkpoints
	// are small.
	seconds -= evalsPlanned * float64(p.EvalTokens) / 3 / tokensPerSecond
	seconds *= 0.98
	return int(seconds / p.StepSeconds)
}

// examSeconds is what the examination will take: each token is read twice, in
// windows that overlap, by a forward pass.
func (s *session) examSeconds(p *Plan) float64 {
	return 2 * float64(p.ExamTokens) / 3 * p.StepSeconds / float64(p.Shape.StepTokens)
}

// trial is what trial steps took.
type trial struct {
	setup time.Duration // making and saving the model
}

// tryShape takes some real steps, throws them away, and notes their time.
func (s *session) tryShape(ctx context.Context, p *Plan) (trial, error) {
	const mostSteps = 400
	recipe := s.recipe(p)
	recipe.Steps, recipe.Schedule.Warmup, recipe.Data.HeldOut = mostSteps, mostSteps, 0
	recipe.Eval.Every, recipe.Sample.Every, recipe.Checkpoint.Every = 0, 0, 0
	dir := s.path(trialDir)
	if err := os.RemoveAll(dir); err != nil {
		return trial{}, err
	}
	defer os.RemoveAll(dir)
	trying, stop := context.WithCancel(ctx)
	defer stop()
	watch := &stepTimer{enough: time.Duration(trialShare * float64(s.budget())), stop: stop}
	start := time.Now()
	trainer, err := train.New(recipe, train.Options{RunDir: dir, Observer: watch, Version: s.Version})
	if err != nil {
		return trial{}, err
	}
	defer trainer.Close()
	plan := trainer.Plan()
	if _, err := trainer.Run(trying); err != nil {
		return trial{}, err
	}
	if ctx.Err() != nil {
		return trial{}, ctx.Err()
	}
	if len(watch.seconds) == 0 {
		return trial{}, errors.New("no training step ended")
	}
	p.StepSeconds = watch.mean()
	p.Parameters, p.Active, p.FLOPsPerToken = plan.Parameters, plan.Active, plan.FLOPsPerToken
	p.MFU = p.FLOPsPerToken * float64(p.Shape.StepTokens) / p.StepSeconds / s.state.Machine.Peak
	return trial{setup: time.Since(start) - watch.total()}, nil
}

// stepTimer notes how long steps take, and stops after enough of them.
type stepTimer struct {
	enough  time.Duration
	seconds []float64
	stop    func()
}

// Observe implements train.Observer.
func (w *stepTimer) Observe(r train.Record) {
	if r.Timing == nil {
		return
	}
	w.seconds = append(w.seconds, r.Timing.Seconds)
	if w.total() >= w.enough && len(w.seconds) >= 3 {
		w.stop()
	}
}

func (w *stepTimer) total() time.Duration {
	sum := 0.0
	for _, s := range w.seconds {
		sum += s
	}
	return time.Duration(sum * float64(time.Second))
}

// mean leaves out the first steps, in which memory is touched first.
func (w *stepTimer) mean() float64 {
	warm := w.seconds[min(len(w.seconds)/4, len(w.seconds)-1):]
	sum := 0.0
	for _, s := range warm {
		sum += s
	}
	return sum / float64(len(warm))
}

// minDocTokens is what the examination reads at least of a document.
const minDocTokens = 1024

// planExam sets what the examination and the measurements before it read: as
// much as there is time for, and 1 MiB at most. It is spread over the held-out
// documents: the beginning of each, as much as all may have.
func (s *session) planExam(p *Plan) error {
	set, err := shard.OpenSet(s.shardsPath())
	if err != nil {
		return err
	}
	defer set.Close()
	_, held := set.Split(s.state.Tokens.HeldOut)
	rate := float64(p.Shape.StepTokens) / p.StepSeconds // of training; reading alone is three times as fast
	seconds := s.budget().Seconds()
	most := min(examShare*seconds*rate*3/2, float64(1<<20)/s.state.Tokens.BytesPerToken)
	var lengths []int
	var ids []int32
	for doc := range held.NumDocs() {
		if held.Holds(doc) {
			ids = held.Doc(ids[:0], doc)
			lengths = append(lengths, len(ids))
		}
	}
	p.DocTokens, p.ExamTokens = spread(lengths, int64(most))
	p.EvalTokens = int(min(max(evalTokens, evalShare*seconds*rate*3/evalsPlanned), float64(held.Tokens())))
	return nil
}

// spread returns how many tokens of each document make at most tokens together,
// minDocTokens at least, and how many they are.
func spread(lengths []int, tokens int64) (perDoc int, total int64) {
	count := func(perDoc int) (total int64) {
		for _, length := range lengths {
			total += int64(min(length, perDoc)) + 1
		}
		return total
	}
	perDoc = minDocTokens + sort.Search(1<<24, func(more int) bool { return count(minDocTokens+more+1) > tokens })
	return perDoc, min(count(perDoc), max(tokens, minDocTokens))
}

// recipe is the training run of the plan.
func (s *session) recipe(p *Plan) *train.Recipe {
	r := p.Shape.recipe(recipeOptions{
		tokenizer: s.tokenizerPath(), shards: s.shardsPath(), heldOut: s.state.Tokens.HeldOut, steps: max(p.Steps, 1),
		evalEvery: p.EvalEvery, evalRows: max(p.EvalTokens/p.Shape.Sequence, 1), prompts: s.state.Tokens.Prompts,
	})
	r.Schedule.Warmup = max(p.Warmup, 1)
	r.Sample.Every = max(p.Steps/samplesPlanned, 1)
	if p.StepSeconds > 0 {
		r.Checkpoint.Every = max(int(saveSeconds/p.StepSeconds), 1)
	}
	return r
}

// explain says what was chosen and why.
func (p *Plan) explain(t *Tokens) string {
	learned := float64(p.Steps) * float64(p.Shape.StepTokens)
	seconds := float64(p.Steps) * p.StepSeconds
	return fmt.Sprintf("plan: %s: %s parameters, %s active. "+
		"A step of %s tokens takes %.2f s (%.0f%% of the machine's limit), so %s steps fit: %s tokens, %.1f for each active parameter (%.1f is aimed at), "+
		"%.2f times the text, in %s. Held out: %.1f%% of the documents",
		p.Shape, progress.Short(float64(p.Parameters)), progress.Short(float64(p.Active)),
		progress.Count(int64(p.Shape.StepTokens)), p.StepSeconds, 100*p.MFU, progress.Count(int64(p.Steps)),
		progress.Short(learned), learned/float64(p.Active), float64(tokensPerParameter),
		learned/math.Max(float64(t.Tokens), 1), progress.Duration(time.Duration(seconds*float64(time.Second))), 100*t.HeldOut)
}
