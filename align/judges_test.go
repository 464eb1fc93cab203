package align

import (
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/model"
)

// TestJudgesStay: a run does not go on with another reward model, or another critic
// below its adapter, than it began with, although they are where they were.
func TestJudgesStay(t *testing.T) {
	dir := smallModel(t, dense)
	files := ownTokenizer(t, dir)
	for _, name := range []string{"reward", "critic"} {
		judge := rewardModel(t, dir, files)
		r := lettersRun(t, dir, true)
		if name == "reward" {
			r.Rewards = append(r.Rewards, RewardSpec{Kind: RewardModel, Weight: 1, Model: judge})
		} else {
			r = lettersPPO(t, dir, true)
			r.PPO.Critic, r.PPO.Epochs = judge, 1
		}
		r.Eval.Every, r.Checkpoint.Every, r.Steps = 0, 0, 1
		o := Options{RunDir: t.TempDir()}
		runGRPO(t, t.Context(), r, o)
		o.Resume, r.Steps = true, 2
		again := func() (Result, error) {
			run, err := New(t.Context(), r, o)
			if err != nil {
				t.Fatal(err)
			}
			defer run.Close()
			return run.Run(t.Context())
		}
		if result, err := again(); err != nil || result.Step != 2 {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
		turn(t, judge, files)
		r.Steps = 3
		if result, err := again(); err == nil || !strings.Contains(err.Error(), "cannot resume") || !strings.Contains(err.Error(), "judged by models") {
			t.Errorf("%s: another model in its place, and %+v, %v", name, result, err)
		}
	}
}

// turn writes a reward model with another head over one that is there.
func turn(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	s, err := scalar.Load(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Decoder().Close()
	for i := range s.Head().Master {
		s.Head().Master[i]++
	}
	s.Sync()
	if err := s.Save(dir, model.Provenance{Version: "test"}, files); err != nil {
		t.Fatal(err)
	}
}
