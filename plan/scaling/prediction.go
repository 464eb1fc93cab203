package scaling

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Version is that of the form of predictions.
const Version = 1

// Prediction is what a run is foretold to come to, with all that it rests on.
type Prediction struct {
	Version int `json:"version"`
	// Made is when, in whole seconds UTC; Program is the program's version.
	Made    time.Time `json:"made"`
	Program string    `json:"program"`
	// Basis are the runs that were fitted, by rising compute.
	Basis []Basis `json:"basis"`
	// Conditions are what the runs have in common, as text by name: the data, the
	// tokenizer, what is held out. A run with others is another matter.
	Conditions map[string]string `json:"conditions"`
	// Target is the run to come.
	Target Target `json:"target"`
	// Compute is the law of compute; its Loss is the prediction. Size is a second
	// opinion by parameters and tokens, where the runs allow one and the target says
	// its tokens; NoSize is why there is none.
	Compute ComputeForecast `json:"compute"`
	// Trial is what the other runs foretell of the largest one, nil where they are too
	// few: how well the law went so far.
	Trial  *Trial        `json:"trial,omitempty"`
	Size   *SizeForecast `json:"size,omitempty"`
	NoSize string        `json:"no_size,omitempty"`
	// Capability is what is foretold of an examination, nil without one.
	Capability *Capability `json:"capability,omitempty"`
	// Level is the share of such intervals that hold the truth, if the law holds.
	Level float64 `json:"level"`
}

// NoFloor reports whether the runs show no floor, c of L(C): it is 0 in the whole interval,
// which then knows of none.
func (p *Prediction) NoFloor() bool { return p.Compute.Law.C.High < nothing }

// Basis is a run with the hashes of what it was: its recipe, the manifest of its model
// and its journal, SHA-256 in hex.
type Basis struct {
	Run
	// Off is what the run's loss is above the fitted law, as a share of the law's.
	Off     float64 `json:"off"`
	Recipe  string  `json:"recipe"`
	Model   string  `json:"model"`
	Metrics string  `json:"metrics"`
}

// Target is a run to come: by its recipe, or by its compute alone.
type Target struct {
	Name string `json:"name,omitempty"`
	// Recipe is the SHA-256 of the recipe in hex, "" for a target of compute alone.
	Recipe     string  `json:"recipe,omitempty"`
	FLOPs      float64 `json:"flops"`
	Parameters int64   `json:"parameters,omitempty"`
	Active     int64   `json:"active,omitempty"`
	Tokens     int64   `json:"tokens,omitempty"`
}

// Trial is a run foretold from smaller ones after it was done.
type Trial struct {
	Name string   `json:"name"`
	Loss Interval `json:"loss"`
	// Error is the loss foretold less that measured, as a share of it.
	Error float64 `json:"error"`
}

// ComputeForecast is a law and what it says of the target, and of computes from the
// smallest run's to the target's.
type ComputeForecast struct {
	Law   ComputeLaw `json:"law"`
	Loss  Interval   `json:"loss"`
	Curve []Place    `json:"curve"`
}

// Place is a point of a law.
type Place struct {
	FLOPs float64 `json:"flops"`
	Interval
}

// SizeForecast is a law and what it says of the target.
type SizeForecast struct {
	Law  SizeLaw  `json:"law"`
	Loss Interval `json:"loss"`
}

// Predict fits the runs and foretells the target. A target of no more compute than the
// largest run is an error: that is no prediction.
func Predict(basis []Basis, target Target, conditions map[string]string, made time.Time, program string) (*Prediction, error) {
	basis = slices.SortedStableFunc(slices.Values(basis), func(a, b Basis) int { return cmp.Compare(a.FLOPs, b.FLOPs) })
	runs := make([]Run, len(basis))
	for i, b := range basis {
		runs[i] = b.Run
		if b.Recipe == target.Recipe && target.Recipe != "" {
			return nil, fmt.Errorf("%s is the run to foretell: leave it out", b.Name)
		}
	}
	if len(runs) == 0 {
		return nil, errTooFew
	}
	if largest := runs[len(runs)-1].FLOPs; !(target.FLOPs > largest) || math.IsInf(target.FLOPs, 0) {
		return nil, fmt.Errorf("the run to foretell has %.3g FLOP and the largest of the others %.3g: it must have more", target.FLOPs, largest)
	}
	compute, err := FitCompute(runs)
	if err != nil {
		return nil, err
	}
	p := &Prediction{
		Version: Version, Made: made.UTC().Truncate(time.Second), Program: program, Basis: basis, Conditions: conditions, Target: target,
		Compute: ComputeForecast{compute.Law(), compute.At(target.FLOPs), compute.curve(runs[0].FLOPs, target.FLOPs)},
		Level:   Level,
	}
	for i := range p.Basis {
		b := &p.Basis[i]
		b.Off = b.Loss/compute.value(b.FLOPs) - 1
	}
	p.Trial = tryLargest(runs)
	switch size, err := FitSize(runs); {
	case err != nil:
		p.NoSize = err.Error()
	case target.Tokens == 0:
		p.NoSize = "the target does not say its tokens"
	default:
		p.Size = &SizeForecast{size.Law(), size.At(target.FLOPs, target.Tokens)}
	}
	return p, nil
}

