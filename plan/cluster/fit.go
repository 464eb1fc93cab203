package cluster

import (
	"math"

	"github.com/polymath-lm/polymath/plan"
)

// knob is a constant that is fitted, between limits that physics or the state of
// the art gives.
type knob struct {
	name      string
	get       func(*Constants) *float64
	low, high float64
	serving   bool // calibrated by benchmarks of serving
}

var knobs = []knob{
	{"product.ampere", ofFamily("ampere"), 0.5, 0.95, false},
	{"product.hopper", ofFamily("hopper"), 0.4, 0.9, false},
	{"half", func(k *Constants) *float64 { return &k.Half }, 10, 600, false},
	{"attention", func(k *Constants) *float64 { return &k.Attention }, 0.4, 0.9, false},
	{"launch", func(k *Constants) *float64 { return &k.Launch }, 1e-6, 2e-5, false},
	{"hours", func(k *Constants) *float64 { return &k.Hours }, 1, 1.8, false},
	{"decode", func(k *Constants) *float64 { return &k.Decode }, 0.4, 0.95, true},
	{"layer_step", func(k *Constants) *float64 { return &k.LayerStep }, 1e-6, 6e-5, true},
	{"pass_step", func(k *Constants) *float64 { return &k.PassStep }, 1e-4, 2e-2, true},
	{"row_step", func(k *Constants) *float64 { return &k.RowStep }, 1e-8, 2e-5, true},
	{"prefill", func(k *Constants) *float64 { return &k.Prefill }, 0.3, 1.2, true},
}

// ofFamily is the share of a family. A map's value has no address: the knob works
// on a copy that set writes back.
func ofFamily(name string) func(*Constants) *float64 {
	return func(k *Constants) *float64 {
		v := k.Product[name]
		return &v
	}
}

func (n *knob) set(k *Constants, v float64) {
	switch n.name {
	case "product.ampere":
		k.Product["ampere"] = v
	case "product.hopper":
		k.Product["hopper"] = v
	default:
		*n.get(k) = v
	}
}

// Fit finds the constants that the calibration half gives, starting at k, by
// trying each in turn with steps that become finer. It never reads what held-out
// groups report. What is minimized is the mean over groups of the mean over their
// runs of the distance of prediction and report in logarithms, so that a
// publication counts once and an outlier little.
func Fit(start *Constants) (*Constants, error) {
	k := start.clone()
	for range 3 { // layouts that the sources leave open follow the constants
		f, err := newFitting(k)
		if err != nil {
			return nil, err
		}
		for _, serving := range []bool{false, true} {
			if err := f.descend(k, serving); err != nil {
				return nil, err
			}
		}
	}
	return k, nil
}

// fitting holds the calibration runs with their layouts.
type fitting struct {
	runs []fittingRun
}

type fittingRun struct {
	group  *Group
	run    *Run
	model  *plan.Model
	cl     *Cluster
	layout Layout
	// ratio is the simulated step over the estimate in closed form, which stands
	// for it while constants move a little: it is a hundred times faster.
	ratio float64
}

// step is the run's step with the constants.
func (r *fittingRun) step(k *Constants) *Step {
	l := r.layout
	w := &worker{m: r.model, c: r.cl, l: &l, k: k, t: l.tokensHere()}
	s := &Step{Seconds: w.estimate(w.chunks()) * r.ratio}
	s.FLOP = l.Tokens() * r.model.FLOPsPerToken(l.Sequence, true).Total
	return s
}

func newFitting(k *Constants) (*fitting, error) {
	f := new(fitting)
	for i := range Published() {
		g := &Published()[i]
		if !Calibrates(g.Name) {
			continue
		}
		for j := range g.Runs {
			r := &g.Runs[j]
			m, l, simulated, err := g.simulate(r, k)
			if err != nil {
				return nil, err
			}
			a, err := FindAccelerator(g.Accelerator)
			if err != nil {
				return nil, err
			}
			c, err := New(a, l.Devices())
			if err != nil {
				return nil, err
			}
			fr := fittingRun{g, r, m, c, l, 1}
			fr.ratio = simulated.Seconds / fr.step(k).Seconds
			f.runs = append(f.runs, fr)
		}
	}
	return f, nil
}

// loss is what Fit minimizes.
func (f *fitting) loss(k *Constants, serving bool) (float64, error) {
	if serving {
		return servingLoss(k)
	}
	sums, counts := map[string]float64{}, map[string]float64{}
	for i := range f.runs {
		r := &f.runs[i]
		_, reported, predicted := r.run.compare(r.model, &r.layout, r.step(k), k)
		sums[r.group.Name] += math.Abs(math.Log(predicted / reported))
		counts[r.group.Name]++
	}
	total := 0.0
	for _, name := range sortedKeys(sums) {
		total += sums[name] / counts[name]
	}
	return total / float64(len(sums)), nil
}

func (f *fitting) descend(k *Constants, serving bool) error {
	best, err := f.loss(k, serving)
	if err != nil {
		return err
	}
	for _, step := range []float64{1.3, 1.12, 1.05, 1.02} {
		for improved := true; improved; {
			improved = false
			for i := range knobs {
				n := &knobs[i]
				if n.serving != serving {
					continue
				}
				for _, factor := range []float64{step, 1 / step} {
					old := *n.get(k)
					v := min(max(old*factor, n.low), n.high)
					n.set(k, v)
					loss, err := f.loss(k, serving)
					if err != nil {
						return err
					}
					if loss < best-1e-5 {
						best, improved = loss, true
					} else {
						n.set(k, old)
					}
				}
			}
		}
	}
	return nil
}
