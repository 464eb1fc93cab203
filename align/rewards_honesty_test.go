package align

import (
	"math"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/task"
)

func TestHonesty(t *testing.T) {
	asked := func(confidence any) *question {
		return &question{name: "made/1", item: &task.Item{Row: task.Row{"confidence": confidence}}}
	}
	right, abstained, wrong := &task.Verdict{Right: true, Score: 1}, &task.Verdict{Abstained: true}, &task.Verdict{}
	for _, c := range []struct {
		spec    RewardSpec
		q       *question
		verdict *task.Verdict
		want    float64
	}{
		{RewardSpec{}, asked(0.9), right, 1},
		{RewardSpec{}, asked(0.9), abstained, 0},
		{RewardSpec{}, asked(0.9), wrong, -3}, // t is 0.75: 0.75/0.25
		{RewardSpec{Confidence: 0.5}, asked(0.9), wrong, -1},
		{RewardSpec{ConfidenceFrom: "confidence"}, asked(0.9), wrong, -9},
		{RewardSpec{ConfidenceFrom: "confidence"}, asked("0.5"), wrong, -1},
		{RewardSpec{ConfidenceFrom: "confidence"}, asked(0), wrong, -3},
		{RewardSpec{ConfidenceFrom: "confidence"}, asked(nil), wrong, -3},
		{RewardSpec{ConfidenceFrom: "other", Confidence: 0.2}, asked(0.9), wrong, -0.25},
		{RewardSpec{ConfidenceFrom: "confidence"}, &question{}, nil, 0},
	} {
		got, err := newHonesty(&c.spec).score(t.Context(), []Rollout{{question: c.q, verdict: c.verdict}})
		if err != nil || math.Abs(got[0]-c.want) > 1e-12 {
			t.Errorf("%+v: %v, not %v (%v)", c.spec, got, c.want, err)
		}
	}
	for _, value := range []any{1.0, -0.1, "much", true} {
		_, err := newHonesty(&RewardSpec{ConfidenceFrom: "confidence"}).score(t.Context(), []Rollout{{question: asked(value), verdict: wrong}})
		if err == nil || !strings.Contains(err.Error(), "made/1: the field confidence") {
			t.Errorf("%v: %v", value, err)
		}
	}
}

// Who is right with the probability p gains by answering exactly if p is more than t:
// p - (1-p) t/(1-t) is more than 0.
func TestHonestyPays(t *testing.T) {
	for _, confidence := range []float64{0.25, 0.5, 0.75, 0.9} {
		h := newHonesty(&RewardSpec{Confidence: confidence})
		values, err := h.score(t.Context(), []Rollout{{verdict: &task.Verdict{Right: true}}, {question: &question{}, verdict: &task.Verdict{}}})
		if err != nil {
			t.Fatal(err)
		}
		for p := 0.01; p < 1; p += 0.02 {
			if gain := p*values[0] + (1-p)*values[1]; (gain > 0) != (p > confidence) && math.Abs(gain) > 1e-9 {
				t.Errorf("t %v: who is right with %v gains %v", confidence, p, gain)
			}
		}
	}
}

// The step says how many answers decline, where honesty is paid.
func TestHonestyMeasure(t *testing.T) {
	recipe := &Recipe{Rewards: []RewardSpec{{Kind: RewardHonesty, Weight: 1}}}
	list := newRewards(recipe)
	j, err := list.judge(t.Context(), []Rollout{
		{question: &question{}, Finish: infer.FinishEnd, verdict: &task.Verdict{Right: true}},
		{question: &question{}, Finish: infer.FinishEnd, verdict: &task.Verdict{Abstained: true}},
		{question: &question{}, Finish: infer.FinishEnd, verdict: &task.Verdict{}},
		{question: &question{}, Finish: infer.FinishEnd, verdict: &task.Verdict{Abstained: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := Measures{}
	j.measure(list, m)
	if m["abstained"] != 0.5 || m["accuracy"] != 0.25 || m["reward/honesty"] != (1-3)/4. {
		t.Errorf("%v", m)
	}
}

func TestHonestyMistakes(t *testing.T) {
	for key, s := range map[string]RewardSpec{
		"confidence":      {Kind: RewardHonesty, Confidence: 1},
		"confidence_from": {Kind: RewardTask, ConfidenceFrom: "confidence"},
	} {
		if err := s.validate(64); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	r := &Recipe{Rewards: []RewardSpec{{Kind: RewardHonesty}}, Rollout: RolloutSpec{MaxTokens: 8}}
	if err := r.checkRewards(); err == nil || !strings.Contains(err.Error(), "rollout.tasks") {
		t.Errorf("without tasks: %v", err)
	}
}
