package train

import (
	"fmt"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/shard"
)

// readSight finds the tower of the model: the recipe's, that of the model to go on
// from, or none. The tokenizer gets the token that stands for pictures, where it
// has none and the embedding has a row for it.
func (t *Trainer) readSight() error {
	if t.cfg != nil && t.cfg.Vision != nil {
		if t.recipe.Model.Vision.given() {
			return recipe.Bad("model.vision", "%s sees already: remove the section", t.recipe.Model.From)
		}
		t.vision = t.cfg.Vision
		return nil
	}
	if !t.recipe.Model.Vision.given() {
		return t.checkBlind()
	}
	v, err := t.newTower()
	if err != nil {
		return err
	}
	if v.ImageTokenID, err = t.imageToken(); err != nil {
		return err
	}
	if t.vision = v; t.cfg != nil {
		t.cfg.Vision = v
	}
	return nil
}

// checkBlind refuses groups of parameters that a model without a tower does not have.
func (t *Trainer) checkBlind() error {
	switch o := &t.recipe.Optimizer; {
	case o.Vision != nil:
		return recipe.Bad("optimizer.vision", "the model does not see: remove it, or give it a tower as model.vision")
	case o.Projector != nil:
		return recipe.Bad("optimizer.projector", "the model does not see: remove it, or give it a tower as model.vision")
	}
	return nil
}

// newTower is the shape of the tower that the model gets.
func (t *Trainer) newTower() (*vision.Config, error) {
	spec := &t.recipe.Model.Vision
	if spec.From == "" {
		return spec.config()
	}
	v, hash, err := model.ReadTower(spec.From)
	if err != nil {
		return nil, fmt.Errorf("model.vision.from: %w", err)
	}
	t.hashes.Tower = hash
	if spec.Box > 0 {
		v.Box = spec.Box
	}
	if spec.Short > 0 {
		v.Short = spec.Short
	}
	if err := v.Validate(); err != nil {
		return nil, recipe.Bad("model.vision.image_box", "%v", err)
	}
	return v, nil
}

// imageToken is the token that stands for pictures.
func (t *Trainer) imageToken() (int, error) {
	if id, ok := t.text.Special(chat.ImageToken); ok {
		return int(id), nil
	}
	rows := t.recipe.Model.VocabSize
	if t.cfg != nil {
		rows = t.cfg.VocabSize
	}
	if n := t.text.VocabSize(); n >= rows {
		return 0, recipe.Bad("model.vision", "the tokenizer has no token %s for pictures, and the model's %d rows of embeddings have none to spare beside its %d tokens: "+
			"take a tokenizer that has it, such as 'polymath tokenizer train' makes", chat.ImageToken, rows, n)
	}
	more, err := t.text.WithSpecial(chat.ImageToken)
	if err != nil {
		return 0, fmt.Errorf("tokenizer: %w", err)
	}
	text, err := more.JSON()
	if err != nil {
		return 0, fmt.Errorf("tokenizer: %w", err)
	}
	t.setTokenizer(more, text)
	id, _ := more.Special(chat.ImageToken)
	return int(id), nil
}

// openEyes looks at the pictures of all that the run reads.
func (t *Trainer) openEyes() error {
	if err := t.checkGroups(); err != nil {
		return err
	}
	all, seen := []*dataset{t.data}, map[*shard.Set]bool{}
	for _, f := range t.feeds {
		all = append(all, f.sources...)
	}
	var e *eyes
	for _, d := range all {
		if d.eyes != nil {
			continue // the recipe's data, which stages read, too
		}
		sees, err := t.checkSight(d)
		if err != nil {
			return err
		}
		if !sees {
			continue
		}
		if e == nil {
			e = newEyes(t.vision)
		}
		if !seen[d.set] {
			if err := e.check(d); err != nil {
				return err
			}
		}
		seen[d.set], d.eyes = true, e
		d.countPictures(t.patches())
	}
	for _, f := range t.feeds {
		for _, d := range f.sources {
			if d.eyes != nil {
				f.eyes = e
			}
		}
	}
	return nil
}

// checkSight refuses shards whose pictures the model cannot see; sees tells whether
// there are any.
func (t *Trainer) checkSight(d *dataset) (sees bool, err error) {
	switch image := d.set.Header().ImageToken; {
	case image < 0:
		return false, nil
	case t.vision == nil:
		return false, recipe.Bad(d.key, "the documents in %s have pictures, and the model cannot see: give it a tower in model.vision, or take another model", d.dir)
	case int(image) != t.vision.ImageTokenID:
		return false, recipe.Bad(d.key, "pictures stand at token %d in the shards of %s, and at %d in the model: make the shards with this model's tokenizer", image, d.dir, t.vision.ImageTokenID)
	}
	return true, nil
}

// checkGroups refuses stages that train what the model does not have.
func (t *Trainer) checkGroups() error {
	if t.vision == nil {
		for i := range t.recipe.Stages {
			for _, name := range t.recipe.Stages[i].Train {
				if name == GroupVision || name == GroupProjector {
					return recipe.Bad(fmt.Sprintf("stages[%d].train", i), "%s has no %s: give it a tower in model.vision", t.recipe.Model.From, name)
				}
			}
		}
	}
	return nil
}

// loadParts makes the model of a run whose decoder and tower come from different
// places, or begin anew.
func (t *Trainer) loadParts() (*model.Model, error) {
	return model.Join(t.cfg, model.Sources{Decoder: t.recipe.Model.From, Tower: t.recipe.Model.Vision.From}, t.recipe.Seed)
}

// planSight counts what seeing takes beside memory and disk.
func (t *Trainer) planSight() {
	p := &t.plan
	if t.vision == nil {
		return
	}
	v := &VisionPlan{}
	v.Tower, v.Projector = t.vision.Params(t.cfg.HiddenSize)
	v.Pictures, v.Views, v.ImageTokens = t.data.pictures, t.data.views, t.data.imageTokens
	p.Vision = v
}

// countPictures counts those that are trained on; a view is so many tokens.
func (d *dataset) countPictures(view int) {
	var pictures []shard.Picture
	for doc := range d.set.NumDocs() {
		if !d.trainSet.Holds(doc) {
			continue
		}
		pictures = d.set.Pictures(pictures[:0], doc)
		for _, p := range pictures {
			d.pictures++
			d.imageTokens += int64(p.Tokens)
		}
	}
	d.views = d.imageTokens / int64(view)
	d.set.Release()
}

// patches are the tokens of a view, 1 where there is none.
func (t *Trainer) patches() int {
	if t.vision == nil {
		return 1
	}
	return t.vision.Patches()
}

// viewsOf is the number of views that the tower reads in a pass.
func (t *Trainer) viewsOf(b *model.Batch) int {
	if t.vision == nil {
		return 0
	}
	return len(b.Patches) / (t.vision.Patches() * t.vision.PatchLen())
}

// passes is how many times the products of the forward pass a step of a stage
// computes, in the decoder and in the tower: the gradients of the inputs and those
// of the weights are one each. What is not trained has none of its weights, and
// the tower none at all then; the decoder passes gradients on. An adapter's own
// products are noise beside these, and so are the projector's.
func (r *Recipe) passes(stage int) (decoder, tower float64) {
	s := &r.stages()[stage]
	decoder, tower = 2, 1
	if r.Lora.Rank > 0 {
		return decoder, tower
	}
	if s.trains(GroupDecoder) {
		decoder = 3
	}
	if s.trains(GroupVision) {
		tower = 3
	}
	return decoder, tower
}
