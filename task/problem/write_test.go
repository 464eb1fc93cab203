package problem

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/internal/random"
)

func writing(t *testing.T, o Options) []string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, o); err != nil {
		t.Fatal(err)
	}
	text, ended := strings.CutSuffix(b.String(), "\n")
	if !ended {
		t.Error("the last line does not end")
	}
	return strings.Split(text, "\n")
}

// TestWrite reads back what is written, and finds the problems that Each gives.
func TestWrite(t *testing.T) {
	o := Options{Number: 500, Seed: 4}
	var want []*Problem
	if err := o.Each([]Split{Train}, func(p *Problem) error {
		want = append(want, p)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i, line := range writing(t, o) {
		var got dialogue.Conversation
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		m := got.Messages
		if len(m) != 3 || m[0] != dialogue.System(System) || m[1] != dialogue.User(want[i].Question) || m[2] != dialogue.Assistant(want[i].Solution) {
			t.Fatalf("line %d: %s", i+1, line)
		}
	}
	o.Pairs = true
	for i, line := range writing(t, o) {
		var got dialogue.Preference
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Prompt) != 2 || got.Prompt[1].Content != want[i].Question || len(got.Chosen) != 1 || got.Chosen[0] != dialogue.Assistant(want[i].Solution) {
			t.Fatalf("line %d: %s", i+1, line)
		}
		if _, answer := answerOf(t, got.Rejected[0].Content); answer == want[i].Answer {
			t.Fatalf("line %d: what is rejected is right: %s", i+1, line)
		}
	}
}

// TestDirect: a share of the same problems is answered alone, of each kind; the others
// as without it.
func TestDirect(t *testing.T) {
	o := Options{Number: 5000, Seed: 4}
	solved := writing(t, o)
	o.Direct = 0.3
	direct := make([]int, len(Kinds))
	for i, line := range writing(t, o) {
		if line == solved[i] {
			continue
		}
		var a, b dialogue.Conversation
		if err := errors.Join(json.Unmarshal([]byte(line), &a), json.Unmarshal([]byte(solved[i]), &b)); err != nil {
			t.Fatal(err)
		}
		at := strings.LastIndex(b.Messages[2].Content, "\nAnswer: ")
		b.Messages[2].Content = b.Messages[2].Content[at+1:]
		if !slices.Equal(a.Messages, b.Messages) {
			t.Fatalf("line %d: %s", i+1, line)
		}
		direct[i%len(Kinds)]++
	}
	for i, n := range direct {
		if n < 240 || n > 360 { // 300 with a standard deviation of 14.5
			t.Errorf("%s: %d of 1,000 are answered alone, want about 300", Kinds[i], n)
		}
	}
	for _, o := range []Options{{Number: 1, Direct: -0.1}, {Number: 1, Direct: 1.1}, {Number: 1, Direct: math.NaN()}, {Number: 1, Direct: 0.5, Pairs: true}} {
		if o.Check() == nil {
			t.Errorf("%+v can be made", o)
		}
	}
}

// TestWriteStays holds what is written against what it was: whoever changes problems
// changes what models were examined on.
func TestWriteStays(t *testing.T) {
	for pairs, want := range map[bool]string{
		false: "2c67a86d3a8c7eb7",
		true:  "f4424f70a80191a1",
	} {
		lines := writing(t, Options{Number: 1000, Seed: 1, Pairs: pairs})
		sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("pairs %v: the problems are others than they were: %s, not %s", pairs, got, want)
		}
	}
}

// TestEach: no question comes twice, kinds come in turn, and the first of many are
// those of few.
func TestEach(t *testing.T) {
	o := Options{Kinds: []Kind{Ordering, Cycle}, Number: 3000, Seed: 9}
	lines := writing(t, o)
	seen := map[string]bool{}
	i := 0
	err := o.Each(Splits, func(p *Problem) error {
		if p.Kind != o.Kinds[i%2] || p.Split() != Splits[i/2%3] || seen[p.Question] {
			t.Errorf("problem %d: %s, %s, %s", i, p.Kind, p.Split(), p.Question)
		}
		seen[p.Question] = true
		i++
		return nil
	})
	if err != nil || i != 3000 {
		t.Errorf("%d problems, %v", i, err)
	}
	o.Number = 100
	if short := writing(t, o); strings.Join(short, "\n") != strings.Join(lines[:100], "\n") {
		t.Error("the first problems depend on how many are made")
	}
}

func TestFewerSteps(t *testing.T) {
	had := map[int]int{}
	err := Options{Number: 600, Steps: 2}.Each([]Split{Train}, func(p *Problem) error {
		had[p.Steps]++
		return nil
	})
	if err != nil || had[1] < 200 || had[2] < 200 || had[1]+had[2] != 600 {
		t.Errorf("problems by steps: %v, %v", had, err)
	}
	none := func(*Problem) error { return nil }
	err = Options{Number: 1, Steps: 2}.Each([]Split{Test}, none)
	if err == nil || !strings.Contains(err.Error(), "no problems of the split test") {
		t.Errorf("short problems of the test: %v", err)
	}
}

// broken fails after some bytes.
type broken struct{ left int }

var errBroken = errors.New("the disk is full")

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestWriteFails(t *testing.T) {
	for _, left := range []int{0, 1 << 16, 1 << 17} {
		if err := Write(&broken{left}, Options{Number: 1000}); !errors.Is(err, errBroken) {
			t.Errorf("%v", err)
		}
	}
	for want, o := range map[string]Options{
		"0 problems":                   {},
		"at most 8 steps":              {Number: 1, Steps: 8},
		"10000001 problems":            {Number: MostProblems + 1},
		`no kind of problem is called`: {Number: 1, Kinds: []Kind{"x"}},
		"cycle is named twice":         {Number: 1, Kinds: []Kind{Cycle, Cycle}},
	} {
		if err := Write(&bytes.Buffer{}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	seen, r := map[string]struct{}{}, random.At(1, 1)
	one := []cell{{0, 1}} // a weekday and a move of a day and more
	for i := 0; ; i++ {
		if newOf(Cycle, one, r.Uint64(), uint64(i), seen) == nil {
			break // 7 days, 18 moves of up to 10 days that are not 7
		}
		if i > 7*18 {
			t.Fatalf("%d different problems of %d", i, 7*18)
		}
	}
}
