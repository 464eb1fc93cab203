package corpus

import (
	"fmt"

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

// conceal replaces private data in an excerpt.
func (c *chain) conceal(text []byte) []byte {
	if len(c.concealers) == 0 {
		return text
	}
	c.scratch.Reset(text)
	for _, s := range c.concealers {
		if s.Apply(&c.scratch); c.scratch.Drop != nil {
			return []byte("(left out: it holds secrets)")
		}
	}
	return c.scratch.Text()
}
