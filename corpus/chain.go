package corpus

import (
	"fmt"
	"maps"
	"slices"

	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/corpus/document"
)

// pipeline is a list of steps made ready. Goroutines share it.
type pipeline struct {
	name  string
	steps []readyStep
	// evaluation is the step that looks for evaluation sets, or nil.
	evaluation *decontaminate.T
}

// readyStep is a step whose lists and models are loaded.
type readyStep struct {
	name   string
	worker func() document.Step
}

// chain is a pipeline for one goroutine.
type chain struct {
	*pipeline
	steps []document.Step
	// concealers are the steps that replace private data.
	concealers []document.Step
	scratch    document.Document
}

func (p *pipeline) chain() *chain {
	c := &chain{pipeline: p}
	for _, s := range p.steps {
		c.steps = append(c.steps, s.worker())
		if s.name == privateStep || s.name == secretsStep {
			c.concealers = append(c.concealers, s.worker())
		}
	}
	return c
}

// apply takes d through the steps until one drops it.
func (c *chain) apply(d *document.Document, f *Funnel) {
	for i, s := range c.steps {
		f.reach(c.pipeline.steps[i].name, int64(len(d.Text())))
		c.applyStep(s, d)
		if d.Drop != nil {
			return
		}
	}
	if len(d.Text()) == 0 {
		d.Drop = &document.Drop{Filter: extractStep, Rule: "empty", Limit: 1}
	}
}

// applyStep names the step in a panic.
func (c *chain) applyStep(s document.Step, d *document.Document) {
	defer func() {
		if p := recover(); p != nil {
			panic(fmt.Sprintf("step %s: %v", s.Name(), p))
		}
	}()
	s.Apply(d)
}

// holdsSecrets stands for an excerpt that a step drops for its secrets.
const holdsSecrets = "(left out: it holds secrets)"

// conceal replaces private data in an excerpt.
func (c *chain) conceal(text []byte) []byte {
	if len(c.concealers) == 0 {
		return text
	}
	c.scratch.Reset(text)
	for _, s := range c.concealers {
		if s.Apply(&c.scratch); c.scratch.Drop != nil {
			return []byte(holdsSecrets)
		}
	}
	return c.scratch.Text()
}

// places are the metadata by which a document is found again, or that say what
// it is: nothing is replaced in them.
var places = []string{"url", "path", "date", "language", "license", "charset", "commit"}

// concealMeta replaces private data in what is known of d, such as the address
// of an author.
func (c *chain) concealMeta(d *document.Document) {
	if len(c.concealers) == 0 {
		return
	}
	own := false
	for key, value := range d.Meta {
		if slices.Contains(places, key) {
			continue
		}
		text := c.conceal([]byte(value))
		if string(text) == value {
			continue
		}
		if !own { // the reader may give the same to other documents
			d.Meta, own = maps.Clone(d.Meta), true
		}
		d.Meta[key] = string(text)
	}
}
