package corpus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/extract/pdf"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/source"
)

// Again is a record that was read again from its source and taken through its
// steps again.
type Again struct {
	// Pipeline is the name of the steps, and Steps what each did.
	Pipeline string      `json:"pipeline"`
	Steps    []StepAgain `json:"steps"`
	// Text is the beginning of what was left in the end. Private data that the
	// pipeline looks for is replaced in it.
	Text string `json:"text"`
	// Same says that the steps did what they did when the corpus was built.
	Same bool `json:"same"`
}

// StepAgain is one step.
type StepAgain struct {
	Name string `json:"name"`
	// Before and After are the lengths of the text in bytes.
	Before int64 `json:"before"`
	After  int64 `json:"after"`
	// Cuts are the places that it changed, at most document.MaxSpans for each reason.
	Cuts []CutAgain     `json:"cuts,omitempty"`
	Drop *document.Drop `json:"drop,omitempty"`
}

// CutAgain is a place at which something was cut, with the text around it.
// Private data is replaced in all of it, and that which the step itself found is
// left out. Where private data lies across the edges there is no text.
type CutAgain struct {
	Reason string `json:"reason"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	Before string `json:"before"`
	Text   string `json:"text"`
	After  string `json:"after"`
}

// ErrGone says that a record is not in its source any more as it was.
var ErrGone = errors.New("the record is not there any more as it was read")

// Again reads the record of t from its source and takes it through its steps.
// The error is ErrGone where the source has changed.
func (c *Corpus) Again(ctx context.Context, t *Trace) (*Again, error) {
	r, err := c.Recipe()
	if err != nil {
		return nil, err
	}
	at := c.sourceOf(t.Source)
	if t.Record.Bad != "" || at < 0 || at >= len(r.Sources) {
		return nil, ErrGone
	}
	spec := &r.Sources[at]
	rec, err := reread(ctx, &openSource{spec: spec, out: r.Out}, t.Record.Origin)
	if err != nil {
		return nil, err
	}
	if id := document.FormatID(document.NewID(rec.Content)); id != t.Record.ID {
		return nil, fmt.Errorf("%w: its content has the id %s now", ErrGone, id)
	}
	return retry(ctx, r, spec, rec, t)
}

// reread finds a record in its file.
func reread(ctx context.Context, src *openSource, o document.Origin) (*reader.Record, error) {
	files, err := source.List(ctx, []string{o.File}, src.spec.listing())
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("%w: %v", ErrGone, err)
	}
	in, err := openReader(ctx, files[0], src.reading(), reader.Position{})
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrGone, err)
	}
	defer in.Close()
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		rec, err := in.Next()
		var bad *reader.BadRecord
		var skipped *reader.Skipped
		switch {
		case errors.As(err, &bad), errors.As(err, &skipped):
			continue
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: the file ends before it", ErrGone)
		case err != nil:
			return nil, fmt.Errorf("%w: %v", ErrGone, err)
		case rec.Origin.Record > o.Record:
			return nil, ErrGone
		case rec.Origin.Record == o.Record:
			if err := rec.Resolve(); err != nil {
				return nil, fmt.Errorf("%w: %v", ErrGone, err)
			}
			return rec, nil
		}
	}
}

// retry takes a record through its steps.
func retry(ctx context.Context, r *Recipe, spec *Source, rec *reader.Record, t *Trace) (*Again, error) {
	pool, err := pdf.New(1)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	w := (&shared{ctx: ctx, pdfs: pool}).newWorker()
	text, found, drop, err := w.text(ctx, rec)
	if err != nil {
		return nil, err
	}
	d := &document.Document{}
	d.Reset(text)
	d.Name(rec.Content)
	d.Origin, d.Format, d.Drop = rec.Origin, rec.Format, drop
	spec.describe(d, rec, found)
	name := spec.Pipeline
	if name == "" {
		name = pipelineOf(d.Format)
	}
	chain, err := r.chainOf(name)
	if err != nil {
		return nil, err
	}
	a := &Again{Pipeline: name}
	for i, s := range chain.steps {
		if d.Drop != nil {
			break
		}
		a.Steps = append(a.Steps, chain.again(i, s, d))
	}
	if a.Same = sameOutcome(d, t); a.Same {
		a.later(chain, d, t)
	}
	a.Text = string(excerpt(chain.conceal(slices.Clone(d.Text()))))
	return a, nil
}

// sameOutcome reports whether d came out as the document of t did before later
// stages.
func sameOutcome(d *document.Document, t *Trace) bool {
	if d.Drop == nil {
		return t.Gone == linesStage || t.Gone == substringsStage || t.edited() || document.FormatID(document.NewID(d.Text())) == t.Record.Text
	}
	old := t.Record.Drop
	return old != nil && old.Filter == d.Drop.Filter && old.Rule == d.Drop.Rule
}

// later adds what the first stage after the steps that changed the document cut out
// of it; what the next one found is not known any more.
func (a *Again) later(c *chain, d *document.Document, t *Trace) {
	for _, stage := range []string{linesStage, substringsStage} {
		s := StepAgain{Name: stage, Before: int64(len(d.Text()))}
		s.After = s.Before
		for _, cut := range t.Record.Cuts {
			if cut.Step != stage {
				continue
			}
			s.After -= cut.Bytes
			for _, span := range cut.Spans {
				if place, ok := c.around(d.Text(), span, false); ok {
					place.Reason = cut.Reason
					s.Cuts = append(s.Cuts, place)
				}
			}
		}
		if len(s.Cuts) > 0 {
			if s.Drop = t.Record.Drop; s.Drop != nil && s.Drop.Filter != stage {
				s.Drop = nil
			}
			a.Steps = append(a.Steps, s)
			return
		}
	}
}

// edited reports whether a stage after the steps changed the document.
func (t *Trace) edited() bool {
	return slices.ContainsFunc(t.Record.Cuts, func(c document.Cut) bool { return c.Step == linesStage || c.Step == substringsStage })
}

// chainOf makes the steps of a pipeline ready.
func (r *Recipe) chainOf(name string) (*chain, error) {
	p := &pipeline{name: name}
	steps := r.allPipelines()[name]
	for i := range steps {
		if err := steps[i].ready(p, &Options{}); err != nil {
			return nil, fmt.Errorf("step %d of the pipeline %s: %w", i+1, name, err)
		}
	}
	return p.chain(), nil
}

// again applies one step and looks at what it cut.
func (c *chain) again(i int, s document.Step, d *document.Document) StepAgain {
	out := StepAgain{Name: c.pipeline.steps[i].name, Before: int64(len(d.Text()))}
	before := slices.Clone(d.Text())
	earlier := len(d.Cuts)
	c.applyStep(s, d)
	out.After, out.Drop = int64(len(d.Text())), d.Drop
	if bytes.Equal(before, d.Text()) {
		return out
	}
	private := out.Name == privateStep || out.Name == secretsStep
	for _, cut := range d.Cuts[earlier:] {
		for _, span := range cut.Spans {
			if place, ok := c.around(before, span, private); ok {
				place.Reason = cut.Reason
				out.Cuts = append(out.Cuts, place)
			}
		}
	}
	return out
}

// Lengths of what is shown of a cut and around it. More is looked at, so that
// private data at the edges is known as such.
const (
	shownAround = 100
	shownCut    = 200
	seenAround  = 400
)

// around is the text around a span.
func (c *chain) around(text []byte, span [2]int, private bool) (CutAgain, bool) {
	from, to := span[0], span[0]+span[1]
	if from < 0 || to < from || to > len(text) {
		return CutAgain{}, false
	}
	out := CutAgain{Offset: from, Length: span[1]}
	start, end := max(from-seenAround, 0), min(to+seenAround, len(text))
	before, cut, after := c.shown(text[start:from]), c.shown(text[from:to]), c.shown(text[to:end])
	if private {
		cut = ""
	} else if before+cut+after != c.shown(text[start:end]) || before+after != c.shown(slices.Concat(text[start:from], text[to:end])) {
		return out, true // private data lies across the edges
	}
	out.Before, out.Text, out.After = lastPart(before, shownAround), firstPart(cut, shownCut), firstPart(after, shownAround)
	return out, true
}

// shown is a text as it may be shown: without signs that nobody sees, which would
// hide private data from the steps that know it.
func (c *chain) shown(text []byte) string {
	seen := bytes.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, bytes.ToValidUTF8(text, nil))
	return strings.ToValidUTF8(string(c.conceal(seen)), "")
}

func firstPart(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}

func lastPart(text string, n int) string {
	if len(text) <= n {
		return text
	}
	at := len(text) - n
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return "…" + text[at:]
}
