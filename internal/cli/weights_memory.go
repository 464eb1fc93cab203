package cli

import (
	"fmt"
	"io"
	"math"

	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/model"
)

// addWeightsMemory adds the flag that bounds the memory of the weights.
func addWeightsMemory(f *pflag.FlagSet, limit *byteSize) {
	f.Var(limit, "weights-memory", "memory for the weights of each model, such as 8GiB; what does not fit is read from the file when it is needed, which changes the speed and not the text; 0 is all, or what there is room for")
}

// tellWeights says how a model works with less memory than its weights need, and
// how fast that will be.
func tellWeights(w io.Writer, name string, m *polymath.Model) {
	s := m.Info().WeightsMemory
	if s.Budget == 0 {
		return
	}
	fmt.Fprintf(w, "%s: %s of memory for %s of weights; up to %s are read for each token, at %s a second\n",
		name, size(s.Held), size(s.All), size(s.Streamed), size(int64(s.LoadRate)))
	fmt.Fprintf(w, "  about %.3g tokens a second for one completion, %.3g if all were in memory: %.2g times as slow\n",
		s.TokensPerSecond, s.WholeTokensPerSecond, s.WholeTokensPerSecond/s.TokensPerSecond)
}

// planWeights predicts the memory of the weights under a limit, 0 = none. A
// model without its weights is planned by its configuration: loading it says
// what is missing.
func (m *plannedModel) planWeights(limit int64) error {
	plan, err := model.PlanWeights(m.dir, math.MaxInt64)
	if err != nil {
		return nil
	}
	m.weights, m.all, m.least, m.limit = plan.All, plan.All, plan.Least, 0
	if limit == 0 || limit >= plan.All {
		return nil
	}
	if plan, err = model.PlanWeights(m.dir, limit); err != nil {
		return fmt.Errorf("--weights-memory: %w", err)
	}
	m.weights, m.limit = plan.Held, limit
	return nil
}

// shrink lets the weights take less where not everything fits into the memory
// that is available, all models in proportion. It does nothing if that does not
// help.
func (p *servePlan) shrink() error {
	missing := p.total() - p.available
	if p.available == 0 || missing <= 0 {
		return nil
	}
	all := int64(0)
	for _, m := range p.models {
		all += m.all
	}
	share := func(m *plannedModel) int64 { return m.all - int64(float64(missing)*float64(m.all)/float64(all)) - 1 }
	for i := range p.models {
		if m := &p.models[i]; m.all == 0 || share(m) < m.least {
			return nil
		}
	}
	for i := range p.models {
		m := &p.models[i]
		if err := m.planWeights(share(m)); err != nil {
			return err
		}
	}
	return nil
}
