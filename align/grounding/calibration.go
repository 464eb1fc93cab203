package grounding

import (
	"errors"
	"fmt"
	"math"
)

// Calibration turns the scores of a model into probabilities: the logistic function of
// Scale times the score plus Offset (Platt, Probabilistic Outputs for Support Vector
// Machines, 1999).
type Calibration struct {
	Scale  float64 `json:"scale"`
	Offset float64 `json:"offset"`
	// Passage is how many characters of a text the model is shown at a time; see
	// Passages.
	Passage int `json:"passage"`
}

// Probability is that of a score.
func (c Calibration) Probability(score float64) float64 {
	return 1 / (1 + math.Exp(-(float64(c.Scale*score) + c.Offset)))
}

// Check refuses what is no calibration.
func (c Calibration) Check() error {
	if !(c.Scale > 0) || math.IsInf(c.Scale, 0) || math.IsNaN(c.Offset) || math.IsInf(c.Offset, 0) {
		return fmt.Errorf("scale %g with offset %g: a scale is above 0, and both are numbers", c.Scale, c.Offset)
	}
	if c.Passage < SmallestPassage {
		return fmt.Errorf("passages of %d characters: they have %d at least", c.Passage, SmallestPassage)
	}
	return nil
}

// Calibrate fits a Calibration to the scores of labelled statements, by the likelihood
// of targets that are a little inside of 0 and 1, as Platt has them, so that scores
// that part the labels wholly have a fit too. It needs some of each label, and scores
// that are higher where a statement is supported.
func Calibrate(scores []float64, supported []bool) (Calibration, error) {
	const least = 10 // of each label
	var yes, no float64
	for i, s := range scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return Calibration{}, fmt.Errorf("score %d is %g", i+1, s)
		}
		if supported[i] {
			yes++
		} else {
			no++
		}
	}
	if yes < least || no < least {
		return Calibration{}, fmt.Errorf("%g supported and %g unsupported statements are too few to calibrate by: %d of each at least", yes, no, least)
	}
	f := newFit(scores, supported, (yes+1)/(yes+2), 1/(no+2))
	c := f.solve()
	if !(c.Scale > 0) {
		return Calibration{}, errors.New("the scores are not higher for supported statements: the model does not tell them apart")
	}
	return c, nil
}

// fit is a logistic regression on one number, which is brought to mean 0 and deviation
// 1 first.
type fit struct {
	x, target         []float64
	center, deviation float64
}

func newFit(scores []float64, supported []bool, yes, no float64) *fit {
	f := &fit{x: make([]float64, len(scores)), target: make([]float64, len(scores)), deviation: 1}
	for _, s := range scores {
		f.center += s / float64(len(scores))
	}
	square := 0.0
	for _, s := range scores {
		square += (s - f.center) * (s - f.center) / float64(len(scores))
	}
	if square > 0 {
		f.deviation = math.Sqrt(square)
	}
	for i, s := range scores {
		f.x[i], f.target[i] = (s-f.center)/f.deviation, no
		if supported[i] {
			f.target[i] = yes
		}
	}
	return f
}

// solve takes Newton's steps, halved until the loss falls.
func (f *fit) solve() Calibration {
	const steps, small = 100, 1e-10
	var a, b float64
	loss := f.loss(a, b)
	for range steps {
		var ga, gb, haa, hab, hbb float64
		for i, x := range f.x {
			p := 1 / (1 + math.Exp(-(a*x + b)))
			d, w := p-f.target[i], p*(1-p)+1e-12
			ga, gb = ga+d*x, gb+d
			haa, hab, hbb = haa+w*x*x, hab+w*x, hbb+w
		}
		det := haa*hbb - hab*hab
		if math.Abs(ga)+math.Abs(gb) < small*float64(len(f.x)) || !(det > 0) {
			break
		}
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		step, most := 1.0, loss+1e-12*math.Abs(loss) // as far as rounding lets it be told
		for step > small && f.loss(a-step*da, b-step*db) > most {
			step /= 2
		}
		a, b = a-step*da, b-step*db
		loss = f.loss(a, b)
	}
	scale := a / f.deviation
	return Calibration{Scale: scale, Offset: b - scale*f.center}
}

// loss is the cross-entropy.
func (f *fit) loss(a, b float64) (sum float64) {
	for i, x := range f.x {
		z := a*x + b
		sum += max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) - f.target[i]*z
	}
	return sum
}
