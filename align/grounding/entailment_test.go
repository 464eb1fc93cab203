package grounding

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/random"
)

const passageSize = 700

// TestCalibrate: where there are two scores the most likely probabilities are the mean
// targets, so the fit is known.
func TestCalibrate(t *testing.T) {
	var scores []float64
	var supported []bool
	counts := map[float64][2]int{-3: {40, 10}, 5: {5, 45}} // unsupported, supported
	for _, s := range []float64{-3, 5} {
		for i := range counts[s][0] + counts[s][1] {
			scores, supported = append(scores, s), append(supported, i >= counts[s][0])
		}
	}
	c, err := Calibrate(scores, supported)
	if err != nil {
		t.Fatal(err)
	}
	yes, no := 56.0/57, 1.0/47 // Platt's targets of 55 and 45
	for s, n := range counts {
		want := (float64(n[1])*yes + float64(n[0])*no) / float64(n[0]+n[1])
		if got := c.Probability(s); math.Abs(got-want) > 1e-9 {
			t.Errorf("the probability at %g is %g, not %g", s, got, want)
		}
	}
}

// TestCalibrateFindsTheModel: labels drawn from a calibration lead back to it.
func TestCalibrateFindsTheModel(t *testing.T) {
	truth, r := Calibration{Scale: 0.8, Offset: -1.5}, random.New(5)
	var scores []float64
	var supported []bool
	for range 40_000 {
		s := float64(r.Below(1000))/100 - 3
		scores = append(scores, s)
		supported = append(supported, float64(r.Below(1<<30))/(1<<30) < truth.Probability(s))
	}
	c, err := Calibrate(scores, supported)
	if err != nil || math.Abs(c.Scale-truth.Scale) > 0.03 || math.Abs(c.Offset-truth.Offset) > 0.06 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestCalibrateRefuses(t *testing.T) {
	up, down, parted := make([]float64, 40), make([]float64, 40), make([]bool, 40)
	for i := range up {
		up[i], down[i], parted[i] = float64(i), float64(-i), i >= 20
	}
	if c, err := Calibrate(up, parted); err != nil || c.Probability(0) > 0.05 || c.Probability(39) < 0.95 {
		t.Errorf("scores that part the labels: %+v, %v", c, err)
	}
	if _, err := Calibrate(down, parted); err == nil {
		t.Error("scores the wrong way round were taken")
	}
	if _, err := Calibrate(make([]float64, 40), parted); err == nil {
		t.Error("equal scores were taken")
	}
	if _, err := Calibrate(up, make([]bool, 40)); err == nil {
		t.Error("labels of one kind were taken")
	}
	up[3] = math.NaN()
	if _, err := Calibrate(up, parted); err == nil {
		t.Error("a score that is no number was taken")
	}
}

// TestEntailment: what one passage supports is supported, wherever it stands.
func TestEntailment(t *testing.T) {
	var told []string
	for i := range 60 {
		told = append(told, fmt.Sprintf("Person %d owns the boat called %d and lives by the sea.", i, i*i))
	}
	score := func(_ context.Context, pairs [][2]string) ([]float64, error) {
		var all []float64
		for _, p := range pairs {
			if n := utf8.RuneCountInString(p[0]); n > passageSize {
				return nil, fmt.Errorf("a passage of %d characters", n)
			}
			s := -4.0
			if strings.Contains(p[0], p[1]) {
				s = 4
			}
			all = append(all, s)
		}
		return all, nil
	}
	c := Entailment(score, Calibration{Scale: 1, Passage: passageSize})
	for _, source := range []string{strings.Join(told, " "), strings.Join(told, "\n\n"), "- " + strings.Join(told, "\n- ")} {
		p, err := check(t.Context(), c, source, append(slices.Clone(told), "Person 3 owns a car."))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range p {
			if (v >= Threshold) != (i < len(told)) {
				t.Errorf("statement %d has %g", i, v)
			}
		}
	}
	if p, err := c.Check(t.Context(), "", told); err != nil || slices.Max(p) != 0 {
		t.Errorf("a text without words: %v, %v", p, err)
	}
	short := Entailment(func(context.Context, [][2]string) ([]float64, error) { return nil, nil }, Calibration{Scale: 1, Passage: passageSize})
	if _, err := short.Check(t.Context(), "A text.", told); err == nil {
		t.Error("a model without scores was taken")
	}
}

// TestPassages: every sentence is in one, in order, and what fits is not parted from
// what stands before it.
func TestPassages(t *testing.T) {
	r := random.New(1)
	for range 200 {
		var sentences []string
		for range r.Between(1, 30) {
			sentences = append(sentences, "The "+strings.Repeat("very ", r.Below(90))+"old man sat "+fmt.Sprint(r.Below(1000))+".")
		}
		passages := Passages(strings.Join(sentences, " "), passageSize)
		next := 0
		for _, p := range passages {
			parts := Sentences(p)
			if len(parts) > 1 && utf8.RuneCountInString(p) > passageSize {
				t.Fatalf("a passage of %d characters", utf8.RuneCountInString(p))
			}
			if next > 0 && parts[0] == sentences[next-1] {
				parts = parts[1:]
			}
			if len(parts) == 0 || !slices.Equal(parts, sentences[next:next+len(parts)]) {
				t.Fatalf("passage %q is not what follows", p)
			}
			next += len(parts)
		}
		if next != len(sentences) {
			t.Fatalf("%d of %d sentences", next, len(sentences))
		}
	}
}
