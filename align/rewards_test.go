package align

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/task"
)

func TestRules(t *testing.T) {
	rollouts := []Rollout{
		{Text: "über alles", Answer: make([]int32, 4), Finish: infer.FinishEnd, verdict: &task.Verdict{Score: 0.5}},
		{Text: "x", Answer: make([]int32, 6), Finish: infer.FinishLength},
		{Text: "", Answer: make([]int32, 10), Finish: infer.FinishEnd, verdict: &task.Verdict{Score: 1, Right: true}},
	}
	tests := []struct {
		name string
		rewarder
		want []float64
	}{
		{"task", graded{}, []float64{0.5, 0, 1}},
		{"pattern", newForm(&RewardSpec{Pattern: "l{2}"}), []float64{1, 0, 0}},
		{"ended", newForm(&RewardSpec{Ended: true}), []float64{1, 0, 1}},
		{"characters", newForm(&RewardSpec{MinCharacters: 1, MaxCharacters: 10}), []float64{1, 1, 0}},
		{"too many characters", newForm(&RewardSpec{MaxCharacters: 9}), []float64{0, 1, 1}},
		{"all of them", newForm(&RewardSpec{Pattern: "^", Ended: true, MinCharacters: 10}), []float64{1, 0, 0}},
		{"length", &shortness{from: 4, to: 8}, []float64{0, -0.5, -1}},
	}
	for _, test := range tests {
		got, err := test.score(t.Context(), rollouts)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v and not %v (%v)", test.name, got, test.want, err)
		}
	}
}

// grading is a grader, and a reward, made of functions.
type grading func(answer string) (task.Verdict, error)

func (g grading) Grade(_ context.Context, _ *task.Item, answer string) (task.Verdict, error) {
	return g(answer)
}

type valued func(text string) float64

func (v valued) score(_ context.Context, rollouts []Rollout) ([]float64, error) {
	return each(rollouts, func(r *Rollout) float64 { return v(r.Text) }), nil
}

func answersOf(grader task.Grader, texts ...string) []Rollout {
	q := &question{grader: grader, name: "made/1"}
	list := make([]Rollout, len(texts))
	for i, text := range texts {
		list[i] = Rollout{question: q, Text: text, Answer: make([]int32, len(text)), Finish: infer.FinishEnd}
	}
	return list
}

