package align

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/task"
)

// Rollout is an answer of the policy to a question.
type Rollout struct {
	question *question
	// Answer is what the policy chose, with the token that ended it if one did.
	// Prompt and Answer are what a replay runs.
	Prompt, Answer []int32
	// LogProbs are those of Answer's tokens as the engine had them: of the model
	// itself, at temperature 1, before any truncation.
	LogProbs []float32
	// Text is what the answer says, up to the stop string if one ended it. Finish is
	// infer.FinishEnd where the policy ended it itself.
	Text   string
	Finish infer.Finish
	// verdict is the grader's, nil before and without one.
	verdict *task.Verdict
	// shares are what rewards counted, beside those of the verdict.
	shares []task.Share
}

// ended says that the policy ended the answer, and did not run out of tokens.
func (r *Rollout) ended() bool { return r.Finish == infer.FinishEnd }

// sequences are rollouts for a replay, and their log-probabilities beside them.
func sequences(rollouts []Rollout) ([]sequence, table) {
	list, logProbs := make([]sequence, len(rollouts)), make(table, len(rollouts))
	for i := range rollouts {
		r := &rollouts[i]
		list[i] = sequence{tokens: slices.Concat(r.Prompt, r.Answer), prompt: len(r.Prompt)}
		logProbs[i] = r.LogProbs
	}
	return list, logProbs
}

// drawing says how answers are drawn.
type drawing struct {
	answers     int // to each question
	maxTokens   int
	temperature float64 // 0 is greedy
	topP        float64 // 0 and 1 keep all
	seed        uint64  // of all random numbers: see stepSeed
	first       int     // the choice of the first answer; those of the others follow
	batch       int     // answers that are worked on at a time; 0 = as the engine has it
}

// drawn is how fast answers were drawn.
type drawn struct {
	tokens int // of answers
	took   time.Duration
}

// draw has the policy answer all questions at once, each several times: answer k of
// question i is at i*answers+k. The answers are a function of the weights, of the
// questions and of how they are drawn alone: not of the threads, nor of which are
// worked on together. The model must not be trained meanwhile.
func (s *speaker) draw(ctx context.Context, m *model.Model, questions []*question, d drawing) ([]Rollout, drawn, error) {
	began := time.Now()
	engine := infer.NewEngine(m, s.engineOptions(questions, d))
	defer engine.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rollouts := make([]Rollout, len(questions)*d.answers)
	var wait sync.WaitGroup
	for i := range rollouts {
		q := questions[i/d.answers]
		rollouts[i] = Rollout{question: q, Prompt: q.prompt}
		wait.Go(func() {
			if err := s.answer(ctx, engine, &rollouts[i], d, d.first+i); err != nil {
				cancel(fmt.Errorf("%s: %w", q.name, err))
			}
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return nil, drawn{}, context.Cause(ctx)
	}
	speed := drawn{took: time.Since(began)}
	for i := range rollouts {
		speed.tokens += len(rollouts[i].Answer)
	}
	return rollouts, speed, nil
}

// engineOptions are resources for the questions and no more: memory is the
// trainer's.
func (s *speaker) engineOptions(questions []*question, d drawing) infer.Options {
	longest := 0
	for _, q := range questions {
		longest = max(longest, len(q.prompt))
	}
	return infer.Options{Window: longest + d.maxTokens, MaxBatch: d.batch}
}

// answer draws one answer. What ends it is told by the token, which the engine would
// not hand over if it knew it for an end.
func (s *speaker) answer(ctx context.Context, engine *infer.Engine, r *Rollout, d drawing, choice int) error {
	stop, err := infer.NewStop(s.stops...)
	if err != nil {
		return err
	}
	var text []byte
	ended := false
	result, err := engine.Generate(ctx, infer.Request{
		Prompt: r.Prompt, MaxTokens: d.maxTokens, Choice: choice, Logprobs: true, Mask: s.mask(),
		Sampling: infer.Sampling{Temperature: float32(d.temperature), TopP: float32(d.topP), Seed: d.seed},
	}, func(t infer.Token) bool {
		r.Answer, r.LogProbs = append(r.Answer, t.ID), append(r.LogProbs, t.Logprob)
		if ended = slices.Contains(s.ends, t.ID); ended || s.text.IsSpecial(t.ID) {
			return ended // no special token is text
		}
		var piece string
		piece, ended = stop.Push(s.text.Bytes(t.ID))
		text = append(text, piece...)
		return ended
	})
	if err != nil {
		return err
	}
	r.Text = string(text) + stop.Flush()
	if r.Finish = result.Finish; ended {
		r.Finish = infer.FinishEnd
	}
	return nil
}

// stepSeed is the seed of the random numbers of a step. They are used for other
// things too, so each kind has another one.
func stepSeed(seed uint64, kind string, step int) uint64 {
	h := seed
	for _, c := range []byte(kind) {
		h = mix(h ^ uint64(c))
	}
	return mix(h ^ uint64(step))
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) after one
// step of its counter.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
