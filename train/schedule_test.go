package train

import (
	"math"
	"testing"
)

func TestSchedule(t *testing.T) {
	tests := []struct {
		name string
		s    ScheduleSpec
		want map[int]float64 // step of 100: share of the peak
	}{
		{
			"wsd",
			ScheduleSpec{Kind: WSD, Warmup: 10, Decay: 0.19, Floor: 0.1},
			map[int]float64{1: 0.1, 5: 0.5, 10: 1, 11: 1, 81: 1, 91: 0.55, 101: 0.1},
		},
		{"wsd without decay", ScheduleSpec{Kind: WSD}, map[int]float64{1: 1, 100: 1}},
		{
			"cosine",
			ScheduleSpec{Kind: Cosine, Warmup: 21, Floor: 0.1},
			map[int]float64{21: 1, 61: 0.55, 101: 0.1, 120: 0.1},
		},
		{"constant", ScheduleSpec{Kind: Constant, Warmup: 2}, map[int]float64{1: 0.5, 2: 1, 100: 1}},
	}
	for _, test := range tests {
		for step, share := range test.want {
			if got := test.s.LR(2, step, 100); math.Abs(got-2*share) > 1e-12 {
				t.Errorf("%s: step %d has rate %v, want %v", test.name, step, got, 2*share)
			}
		}
	}
}

// TestScheduleKeys: a key of a file is not overruled by the default of another one.
func TestScheduleKeys(t *testing.T) {
	tuned := "model: {from: m}\ndata: {conversations: c.jsonl}\n"
	for source, want := range map[string]ScheduleSpec{
		tinyRecipe + "schedule: {warmup_share: 0.02}\n":            {Kind: WSD, WarmupShare: 0.02, Decay: 0.2},
		tinyRecipe + "schedule: {warmup: 7, warmup_share: 0.02}\n": {Kind: WSD, Warmup: 7, WarmupShare: 0.02, Decay: 0.2},
		tinyRecipe + "schedule: {warmup: 0}\n":                     {Kind: WSD, Decay: 0.2},
		tuned + "schedule: {kind: constant, warmup: 0}\n":          {Kind: Constant, Floor: 0.1},
		tuned + "schedule: {kind: wsd, warmup: 20}\n":              {Kind: WSD, Warmup: 20, WarmupShare: 0.05, Decay: 0.2, Floor: 0.1},
		tuned + "schedule: {kind: wsd, decay: 0}\n":                {Kind: WSD, WarmupShare: 0.05, Floor: 0.1},
		tuned + "schedule: {floor: 0}\n":                           {Kind: Cosine, WarmupShare: 0.05},
	} {
		r, err := ParseRecipe("r.yaml", []byte(source))
		if err != nil || r.Schedule != want {
			t.Errorf("%s: %+v, %v; want %+v", source, r.Schedule, err, want)
			continue
		}
		text, err := r.YAML()
		if again, _ := ParseRecipe("r.yaml", text); err != nil || again == nil || again.Schedule != want {
			t.Errorf("%s: written as %s, %v", source, text, err)
		}
	}
}

// TestLongerRun holds that more steps change a wsd schedule only from the
// moment its decay would have begun.
func TestLongerRun(t *testing.T) {
	s := ScheduleSpec{Kind: WSD, Warmup: 10, Decay: 0.2}
	for step := 1; step <= 80; step++ {
		if a, b := s.LR(1, step, 100), s.LR(1, step, 300); a != b {
			t.Errorf("step %d: %v in the short run, %v in the long one", step, a, b)
		}
	}
}

// TestScheduleByTokens: in a run whose stages have batches of their own the rate
// falls in the last share of the tokens, in others exactly as without stages.
func TestScheduleByTokens(t *testing.T) {
	r := Recipe{
		Batch: BatchSpec{Tokens: 100, Rows: 1, Sequence: 100}, Optimizer: OptimizerSpec{LR: 2}, Schedule: ScheduleSpec{Kind: WSD, Warmup: 4, Decay: 0.5},
		Stages: []StageSpec{{Tokens: 4000}, {Tokens: 4000, Batch: BatchSpec{Tokens: 1000}}},
	}
	const total = 40 + 4
	for step, want := range map[int]float64{1: 0.5, 4: 2, 5: 2, 38: 2, 40: 2 * 22.55 / 23, 41: 2 * 22.0 / 23, 42: 2 * 16.5 / 23, 43: 2 * 11.0 / 23, 44: 2 * 5.5 / 23} {
		if got := r.rate(step, total); math.Abs(got-want) > 1e-12 {
			t.Errorf("step %d has rate %v, want %v", step, got, want)
		}
	}
	r.Stages[1].Batch = BatchSpec{}
	for step := 1; step <= 80; step++ {
		if got, want := r.rate(step, 80), r.Schedule.LR(2, step, 80); got != want {
			t.Errorf("step %d of equal ones has rate %v, want %v", step, got, want)
		}
	}
}
