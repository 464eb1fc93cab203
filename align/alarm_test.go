package align

import (
	"encoding/json"
	"math"
	"testing"
)

// TestAlarm: it is given where a reward model's score rises while what does not count
// falls, after a whole window, and stays through a checkpoint.
func TestAlarm(t *testing.T) {
	list := rewards{{name: "liked", weight: 1, learned: true}, {name: "right"}, {name: "short", weight: 0.1}}
	noise := []float64{0.2, -0.3, 0.1, -0.1, 0.3, -0.2}
	tests := []struct {
		name         string
		model, right float64 // by step
		want         bool
	}{
		{"one rises, one falls", 0.1, -0.1, true},
		{"both rise", 0.1, 0.1, false},
		{"both fall", -0.1, -0.1, false},
		{"one rises", 0.1, 0, false},
		{"nothing moves", 0, 0, false},
	}
	for _, test := range tests {
		var a alarm
		given := -1
		for n := range 2 * alarmWindow {
			j := &judged{each: [][]float64{
				{test.model*float64(n) + noise[n%6]}, {test.right*float64(n) + noise[n%5]}, {float64(-n)},
			}}
			before, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			next := a.copy()
			alarmed := next.watch(list, j)
			if after, err := json.Marshal(a); err != nil || string(after) != string(before) {
				t.Fatalf("a step that is not taken leaves %s", after)
			}
			text, err := json.Marshal(next)
			if err != nil {
				t.Fatal(err)
			}
			a = alarm{}
			if err := json.Unmarshal(text, &a); err != nil {
				t.Fatal(err)
			}
			if alarmed && given < 0 {
				given = n
			}
		}
		if (given >= 0) != test.want || given >= 0 && given < alarmWindow-1 {
			t.Errorf("%s: alarm at step %d", test.name, given)
		}
	}
	for _, test := range []struct {
		list rewards
		want bool
	}{{list, true}, {list[1:], false}, {list[:1], false}, {rewards{{learned: true}, {name: "right"}}, false}} {
		if got := test.list.canAlarm(); got != test.want {
			t.Errorf("rewards %v can alarm: %v", test.list, got)
		}
	}
	var a alarm
	for range alarmWindow {
		a.watch(list, &judged{each: [][]float64{{math.NaN()}, {1}, {1}}})
	}
	if len(a.History["liked"]) != 0 || a.trend("right") != 0 {
		t.Errorf("history %v", a.History)
	}
}
