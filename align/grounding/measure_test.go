package grounding

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/random"
)

// knowing gives each statement the probability that stands in it.
type knowing struct{}

func (knowing) Check(_ context.Context, _ string, statements []string) ([]float64, error) {
	p := make([]float64, len(statements))
	for i, s := range statements {
		if _, err := fmt.Sscan(s, &p[i]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// TestMeasure: counts by hand.
func TestMeasure(t *testing.T) {
	list := []Labelled{
		{Source: "a", Statement: "0.9", Supported: true, Kind: Number},
		{Source: "a", Statement: "0.5", Supported: true, Kind: Number},
		{Source: "a", Statement: "0.2", Supported: true, Kind: Name},
		{Source: "a", Statement: "0.6", Kind: Number},
		{Source: "a", Statement: "0.1", Kind: Name},
	}
	a, err := Measure(t.Context(), knowing{}, list, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]float64{
		"all": {a.All.Value, 3. / 5}, "supported": {a.Supported.Value, 2. / 3}, "unsupported": {a.Unsupported.Value, 1. / 2},
		"number": {a.Kinds[Number].Value, 2. / 3}, "name": {a.Kinds[Name].Value, 1. / 2},
		// Pairs of a supported one and another: of 0.9, 0.5, 0.2 with 0.6 and 0.1, four are in order.
		"auroc": {a.AUROC.Value, 4. / 6},
		"brier": {a.Calibration.Brier.Value, (0.1*0.1 + 0.5*0.5 + 0.8*0.8 + 0.6*0.6 + 0.1*0.1) / 5},
	} {
		if math.Abs(c[0]-c[1]) > 1e-12 {
			t.Errorf("%s is %g, not %g", name, c[0], c[1])
		}
	}
	if s := a.String(); !strings.Contains(s, "60.0%") || !strings.Contains(s, "number") {
		t.Error(s)
	}
	if _, err := Measure(t.Context(), knowing{}, nil, nil); err == nil {
		t.Error("nothing was measured")
	}
	list[1].Statement = "none"
	if _, err := Measure(t.Context(), knowing{}, list, nil); err == nil || !strings.Contains(err.Error(), "2") {
		t.Error(err)
	}
}

// TestMeasureGroups: a statement without a group is one by itself, among others that have
// one too.
func TestMeasureGroups(t *testing.T) {
	var some, each []Labelled
	for i := range 40 {
		l := Labelled{Source: "a", Statement: fmt.Sprint(0.3 + 0.1*float64(i%5)), Supported: i%3 > 0, Kind: Number}
		named := l
		if i < 10 {
			l.Group = fmt.Sprint("pair ", i/2)
			named.Group = l.Group
		} else {
			named.Group = fmt.Sprint("by itself ", i)
		}
		some, each = append(some, l), append(each, named)
	}
	a, err := Measure(t.Context(), knowing{}, some, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Measure(t.Context(), knowing{}, each, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, want) || a.All.Clusters != 35 || a.Calibration.ECE != want.Calibration.ECE {
		t.Errorf("%+v\n%+v", a.All, want.All)
	}
}

// TestWordScore: the share of words, calibrated, tells what is elsewhere from what is
// told, and names not.
func TestWordScore(t *testing.T) {
	var list []Labelled
	for i := range 60 {
		for _, e := range examplesOf(t, MakerOptions{Seed: 5, Passage: 400}, document(random.New(uint64(i)), 12)) {
			labels := e.Labels()
			list = append(list, labels[:]...)
		}
	}
	fit, held := Halves(list)
	c, err := Fit(t.Context(), WordScore, 400, fit, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Measure(t.Context(), Entailment(WordScore, c), held, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Kinds[Exchange].Value > 0.6 || a.Kinds[Elsewhere].Value < a.Kinds[Exchange].Value || a.All.Value < 0.55 || a.AUROC.Value < 0.6 {
		t.Errorf("%s", a)
	}
}

func TestReadItems(t *testing.T) {
	path := filepath.Join(t.TempDir(), "questions.jsonl")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"id":"x","passage":"A text. ","question":"Who?","system":"Be brief.","untold":true}
{"context":"Another.","prompt":"Another. What?","subject":"Belmund","attribute":"pet","answer":["no matter"]}
{"context":"Another.","prompt":"Another. What?"}
{"prompt":"Sum up: all of this."}
`)
	got, err := ReadItems(path)
	want := []Item{
		{ID: "x", Source: "A text. ", Prompt: "A text.\n\nWho?", System: "Be brief.", Untold: true},
		{ID: "line 2", Source: "Another.", Prompt: "Another. What?", Subject: "Belmund", Attribute: "pet"},
		{ID: "line 4", Source: "Sum up: all of this.", Prompt: "Sum up: all of this."},
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, line := range []string{`{"question":"Who?"}`, `{"source":"A text."}`, `{"source":3,"question":"Who?"}`, `{"source":"a","question":"b","untold":"no"}`, ``} {
		write(line)
		if _, err := ReadItems(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
