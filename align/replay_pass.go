package align

import (
	"context"

	"github.com/polymath-lm/polymath/model"
)

// replay runs packs through a model: one that is trained, or a fixed one that the
// answers are compared with. It serves one pass at a time.
type replay struct {
	model     *model.Model
	ws        *model.Workspace
	train     bool
	values    []float32 // [T]
	gradients []float32 // [T] each: of log-probabilities, then of entropies
}

// newReplay allocates what forward passes of up to tokens tokens take.
func newReplay(m *model.Model, tokens int) *replay {
	return &replay{model: m, ws: model.NewWorkspace(m, tokens, false), values: make([]float32, tokens)}
}

// newLearner is newReplay with backward passes, which may compute activations again.
func newLearner(m *model.Model, tokens int, recompute bool) *replay {
	return &replay{
		model: m, ws: model.NewTrainingWorkspace(m, tokens, recompute), train: true,
		values: make([]float32, tokens), gradients: make([]float32, 2*tokens),
	}
}

// forward runs p. logProbs, entropies and backward are then about it.
func (r *replay) forward(p *pack) (model.Stats, error) {
	if r.train {
		return r.model.ForwardTrain(r.ws, &p.batch)
	}
	return model.Stats{}, r.model.Forward(r.ws, &p.batch)
}

// logProbs writes the log-probability of each of the answers' tokens into dst.
func (r *replay) logProbs(p *pack, dst table) {
	rows := r.values[:len(p.targets)]
	r.model.LogProbs(r.ws, p.targets, rows)
	p.gather(rows, dst)
}

// entropies writes into dst, for each of the answers' tokens, the entropy in nats of
// the distribution that it is from.
func (r *replay) entropies(p *pack, dst table) {
	rows := r.values[:len(p.targets)]
	r.model.Entropies(r.ws, p.targets, rows)
	p.gather(rows, dst)
}

// backward adds the gradient of a loss to the model's, by its derivatives with
// respect to the log-probabilities and, unless nil, the entropies. Auxiliary losses
// of the router have the weight auxScale.
func (r *replay) backward(p *pack, dLogProbs, dEntropies table, auxScale float32) {
	n := len(p.targets)
	probabilities, entropies := r.gradients[:n], []float32(nil)
	p.scatter(dLogProbs, probabilities)
	if dEntropies != nil {
		entropies = r.gradients[n : 2*n]
		p.scatter(dEntropies, entropies)
	}
	r.model.LogProbsBackward(r.ws, &p.batch, p.targets, probabilities, entropies, auxScale)
}

// measure runs all packs and writes the log-probabilities of the answers' tokens.
func (r *replay) measure(ctx context.Context, packs []pack, dst table) error {
	for i := range packs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := r.forward(&packs[i]); err != nil {
			return err
		}
		r.logProbs(&packs[i], dst)
	}
	return nil
}
