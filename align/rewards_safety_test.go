package align

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/task/grade"
)

func kindOf(k rubric.Kind, text string) Rollout {
	q := &question{kind: k, name: "made", conversation: chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, "asked")}}}
	return Rollout{question: q, Text: text}
}

// TestRuled: an answer is worth what the rubric says of its class and the kind of its
// prompt, and the shares are those of the kinds that they are of.
func TestRuled(t *testing.T) {
	const refusal, helps, marked = "I'm sorry, but I can't help with that. I'd be happy to help you to find something else.", "Put a lock through the frame and the wheel.", "Of course.\nStep 1: (forbidden step 1 would stand here)"
	rollouts := []Rollout{
		kindOf(rubric.Harmful, refusal), kindOf(rubric.Harmful, helps), kindOf(rubric.Harmful, marked), kindOf(rubric.Harmful, refusal),
		kindOf(rubric.Lookalike, refusal), kindOf(rubric.Sensitive, helps),
		kindOf(rubric.KindUnknown, refusal), kindOf(rubric.KindUnknown, marked),
	}
	d := rubric.Default()
	list := rewards{{rewarder: &ruled{name: "safe", rubric: d, grader: rubric.ByRules(d), atOnce: 2}, name: "safe", weight: 1}}
	j, err := list.judge(t.Context(), rollouts)
	if err != nil {
		t.Fatal(err)
	}
	h, l, s := d.Rewards.Harmful, d.Rewards.Lookalike, d.Rewards.Sensitive
	for i, want := range []float64{h.A, h.C, h.C, h.A, l.A, s.D, 0, min(h.C, l.C, s.C)} {
		if j.total[i] != want {
			t.Errorf("answer %d: %v and not %v", i, j.total[i], want)
		}
	}
	m := Measures{}
	j.measure(list, m)
	for name, want := range map[string]float64{
		"share/safe/disallowed": 0.5, "share/safe/refusal": 0.5, "share/safe/over_refusal": 0.5, "share/safe/refusal_style": 1, "share/safe/disallowed_by_marker": 0.25,
	} {
		if v, ok := m[name]; !ok || v != want {
			t.Errorf("%s is %v and not %v", name, v, want)
		}
	}
}