// tryLargest foretells the largest run from the others.
func tryLargest(runs []Run) *Trial {
	last := runs[len(runs)-1]
	f, err := FitCompute(runs[:len(runs)-1])
	if err != nil {
		return nil // too few are left
	}
	t := &Trial{Name: last.Name, Loss: f.At(last.FLOPs)}
	t.Error = t.Loss.Value/last.Loss - 1
	return t
}

// curve are points of the law, evenly apart in the logarithm.
func (f *ComputeFit) curve(from, to float64) []Place {
	const steps = 48
	places := make([]Place, steps+1)
	for i := range places {
		flops := from * math.Pow(to/from, float64(i)/steps)
		places[i] = Place{flops, f.At(flops)}
	}
	return places
}

// Outcome is a prediction held against the run.
type Outcome struct {
	// Loss is what the run came to, Predicted what was foretold.
	Loss      float64  `json:"loss"`
	Predicted Interval `json:"predicted"`
	// Error is Predicted less Loss as a share of Loss; Inside tells whether the interval
	// holds Loss.
	Error  float64 `json:"error"`
	Inside bool    `json:"inside"`
	// SizeError is that of the second opinion, nil where there is none.
	SizeError *float64 `json:"size_error,omitempty"`
	// Pass is the share of right answers in the examination foretold, nil without one.
	Pass *float64 `json:"pass,omitempty"`
	// Ahead is the time from the prediction to the beginning of the run.
	Ahead time.Duration `json:"ahead_ns"`
}

// Done is a run that a prediction is held against.
type Done struct {
	Run
	// Recipes are the hashes under which the run's recipe is known.
	Recipes    []string
	Conditions map[string]string
	// Began is when the run began.
	Began time.Time
	// Answers are those to the examination of the prediction, nil without one.
	Answers *Answers
}

// computeSlack is the share by which the compute of a run may differ from that which a
// prediction without a recipe was made for.
const computeSlack = 0.01

// Check holds the prediction against the run. It refuses a run that the prediction is
// not of, one under other conditions, and one that had begun when the prediction was
// made.
func (p *Prediction) Check(run Done) (*Outcome, error) {
	if run.Began.IsZero() {
		return nil, fmt.Errorf("%s does not say when it began, so nothing shows that the prediction came before", run.Name)
	}
	if !p.Made.Before(run.Began) {
		return nil, fmt.Errorf("the prediction was made at %s and %s had begun at %s: that is no prediction",
			p.Made.Format(time.RFC3339), run.Name, run.Began.UTC().Format(time.RFC3339))
	}
	if err := p.sameTarget(&run); err != nil {
		return nil, err
	}
	for name, want := range p.Conditions {
		if got := run.Conditions[name]; got != want {
			return nil, fmt.Errorf("%s has another %s than the runs of the prediction: %q, not %q", run.Name, name, got, want)
		}
	}
	o := &Outcome{Loss: run.Loss, Predicted: p.Compute.Loss, Ahead: run.Began.Sub(p.Made)}
	o.Error = (o.Predicted.Value - run.Loss) / run.Loss
	o.Inside = o.Predicted.Low <= run.Loss && run.Loss <= o.Predicted.High
	if p.Size != nil {
		off := (p.Size.Loss.Value - run.Loss) / run.Loss
		o.SizeError = &off
	}
	if p.Capability == nil || run.Answers == nil {
		return o, nil
	}
	pass, err := p.Capability.measured(*run.Answers)
	o.Pass = &pass
	return o, err
}

func (p *Prediction) sameTarget(run *Done) error {
	if p.Target.Recipe == "" {
		if math.Abs(run.FLOPs/p.Target.FLOPs-1) > computeSlack {
			return fmt.Errorf("%s has %.4g FLOP and the prediction is of a run of %.4g", run.Name, run.FLOPs, p.Target.FLOPs)
		}
		return nil
	}
	for _, hash := range run.Recipes {
		if hash == p.Target.Recipe {
			return nil
		}
	}
	return fmt.Errorf("%s followed another recipe than the one that the prediction is of", run.Name)
}

// check sees that a prediction that was read is a whole one.
func (p *Prediction) check() error {
	switch {
	case p.Version != Version:
		return fmt.Errorf("it has version %d, and this program reads %d", p.Version, Version)
	case p.Made.IsZero():
		return errors.New("it has no date")
	case len(p.Basis) == 0:
		return errors.New("it names no runs")
	case !(p.Compute.Loss.Value > 0) || !(p.Compute.Loss.Low <= p.Compute.Loss.High):
		return errors.New("it foretells no loss")
	case !(p.Target.FLOPs > 0):
		return errors.New("it names no run to come")
	case p.Capability != nil && !p.Capability.whole():
		return errors.New("its examination has no items or no rates")
	}
	return nil
}
