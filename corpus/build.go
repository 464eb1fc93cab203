package corpus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/extract/pdf"
	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Options are what a build needs beside the recipe. They do not change the
// result.
type Options struct {
	// Fresh removes what an earlier build left in the directory.
	Fresh bool
	// Version is that of the program, for the manifest.
	Version string
	// OpenTokenizer opens the tokenizer at a path; nil: tokenizer.Load.
	OpenTokenizer func(path string) (*tokenizer.Tokenizer, error)
	// Perplexity opens the model at a path and returns what measures the perplexity
	// per token of a text, for many goroutines. Without it no recipe can ask for it.
	Perplexity func(path string) (func(text []byte) (float64, error), error)
	// Observe is called now and then by one goroutine; nil: nobody looks.
	Observe func(Progress)
	// Notice is called with what a user should know; nil: nobody listens.
	Notice func(text string)
}

// build is one build at work.
type build struct {
	recipe  *Recipe
	o       *Options
	work    string
	threads int
	watch   watch
}

// workDir is the directory of the stages within that of the build.
const workDir = "work"

// Build makes the corpus of the recipe in the directory that it names, or goes on
// with it, and returns its manifest. The end of ctx stops it; a later call goes
// on. It returns a *ChangedError where the directory holds something else, a
// *TooManyBad where too much of a source cannot be read, and errors about keys of
// a recipe that was read from a file with their lines.
func Build(ctx context.Context, r *Recipe, o Options) (m *Manifest, err error) {
	err = r.with(o, func(b *build) error {
		m, err = b.run(ctx)
		return err
	})
	return m, err
}

// Read does what of Build comes before the tokenizer: it reads the sources and
// removes what is there twice. It calls do with each document that stays, with the
// id of its text and the length in bytes, and returns what became of the sources.
// Build goes on from there.
func Read(ctx context.Context, r *Recipe, o Options, do func(id document.ID, bytes int64) error) (sources []SourceReport, err error) {
	err = r.with(o, func(b *build) error {
		in, err := b.begin(ctx)
		if err != nil {
			return err
		}
		v := &view{ingested: in}
		defer v.close()
		c, err := b.settle(ctx, v)
		if err != nil {
			return err
		}
		sources = b.reports(v, c)
		err = eachSummary(v.dir, v.key, func(s *Summary) error {
			sources[s.Source].add(s)
			return nil
		})
		if err != nil {
			return err
		}
		return v.all(ctx, segment.Parts{}, &b.watch, func(e *entry) error {
			if !e.stays() {
				return nil
			}
			return do(e.fact.text, int64(e.fact.bytes))
		})
	})
	return sources, err
}

// with does work on a build whose directory nobody else uses meanwhile.
func (r *Recipe) with(o Options, work func(*build) error) error {
	if err := r.Check(); err != nil {
		return r.locate(err)
	}
	b := &build{recipe: r, o: &o, work: filepath.Join(r.Out, workDir), threads: r.threads()}
	b.watch.report = o.Observe
	if err := os.MkdirAll(r.Out, 0o777); err != nil {
		return explain(err)
	}
	unlock, err := atomicfile.Lock(r.Out)
	if err != nil {
		return explain(err)
	}
	err = work(b)
	if unlockErr := unlock(); err == nil {
		err = unlockErr
	}
	return r.locate(explain(err))
}

func (r *Recipe) threads() int {
	if r.Threads > 0 {
		return r.Threads
	}
	return runtime.GOMAXPROCS(0)
}

func (b *build) run(ctx context.Context) (*Manifest, error) {
	in, err := b.begin(ctx)
	if err != nil {
		return nil, err
	}
	return b.after(ctx, in)
}

