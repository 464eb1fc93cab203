package mixture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Doc is a document that stays.
type Doc struct {
	// Source is its index in Plan.Sources.
	Source int
	// ID names the final text.
	ID shard.ID
	// Text is not changed before Segment has returned.
	Text []byte
}

// PackOptions says how to write shards.
type PackOptions struct {
	// Work is the directory of the runs, which must exist. Runs that are there
	// already are not made again, so it must belong to this plan, tokenizer and
	// text alone.
	Work string
	// Shards is the directory to write. What an interrupted Merge left there is
	// replaced.
	Shards string
	// FileBytes is the size at which another shard begins; 0 is shard's default.
	FileBytes int64
	// Memory bounds the buffers of Merge in bytes; 0 is 64 MiB.
	Memory    int64
	Plan      *Plan
	Tokenizer *tokenizer.Tokenizer
	// Parted says that no entry of a run comes before one of the runs before it, so
	// that Merge reads one after the other.
	Parted bool
}

// Packer tokenizes documents and writes shards: Segment for each segment in any
// order, and then Merge.
type Packer struct {
	o       PackOptions
	header  shard.Header
	scratch par.FreeList[[]int32]
	written chan error // the end of the run that is being written; nil: none is
}

// NewPacker returns a Packer. A tokenizer without an end-of-text token is an
// error.
func NewPacker(o PackOptions) (*Packer, error) {
	if o.Tokenizer.EOS() < 0 {
		return nil, errors.New("the tokenizer has no end-of-text token, which shards put between documents")
	}
	if o.Memory == 0 {
		o.Memory = 64 << 20
	}
	return &Packer{o: o, header: shard.Header{
		TokenizerHash: o.Tokenizer.Hash(), VocabSize: o.Tokenizer.VocabSize(), EndOfText: o.Tokenizer.EOS(), FileBytes: o.FileBytes,
	}}, nil
}

// Done reports whether the run of a segment is there.
func (p *Packer) Done(segment int) (bool, error) {
	_, err := os.Stat(p.runPath(segment))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, errors.Join(err, p.wait())
	}
	return true, nil
}

func (p *Packer) runPath(segment int) string {
	return filepath.Join(p.o.Work, RunName(segment))
}

// Segment tokenizes the documents of a segment and writes their run, which may
// still go on when it returns: the next call, and Merge, wait for it and return
// its error. An error or the end of ctx leaves no run. It is not called twice at
// the same time.
func (p *Packer) Segment(ctx context.Context, segment int, docs iter.Seq2[Doc, error]) error {
	entries, err := p.tokenize(ctx, docs)
	if err = errors.Join(err, p.wait()); err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() { written <- writeRun(p.runPath(segment), entries) }()
	p.written = written
	return nil
}

// tokenize makes the entries of documents.
func (p *Packer) tokenize(ctx context.Context, docs iter.Seq2[Doc, error]) ([]entry, error) {
	b := batch{packer: p}
	for d, err := range docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if b.add(d); b.bytes >= batchBytes || len(b.docs) >= batchDocs {
			b.tokenize()
		}
	}
	b.tokenize()
	return b.entries, nil
}

// wait waits until the run of the segment before is written.
func (p *Packer) wait() error {
	if p.written == nil {
		return nil
	}
	err := <-p.written
	p.written = nil
	return err
}

// Result is what the shards hold.
type Result struct {
	Manifest shard.Manifest `json:"-"`
	// Shards is the hash of the shards' manifest.
	Shards string `json:"shards_sha256"`
	// Tokens and Docs count by stage and source, as Tokens of a shard.Manifest.
	Tokens [][]int64 `json:"tokens"`
	Docs   [][]int64 `json:"docs"`
}

// maxOpen bounds the runs that are open at a time.
const maxOpen = 128

// Merge writes the shards from the runs of segments 0 to n-1. It calls progress
// with the number of documents written so far. An error or the end of ctx leaves
// no shards; calling it again begins the shards anew.
func (p *Packer) Merge(ctx context.Context, n int, progress func(docs int64)) (Result, error) {
	if err := p.wait(); err != nil {
		return Result{}, err
	}
	paths := make([]string, n)
	for i := range paths {
		paths[i] = p.runPath(i)
	}
	groups, err := p.groups(ctx, paths)
	if err != nil {
		return Result{}, err
	}
	if err := atomicfile.RemoveAll(p.o.Shards); err != nil {
		return Result{}, err
	}
	w, err := shard.NewWriter(p.o.Shards, p.header)
	if err != nil {
		return Result{}, err
	}
	defer w.Abort()
	r := Result{Tokens: p.table(), Docs: p.table()}
	begun, docs := 0, int64(0)
	begin := func(stages int) {
		for ; begun < stages && len(p.o.Plan.Stages) > 1; begun++ {
			w.BeginStage(p.o.Plan.Stages[begun])
		}
	}
	write := func(e *entry) error {
		if int(e.stage) >= len(p.o.Plan.Stages) || int(e.source) >= len(p.o.Plan.Sources) {
			return fmt.Errorf("%s: the runs are of another plan", p.o.Work)
		}
		begin(int(e.stage) + 1)
		if docs++; docs%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			progress(docs)
		}
		if n := e.tokens.len(); n > 0 {
			r.Tokens[e.stage][e.source] += int64(n) + 1
			r.Docs[e.stage][e.source]++
		}
		return w.AddEncoded(e.id, e.tokens.bytes, e.tokens.width)
	}
	for _, group := range groups {
		if err := mergeRuns(group, p.o.Memory, write); err != nil {
			return Result{}, err
		}
	}
	if docs == 0 {
		return Result{}, errors.New("the mixture takes no document: raise mixture.size, or the epochs or weights of the sources")
	}
	begin(len(p.o.Plan.Stages))
	progress(docs)
	if r.Manifest, err = w.Close(); err != nil {
		return Result{}, err
	}
	r.Shards = r.Manifest.Hash()
	return r, nil
}

func (p *Packer) table() [][]int64 {
	t := make([][]int64, len(p.o.Plan.Stages))
	for s := range t {
		t[s] = make([]int64, len(p.o.Plan.Sources))
	}
	return t
}

// groups are the runs that are merged at a time, one group after the other.
func (p *Packer) groups(ctx context.Context, paths []string) ([][]string, error) {
	if p.o.Parted {
		return slices.Collect(slices.Chunk(paths, 1)), nil
	}
	paths, err := p.fewer(ctx, paths)
	return [][]string{paths}, err
}

// fewer merges runs until there are at most maxOpen.
func (p *Packer) fewer(ctx context.Context, paths []string) ([]string, error) {
	for level := 0; len(paths) > maxOpen; level++ {
		var merged []string
		for group := range slices.Chunk(paths, maxOpen) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			path := filepath.Join(p.o.Work, fmt.Sprintf("merged-%d-%06d.run", level, len(merged)))
			merged = append(merged, path)
			if _, err := os.Stat(path); err == nil {
				continue // made before an interruption
			}
			if err := p.mergeInto(path, group); err != nil {
				return nil, err
			}
		}
		paths = merged
	}
	return paths, nil
}

func (p *Packer) mergeInto(path string, runs []string) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	var b [entryHeader]byte
	err = mergeRuns(runs, p.o.Memory, func(e *entry) error { return e.writeTo(f, &b) })
	if err != nil {
		return err
	}
	_, err = f.Commit()
	return err
}
