// Package contamination looks for the items of an examination in the data that the
// examined model was trained on.
//
// What that data is, the model's manifest says by hashes: of the shards that it was
// trained on, and of the model that training went on from, and so back to one that
// began at random. Only what has these hashes is looked through, and all of it: the
// texts are those of the shards, as training read them, less those that it held out
// for measuring. Where a link of that
// chain is unknown or not at hand, nothing is said of any item.
package contamination

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Options say which model's data is looked through and where it may be.
type Options struct {
	// Model is the path of the model, or "" where it is not on this machine, and
	// Adapter that of an adapter on it, or "".
	Model, Adapter string
	// Places are directories of corpora, sets of shards, models and runs, besides
	// those around Model and those that its run names. One that has nothing to do
	// with the model is an error.
	Places []string
	// Shared says that Places are those of several models: none is an error then.
	Shared bool
	// Progress, if not nil, is told how many documents of all were looked through,
	// from one goroutine at a time.
	Progress func(done, all int64)
}

// NotTraced is why it is not known what a model was trained on, or not at hand.
type NotTraced struct {
	// Why says it, as part of a sentence.
	Why string
}

func (e *NotTraced) Error() string { return e.Why }

func notTraced(format string, args ...any) error {
	return &NotTraced{Why: fmt.Sprintf(format, args...)}
}

// Lineage is all that a model was trained on, the last part first.
type Lineage struct {
	Links []Link
}

// Link is one set of shards that a model was trained on.
type Link struct {
	// Model is the path of the model that names it.
	Model string
	// Shards is the directory of the shards and Hash that of their manifest.
	Shards, Hash string
	// Corpus is the directory of the corpus that they are of, "" if that is not known.
	Corpus string
	// Conversations is the file that they were made of, in place of a corpus.
	Conversations string
	// HeldOut is the share of documents that every model that names the shards held
	// out: they are not looked through.
	HeldOut float64

	text *tokenizer.Tokenizer
}

// maxLinks bounds a chain of models.
const maxLinks = 64

// Trace follows the model's lineage. It returns a *NotTraced where that ends before
// a model that began at random, and other errors for what cannot be read and for
// places that are none of the model's. It reads manifests alone.
func Trace(o Options) (*Lineage, error) {
	t, err := newTracer(o)
	if err != nil {
		return nil, err
	}
	l, err := t.trace(o)
	var none *NotTraced
	if err != nil && !errors.As(err, &none) {
		return nil, err
	}
	if stranger := t.stranger(); stranger != "" && !o.Shared {
		if none != nil {
			return nil, fmt.Errorf("%s: whether the model was trained on what is there is not known: %s", stranger, none.Why)
		}
		return nil, fmt.Errorf("%s: the model was not trained on what is there: %s", stranger, t.trained(l))
	}
	return l, err
}

// trace is Trace without a look at places that were given in vain.
func (t *tracer) trace(o Options) (*Lineage, error) {
	if o.Model == "" {
		return nil, notTraced("the model is behind an API, which does not say what it was trained on")
	}
	l := &Lineage{}
	if o.Adapter != "" {
		p, err := provenance(o.Adapter)
		if err != nil {
			return nil, err
		}
		if p.Corpus == "" {
			return nil, notTraced("%s does not say what it was trained on", o.Adapter)
		}
		if err := t.add(l, o.Adapter, p); err != nil {
			return nil, err
		}
	}
	for at := o.Model; ; {
		p, err := provenance(at)
		if err != nil {
			return nil, err
		}
		if p.Corpus != "" {
			if err := t.add(l, at, p); err != nil {
				return nil, err
			}
		}
		if p.Parent == "" {
			return l, t.begins(l, at, p)
		}
		if len(l.Links) >= maxLinks {
			return nil, notTraced("more than %d models follow each other", maxLinks)
		}
		next, err := t.findModel(at, p.Parent)
		if err != nil {
			return nil, err
		}
		at = next
	}
}

