package align

import (
	"context"
	"time"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/model"
)

// actor is a policy at work, as methods that learn from rewards have it: what it is
// asked, how it answers, and what the answers are worth.
type actor struct {
	*speaker
	questions *questions
	order     order
	rewards   rewards
	kept      keeping
	judgments *judgments // nil: no reward asks a model behind an API
}

// keeping is what methods that learn from rewards keep from step to step. As JSON it is
// state.
type keeping struct {
	Alarm       alarm       `json:"alarm"`
	Multipliers multipliers `json:"multipliers,omitempty"`
}

// keep sets what is kept after a step, or of a checkpoint.
func (a *actor) keep(k keeping) {
	a.kept = k
	a.rewards.weigh(k.Multipliers)
}

// regard looks at all answers of step n, of which m has the measures: it adds those of
// multipliers and of the alarm, and returns what is to be kept after the step.
func (a *actor) regard(n int, j *judged, m Measures) (k keeping, err error) {
	k.Alarm = a.kept.Alarm.copy()
	if a.rewards.canAlarm() {
		m["alarm"] = number1(k.Alarm.watch(a.rewards, j))
	}
	k.Multipliers, err = a.kept.Multipliers.next(a.rewards, n, m)
	return k, err
}

// planActor reads the prompts of a run's recipe and adds to its plan what they tell,
// and what answering takes.
func planActor(ctx context.Context, r *Run, p *Plan) (*actor, error) {
	s, err := newSpeaker(r.recipe.Model, r.cfg)
	if err != nil {
		return nil, err
	}
	room := min(r.recipe.Batch.Sequence, r.cfg.MaxPositions)
	source := questionSource{speaker: s, dataDir: r.options.DataDir, grading: r.options.Grading, room: room}
	q, err := source.load(r.recipe)
	if err != nil {
		return nil, err
	}
	r.hashes.Data = source.hash()
	p.Items, p.HeldOut = len(q.train), len(q.held)+len(q.further)
	a := &actor{speaker: s, questions: q, order: order{seed: r.recipe.Seed, n: len(q.train)}, rewards: newRewards(r.recipe)}
	a.kept.Multipliers = a.rewards.multipliers()
	f := infer.FootprintOf(r.cfg, infer.Options{Window: room, MaxBatch: a.batch(r)})
	p.Memory.Add("rollouts: keys and values", f.CacheBytes(), "%d answers at a time of up to %d tokens", a.batch(r), f.Window)
	p.Memory.Add("rollouts: activations", f.WorkBytes, "and logits")
	for i := range r.recipe.Rewards {
		switch r.recipe.Rewards[i].Kind {
		case RewardSafety:
			err = a.openRuled(ctx, r, p, i)
		case RewardJudge:
			err = a.openMarked(ctx, r, i)
		}
		if err != nil {
			return nil, err
		}
	}
	return a, a.planModels(r, p)
}

// mostAtOnce is how many answers are worked on at a time. More of them make each
// token cheaper, as the weights are read once for all.
const mostAtOnce = 64

func (a *actor) batch(r *Run) int {
	return min(mostAtOnce, r.recipe.Batch.Prompts*r.recipe.Rollout.Answers)
}

// ask has the policy answer, in step n, count prompts: those from position on in
// their order, as often as the recipe says. first is the number of answers that the step has asked
// for before.
func (a *actor) ask(ctx context.Context, r *Run, m *model.Model, n, position, count, first int) ([]Rollout, error) {
	list := make([]*question, count)
	for i := range list {
		list[i] = a.questions.train[a.order.at(position+i)]
	}
	began := time.Now()
	o := &r.recipe.Rollout
	rollouts, speed, err := a.draw(ctx, m, list, drawing{
		answers: o.Answers, maxTokens: o.MaxTokens, temperature: o.Temperature, topP: o.TopP,
		seed: stepSeed(r.recipe.Seed, "rollout", n), first: first, batch: a.batch(r),
	})
	if err != nil {
		return nil, err
	}
	r.spend("rollout", began, speed.tokens)
	return rollouts, nil
}

// judge says what answers are worth.
func (a *actor) judge(ctx context.Context, r *Run, rollouts []Rollout) (*judged, error) {
	began := time.Now()
	j, err := a.rewards.judge(ctx, rollouts)
	if err != nil {
		return nil, err
	}
	r.spend("reward", began, 0)
	return j, nil
}

// show records step n's first answers in full, as many as are wanted: of each
// prompt the first before the second of any.
func (a *actor) show(r *Run, n int, j *judged) {
	answers := r.recipe.Rollout.Answers
	prompts := len(j.rollouts) / answers
	for k := range min(r.samplesWanted(n), len(j.rollouts)) {
		i := k%prompts*answers + k/prompts
		r.sample(SampleRecord{Prompt: said(j.rollouts[i].question), Answer: j.rollouts[i].Text, Values: j.values(a.rewards, i)})
	}
}

// said is what a question says last.
func said(q *question) string {
	text := ""
	for _, m := range q.conversation.Messages {
		if m.Role == chat.Assistant {
			continue
		}
		text = ""
		for _, part := range m.Content {
			text += part.Text
		}
	}
	return text
}
