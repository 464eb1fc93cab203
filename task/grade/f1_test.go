package grade

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestF1Golden compares with testdata/f1.jsonl, which f1.py beside it made.
func TestF1Golden(t *testing.T) {
	f, err := os.Open("testdata/f1.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	number := 0
	for lines := bufio.NewScanner(f); lines.Scan(); number++ {
		var c struct {
			Answer, Gold []string
			SquadAnswer  string  `json:"squad_answer"`
			SquadGold    string  `json:"squad_gold"`
			SquadF1      float64 `json:"squad_f1"`
			SquadExact   bool    `json:"squad_exact"`
			DropF1       float64 `json:"drop_f1"`
			DropExact    bool    `json:"drop_exact"`
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if score, exact := squadF1(c.SquadAnswer, c.SquadGold); math.Abs(score-c.SquadF1) > 1e-15 || exact != c.SquadExact {
			t.Errorf("SQuAD of %q and %q: %v %v, want %v %v", c.SquadAnswer, c.SquadGold, score, exact, c.SquadF1, c.SquadExact)
		}
		if score, exact := dropF1(c.Answer, c.Gold); score != c.DropF1 || exact != c.DropExact {
			t.Errorf("DROP of %q and %q: %v %v, want %v %v", c.Answer, c.Gold, score, exact, c.DropF1, c.DropExact)
		}
	}
	if number != 600 {
		t.Errorf("%d cases", number)
	}
}

func TestF1(t *testing.T) {
	if v := grade(t, &task.Grading{F1: &task.F1{}}, answers("Rome", "the city of Paris"), "Paris city"); v.Score != 0.8 || v.Right {
		t.Errorf("%+v", v)
	}
	drop := &task.F1{Drop: true, Separator: "; "}
	if v := grade(t, &task.Grading{F1: drop}, answers("5; the dog"), "dog; 5.0"); v.Score != 1 || !v.Right {
		t.Errorf("%+v", v)
	}
	if v := grade(t, &task.Grading{F1: drop}, answers("5 yards"), "6 yards"); v.Score != 0 {
		t.Errorf("another number: %+v", v)
	}
	for _, c := range []struct {
		gold, answer string
		right        bool
	}{
		{"a", "A", true},
		{"a", "   ", false}, // SQuAD's script says true
		{"a", "the", false},
		{"...", "!", false},
		{"", " ", true},
	} {
		for _, o := range []*task.F1{{}, drop} {
			if v := grade(t, &task.Grading{F1: o}, answers(c.gold), c.answer); v.Right != c.right || (v.Score == 1) != c.right {
				t.Errorf("%q for %q: %+v", c.answer, c.gold, v)
			}
		}
	}
}

// TestF1Pattern: what is not in the form of the pattern is no answer, however many of the
// right words it has; that is right where there is none.
func TestF1Pattern(t *testing.T) {
	for _, o := range []*task.F1{{}, {Drop: true, Separator: "; "}} {
		o.Extract.Pattern = "Answer: (.*)"
		for _, c := range []struct {
			answer, gold string
			score        float64
			why          bool
		}{
			{"Answer: Paris", "Paris", 1, false},
			{"Paris", "Paris", 0, true},
			{"it is Paris, I think", "Paris", 0, true},
			{"Paris", "", 1, true},
			{"Answer: Paris", "", 0, false},
			{"", "Paris", 0, false},
		} {
			v := grade(t, &task.Grading{F1: o}, answers(c.gold), c.answer)
			if v.Score != c.score || v.Right != (c.score == 1) || (v.Why != "") != c.why {
				t.Errorf("%q for %q: %+v", c.answer, c.gold, v)
			}
		}
	}
}
