package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/source"
)

// CorpusOptions say on what Corpus works.
type CorpusOptions struct {
	// Text and HTML are where text and web pages lie, as a recipe names sources.
	// Without Text it is Texts, without HTML pages are made of them.
	Text, HTML string
	Texts      [][]byte
	// Threads are the numbers of threads to measure with.
	Threads []int
	// Synthetic, if it is more than 0, measures instead one build of so many bytes
	// of text that are made while they are read.
	Synthetic int64
}

// corpusBench is what the measurements of a corpus share.
type corpusBench struct {
	Options
	CorpusOptions
	dir   string // for what builds write
	texts [][]byte
	pages []page
	bytes int64 // of texts
	html  int64 // bytes of pages
}

// page is a web page as it was stored.
type page struct {
	content      []byte
	charset, url string
}

// Corpus measures the stages of a corpus build, and builds as a whole. What it
// writes lies in a temporary directory, which it removes.
func Corpus(ctx context.Context, o Options, c CorpusOptions) (err error) {
	dir, err := os.MkdirTemp("", "polymath-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &corpusBench{Options: o, CorpusOptions: c, dir: dir}
	if c.Synthetic > 0 {
		return b.synthetic(ctx)
	}
	if err := b.load(ctx); err != nil {
		return err
	}
	for _, threads := range b.Threads {
		old := runtime.GOMAXPROCS(threads)
		err := b.stages(ctx, threads)
		if err == nil {
			err = b.builds(ctx, threads)
		}
		runtime.GOMAXPROCS(old)
		if err != nil {
			return err
		}
	}
	return nil
}

// load reads the texts and pages that stages are measured on: as many as they
// need, and not all there are.
func (b *corpusBench) load(ctx context.Context) error {
	limit := int64(16 << 20)
	if b.Quick {
		limit = 2 << 20
	}
	if b.texts = b.Texts; b.Text != "" {
		b.texts = nil
		if err := b.loadTexts(ctx, limit); err != nil {
			return err
		}
	}
	if b.HTML != "" {
		if err := b.loadPages(ctx, limit); err != nil {
			return err
		}
	} else {
		b.pages = makePages(b.texts)
	}
	b.bytes, b.html = 0, 0
	for _, t := range b.texts {
		b.bytes += int64(len(t))
	}
	for _, p := range b.pages {
		b.html += int64(len(p.content))
	}
	if b.bytes == 0 || b.html == 0 {
		return errors.New("there is nothing to measure with: name a directory with text by --text and one with web pages by --html")
	}
	return nil
}

var errEnough = errors.New("enough")

// loadTexts takes texts of all files alike: every so many of them.
func (b *corpusBench) loadTexts(ctx context.Context, limit int64) error {
	all := int64(0)
	_, err := corpus.EachText(ctx, []string{b.Text}, func(text []byte) error {
		all += int64(len(text))
		return nil
	})
	if err != nil {
		return err
	}
	seen, taken := int64(0), int64(0)
	_, err = corpus.EachText(ctx, []string{b.Text}, func(text []byte) error {
		seen += int64(len(text))
		if all > limit && float64(taken) > float64(limit)*float64(seen)/float64(all) {
			return nil
		}
		taken += int64(len(text))
		b.texts = append(b.texts, bytes.Clone(text))
		return nil
	})
	return err
}

// loadPages takes the first pages.
func (b *corpusBench) loadPages(ctx context.Context, limit int64) error {
	var so source.Options
	so.SetDefaults()
	files, err := source.List(ctx, []string{b.HTML}, so)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := b.loadFile(ctx, f, &limit); err != nil {
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		}
	}
	return nil
}

func (b *corpusBench) loadFile(ctx context.Context, f source.File, limit *int64) error {
	var o reader.Options
	o.SetDefaults()
	r, err := reader.Open(ctx, f, o, reader.Position{})
	if err != nil {
		return nil // not everything in a directory is a page
	}
	defer r.Close()
	for {
		rec, err := r.Next()
		var bad *reader.BadRecord
		var skipped *reader.Skipped
		switch {
		case errors.As(err, &bad), errors.As(err, &skipped):
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if rec.Resolve() != nil || rec.Format != document.HTML {
			continue
		}
		b.pages = append(b.pages, page{rec.Content, rec.Charset, rec.Meta["url"]})
		if *limit -= int64(len(rec.Content)); *limit <= 0 {
			return errEnough
		}
	}
}

// spread calls the functions with every index below n, each in a goroutine of its
// own.
func spread(n int, workers []func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, do := range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	wg.Wait()
}

// several makes a worker for each thread.
func several(threads int, worker func() func(i int)) []func(i int) {
	workers := make([]func(i int), threads)
	for i := range workers {
		workers[i] = worker()
	}
	return workers
}

// measured is one measurement by wall clock, processor and memory.
type measured struct {
	rate float64 // amount per second
	cpu  float64 // seconds of processors for the amount
}

// once measures one call of f, or as many as fill the slice of time.
func (b *corpusBench) once(amount float64, least time.Duration, f func()) measured {
	calls := 0
	cpu, start := cpuSeconds(), time.Now()
	for calls == 0 || time.Since(start) < least {
		f()
		calls++
	}
	wall := time.Since(start).Seconds()
	return measured{amount * float64(calls) / wall, (cpuSeconds() - cpu) / float64(calls)}
}

// report measures f and a limit by turns. amount is what one call does, of which
// bytes is the part that the processor's time is divided by.
func (b *corpusBench) report(r Result, amount float64, bytes int64, f func(), limit func() float64) {
	repeats := 3
	if b.Quick {
		repeats = 1
	}
	f()
	forgetPeak()
	var values, limits, cpu []float64
	for range repeats {
		before := limit()
		m := b.once(amount, b.slice(), f)
		values, cpu = append(values, m.rate), append(cpu, m.cpu)
		limits = append(limits, (before+limit())/2)
	}
	if r.Detail == nil {
		r.Detail = map[string]float64{}
	}
	r.Detail["CPU, ns per byte"] = 1e9 * median(cpu) / float64(bytes)
	r.Detail["peak memory, MiB"] = float64(peakMemory()) / (1 << 20)
	b.emit(r, values, limits)
}

// name ends a result's name with the number of threads.
func threadsName(name string, threads int) string {
	if threads == 1 {
		return fmt.Sprintf("corpus %s, 1 thread", name)
	}
	return fmt.Sprintf("corpus %s, %d threads", name, threads)
}

func (b *corpusBench) path(name string) string { return filepath.Join(b.dir, name) }
