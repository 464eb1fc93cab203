package align

import (
	"fmt"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
	"github.com/polymath-lm/polymath/train/optim"
)

// part is a model that a run trains: checkpoints hold it in a directory of its
// name, and its masters and moments in training/.
type part struct {
	name      string // "policy", "critic", "reward"
	key, from string // of the recipe, and the model that it names, which the part began as
	params    []*model.Param
	optimizer *optim.Optimizer
	sync      func()                                        // brings the compute forms up to date with the masters
	save      func(dir string, from model.Provenance) error // writes a model's or an adapter's directory
	finish    func(dir string, from model.Provenance) error // writes the finished one; nil: as save does
	adapter   bool                                          // save writes an adapter

	norms   float64 // of the step's updates, the sum of their gradients' norms
	updates int     // of the step
}

// policyPart is the part of a policy: of m's own weights, or of its adapter where m
// was made with one.
func (r *Run) policyPart(name string, m *model.Model) *part {
	p := &part{name: name, key: "model", from: r.recipe.Model, params: m.Trained(), sync: m.Sync}
	_, p.adapter = m.Adapter()
	p.save = func(dir string, from model.Provenance) error {
		if p.adapter {
			return m.SaveAdapter(dir, r.recipe.Model, from, nil)
		}
		return m.Save(dir, from, r.files)
	}
	return p
}

// addPart adds what is trained, with an optimizer of the recipe. The run uses it
// from here on.
func (r *Run) addPart(p *part) {
	p.optimizer = optim.New(train.OptimizerParams(&r.recipe.Optimizer, p.params), r.recipe.Optimizer.Settings())
	r.parts = append(r.parts, p)
}

// masters lists the fp32 arrays of a part.
func (p *part) masters() []optim.State {
	list := make([]optim.State, len(p.params))
	for i, param := range p.params {
		list[i] = optim.State{Name: param.Name, Data: param.Master}
	}
	return list
}

// update takes a step of a part's optimizer with the gradients that have been added
// up since the last, at the rate lr: it clips them by their global norm, which it
// returns, and sets them to zero. Gradients that are not finite leave weights and
// moments as they are; that is recorded, and too many such updates in a row are an
// error.
//
// The first update of a step is refused with the error of the step's context, if
// that has ended: nothing is changed then. After it the context does not end before
// the step does.
func (r *Run) update(p *part, lr float64) (gradNorm float64, err error) {
	if err := r.commit(); err != nil {
		return 0, err
	}
	gradNorm = p.optimizer.GradNorm()
	if !finite(gradNorm) {
		p.optimizer.ZeroGrad()
		return gradNorm, r.skip(p.name, fmt.Sprintf("%s: the gradient's norm is %v", p.name, gradNorm))
	}
	scale := float32(1)
	if clip := r.recipe.Clip; clip > 0 && gradNorm > clip {
		scale = float32(clip / gradNorm)
	}
	p.optimizer.Step(lr, scale)
	p.sync()
	delete(r.state.InARow, p.name)
	p.norms += gradNorm
	p.updates++
	return gradNorm, nil
}
