package train

import (
	"errors"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/checkpoint"
	"github.com/polymath-lm/polymath/train/optim"
)

// lastCheckpoint finds what the run begins with, as checkpoint.Begin does, and refuses
// a directory that it must not begin in.
func (t *Trainer) lastCheckpoint() (string, error) {
	saved := func() (bool, error) {
		info, err := readInfo(t.options.RunDir)
		return err == nil && info.Saved, err
	}
	return checkpoint.Begin(t.options.RunDir, t.options.Resume, saved, modelDir, adapterDir)
}

// checkDir refuses the directory of another run before shards are written into it.
func (t *Trainer) checkDir() error {
	if t.options.DryRun || t.options.RunDir == "" {
		return nil
	}
	_, err := t.lastCheckpoint()
	return err
}

// prepare checks that the run fits, makes its directory and loads the newest
// checkpoint or starts a new model.
func (t *Trainer) prepare() error {
	if t.options.RunDir == "" {
		return errors.New("a run needs a directory")
	}
	if err := t.fits(); err != nil {
		return err
	}
	unlock, err := checkpoint.Lock(t.options.RunDir)
	if err != nil {
		return err
	}
	t.unlock = unlock
	if err := t.load(); err != nil {
		return err
	}
	if err := t.store.RemoveLeftovers(); err != nil {
		return err
	}
	return t.info().save(t.options.RunDir)
}

// load loads the newest checkpoint, or starts a new model.
func (t *Trainer) load() error {
	last, err := t.lastCheckpoint()
	if err != nil {
		return err
	}
	if last != "" {
		info, err := readInfo(t.options.RunDir)
		if err != nil {
			return err
		}
		t.began = info.Began
		if err := t.restore(last); err != nil {
			return err
		}
		t.spentBefore = energyBefore(info, t.journal.Records())
		return nil
	}
	t.began = time.Now().UTC().Truncate(time.Second)
	if err := t.start(); err != nil {
		return err
	}
	if t.options.Begin != nil { // before the journal, which makes the directory that of a run
		if err := t.options.Begin(); err != nil {
			return err
		}
	}
	t.journal, err = journalForm.Open(t.options.RunDir, nil)
	return err
}

// start makes the model of a new run.
func (t *Trainer) start() (err error) {
	switch from := t.recipe.Model.From; {
	case t.recipe.Lora.Rank > 0:
		err = t.loadBase()
	case t.recipe.Model.Vision.given() && (from != "" || t.recipe.Model.Vision.From != ""):
		if t.model, err = t.loadParts(); err == nil {
			err = checkFinite(strings.Trim(from+", "+t.recipe.Model.Vision.From, ", "), masters(t.model))
		}
	case from != "":
		if t.model, err = model.Load(from, true); err == nil {
			err = checkFinite(from, masters(t.model))
		}
	default:
		t.model, err = model.New(t.cfg, t.recipe.Seed)
	}
	if err != nil {
		return err
	}
	t.makeOptimizer()
	t.noteRecipe()
	return nil
}

// checkFinite refuses weights that every step would trip over.
func checkFinite(dir string, list []optim.State) error {
	for _, s := range list {
		for _, v := range s.Data {
			if !finite(float64(v)) {
				return recipe.Bad("model.from", "%s: tensor %s holds %v: the model is damaged, take another one", dir, s.Name, v)
			}
		}
	}
	return nil
}
