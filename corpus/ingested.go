package corpus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/language"
	"github.com/polymath-lm/polymath/corpus/source"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// ingestVersion is counted up when the same files and recipe give other
// segments.
const ingestVersion = 4

const ingestStage = "ingest"

// ingestPart is what the segments depend on.
type ingestPart struct {
	Sources   []Source          `json:"sources"`
	Pipelines map[string][]Step `json:"pipelines"`
	// Files are the SHA-256 of the models and lists of the steps, by path.
	Files     map[string]string `json:"files,omitempty"`
	Languages string            `json:"language_model"`
	Segment   recipe.Bytes      `json:"segment"`
}

func (r *Recipe) ingestPart() (*ingestPart, error) {
	p := &ingestPart{
		Pipelines: map[string][]Step{}, Files: map[string]string{}, Languages: language.Default().Hash(),
		Segment: r.Segment,
	}
	for _, s := range r.Sources {
		s.Weight, s.Epochs = 0, 0 // these are for the mixture
		p.Sources = append(p.Sources, s.shown())
	}
	all := r.allPipelines()
	for _, name := range r.usedPipelines() {
		p.Pipelines[name] = all[name]
		for i := range all[name] {
			if err := p.addFiles(all[name][i].inputs()); err != nil {
				return nil, recipe.Below(fmt.Sprintf("pipelines.%s[%d]", name, i), err)
			}
		}
	}
	return p, nil
}

func (p *ingestPart) addFiles(patterns []string) error {
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			paths = []string{pattern}
		}
		for _, path := range filesOf(paths) {
			sum, err := atomicfile.Hash(path)
			if err != nil {
				return err
			}
			p.Files[path] = sum
		}
	}
	return nil
}

// filesOf lists the files themselves, and of directories, such as models, those
// that lie in them.
func filesOf(paths []string) []string {
	var files []string
	for _, path := range paths {
		entries, err := os.ReadDir(path)
		if err != nil { // a file, or what hashing will complain of
			files = append(files, path)
			continue
		}
		for _, e := range entries {
			if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, filepath.Join(path, e.Name()))
			}
		}
	}
	return files
}

// ingested is what the sources hold, in segments.
type ingested struct {
	dir      string
	key      string
	output   string
	sources  []*openSource
	segments []segmentInfo
	// minhash says which band keys the segments hold, nil for none. They are made
	// on the way, when the words of a document are known; a recipe that asks for
	// others later gets them from the texts.
	minhash *dedup.NearOptions
}

// segmentInfo is what later stages need of a summary.
type segmentInfo struct {
	source int
	first  int64
	count  int64
}

// documents is the number of documents, those that were dropped included.
func (in *ingested) documents() int64 {
	if len(in.segments) == 0 {
		return 0
	}
	last := in.segments[len(in.segments)-1]
	return last.first + last.count
}

// ingest reads the sources into segments, from where an earlier build stopped.
func (b *build) ingest(ctx context.Context) (*ingested, error) {
	part, err := b.recipe.ingestPart()
	if err != nil {
		return nil, err
	}
	s, err := newStage(b.work, ingestStage, ingestVersion, part, "")
	if err != nil {
		return nil, err
	}
	done, changed, err := s.open()
	if err != nil {
		return nil, err
	}
	if changed != nil {
		return nil, &ChangedError{Dir: b.recipe.Out, Changes: changed}
	}
	in := &ingested{dir: s.dir, key: s.key}
	lists, err := listSources(ctx, b.recipe, b.notice)
	if err != nil {
		return nil, err
	}
	for i := range b.recipe.Sources {
		in.sources = append(in.sources, &openSource{index: i, spec: &b.recipe.Sources[i], files: lists[i], out: b.recipe.Out})
	}
	at, err := in.resume(ctx, b.recipe)
	if err != nil {
		return nil, err
	}
	if done == nil {
		if err := b.unfinish(); err != nil {
			return nil, err
		}
		if err := b.read(ctx, in, at); err != nil {
			return nil, err
		}
		if done, err = s.finish(at.next.Before); err != nil {
			return nil, err
		}
	}
	in.output = done.Output
	return in, nil
}

