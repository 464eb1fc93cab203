package chart

import (
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"testing"
)

// places are the values of an attribute of the elements of one name, without their
// percent signs.
func places(t *testing.T, svg, element, attribute string) []float64 {
	t.Helper()
	var out []float64
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := dec.Token()
		if err != nil {
			return out
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != element {
			continue
		}
		for _, a := range start.Attr {
			if a.Name.Local != attribute {
				continue
			}
			v, err := strconv.ParseFloat(strings.TrimSuffix(a.Value, "%"), 64)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, v)
		}
	}
}

func TestTrack(t *testing.T) {
	chance := 0.25
	in := []Interval{{0.31, 0.4, 0.5}, {0.55, 0.61, 0.66}}
	s := NewScale(true, []float64{chance}, in...)
	svg := s.Track(`a "b" <c>`, &chance, in...)
	wellFormed(t, svg)
	wellFormed(t, s.Labels())
	dots := places(t, svg, "circle", "cx")
	if len(dots) != 2 || dots[0] >= dots[1] {
		t.Fatalf("dots at %v", dots)
	}
	// The scale goes from 20% to 70%: 0.4 is at two fifths of 94 percent after 3.
	if want := 3 + 94*0.4; math.Abs(dots[0]-want) > 0.06 {
		t.Errorf("40%% is drawn at %v, want %v", dots[0], want)
	}
	if from := places(t, svg, "line", "x1"); len(from) != 6+1+2 {
		t.Errorf("%d lines, want the grid's six, chance and two intervals", len(from))
	}
	for _, want := range []string{"20%", "70%"} {
		if !strings.Contains(s.Labels(), ">"+want+"<") {
			t.Errorf("no label %s in %s", want, s.Labels())
		}
	}
}

func TestTrackOfOddValues(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, in := range [][]Interval{
		nil, {{}}, {{nan, nan, nan}}, {{-inf, 0, inf}}, {{nan, 0.5, nan}}, {{1, 1, 1}}, {{0.3, 0.3, 0.3}, {1e30, 2e30, 3e30}},
	} {
		for _, percent := range []bool{false, true} {
			s := NewScale(percent, []float64{nan}, in...)
			for _, mark := range []*float64{nil, &nan, &inf} {
				wellFormed(t, s.Track("", mark, in...))
			}
			wellFormed(t, s.Labels())
			for _, i := range in {
				wellFormed(t, s.Bar("", 4, i))
			}
		}
	}
}

func TestBar(t *testing.T) {
	s := NewScale(true, []float64{0, 1})
	svg := s.Bar("half", 2, Interval{0.4, 0.5, 0.6})
	wellFormed(t, svg)
	if from, wide := places(t, svg, "rect", "x"), places(t, svg, "rect", "width"); from[0] != 3 || wide[0] != 47 {
		t.Errorf("a half is drawn from %v, %v wide", from, wide)
	}
}

func TestSquare(t *testing.T) {
	curve := Curve{X: []float64{0.1, 0.5, 0.9}, Y: []float64{0.2, 0.4, 1}, Low: []float64{0.1, 0.3, 0.9}, High: []float64{0.3, 0.5, 1}, Dots: true}
	svg := Square{Title: "<t>", X: "confidence", Y: "accuracy", Diagonal: true, Series: []Curve{curve, curve}}.SVG()
	wellFormed(t, svg)
	if n := len(places(t, svg, "circle", "cx")); n != 6 {
		t.Errorf("%d dots, want 6", n)
	}
	y := places(t, svg, "circle", "cy")
	if y[0] <= y[1] || y[1] <= y[2] || y[2] != squareTop {
		t.Errorf("dots at heights %v: more is higher, and 100%% at the top", y)
	}
	nan := math.NaN()
	for _, c := range []Curve{{}, {X: []float64{0.5}, Y: []float64{0}}, {X: []float64{0, nan, 1}, Y: []float64{nan, 1, 0}}} {
		svg := Square{Series: []Curve{c}}.SVG()
		wellFormed(t, svg)
		if empty := strings.Contains(svg, "nothing measured"); empty != (len(c.X) == 0) {
			t.Errorf("%v: empty is %v", c, empty)
		}
	}
}
