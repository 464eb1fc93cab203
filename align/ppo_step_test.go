package align

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/infer"
)

// TestAppraise: an answer that was cut off pays, rewards are divided by their
// deviation so far, and neither changes the state of a step that is not taken.
func TestAppraise(t *testing.T) {
	r := DefaultRecipe(PPO, false)
	r.PPO.MissingEnd, r.PPO.ScaleRewards, r.PPO.WhitenAdvantages, r.PPO.Gamma, r.PPO.Lambda = 0.5, true, false, 1, 1
	p := &ppo{actor: &actor{rewards: rewards{{name: "task", weight: 1}}}}
	for _, x := range []float64{1, -1, 2} {
		p.rewardSize.Add(x)
	}
	before := p.state()
	j := &judged{
		rollouts: []Rollout{{Finish: infer.FinishEnd}, {Finish: infer.FinishLength}},
		total:    []float64{2, 1}, each: [][]float64{{2, 1}},
	}
	e := &experience{
		sequences: []sequence{{tokens: make([]int32, 3), prompt: 1}, {tokens: make([]int32, 2), prompt: 1}},
		old:       table{{-1, -1}, {-2}}, values: table{{0.5, 0.25}, {0.5}},
	}
	m := Measures{}
	next := p.appraise(&Run{recipe: r}, j, e, m)
	all, mean, squares := []float64{1, -1, 2, 2, 0.5}, 0.9, 0.0
	for _, x := range all {
		squares += (x - mean) * (x - mean)
	}
	size := math.Sqrt(squares / 4)
	for i, want := range []float64{2 / size, 0.5 / size} {
		if got := e.returns[i][0]; math.Abs(got-want) > 1e-12 {
			t.Errorf("the return of answer %d is %v, want %v", i, got, want)
		}
	}
	if !reflect.DeepEqual(p.state(), before) {
		t.Errorf("the state is %+v before the step is taken", p.state())
	}
	if next.RewardSize.Count != 5 || math.Abs(next.RewardSize.Std()-size) > 1e-12 {
		t.Errorf("state %+v", next)
	}
	if _, ok := m["kl"]; ok || m["value"] != (0.5+0.25+0.5)/3 {
		t.Errorf("measures %v", m)
	}
	if m["return"] == 0 || m["explained_variance"] == 0 {
		t.Errorf("measures %v", m)
	}
}

// TestPPOVerifies: a log-probability that is not the training pass's is noticed in
// whichever minibatch it is; and the critic has its own rate.
func TestPPOVerifies(t *testing.T) {
	r := lettersPPO(t, smallModel(t, dense), false)
	r.PPO.Epochs, r.PPO.Minibatches, r.PPO.CriticLR = 1, 3, 1e-30
	for _, minibatch := range []int{-1, 0, 2} {
		run, p, e := answered(t, r)
		run.phases = map[string]Phase{}
		ctx, end := run.beginStep(t.Context())
		defer end()
		e.judge(make([]float64, len(e.sequences)), 0, &r.PPO)
		want := 0.0
		if minibatch >= 0 {
			lessons, err := newLessons(r, 1, 0, e)
			if err != nil {
				t.Fatal(err)
			}
			lessons[minibatch].old[1][0] -= 0.5
			want = 0.5
		}
		policy, critic := slices.Clone(p.part.params[0].Master), slices.Clone(p.critic.part.params[0].Master)
		m := Measures{}
		if err := p.learn(ctx, run, 1, e, m); err != nil {
			t.Fatal(err)
		}
		if d := m["logprob_difference"]; math.Abs(d-want) > 1e-6 || want == 0 && d != 0 {
			t.Errorf("minibatch %d is wrong by %v, and the difference is %v", minibatch, want, d)
		}
		if slices.Equal(policy, p.part.params[0].Master) || !slices.Equal(critic, p.critic.part.params[0].Master) {
			t.Error("policy or critic do not learn at their rates")
		}
		if m["updates"] != 3 {
			t.Errorf("%v updates", m["updates"])
		}
	}
}
