package mixture

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/polymath-lm/polymath/corpus/document"
)

// average returns how often a document of source i is read in stage s.
func (p *Plan) average(s, i int) float64 {
	copies := p.Copies[s][i]
	if s > 0 {
		copies -= p.Copies[s-1][i]
	}
	return float64(copies) / one
}

func drawSources(rt *rapid.T) []Source {
	sources := make([]Source, rapid.IntRange(1, 5).Draw(rt, "sources"))
	for i := range sources {
		sources[i] = Source{
			Name: fmt.Sprint("s", i), Epochs: rapid.Float64Range(0.1, 8).Draw(rt, "epochs"),
			Weight: rapid.Float64Range(0.01, 10).Draw(rt, "weight"),
			Docs:   1, Bytes: rapid.Int64Range(1000, 1e12).Draw(rt, "bytes"),
		}
	}
	return sources
}

// TestPlan: shares are those of the weights as long as there is text, no source
// is read beyond its epochs, and as much is read as was asked for if there is so
// much.
func TestPlan(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sources := drawSources(rt)
		o := Options{Temperature: 1, Size: 0}
		if rapid.Bool().Draw(rt, "sized") {
			o.Size = 1 << rapid.IntRange(8, 45).Draw(rt, "size")
		}
		for s := range rapid.IntRange(0, 3).Draw(rt, "stages") {
			o.Stages = append(o.Stages, Stage{Name: fmt.Sprint(s), Share: rapid.Float64Range(0.1, 3).Draw(rt, "share")})
		}
		p, err := NewPlan(o, 1, sources)
		if err != nil {
			rt.Fatal(err)
		}
		var read, most, weights float64
		bytes := make([]float64, len(sources))
		for i, src := range sources {
			var copies float64
			for s := range p.Stages {
				copies += p.average(s, i)
			}
			if copies > src.Epochs+1e-6 {
				rt.Fatalf("source %d is read %g times, and at most %g", i, copies, src.Epochs)
			}
			bytes[i] = copies * float64(src.Bytes)
			read += bytes[i]
			most += src.Epochs * float64(src.Bytes)
			weights += src.Weight
		}
		slack := 1e-6 * (most + 1e6)
		if want := min(float64(o.Size), most); o.Size > 0 && math.Abs(read-want) > slack {
			rt.Fatalf("%g bytes are read, want %g", read, want)
		}
		if len(p.Short) == 0 {
			for i, src := range sources {
				if want := read * src.Weight / weights; math.Abs(bytes[i]-want) > slack {
					rt.Fatalf("source %d: %g bytes, want %g", i, bytes[i], want)
				}
			}
		}
		if o.Size == 0 && len(p.Short) > 0 {
			rt.Fatalf("short of %v although no size was asked for", p.Short)
		}
	})
}

// TestLimit: a small source with a large weight decides how much is read, and is
// named for it.
func TestLimit(t *testing.T) {
	sources := []Source{{Name: "web", Weight: 1, Bytes: 10e6}, {Name: "notes", Weight: 1, Bytes: 1e6, Epochs: 2}}
	p, err := NewPlan(Options{Temperature: 1}, 1, sources)
	if err != nil {
		t.Fatal(err)
	}
	if p.Limit != "notes" || p.Unread(0) != 8e6 || p.Unread(1) != 0 {
		t.Errorf("limit %q, unread %d and %d", p.Limit, p.Unread(0), p.Unread(1))
	}
	sources[0].Weight = 5
	if p, err = NewPlan(Options{Temperature: 1}, 1, sources); err != nil || p.Limit != "" {
		t.Errorf("all is read: limit %q, %v", p.Limit, err)
	}
}

// TestTemperature: sizes 1 to 16 become weights 1 to 4 at temperature 2.
func TestTemperature(t *testing.T) {
	sources := []Source{{Name: "small", Bytes: 1e6, Epochs: 100}, {Name: "large", Bytes: 16e6, Epochs: 100}}
	for temperature, want := range map[float64]float64{1: 16, 2: 4} {
		p, err := NewPlan(Options{Temperature: temperature, Size: 10e6}, 1, sources)
		if err != nil {
			t.Fatal(err)
		}
		small, large := p.average(0, 0)*1e6, p.average(0, 1)*16e6
		if got := large / small; math.Abs(got-want) > 1e-3 {
			t.Errorf("temperature %g: ratio %g, want %g", temperature, got, want)
		}
	}
}

