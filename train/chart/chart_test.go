package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// wellFormed fails where the drawing is no XML or holds a coordinate that is
// not a number.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %.300s", err, svg)
		}
	}
	for _, word := range []string{"NaN", "Inf"} {
		if strings.Contains(svg, word) {
			t.Errorf("%s in %.300s", word, svg)
		}
	}
}

func ramp(n int, f func(i int) float64) Series {
	s := Series{Name: "a < b & c"}
	for i := range n {
		s.X, s.Y = append(s.X, float64(i+1)), append(s.Y, f(i))
	}
	return s
}

func TestLine(t *testing.T) {
	gap := func(i int) float64 {
		if i%7 == 3 {
			return math.NaN()
		}
		return math.Sin(float64(i))
	}
	for _, n := range []int{0, 1, 2, 19, 20, 400, 401, 10000} {
		for name, f := range map[string]func(int) float64{
			"constant": func(int) float64 { return 3 },
			"zero":     func(int) float64 { return 0 },
			"falling":  func(i int) float64 { return 9 / float64(i+1) },
			"huge":     func(i int) float64 { return 1e30 * float64(i) },
			"gaps":     gap,
			"infinite": func(int) float64 { return math.Inf(1) },
			"equal":    func(i int) float64 { return []float64{0.1, math.Nextafter(0.1, 1)}[i%2] },
		} {
			s := ramp(n, f)
			for _, l := range []Line{
				{Title: name, X: "step", Series: []Series{s}},
				{Title: name, X: "step", Series: []Series{s, s}, Robust: true, FromZero: true, Percent: true},
			} {
				svg := l.SVG()
				wellFormed(t, svg)
				if empty := strings.Contains(svg, "nothing measured"); empty != (n == 0 || name == "infinite") {
					t.Errorf("%s of %d points: empty is %v", name, n, empty)
				}
				if len(svg) > 60000 {
					t.Errorf("%s of %d points takes %d bytes", name, n, len(svg))
				}
			}
		}
	}
}

func TestHeat(t *testing.T) {
	for _, n := range []int{0, 1, 120, 5000} {
		h := Heat{Title: "load", Label: "0", XName: "step", RowHeight: 4}
		for i := range n {
			h.X = append(h.X, float64(i))
			h.Values = append(h.Values, []float64{0, 1, 4, math.Exp(float64(i % 3))})
		}
		wellFormed(t, h.SVG())
	}
	for v, want := range map[float64]int{0: 0, 0.001: 0, 0.5: 2, 1: 4, 2: 6, 100: 8, math.NaN(): 0} {
		if got := heatLevel(v); got != want {
			t.Errorf("a ratio of %v has color %d, want %d", v, got, want)
		}
	}
	wellFormed(t, Legend("few", "even", "many"))
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 3.14159: "3.142", 1000: "1000", 12345: "12.35k", 2.5e6: "2.5M", 226.9e6: "226.9M",
		1e9: "1G", 6.8e12: "6.8T", 0.0012: "0.0012", 0.00001: "1e-05", -0.5: "-0.5", 1e30: "1e+30",
	} {
		if got := Number(v); got != want {
			t.Errorf("Number(%v) = %s, want %s", v, got, want)
		}
	}
}

// TestNamesLeft: the names of rising lines stand where the lines are not.
func TestNamesLeft(t *testing.T) {
	rising := Line{Series: []Series{{Name: "one", X: []float64{0, 1}, Y: []float64{0, 1}}, {Name: "two", X: []float64{0, 1}, Y: []float64{0, 2}}}}
	rising.NamesLeft = true
	if svg := rising.SVG(); !strings.Contains(svg, `<text x="84" y="24">one</text>`) {
		t.Errorf("the names are elsewhere: %s", svg)
	}
}
