package corpus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/internal/atomicfile"

	"github.com/go-json-experiment/json"
)

// Corpus is a corpus that was built, for questions about its documents. It must
// not be used by several goroutines at a time.
type Corpus struct {
	// Manifest is that of the corpus.
	Manifest Manifest
	dir      string
	view     view
}

// ReadManifest reads the manifest of the corpus in dir. It verifies nothing.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestName)
	data, err := atomicfile.ReadSmall(path, maxMark)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no corpus that is complete: there is no %s; build it with polymath corpus build", dir, ManifestName)
	}
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("%s is of version %d, and this program reads version %d", path, m.Version, manifestVersion)
	}
	return m, nil
}

// Open opens the corpus in dir.
func Open(dir string) (*Corpus, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	c := &Corpus{dir: dir, Manifest: *m}
	if err := c.open(); err != nil {
		_ = c.Close() // the other error matters
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w; %s holds what became of the documents: put it back, or build again", err, filepath.Join(dir, workDir))
		}
		return nil, err
	}
	return c, nil
}

func (c *Corpus) open() error {
	work := filepath.Join(c.dir, workDir)
	in := &ingested{dir: filepath.Join(work, ingestStage)}
	c.view.ingested = in
	var done stageDone
	if err := readMark(filepath.Join(in.dir, doneFile), &done); err != nil {
		return err
	}
	in.key, in.output = done.Key, done.Output
	err := eachSummary(in.dir, in.key, func(s *Summary) error {
		in.segments = append(in.segments, segmentInfo{s.Source, s.First, s.Records})
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range []struct {
		kind string
		into **duplicates
	}{{goneExact, &c.view.exact}, {goneNear, &c.view.near}} {
		*d.into, err = openDuplicates(filepath.Join(work, dedupStage), d.kind)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, name := range []string{linesStage, substringsStage} {
		dir := filepath.Join(work, name)
		switch err := readMark(filepath.Join(dir, doneFile), &done); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		default:
			c.view.edits = append(c.view.edits, &edits{stage: name, dir: dir})
		}
	}
	return nil
}

// Close closes the corpus's files.
func (c *Corpus) Close() error {
	c.view.close()
	return nil
}

// Documents is the number of documents, those that were dropped included.
func (c *Corpus) Documents() int64 { return c.view.documents() }

// Find returns the numbers of the documents whose content or whose text has that
// id, in order; none if there is none.
func (c *Corpus) Find(id document.ID) ([]uint32, error) {
	return lookup(filepath.Join(c.dir, workDir), id)
}

// Found is all that is known of one document.
type Found struct {
	Number uint32 `json:"number"`
	// Source is the name of its source, and Segment the number of its segment.
	Source  string `json:"source"`
	Segment int    `json:"segment"`
	// Record is the document as it is after all stages.
	Record segment.Record `json:"record"`
	// Text is its text then; "" if it was dropped.
	Text []byte `json:"-"`
	// Gone says why a document that the filters kept did not stay: "exact" or
	// "near" for a duplicate of Keeper, "lines" or "substrings" where too little was
	// left of it.
	Gone   string `json:"gone,omitempty"`
	Keeper uint32 `json:"keeper"`
}

// Document returns the document of that number.
func (c *Corpus) Document(ctx context.Context, number uint32) (*Found, error) {
	return c.find(ctx, number, true)
}

func (c *Corpus) find(ctx context.Context, number uint32, text bool) (*Found, error) {
	at, ok := c.view.within(number)
	if !ok {
		return nil, fmt.Errorf("%s has no document %d: it has %d", c.dir, number, c.Documents())
	}
	var found *Found
	err := c.view.each(ctx, at, segment.Parts{Text: text}, func(e *entry) error {
		if e.number != number {
			return nil
		}
		found = &Found{
			Number: number, Source: c.Manifest.Sources[e.source].Name, Segment: at,
			Record: *e.record, Text: slices.Clone(e.text), Gone: e.gone, Keeper: e.keeper,
		}
		return errStopped
	})
	if found == nil {
		if err == nil {
			err = fmt.Errorf("%s: segment %d is damaged: document %d is not in it; build with --fresh", c.dir, at, number)
		}
		return nil, err
	}
	return found, nil
}

// Each calls do with all documents in order until it returns an error; what it is
// given lasts until it returns. Texts are read if they are asked for.
func (c *Corpus) Each(ctx context.Context, texts bool, do func(*Found) error) error {
	for i := range c.view.segments {
		err := c.view.each(ctx, i, segment.Parts{Text: texts}, func(e *entry) error {
			return do(&Found{
				Number: e.number, Source: c.Manifest.Sources[e.source].Name, Segment: i,
				Record: *e.record, Text: e.text, Gone: e.gone, Keeper: e.keeper,
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