func TestStageWeights(t *testing.T) {
	sources := []Source{{Name: "web", Bytes: 1e6}, {Name: "books", Bytes: 1e6, Epochs: 2}}
	p, err := NewPlan(Options{Temperature: 1, Stages: []Stage{
		{Name: "base", Share: 3, Weights: map[string]float64{"web": 1, "books": 1}},
		{Name: "late", Share: 1, Weights: map[string]float64{"books": 1}},
	}}, 1, sources)
	if err != nil {
		t.Fatal(err)
	}
	// Web fills 3/8 of the text and books 5/8: web may be read once and is 3/8 of
	// 8/3 of it; books would allow 2e6/(5/8).
	want := [][]float64{{1, 1}, {0, 2.0 / 3}}
	for s := range want {
		for i := range want[s] {
			if got := p.average(s, i); math.Abs(got-want[s][i]) > 1e-6 {
				t.Errorf("stage %d source %d: %g copies, want %g", s, i, got, want[s][i])
			}
		}
	}
}

// TestNumCopies: a document is read a whole number of times next to the
// average, and many of them as often as the plan says, within five standard
// deviations.
func TestNumCopies(t *testing.T) {
	p := &Plan{Seed: 3, Stages: []string{"a", "b", "c"}, Copies: [][]uint64{{one / 4}, {one / 4 * 6}, {one * 27 / 10}}}
	const n = 20000
	var sums [3]int
	for i := range n {
		id := document.NewID(binary.LittleEndian.AppendUint64(nil, uint64(i)))
		total := 0
		for s := range p.Stages {
			c := p.NumCopies(s, 0, id)
			sums[s] += c
			total += c
		}
		if total != 2 && total != 3 {
			t.Fatalf("%d copies of an average of 2.7", total)
		}
	}
	for s, want := range []float64{0.25, 1.25, 1.2} {
		got := float64(sums[s]) / n
		if limit := 5 * 0.5 / math.Sqrt(n); math.Abs(got-want) > limit {
			t.Errorf("stage %d: %g copies, want %g", s, got, want)
		}
	}
}

func TestSampled(t *testing.T) {
	const n = 20000
	hits := 0
	for i := range n {
		if Sampled(document.NewID([]byte(fmt.Sprint(i))), 1, 0.3) {
			hits++
		}
	}
	if got := float64(hits) / n; math.Abs(got-0.3) > 5*math.Sqrt(0.21/n) {
		t.Errorf("a share of %g, want 0.3", got)
	}
	id := document.NewID(nil)
	if Sampled(id, 1, 0) || !Sampled(id, 1, 1) {
		t.Error("shares of 0 and 1")
	}
}

func TestPlanErrors(t *testing.T) {
	empty := []Source{{Name: "web", Weight: 1}, {Name: "books", Weight: 1, Bytes: 5}}
	if _, err := NewPlan(Options{Temperature: 1}, 1, empty); err == nil || !strings.Contains(err.Error(), "web") {
		t.Errorf("a source without text: %v", err)
	}
	if _, err := NewPlan(Options{Temperature: 1}, 1, empty[:1]); err == nil {
		t.Error("no text at all: no error")
	}
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Temperature: 0.5}, "temperature"},
		{Options{Temperature: math.NaN()}, "temperature"},
		{Options{Temperature: 1, Size: -1}, "size"},
		{Options{Temperature: 1, Stages: []Stage{{Share: 1}}}, "no name"},
		{Options{Temperature: 1, Stages: []Stage{{Name: "a"}}}, "share"},
		{Options{Temperature: 1, Stages: []Stage{{Name: "a", Share: 1}, {Name: "a", Share: 1}}}, "two stages"},
		{Options{Temperature: 1, Stages: []Stage{{Name: "a", Share: 1, Weights: map[string]float64{"wep": 1}}}}, `no source "wep"`},
		{Options{Temperature: 1, Stages: []Stage{{Name: "a", Share: 1, Weights: map[string]float64{"web": -1}}}}, "negative"},
		{Options{Temperature: 1, Stages: []Stage{{Name: "a", Share: 1, Weights: map[string]float64{}}}}, "at least one"},
	} {
		if err := c.o.Check([]string{"web"}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
	}
}