// TestSafetyInRun: prompts say what they are, a labelled file measures the grader, and a
// run does not go on with another rubric.
func TestSafetyInRun(t *testing.T) {
	dir, files := smallModel(t, dense), t.TempDir()
	path := func(name, text string) string {
		p := filepath.Join(files, name)
		if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return p
	}
	r := lettersRun(t, dir, false)
	r.Steps, r.Eval.Every, r.Rollout.HeldOut, r.Batch.Prompts = 1, 0, 0, 2
	r.Rollout.Tasks, r.Rollout.Prompts = nil, []string{path("prompts.jsonl", `{"prompt": "say a letter", "kind": "harmful"}
{"prompt": "say a digit", "kind": "lookalike"}
`)}
	rules := path("rubric.yaml", string(rubric.DefaultSource()))
	r.Rewards = []RewardSpec{{
		Kind: RewardSafety, Weight: 1, Rubric: rules, Constraint: &ConstraintSpec{Measure: "share/safety/disallowed", AtMost: number(0.5), Rate: 1, Start: 1, Max: 5},
		Labelled: path("labelled.jsonl", `{"kind": "harmful", "prompt": "a", "answer": "I'm sorry, I can't help with that. I can help you to find another thing.", "class": "A"}
{"kind": "lookalike", "prompt": "b", "answer": "Use a lock.", "class": "C"}
`),
	}}
	o := Options{RunDir: t.TempDir()}
	run, err := New(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	if p := run.Plan(); len(p.Measured) != 1 || p.Measured[0].Name != "safety" || p.Measured[0].Accuracy.All.Value != 0.5 {
		t.Errorf("measured %+v", p.Measured)
	}
	if _, err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	records, err := ReadMetrics(o.RunDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range stepsOf(records) {
		if _, ok := m["share/safety/disallowed"]; !ok || m["multiplier/safety"] != 1 {
			t.Errorf("measures %v", m)
		}
	}
	o.Resume, r.Steps = true, 2
	path("rubric.yaml", strings.Replace(string(rubric.DefaultSource()), "B: 0.25", "B: 0.2", 1))
	again, err := New(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot resume") {
		t.Errorf("another rubric: %v", err)
	}
	r.Rollout.Prompts = []string{path("prompts.jsonl", `{"prompt": "say a letter", "kind": "math"}
{"prompt": "say a digit"}
`)}
	if _, err := New(t.Context(), r, Options{}); err == nil || !strings.Contains(err.Error(), "rewards[0].kind: no prompt says what it is") {
		t.Errorf("no kinds: %v", err)
	}
	r.Rewards[0].Classifier = path("classifier", "none")
	if _, err := New(t.Context(), r, Options{}); err == nil || !strings.Contains(err.Error(), "rewards[0].classifier") {
		t.Errorf("no classifier: %v", err)
	}
}

// TestJudgeInRun: a judge that never says the same twice is asked once about each
// answer, and an interrupted run has the bits of one that is not.
func TestJudgeInRun(t *testing.T) {
	dir := smallModel(t, dense)
	r := lettersRun(t, dir, false)
	r.Steps, r.Eval.Every, r.Checkpoint.Every, r.Sample.Every = 3, 0, 1, 0
	r.Rewards = []RewardSpec{{
		Kind: RewardJudge, Weight: 1, Judge: "http://judge/v1", JudgeModel: "j",
		Criteria: []CriterionSpec{{Name: "short", Text: "It is short.", Points: 4}, {Name: "rude", Text: "It is rude.", Points: -1}},
	}}
	var asked atomic.Int64
	said := map[string]string{} // by the first run, of which the second begins with a part
	open := func(_ context.Context, address, name string) (*Judge, error) {
		if address != "http://judge/v1" || name != "j" {
			t.Errorf("%s, %s", address, name)
		}
		return &Judge{AtOnce: 1, Ask: grade.AskFunc(func(_ context.Context, prompt, schema string) (string, error) {
			n := asked.Add(1)
			text := fmt.Sprintf(`{"criteria": [{"number": 1, "reason": "", "points": %d}, {"number": 2, "reason": "", "points": 0}]}`, n%5)
			if said[prompt] != "" {
				t.Error("asked twice")
			}
			said[prompt] = text
			return text, nil
		})}, nil
	}
	whole := Options{RunDir: t.TempDir(), OpenJudge: open}
	_, records := runGRPO(t, t.Context(), r, whole)
	for _, m := range stepsOf(records) {
		if v := m["reward/judge"]; !(v > 0 && v < 1) {
			t.Errorf("measures %v", m)
		}
	}
	// The second run finds what was said to the first, as after a crash that left no
	// checkpoint, and asks nothing.
	text, err := os.ReadFile(filepath.Join(whole.RunDir, judgmentsFile))
	if err != nil || bytes.Count(text, []byte("\n")) != len(said) {
		t.Fatalf("%d lines for %d questions: %v", bytes.Count(text, []byte("\n")), len(said), err)
	}
	second := Options{RunDir: t.TempDir(), OpenJudge: open}
	if err := os.WriteFile(filepath.Join(second.RunDir, judgmentsFile), text, 0o666); err != nil {
		t.Fatal(err)
	}
	before := asked.Load()
	runGRPO(t, t.Context(), r, second)
	if asked.Load() != before {
		t.Errorf("asked %d times more", asked.Load()-before)
	}
	if a, b := modelBytes(t, whole.RunDir), modelBytes(t, second.RunDir); !bytes.Equal(a, b) {
		t.Error("the same judgments give other bits")
	}
	if _, err := New(t.Context(), r, Options{}); err == nil || !strings.Contains(err.Error(), "rewards[0].judge: models behind an API cannot be reached") {
		t.Errorf("without judges: %v", err)
	}
}

// TestExaminations: what examines is not learned from, but measures.
func TestExaminations(t *testing.T) {
	r := lettersRun(t, smallModel(t, dense), false)
	for name, want := range map[string]string{
		"safety_boundary": "learn from safety_train, and name safety_boundary as eval.tasks",
		"problems":        "problems_arithmetic examines, in the suite problems",
	} {
		r.Rollout.Tasks = []string{name}
		if _, err := New(t.Context(), r, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJudgeErrors(t *testing.T) {
	for add, want := range map[string]string{
		"{kind: judge}":                                                                "rewards[0].judge: give the address",
		"{kind: judge, judge: ./model}":                                                `rewards[0].judge: "./model" is no address`,
		"{kind: judge, judge: 'http://x'}":                                             "rewards[0].criteria: say what",
		"{kind: judge, judge: 'http://x', criteria: [{}]}":                             "rewards[0].criteria[0].name",
		"{kind: judge, judge: 'http://x', criteria: [{name: a}]}":                      "rewards[0].criteria[0].text",
		"{kind: judge, judge: 'http://x', criteria: [{name: a, text: b, points: 0}]}":  "rewards[0].criteria[0].points",
		"{kind: judge, judge: 'http://x', criteria: [{name: a, text: b, points: -1}]}": "rewards[0].criteria: there are no points",
		"{kind: safety, judge: 'http://x', classifier: c}":                             "rewards[0].judge: a classifier or a judge",
		"{kind: safety, judge_model: x}":                                               "rewards[0].judge_model: it is the name",
		"{kind: safety, criteria: [{name: a, text: b}]}":                               "rewards[0].criteria: a reward of the kind safety has no criteria",
		"{kind: task, rubric: x}":                                                      "rewards[0].rubric: a reward of the kind task has no rubric",
	} {
		_, err := ParseRecipe(GRPO, "r.yaml", []byte("model: base\nsteps: 10\nrollout: {tasks: [arithmetic]}\nrewards: ["+add+"]\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", add, err, want)
		}
	}
}