// begins is an error unless the model began at random: what goes on from weights
// whose origin nobody wrote down has seen data that nobody can look through.
func (t *tracer) begins(l *Lineage, at string, p *model.Provenance) error {
	if p.Corpus == "" {
		return notTraced("%s does not say what it was trained on", at)
	}
	own := slices.IndexFunc(l.Links, func(link Link) bool { return link.Hash == p.Corpus })
	m, err := shard.ReadManifest(l.Links[own].Shards)
	if err != nil {
		return err
	}
	run := t.runOf(at)
	if run == nil && m.Masked || run != nil && run.Model != "" { // without its run, conversations are taken for fine-tuning
		return notTraced("%s goes on from a model that its manifest does not name", at)
	}
	return nil
}

// provenance is what a model's manifest, or its GGUF file, says.
func provenance(path string) (*model.Provenance, error) {
	if filepath.Ext(path) == ".gguf" {
		d, err := modelfile.Inspect(path)
		if err != nil {
			return nil, err
		}
		return cmp.Or(d.Provenance, &model.Provenance{}), nil
	}
	man, err := model.ReadManifest(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notTraced("%s has no %s that says what it was trained on", path, model.ManifestName)
	}
	if err != nil {
		return nil, err
	}
	return &man.Provenance, nil
}

// add finds the shards that p names.
func (t *tracer) add(l *Lineage, at string, p *model.Provenance) error {
	for _, hash := range append([]string{p.Corpus}, p.Stages...) {
		if err := t.addShards(l, at, hash, p.HeldOut); err != nil {
			return err
		}
	}
	return nil
}

// addShards finds the shards with that hash.
func (t *tracer) addShards(l *Lineage, at, hash string, heldOut float64) error {
	if i := slices.IndexFunc(l.Links, func(other Link) bool { return other.Hash == hash }); i >= 0 {
		l.Links[i].HeldOut = min(l.Links[i].HeldOut, heldOut)
		return nil
	}
	link := Link{Model: at, Hash: hash, HeldOut: heldOut}
	for _, dir := range t.around(at) {
		if found := shardsIn(dir, hash); found != "" {
			link.Shards = found
			t.used[dir] = true
			break
		}
	}
	if link.Shards == "" {
		return notTraced("the shards with hash %.16s… that %s was trained on are not found: name the directory of their corpus by --corpus", hash, at)
	}
	if above := filepath.Dir(link.Shards); corpusHas(above, hash) {
		link.Corpus = above
	}
	if run := t.runOf(at); run != nil && link.Corpus == "" {
		link.Conversations = run.Conversations
	}
	if err := t.tokenizer(&link); err != nil {
		return err
	}
	l.Links = append(l.Links, link)
	return nil
}

// corpusHas reports whether dir is the corpus of the shards with that hash.
func corpusHas(dir, hash string) bool {
	m, err := corpus.ReadManifest(dir)
	return err == nil && m.Shards == hash
}

// tokenizer finds the one that the shards were made with.
func (t *tracer) tokenizer(l *Link) error {
	m, err := shard.ReadManifest(l.Shards)
	if err != nil {
		return err
	}
	paths := []string{l.Model, l.Corpus, filepath.Dir(l.Shards)}
	if c, err := corpus.ReadManifest(l.Corpus); err == nil {
		paths = append(paths, c.TokenizerPath)
	}
	if run := t.runOf(l.Model); run != nil {
		paths = append(paths, run.Tokenizer, run.Model)
	}
	for _, path := range append(paths, t.around(l.Model)...) {
		if path == "" {
			continue
		}
		text, err := modelfile.TokenizerJSON(path)
		if err != nil {
			continue // there is none
		}
		if l.text, err = tokenizer.Parse(text); err == nil && l.text.Hash() == m.TokenizerHash {
			return nil
		}
	}
	return notTraced("the tokenizer with hash %.16s… that the shards in %s were made with is not found", m.TokenizerHash, l.Shards)
}
