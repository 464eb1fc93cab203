package cluster

import (
	"cmp"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/plan"
)

// Verdict is one published number beside what is predicted for it.
type Verdict struct {
	Group       string `json:"group"`
	Run         string `json:"run"`
	Source      string `json:"source"`
	Kind        string `json:"kind"` // training or serving
	Calibration bool   `json:"calibration"`
	// What names the number and its unit. Predicted and Reported are in it.
	What      string  `json:"what"`
	Reported  float64 `json:"reported"`
	Predicted float64 `json:"predicted"`
	// Error is predicted over reported, less one.
	Error float64 `json:"error"`
	// Layout is the one that was simulated; Chosen says what of it is ours.
	Layout string   `json:"layout,omitempty"`
	Chosen []string `json:"chosen,omitempty"`
	// Fits is false where the arithmetic finds too little memory for a run that took
	// place.
	Fits bool   `json:"fits"`
	Note string `json:"note,omitempty"`
}

// Validate predicts every published training run and benchmark of serving with
// the constants; nil = Fitted.
func Validate(k *Constants) ([]Verdict, error) {
	if k == nil {
		k = fitted()
	}
	var list []Verdict
	for i := range Published() {
		g := &Published()[i]
		for j := range g.Runs {
			v, err := g.verdict(&g.Runs[j], k)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
	}
	served, err := validateServing(k)
	return append(list, served...), err
}

func (g *Group) verdict(r *Run, k *Constants) (Verdict, error) {
	m, l, s, err := g.simulate(r, k)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{
		Group: g.Name, Run: r.Name, Source: g.Source, Kind: "training", Calibration: Calibrates(g.Name),
		Layout: l.String(), Chosen: g.chosen(r), Fits: s.Memory.Fits(), Note: r.Note,
	}
	v.What, v.Reported, v.Predicted = r.compare(m, &l, s, k)
	v.Error = v.Predicted/v.Reported - 1
	return v, nil
}

// compare puts the prediction into the unit of the source.
func (r *Run) compare(m *plan.Model, l *Layout, s *Step, k *Constants) (what string, reported, predicted float64) {
	devices := float64(l.Devices())
	perDevice := 1 / (s.Seconds * devices) // of a quantity of the step
	switch p := &r.Reported; {
	case p.Seconds > 0:
		return "s/step", p.Seconds, s.Seconds
	case p.Rate > 0:
		return "tokens/s/device", p.Rate, l.Tokens() * perDevice
	case p.Hardware > 0:
		return "TFLOP/s/device (hardware)", p.Hardware, hardwareFLOP(m, l) * perDevice / 1e12
	case p.Model > 0:
		return "TFLOP/s/device (model)", p.Model, allScoresFLOP(m, l) * perDevice / 1e12
	case p.Causal > 0:
		return "TFLOP/s/device (causal)", p.Causal, s.FLOP * perDevice / 1e12
	}
	return "device hours", r.Reported.Hours, r.Tokens / l.Tokens() * s.Seconds * devices / 3600 * k.Hours
}

// hardwareFLOP is the count of arXiv:2104.04473, eq. 3, for a step: with all
// scores and one more forward pass, which the formula always has.
func hardwareFLOP(m *plan.Model, l *Layout) float64 {
	layers, h, s := float64(m.Layers), float64(m.Width), float64(l.Sequence)
	return 96 * l.Tokens() * layers * h * h * (1 + s/(6*h) + float64(m.Vocabulary)/(16*layers*h))
}

// allScoresFLOP counts a step with the scores that causal attention leaves out.
func allScoresFLOP(m *plan.Model, l *Layout) float64 {
	f := m.FLOPsPerToken(l.Sequence, true)
	return l.Tokens() * (f.Total + f.Part(plan.PartScores))
}

// Summary is how far predictions are off.
type Summary struct {
	Name   string  `json:"name"`
	Number int     `json:"number"`
	Groups int     `json:"groups"`
	Median float64 `json:"median_error"` // of the errors without their signs
	Worst  float64 `json:"worst_error"`
	Within float64 `json:"within_15_percent"` // share of the runs
	// GroupMedian is the median of the groups' medians, so that a publication with
	// many rows counts as one.
	GroupMedian float64 `json:"group_median_error"`
}

// Summarize returns the errors of both halves, and of the held-out one by kind.
func Summarize(list []Verdict) []Summary {
	pick := func(name string, keep func(*Verdict) bool) Summary {
		return summarize(name, list, keep)
	}
	return []Summary{
		pick("calibration", func(v *Verdict) bool { return v.Calibration }),
		pick("held out", func(v *Verdict) bool { return !v.Calibration }),
		pick("held out, training", func(v *Verdict) bool { return !v.Calibration && v.Kind == "training" }),
		pick("held out, serving", func(v *Verdict) bool { return !v.Calibration && v.Kind == "serving" }),
	}
}

func summarize(name string, list []Verdict, keep func(*Verdict) bool) Summary {
	s := Summary{Name: name}
	var errs []float64
	byGroup := map[string][]float64{}
	for i := range list {
		v := &list[i]
		if !keep(v) {
			continue
		}
		e := math.Abs(v.Error)
		errs = append(errs, e)
		byGroup[v.Group] = append(byGroup[v.Group], e)
		s.Worst = max(s.Worst, e)
		if e <= 0.15 {
			s.Within++
		}
	}
	var medians []float64
	for _, e := range byGroup {
		medians = append(medians, median(e))
	}
	s.Number, s.Groups = len(errs), len(byGroup)
	s.Median, s.GroupMedian = median(errs), median(medians)
	s.Within /= float64(max(1, len(errs)))
	return s
}

// median sorts a copy.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	own := slices.Clone(list)
	slices.SortFunc(own, cmp.Compare[float64])
	n := len(own)
	return (own[(n-1)/2] + own[n/2]) / 2
}
