package corpus

import (
	"context"
	"path/filepath"

	"github.com/polymath-lm/polymath/corpus/mixture"
)

const (
	censusStage   = "census"
	censusVersion = 1
	censusFile    = "census.json"
)

// Census is what is left of each source after deduplication.
type Census struct {
	Sources []Left `json:"sources"`
}

// Left is what is left of one source.
type Left struct {
	Name string `json:"name"`
	// Gone is by reason the documents that the filters kept and that went
	// afterwards, with the bytes of the text that they had: "exact" and "near" for
	// duplicates, "lines" and "substrings" for those of which too little was left.
	Gone map[string]Count `json:"gone,omitempty"`
	// Cuts is what these stages took out of documents.
	Cuts map[string]map[string]CutCount `json:"cuts,omitempty"`
	// Left is the documents that stay, with the bytes of their text.
	Left Count `json:"left"`
}

// census counts what the stages so far left.
func (b *build) census(ctx context.Context, v *view) (*Census, error) {
	s, done, err := b.stage(censusStage, censusVersion, struct{}{}, v.output)
	if err != nil {
		return nil, err
	}
	c := &Census{}
	path := filepath.Join(s.dir, censusFile)
	if done != nil {
		return c, readMark(path, c)
	}
	b.watch.stage(censusStage)
	for _, src := range v.sources {
		c.Sources = append(c.Sources, Left{Name: src.spec.Name})
	}
	err = v.allFacts(ctx, 0, &b.watch, func(e *entry) error {
		c.Sources[e.source].add(e, v.edits)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := writeMark(path, c); err != nil {
		return nil, err
	}
	_, err = s.finish(v.output)
	return c, err
}

func (l *Left) add(e *entry, stages []*edits) {
	if e.stays() {
		l.Left.add(int64(e.fact.bytes))
	} else if e.gone != "" {
		l.Gone = plusAt(l.Gone, e.gone, Count{1, int64(e.fact.bytes)})
	}
	if e.record == nil { // no stage edited it
		return
	}
	for _, c := range e.record.Cuts {
		for _, s := range stages {
			if c.Step == s.stage {
				l.Cuts = plusIn(l.Cuts, c.Step, c.Reason, CutCount{1, int64(c.Count), c.Bytes})
			}
		}
	}
}

// NewMixture divides the text among the stages of training, where left is what
// is left of each source of the recipe.
func (r *Recipe) NewMixture(left []Count) (*mixture.Plan, error) {
	c := Census{Sources: make([]Left, len(left))}
	for i, n := range left {
		c.Sources[i] = Left{Name: r.Sources[i].Name, Left: n}
	}
	return mixture.NewPlan(r.Mixture, r.Seed, c.mixed(r))
}

// mixed is what the mixture needs to know of the sources.
func (c *Census) mixed(r *Recipe) []mixture.Source {
	out := make([]mixture.Source, len(c.Sources))
	for i, l := range c.Sources {
		s := &r.Sources[i]
		out[i] = mixture.Source{Name: l.Name, Weight: s.Weight, Epochs: s.Epochs, Docs: l.Left.Docs, Bytes: l.Left.Bytes}
	}
	return out
}

// total is all text that is left.
func (c *Census) total() Count {
	var n Count
	for _, l := range c.Sources {
		n = n.plus(l.Left)
	}
	return n
}
