package problem

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// made are problems of a kind, of all forms and many lengths.
func made(t *testing.T, kind Kind, number int) []*Problem {
	t.Helper()
	var list []*Problem
	for i := range number {
		p, err := New(kind, 1+i%MostSteps, i/MostSteps%Forms, 5, uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

// answerOf takes the answer out of a solution.
func answerOf(t *testing.T, solution string) (lines []string, answer string) {
	t.Helper()
	lines = strings.Split(solution, "\n")
	answer, ok := strings.CutPrefix(lines[len(lines)-1], "Answer: ")
	if !ok {
		t.Fatalf("the solution does not end with its answer:\n%s", solution)
	}
	return lines[:len(lines)-1], answer
}

// TestSolutions holds the answer of each problem against what the kind's oracle makes
// of the words of the question alone, and each step of its solution, and of a wrong
// one, against what the oracle says of steps.
func TestSolutions(t *testing.T) {
	oracles := map[Kind]func(t *testing.T, question string) string{
		Arithmetic: reckon, Boolean: evaluate, Ordering: permute, Brackets: rewrite, Cycle: goRound,
	}
	faults := map[Kind]func(t *testing.T, p *Problem, lines []string) int{
		Arithmetic: wrongSums, Boolean: wrongReductions, Ordering: wrongComparisons, Brackets: wrongBrackets, Cycle: wrongMoves,
	}
	for _, kind := range Kinds {
		t.Run(string(kind), func(t *testing.T) {
			for _, p := range made(t, kind, 4096) {
				if kind == Ordering && p.Steps > 5 {
					continue // too many permutations
				}
				if want := oracles[kind](t, p.Question); p.Answer != want {
					t.Fatalf("%s\nanswer %s, want %s", p.Question, p.Answer, want)
				}
				lines, answer := answerOf(t, p.Solution)
				if n := faults[kind](t, p, lines); answer != p.Answer || n != 0 {
					t.Fatalf("%d steps are wrong, or the answer is not %s:\n%s\n%s", n, p.Answer, p.Question, p.Solution)
				}
				wrong := p.Wrong(3, uint64(p.Form))
				lines, answer = answerOf(t, wrong)
				if n := faults[kind](t, p, lines); answer == p.Answer || n != 1 {
					t.Fatalf("%d steps are wrong, want 1, or the answer is right:\n%s\n%s", n, p.Question, wrong)
				}
			}
		})
	}
}

// TestFunctionOfSeed: the same arguments give the same problem, others another.
func TestFunctionOfSeed(t *testing.T) {
	for _, kind := range Kinds {
		a, b := made(t, kind, 64), made(t, kind, 64)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: not the same problems", kind)
		}
		for i, p := range a {
			other, err := New(kind, p.Steps, p.Form, 6, uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			if p.Steps > 2 && other.Question == p.Question {
				t.Errorf("another seed gives %s", p.Question)
			}
			if p.Wrong(1, 2) != b[i].Wrong(1, 2) {
				t.Errorf("not the same wrong solution of %s", p.Question)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		kind        Kind
		steps, form int
		want        string
	}{
		{Arithmetic, 0, 0, "0 steps"},
		{Arithmetic, MostSteps + 1, 0, "9 steps"},
		{Arithmetic, 1, -1, "form -1"},
		{Arithmetic, 1, Forms, "form 32"},
		{"chess", 1, 0, `"chess": arithmetic, boolean`},
	} {
		if _, err := New(c.kind, c.steps, c.form, 1, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestSplits: training and test share no form and no length, and training sees each
// way of asking and each style.
func TestSplits(t *testing.T) {
	forms, lengths := map[Split][]int{}, map[Split][]int{}
	askSeen, styleSeen := map[int]bool{}, map[int]bool{}
	for _, s := range []Split{Train, Test} {
		cells, err := s.cells(TestSteps)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			forms[s], lengths[s] = append(forms[s], c.form), append(lengths[s], c.steps)
			if s == Train {
				askSeen[c.form%numAsks], styleSeen[c.form/numAsks] = true, true
			}
		}
	}
	for _, f := range forms[Test] {
		if slices.Contains(forms[Train], f) {
			t.Errorf("form %d is in both", f)
		}
	}
	for _, n := range lengths[Test] {
		if slices.Contains(lengths[Train], n) {
			t.Errorf("%d steps are in both", n)
		}
	}
	if len(askSeen) != numAsks || len(styleSeen) != numStyles {
		t.Errorf("training sees %d ways of asking and %d styles", len(askSeen), len(styleSeen))
	}
	if _, err := Split("half").cells(TestSteps); err == nil {
		t.Error("a split that is none")
	}
}

// TestNoneInBoth looks for questions of the test, and for what they are about, among
// those of training.
func TestNoneInBoth(t *testing.T) {
	train := map[string]bool{}
	add := func(p *Problem) error {
		train[p.Question], train[p.work.told()] = true, true
		if p.Split() != Train {
			t.Errorf("%s of %d steps in form %d is in training", p.Kind, p.Steps, p.Form)
		}
		return nil
	}
	if err := (Options{Number: 50_000, Seed: 1}).Each([]Split{Train}, add); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Split{Test, Between} {
		err := (Options{Number: 20_000, Seed: 1}).Each([]Split{s}, func(p *Problem) error {
			if train[p.Question] || s == Test && train[p.work.told()] || p.Split() != s {
				t.Errorf("%s is in training, or not of %s", p.Question, s)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoAnswerPrevails: who always gives the most frequent answer is seldom right.
func TestNoAnswerPrevails(t *testing.T) {
	for _, kind := range Kinds {
		for _, s := range Splits {
			number := 8000
			count := map[string]int{}
			err := (Options{Kinds: []Kind{kind}, Number: number, Seed: 2}).Each([]Split{s}, func(p *Problem) error {
				count[p.Answer]++
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			best := ""
			for answer, n := range count {
				if n > count[best] {
					best = answer
				}
			}
			share := float64(count[best]) / float64(number)
			t.Logf("%s, %s: %d answers, the most frequent is %q with %.1f%%", kind, s, len(count), best, 100*share)
			if share > 0.15 {
				t.Errorf("%s, %s: %q is right in %.0f of 100", kind, s, best, 100*share)
			}
		}
	}
}

func FuzzNew(f *testing.F) {
	f.Add(0, 1, 0, uint64(0), uint64(0))
	f.Add(4, 8, 31, uint64(1)<<63, ^uint64(0))
	f.Fuzz(func(t *testing.T, kind, steps, form int, seed, index uint64) {
		k := Kinds[uint(kind)%uint(len(Kinds))]
		p, err := New(k, steps, form, seed, index)
		if err != nil {
			return
		}
		if _, answer := answerOf(t, p.Solution); answer != p.Answer || answer == "" {
			t.Errorf("%s: %q, want %q", p.Question, answer, p.Answer)
		}
		if _, answer := answerOf(t, p.Wrong(seed, index)); answer == p.Answer {
			t.Errorf("%s: the wrong solution is right", p.Question)
		}
	})
}
