package grounding

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestWorld: what is silent is not counted, and pronouns are of what stands before.
func TestWorld(t *testing.T) {
	const source = "Belmund works as a baker. He was taught by Cordric and keeps a goose."
	f, err := Find(t.Context(), World(), source, "Belmund is a baker. He keeps a goose. He plays the harp. The text does not say where he lives. Cordric is a baker.")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.Supported, []string{"Belmund is a baker.", "He keeps a goose."}) ||
		!slices.Equal(f.Unsupported, []string{"He plays the harp.", "Cordric is a baker."}) || len(f.Silent) != 1 {
		t.Errorf("%+v", f)
	}
}

// probabilities is a Checker that gives them whatever is asked.
type probabilities []float64

func (p probabilities) Check(context.Context, string, []string) ([]float64, error) { return p, nil }

func TestFindHoldsCheckers(t *testing.T) {
	for _, p := range []probabilities{nil, {0.5, 0.5}, {1.5}, {math.NaN()}, {-0.1}} {
		if _, err := Find(t.Context(), p, "A text.", "A statement."); err == nil {
			t.Errorf("%v was taken", p)
		}
	}
	f, err := Find(t.Context(), probabilities{0.5, 0.4999}, "A text.", "A statement. Another one.")
	if err != nil || !slices.Equal(f.Supported, []string{"A statement."}) {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := Find(t.Context(), literal{errors.New("not asked")}, "A text.", "I don't know."); err != nil || len(f.Silent) != 1 {
		t.Errorf("an answer that states nothing: %+v, %v", f, err)
	}
	if _, err := Find(t.Context(), literal{errors.New("down")}, "A text.", "A statement."); err == nil || !strings.Contains(err.Error(), "down") {
		t.Error(err)
	}
}
