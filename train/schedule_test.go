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