// begin reads the sources.
func (b *build) begin(ctx context.Context) (*ingested, error) {
	if err := b.checkDir(); err != nil {
		return nil, err
	}
	if b.o.Fresh {
		if err := b.ready(ctx); err != nil {
			return nil, err
		}
		if err := b.clear(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(b.work, 0o777); err != nil {
		return nil, err
	}
	if err := atomicfile.RemoveLeftovers(b.recipe.Out); err != nil {
		return nil, err
	}
	if err := b.checkTokenizer(); err != nil {
		return nil, err
	}
	return b.ingest(ctx)
}

// ready says whether a build can begin, before what is there is removed.
func (b *build) ready(ctx context.Context) error {
	if err := b.checkTokenizer(); err != nil {
		return err
	}
	_, err := listSources(ctx, b.recipe, func(string) {}) // ingest tells of what is passed over
	return err
}

// after runs the stages that come after the sources were read.
func (b *build) after(ctx context.Context, in *ingested) (*Manifest, error) {
	v := &view{ingested: in}
	defer v.close()
	census, err := b.settle(ctx, v)
	if err != nil {
		return nil, err
	}
	t, err := b.tokenizer(ctx, v, census)
	if err != nil {
		return nil, err
	}
	packed, err := b.pack(ctx, v, census, t)
	if err != nil {
		return nil, err
	}
	return b.manifest(v, census, t, packed)
}

// settle decides which documents stay.
func (b *build) settle(ctx context.Context, v *view) (*Census, error) {
	if err := b.dedup(ctx, v); err != nil {
		return nil, err
	}
	if err := b.lines(ctx, v); err != nil {
		return nil, err
	}
	if err := b.substrings(ctx, v); err != nil {
		return nil, err
	}
	if err := b.index(ctx, v); err != nil {
		return nil, err
	}
	return b.census(ctx, v)
}

// checkDir refuses a directory in which something else has the names that the
// build uses, and might remove.
func (b *build) checkDir() error {
	_, err := os.Stat(filepath.Join(b.work, ingestStage, stageFile))
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, name := range []string{workDir, ShardsDir} {
		path := filepath.Join(b.recipe.Out, name)
		entries, err := os.ReadDir(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if name == workDir && e.Name() == ingestStage { // stopped right at the beginning
				continue
			}
			return fmt.Errorf("%s is there and was not made by a build of a corpus; name another directory with --out", path)
		}
	}
	return nil
}

// unfinish removes the manifest before anything that it tells of is changed.
func (b *build) unfinish() error {
	err := os.Remove(filepath.Join(b.recipe.Out, ManifestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// unused removes what is left of a stage that the recipe no longer has.
func (b *build) unused(name string) error {
	dir := filepath.Join(b.work, name)
	if _, err := os.Stat(dir); err != nil {
		return nil //nolint:nilerr // there is nothing to remove
	}
	if err := b.unfinish(); err != nil {
		return err
	}
	return atomicfile.RemoveAll(dir)
}

// clear removes what builds leave, and nothing else.
func (b *build) clear() error {
	if err := b.unfinish(); err != nil {
		return err
	}
	for _, name := range []string{ShardsDir, workDir} {
		if err := atomicfile.RemoveAll(filepath.Join(b.recipe.Out, name)); err != nil {
			return err
		}
	}
	return nil
}

// stage opens a stage that may be made anew: where it was made from something
// else, what it left is removed.
func (b *build) stage(name string, version int, part any, input string) (*stage, *stageDone, error) {
	s, err := newStage(b.work, name, version, part, input)
	if err != nil {
		return nil, nil, err
	}
	done, changed, err := s.open()
	if err != nil || done != nil {
		return s, done, err
	}
	if err := b.unfinish(); err != nil || changed == nil {
		return s, nil, err
	}
	b.notice(fmt.Sprintf("%s is done anew: %s", name, changed[0]))
	return s, nil, s.again()
}

func (b *build) notice(text string) {
	if b.o.Notice != nil {
		b.o.Notice(text)
	}
}

// memory is what one of several tables may take.
func (b *build) memory(parts int64) int64 { return max(int64(b.recipe.Memory)/parts, 16<<20) }

// newShared makes what workers share. They make band keys unless o is nil.
func (b *build) newShared(ctx context.Context, o *dedup.NearOptions) (*shared, error) {
	pool, err := pdf.New(b.threads)
	if err != nil {
		return nil, err
	}
	s := &shared{ctx: ctx, pdfs: pool}
	if o != nil {
		if s.minhash, err = dedup.NewMinHash(*o); err != nil {
			_ = pool.Close() // the other error matters
			return nil, err
		}
		s.numBands = o.Bands
	}
	return s, nil
}
