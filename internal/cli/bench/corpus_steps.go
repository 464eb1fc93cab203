package bench

import (
	"context"
	"errors"

	"github.com/polymath-lm/polymath/corpus/clean"
	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/extract"
	"github.com/polymath-lm/polymath/corpus/filter"
	"github.com/polymath-lm/polymath/corpus/language"
	"github.com/polymath-lm/polymath/corpus/privacy"
	"github.com/polymath-lm/polymath/corpus/secrets"
	"github.com/polymath-lm/polymath/corpus/words"
)

// namedStep is a step of a pipeline with the published thresholds.
type namedStep struct {
	name   string
	filter bool // one of those whose rules were published
	worker func() document.Step
}

// published makes a step of options with their defaults.
func published[O any, P interface {
	*O
	SetDefaults()
}, T interface{ Worker() document.Step }](make func(O) (T, error),
) (func() document.Step, error) {
	var o O
	P(&o).SetDefaults()
	t, err := make(o)
	if err != nil {
		return nil, err
	}
	return t.Worker, nil
}

// corpusSteps are the steps of pipelines for text.
func corpusSteps() ([]namedStep, error) {
	var steps []namedStep
	var failed error
	add := func(name string, filter bool, worker func() document.Step, err error) {
		steps, failed = append(steps, namedStep{name, filter, worker}), errors.Join(failed, err)
	}
	worker, err := published(clean.NewUnicode)
	add("unicode", false, worker, err)
	worker, err = published(clean.NewBoilerplate)
	add("boilerplate_lines", false, worker, err)
	worker, err = published(language.New)
	add("language", false, worker, err)
	worker, err = published(filter.NewRepetition)
	add("gopher_repetition", true, worker, err)
	worker, err = published(filter.NewQuality)
	add("gopher_quality", true, worker, err)
	worker, err = published(filter.NewC4)
	add("c4", true, worker, err)
	worker, err = published(filter.NewFineWeb)
	add("fineweb", true, worker, err)
	worker, err = published(privacy.New)
	add("private", false, worker, err)
	worker, err = published(secrets.New)
	add("secrets", false, worker, err)
	return steps, failed
}

// stages measures what becomes of documents, stage by stage. Each stage is given
// the documents anew, so that those that count words find them anew.
func (b *corpusBench) stages(ctx context.Context, threads int) error {
	b.extraction(threads)
	steps, err := corpusSteps()
	if err != nil {
		return err
	}
	b.stage("words", threads, func() func(d *document.Document) {
		return func(d *document.Document) { d.Words() }
	})
	var filters []namedStep
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.stage(s.name, threads, func() func(d *document.Document) { return s.worker().Apply })
		if s.filter {
			filters = append(filters, s)
		}
	}
	return b.together(ctx, threads, filters)
}

// together measures the published filters one after the other, MinHash, and both.
func (b *corpusBench) together(ctx context.Context, threads int, filters []namedStep) error {
	var o dedup.NearOptions
	o.SetDefaults()
	m, err := dedup.NewMinHash(o)
	if err != nil {
		return err
	}
	b.stage("filters, until one drops", threads, func() func(d *document.Document) {
		all := workersOf(filters)
		return func(d *document.Document) {
			for _, s := range all {
				if s.Apply(d); d.Drop != nil {
					return
				}
			}
		}
	})
	b.stage("filters, every one", threads, func() func(d *document.Document) { return applyAll(workersOf(filters)) })
	b.stage("minhash", threads, func() func(d *document.Document) {
		w, bands := m.Worker(), []uint64(nil)
		return func(d *document.Document) { bands = w.Bands(bands[:0], d.Words()) }
	})
	b.given(m, threads)
	b.stage("filters, every one, and minhash", threads, func() func(d *document.Document) {
		filter, w, bands := applyAll(workersOf(filters)), m.Worker(), []uint64(nil)
		return func(d *document.Document) {
			filter(d)
			bands = w.Bands(bands[:0], d.Words())
		}
	})
	return b.clusters(ctx, threads, o)
}

func workersOf(steps []namedStep) []document.Step {
	out := make([]document.Step, len(steps))
	for i, s := range steps {
		out[i] = s.worker()
	}
	return out
}

// applyAll applies all steps, each to the text that the one before left, also
// where one drops the document.
func applyAll(steps []document.Step) func(d *document.Document) {
	return func(d *document.Document) {
		for _, s := range steps {
			s.Apply(d)
			d.Drop = nil
		}
	}
}

// scanning is the limit of what looks at text.
func (b *corpusBench) scanning(threads int, contents [][]byte, size int64) func() float64 {
	workers := several(threads, func() func(int) { return func(i int) { scan(contents[i : i+1]) } })
	return func() float64 { return b.rate(float64(size), func() { spread(len(contents), workers) }) }
}

// stage measures one stage on all texts.
func (b *corpusBench) stage(name string, threads int, worker func() func(d *document.Document)) {
	workers := several(threads, func() func(int) {
		do, d := worker(), &document.Document{}
		return func(i int) {
			d.Reset(b.texts[i])
			d.Format = document.Text
			do(d)
		}
	})
	b.report(Result{Name: threadsName(name, threads), Unit: "B/s", LimitOf: limitScan, Threads: threads}, float64(b.bytes), b.bytes,
		func() { spread(len(b.texts), workers) }, b.scanning(threads, b.texts, b.bytes))
}

// given measures MinHash of words that were found before.
func (b *corpusBench) given(m *dedup.MinHash, threads int) {
	texts, size := b.texts, int64(0)
	const most = 4 << 20 // the words take several times the memory of the text
	for i, t := range texts {
		if size += int64(len(t)); size >= most {
			texts = texts[:i+1]
			break
		}
	}
	lists := make([]words.List, len(texts))
	for i := range lists {
		lists[i].Split(texts[i])
	}
	workers := several(threads, func() func(int) {
		w, bands := m.Worker(), []uint64(nil)
		return func(i int) { bands = w.Bands(bands[:0], &lists[i]) }
	})
	b.report(Result{Name: threadsName("minhash, words given", threads), Unit: "B/s", LimitOf: limitScan, Threads: threads}, float64(size), size,
		func() { spread(len(lists), workers) }, b.scanning(threads, texts, size))
}

// extraction measures the text of web pages.
func (b *corpusBench) extraction(threads int) {
	contents, text := make([][]byte, len(b.pages)), int64(0)
	for i, p := range b.pages {
		contents[i] = p.content
		t, _, _ := extract.HTML(p.content, p.charset, p.url)
		text += int64(len(t))
	}
	workers := several(threads, func() func(int) {
		return func(i int) {
			p := &b.pages[i]
			_, _, _ = extract.HTML(p.content, p.charset, p.url) // pages without text take time too
		}
	})
	b.report(Result{
		Name: threadsName("extraction of HTML", threads), Unit: "B/s", LimitOf: limitScan, Threads: threads,
		Detail: map[string]float64{"text, share of bytes": float64(text) / float64(b.html)},
	}, float64(b.html), b.html, func() { spread(len(b.pages), workers) }, b.scanning(threads, contents, b.html))
}
