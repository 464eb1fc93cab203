package align

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/model"
)

// TestEnsemble: the reward of several models is by hand the mean of what each gives,
// measured in its own deviations, less the deviation between them.
func TestEnsemble(t *testing.T) {
	dir := smallModel(t, dense)
	file, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	statistics := []RewardStatistics{{Mean: 0.5, Std: 2}, {Mean: -1, Std: 0.25}, {Mean: 0, Std: 1}}
	for i, s := range statistics {
		dirs = append(dirs, tilted(t, rewardModel(t, dir, map[string][]byte{"tokenizer.json": file}), i, map[string][]byte{
			"tokenizer.json": file, RewardStatisticsFile: fmt.Appendf(nil, `{"mean": %v, "std": %v}`, s.Mean, s.Std),
		}))
	}
	spec := RewardSpec{Kind: RewardModel, Weight: 1, Model: dirs[0], Ensemble: dirs[1:], Doubt: 0.5}
	_, sp := openPolicy(t, dir, false)
	a := &actor{speaker: sp}
	members, err := a.openModels(&spec, "rewards[0]")
	if err != nil {
		t.Fatal(err)
	}
	e, err := spec.newEnsemble(members)
	if err != nil {
		t.Fatal(err)
	}
	rollouts := []Rollout{{Prompt: []int32{1, 2}, Answer: sp.text.Encode("a b")}, {Prompt: []int32{3}, Answer: sp.text.Encode("0")}}
	got, err := e.score(t.Context(), rollouts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rollouts {
		var z [3]float64
		for k, m := range members {
			values, err := m.model.Score([][]int32{slices.Concat(rollouts[i].Prompt, rollouts[i].Answer, []int32{m.end})})
			if err != nil {
				t.Fatal(err)
			}
			z[k] = (float64(values[0]) - statistics[k].Mean) / statistics[k].Std
		}
		center := (z[0] + z[1] + z[2]) / 3
		squares := math.Pow(z[0]-center, 2) + math.Pow(z[1]-center, 2) + math.Pow(z[2]-center, 2)
		if want := center - 0.5*math.Sqrt(squares/2); math.Abs(got[i]-want) > 1e-12 || squares == 0 {
			t.Errorf("answer %d: %v of %v, want %v", i, got[i], z, want)
		}
	}
	if err := closeModels(members); err != nil {
		t.Error(err)
	}
	r := lettersRun(t, dir, false)
	r.Steps, r.Rewards = 1, []RewardSpec{spec}
	_, records := runGRPO(t, t.Context(), r, Options{})
	if v, ok := stepsOf(records)[0]["reward/model"]; !ok || !finite(v) {
		t.Errorf("%v", stepsOf(records)[0])
	}
}

// tilted is a reward model whose head is turned by a number, with other files.
func tilted(t *testing.T, dir string, by int, files map[string][]byte) string {
	t.Helper()
	s, err := scalar.Load(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Decoder().Close()
	for i := range s.Head().Master {
		s.Head().Master[i] += float32(i%(by+2)) / 8
	}
	s.Sync()
	out := t.TempDir()
	if err := s.Save(out, model.Provenance{Version: "test"}, files); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEnsembleErrors: a model that does not say how large its rewards are is refused.
func TestEnsembleErrors(t *testing.T) {
	dir := smallModel(t, dense)
	file, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	for statistics, want := range map[string]string{
		"":                        "rewards[0].ensemble[0]: ",
		`{"mean": 1, "std": 0}`:   "a deviation of 0",
		`{"mean": "a", "std": 0}`: RewardStatisticsFile,
	} {
		files := map[string][]byte{"tokenizer.json": file, RewardStatisticsFile: []byte(`{"mean": 0, "std": 1}`)}
		good := rewardModel(t, dir, files)
		if delete(files, RewardStatisticsFile); statistics != "" {
			files[RewardStatisticsFile] = []byte(statistics)
		}
		r := lettersRun(t, dir, false)
		r.Rewards = []RewardSpec{{Kind: RewardModel, Weight: 1, Model: good, Ensemble: []string{rewardModel(t, dir, files)}}}
		if _, err := New(t.Context(), r, Options{RunDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", statistics, err)
		}
	}
	for add, want := range map[string]string{
		"rewards: [{kind: task, ensemble: [a]}]":                     "rewards[0].ensemble: a reward of the kind task has no ensemble",
		"rewards: [{kind: model, model: a, doubt: 1}]":               "rewards[0].doubt: one reward model",
		`rewards: [{kind: model, model: a, ensemble: [""]}]`:         "rewards[0].ensemble: a model without a name",
		"rewards: [{kind: model, model: a, ensemble: b, doubt: -1}]": "rewards[0].doubt",
	} {
		_, err := ParseRecipe(GRPO, "r.yaml", []byte("model: base\nsteps: 10\nrollout: {tasks: [arithmetic]}\n"+add+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", add, err, want)
		}
	}
}