// TestJudge: rewards add up by their weights; one of no weight is measured, and what
// it is hangs on nothing, nor does anything on it.
func TestJudge(t *testing.T) {
	grader := grading(func(answer string) (task.Verdict, error) {
		return task.Verdict{Right: answer == "aa", Score: float64(len(answer))}, nil
	})
	list := rewards{
		{rewarder: graded{}, name: "task", weight: 2},
		{rewarder: valued(func(string) float64 { return -1 }), name: "cost", weight: 0.5},
		{rewarder: valued(func(string) float64 { return math.Inf(1) }), name: "watched"},
	}
	j, err := list.judge(t.Context(), answersOf(grader, "aa", "b", "aa"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(j.total, []float64{3.5, 1.5, 3.5}) {
		t.Errorf("totals %v", j.total)
	}
	m := Measures{}
	j.measure(list, m)
	want := Measures{"reward/task": 5.0 / 3, "reward/cost": -1, "reward/watched": math.Inf(1), "reward": 8.5 / 3, "accuracy": 2.0 / 3, "answer_length": 5.0 / 3, "ended": 1}
	for name, v := range want {
		if m[name] != v {
			t.Errorf("%s is %v and not %v", name, m[name], v)
		}
	}
	broken := grading(func(string) (task.Verdict, error) { return task.Verdict{}, errors.New("no sandbox") })
	if _, err := list.judge(t.Context(), answersOf(broken, "aa")); err == nil || !strings.Contains(err.Error(), "made/1: grader: no sandbox") {
		t.Errorf("error %v", err)
	}
}

// TestJudgeOwn: a reward for some tasks is asked of their answers alone, gives the others
// nothing, and is measured over its own.
func TestJudgeOwn(t *testing.T) {
	asked := 0
	list := rewards{
		{rewarder: valued(func(text string) float64 { asked++; return float64(len(text)) }), name: "length", weight: 2, tasks: []string{"letters"}},
		{rewarder: valued(func(string) float64 { return 1 }), name: "all", weight: 1, tasks: []string{}},
		{rewarder: valued(func(string) float64 { return 1 }), name: "elsewhere", weight: 1, tasks: []string{"digits"}},
	}
	rollouts := answersOf(nil, "aaaa", "b", "aa")
	rollouts[0].question, rollouts[2].question = &question{task: "letters"}, &question{task: "letters"}
	j, err := list.judge(t.Context(), rollouts)
	if err != nil {
		t.Fatal(err)
	}
	if asked != 2 || !slices.Equal(j.total, []float64{9, 1, 5}) {
		t.Errorf("%d answers asked of, totals %v", asked, j.total)
	}
	m := Measures{}
	j.measure(list, m)
	if _, ok := m["reward/elsewhere"]; ok || m["reward/length"] != 3 || m["reward/all"] != 1 || m["reward"] != 5 {
		t.Errorf("%v", m)
	}
	if _, ok := j.values(list, 1)["reward/length"]; ok || j.values(list, 2)["reward/length"] != 2 {
		t.Error("values of an answer are of a reward that is not for it, or lack its own")
	}
}

// TestVotes: the majority's answer and the one that the rewards like best.
func TestVotes(t *testing.T) {
	grader := grading(func(answer string) (task.Verdict, error) {
		return task.Verdict{Right: answer[0] == 'r', Extracted: answer[:1]}, nil
	})
	list := rewards{{rewarder: valued(func(text string) float64 { return float64(len(text)) }), name: "length", weight: 1}}
	j, err := list.judge(t.Context(), answersOf(grader,
		"r1", "r2", "w", // most are right, and the longest is
		"w22", "r", "w1", // neither
		"w", "v", "r2", // a tie of three, and the longest is right
	))
	if err != nil {
		t.Fatal(err)
	}
	if got := j.majority(3); got[0] != 1 || got[1] != 0 || math.Abs(got[2]-1.0/3) > 1e-9 {
		t.Errorf("majority %v", got)
	}
	if got := j.best(3); !slices.Equal(got, []float64{1, 0, 1}) {
		t.Errorf("best %v", got)
	}
}

// rewardModel writes a reward model for the policy at dir.
func rewardModel(t *testing.T, dir string, files map[string][]byte) string {
	t.Helper()
	m, err := model.Load(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scalar.New(m, 5)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Head().Master {
		s.Head().Master[i] = float32(i%5-2) / 4
	}
	s.Sync()
	out := t.TempDir()
	if err := s.Save(out, model.Provenance{Version: "test"}, files); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestModelReward: a reward model is read at the token that ends the turn, however
// the answer ended, and an answer's score does not hang on the others.
func TestModelReward(t *testing.T) {
	dir := smallModel(t, experts)
	file, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	path := rewardModel(t, dir, map[string][]byte{"tokenizer.json": file})
	_, s := openPolicy(t, dir, false)
	m, err := scalar.Load(path, false)
	if err != nil {
		t.Fatal(err)
	}
	end, ok := s.turnEnd()
	if !ok {
		t.Fatal("the template has no token that ends a turn")
	}
	said := s.text.Encode("a b c")
	rollouts := []Rollout{
		{Prompt: []int32{1, 2}, Answer: append(slices.Clone(said), end), Finish: infer.FinishEnd},
		{Prompt: []int32{1, 2}, Answer: append(slices.Clone(said), s.text.EOS()), Finish: infer.FinishEnd},
		{Prompt: []int32{1, 2}, Answer: said, Finish: infer.FinishLength},
		{Prompt: []int32{1, 2}, Answer: said[:2], Finish: infer.FinishLength},
	}
	r := &scored{speaker: s, model: m, end: end}
	got, err := r.score(t.Context(), rollouts)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Score([][]int32{slices.Concat([]int32{1, 2}, said, []int32{end})})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got[:3] {
		if v != float64(want[0]) {
			t.Errorf("answer %d: %v and not %v", i, v, want[0])
		}
	}
	if got[3] == got[2] {
		t.Error("a shorter answer has the same score")
	}
}

// TestModelRewardInRun: a run takes a reward model, and refuses one with another
// tokenizer, or with none.
func TestModelRewardInRun(t *testing.T) {
	dir := smallModel(t, dense)
	file, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := lettersRun(t, dir, false)
	r.Steps = 2
	r.Rewards = []RewardSpec{{Kind: RewardModel, Name: "liked", Weight: 1, Model: rewardModel(t, dir, map[string][]byte{"tokenizer.json": file})}, {Kind: RewardFormat, Ended: true}}
	_, records := runGRPO(t, t.Context(), r, Options{})
	for _, m := range stepsOf(records) {
		if v, ok := m["reward/liked"]; !ok || v != m["reward"] || v == 0 {
			t.Errorf("measures %v", m)
		}
		if v, ok := m["alarm"]; !ok || v != 0 { // two steps are too few for one
			t.Errorf("no alarm is watched for: %v", m)
		}
	}
	other := smallTokenizer(t, "other words of another tokenizer, and yet more words")
	for name, files := range map[string]map[string][]byte{
		"another tokenizer": {"tokenizer.json": other}, "tokenizer.json": {},
	} {
		r.Rewards[0].Model = rewardModel(t, dir, files)
		_, err := New(t.Context(), r, Options{RunDir: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), "rewards[0].model") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestRewardErrors(t *testing.T) {
	for add, want := range map[string]string{
		"rewards: []":                                                     "rewards: say what judges",
		"rewards: [{kind: jury}]":                                         `rewards[0].kind: "jury" is none of`,
		"rewards: [{kind: task}, {kind: task}]":                           "rewards[1].name: two rewards are called task",
		"rewards: [{kind: format}]":                                       "rewards[0].pattern: give the regular expression",
		"rewards: [{kind: format, pattern: (}]":                           "rewards[0].pattern",
		"rewards: [{kind: format, min_characters: 5, max_characters: 4}]": "rewards[0].max_characters",
		"rewards: [{kind: task, ended: true}]":                            "rewards[0].ended: a reward of the kind task has no ended",
		"rewards: [{kind: length, from: 256}]":                            "rewards[0].from: 256 is impossible",
		"rewards: [{kind: task, name: a/b}]":                              "rewards[0].name",
		"rewards: [{kind: model}]":                                        "rewards[0].model: name the directory",
	} {
		_, err := ParseRecipe(GRPO, "r.yaml", []byte("model: base\nsteps: 10\nrollout: {tasks: [arithmetic]}\n"+add+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", add, err, want)
		}
	}
}
