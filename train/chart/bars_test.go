package chart

import (
	"math"
	"strings"
	"testing"
)

// TestBars: parts follow each other over one scale.
func TestBars(t *testing.T) {
	svg := Bars{Title: "memory", Names: []string{"weights", "rest"}, Rows: []Bar{{"one <b>", []float64{1, 3}}, {"two", []float64{2, 0}}}}.SVG()
	wellFormed(t, svg)
	for _, want := range []string{
		`<rect class="f1" x="156" y="22" width="98" height="16"/>`, `<rect class="f2" x="254" y="22" width="294" height="16"/>`,
		`<rect class="f1" x="156" y="45" width="196" height="16"/>`, "one &lt;b&gt;", ">weights<",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
	if strings.Contains(svg, `class="f2" x="352"`) {
		t.Error("a part of nothing is drawn")
	}
	for _, empty := range []Bars{{}, {Rows: []Bar{{"x", []float64{0}}}}, {Rows: []Bar{{"x", []float64{math.Inf(1)}}}}} {
		if svg := empty.SVG(); !strings.Contains(svg, "nothing measured yet") {
			t.Errorf("no word that there is nothing: %s", svg)
		}
	}
}

// TestTimeline: spans lie in their rows, as long as they took, and say so where
// there is room.
func TestTimeline(t *testing.T) {
	svg := Timeline{
		Title: "step", X: "seconds", Rows: []string{"stage 0", "stage 1"}, Kinds: []string{"forward", "backward"},
		Spans: []Span{{0, 0, 0, 5, "0"}, {1, 1, 5, 10, "1"}, {1, 0, 4.999, 5, "late"}},
	}.SVG()
	wellFormed(t, svg)
	for _, want := range []string{`<path class="f1" d="M64 22h600.40v18H64z`, `<path class="f2" d="M665 43h600.40v18H665z"/>`, ">0</text>", ">1</text>"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
	if strings.Contains(svg, "late") {
		t.Error("a label without room is written")
	}
	if svg := (Timeline{}).SVG(); !strings.Contains(svg, "nothing measured yet") {
		t.Errorf("no word that there is nothing: %s", svg)
	}
}