// resume finds out how far an earlier build came, and that its files are the
// same.
func (in *ingested) resume(ctx context.Context, r *Recipe) (*collector, error) {
	for _, s := range in.sources {
		if err := keepList(in.dir, s); err != nil {
			return nil, err
		}
	}
	in.minhash = r.Dedup.MinHash
	c := &collector{
		dir: in.dir, sources: in.sources, next: &Summary{Before: in.key}, open: map[int]*reading{},
		totals: make([]Funnel, len(in.sources)), files: make([]int64, len(in.sources)), failed: make([]int64, len(in.sources)),
	}
	err := eachSummary(in.dir, in.key, func(s *Summary) error {
		in.segments = append(in.segments, segmentInfo{s.Source, s.First, s.Records})
		in.minhash = s.MinHash
		return c.resumeAfter(ctx, s)
	})
	return c, err
}

// resumeAfter takes the summary of a segment that is complete.
func (c *collector) resumeAfter(ctx context.Context, s *Summary) error {
	if s.Source >= len(c.sources) {
		return fmt.Errorf("segment %d is of a source that the recipe does not have", s.Number)
	}
	c.totals[s.Source].Merge(&s.Funnel)
	for i := range s.Read {
		in := &s.Read[i]
		c.files[s.Source]++
		if in.Failed != "" {
			c.failed[s.Source]++
		}
		files := c.sources[s.Source].files
		if in.Index >= len(files) {
			return fmt.Errorf("segment %d names a file that source %s does not have", s.Number, c.sources[s.Source].spec.Name)
		}
		if err := in.unchanged(ctx, c.sources[s.Source]); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	clear(c.open)
	if s.Open != nil {
		contents, err := restoreContents(s.Open.Contents)
		if err != nil {
			return fmt.Errorf("%s: %w", summaryPath(c.dir, s.Number), err)
		}
		open := *s.Open
		c.open[open.Index] = &reading{&open, contents}
	}
	c.next = &Summary{Number: s.Number + 1, Before: s.hash, First: s.First + s.Records}
	c.place, c.source = s.End, s.Source
	if s.End.File >= len(c.sources[s.Source].files) && s.Open == nil {
		c.place, c.source = Place{}, s.Source+1
	}
	return nil
}

// read reads the sources from where the collector is.
func (b *build) read(ctx context.Context, in *ingested, c *collector) error {
	shared, err := b.newShared(ctx, in.minhash)
	if err != nil {
		return err
	}
	defer shared.pdfs.Close()
	pipelines, err := b.recipe.readyPipelines(b.o)
	if err != nil {
		return err
	}
	for _, s := range in.sources {
		s.named, s.byFormat = pipelines[s.spec.Pipeline], pipelines
	}
	defer c.abort()
	c.minhash = in.minhash
	b.watch.begin(ingestStage, in.sources, c)
	c.observe = b.watch.batch
	c.committed = func(s *Summary) {
		in.segments = append(in.segments, segmentInfo{s.Source, s.First, s.Records})
	}
	var open *InputFile
	for _, file := range c.open {
		open = file.input
	}
	work := flow[*batch, *result]{
		threads: b.threads, memory: b.memory(4),
		size:    (*batch).size,
		worker:  func() func(*batch) *result { return shared.newWorker().work },
		collect: c.collect,
	}
	return work.run(ctx, func(ctx context.Context, emit func(*batch) error) error {
		f := feeder{sources: in.sources, segment: int64(b.recipe.Segment), emit: emit, number: c.next.Number}
		return f.feed(ctx, c.source, c.place, open)
	})
}

// sourceFiles is the number of files and their bytes; unknown sizes count
// nothing.
func sourceFiles(files []source.File) (n int, bytes int64) {
	for _, f := range files {
		bytes += max(f.Size, 0)
	}
	return len(files), bytes
}
