package corpus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/document"
)

const (
	dedupStage   = "dedup"
	dedupVersion = 2
)

// dedupPart is what the finding of duplicates depends on.
type dedupPart struct {
	Exact   bool               `json:"exact"`
	MinHash *dedup.NearOptions `json:"minhash,omitempty"`
}

// Clusters is the number of documents that went because others are alike: bin i
// counts those of which there were at least 2^i and less than twice that, the
// one that stayed included. Near ones are those of what the exact ones left.
type Clusters struct {
	Exact []int64 `json:"exact,omitempty"`
	Near  []int64 `json:"near,omitempty"`
}

// dedup finds documents that are there twice.
func (b *build) dedup(ctx context.Context, v *view) error {
	part := dedupPart{Exact: b.recipe.Dedup.Exact, MinHash: b.recipe.Dedup.MinHash}
	v.output = v.ingested.output
	if !part.Exact && part.MinHash == nil {
		return b.unused(dedupStage)
	}
	s, done, err := b.stage(dedupStage, dedupVersion, part, v.ingested.output)
	if err != nil {
		return err
	}
	if done == nil {
		if done, err = b.findDuplicates(ctx, v, s); err != nil {
			return err
		}
	}
	v.output = done.Output
	if part.Exact {
		if v.exact, err = openDuplicates(s.dir, goneExact); err != nil {
			return err
		}
	}
	if part.MinHash != nil {
		v.near, err = openDuplicates(s.dir, goneNear)
	}
	if err != nil {
		return err
	}
	return readMark(clustersPath(s.dir), &v.clusters)
}

// findDuplicates does the work of the stage.
func (b *build) findDuplicates(ctx context.Context, v *view, s *stage) (*stageDone, error) {
	if err := s.again(); err != nil {
		return nil, err
	}
	b.watch.stage(dedupStage)
	f, err := newFinder(s.dir, b.recipe.Dedup, b.memory(4))
	if err != nil {
		return nil, err
	}
	defer f.close()
	bands := 0
	stored := f.near != nil && v.minhash != nil && *v.minhash == *b.recipe.Dedup.MinHash
	if stored {
		bands = v.minhash.Bands
	}
	if err := v.allFacts(ctx, bands, &b.watch, f.add); err != nil {
		return nil, err
	}
	if f.near != nil && !stored {
		if err := b.sign(ctx, v, f); err != nil {
			return nil, err
		}
	}
	order, err := f.ranks.Order(ctx)
	if err != nil {
		return nil, err
	}
	defer order.Close()
	clusters, chain, err := f.writeAll(ctx, order)
	if err == nil {
		err = writeMark(clustersPath(s.dir), clusters)
	}
	if err != nil {
		return nil, err
	}
	return s.finishFiles(chain)
}

func clustersPath(dir string) string { return dir + "/clusters.json" }

// finder gathers what duplicates have in common.
type finder struct {
	dir   string
	ranks *dedup.Ranks
	exact *dedup.Clusters // nil: not asked for
	near  *dedup.Clusters
}

func newFinder(dir string, o DedupSpec, memory int64) (*finder, error) {
	f := &finder{dir: dir}
	var err error
	if f.ranks, err = dedup.NewRanks(dir, memory); err != nil {
		return nil, err
	}
	if o.Exact {
		f.exact, err = dedup.NewClusters(dir, len(document.ID{}), memory)
	}
	if err == nil && o.MinHash != nil {
		f.near, err = dedup.NewClusters(dir, dedup.BandBytes, memory)
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *finder) close() {
	_ = f.ranks.Close() // what is left goes with the directory
	for _, c := range []*dedup.Clusters{f.exact, f.near} {
		if c != nil {
			_ = c.Close()
		}
	}
}

// add takes the next document.
func (f *finder) add(e *entry) error {
	if err := f.ranks.Add(rankOf(e.source, &e.fact)); err != nil {
		return err
	}
	if !e.stays() {
		return nil
	}
	if f.exact != nil {
		if err := f.exact.Add(e.number, e.fact.text[:]); err != nil {
			return err
		}
	}
	if f.near == nil || empty(e.bands) {
		return nil
	}
	return f.near.AddBands(e.number, e.bands)
}

// sign adds the band keys of all documents, which the segments do not hold.
func (b *build) sign(ctx context.Context, v *view, f *finder) error {
	minhash, err := dedup.NewMinHash(*b.recipe.Dedup.MinHash)
	if err != nil {
		return err
	}
	work := flow[[]markedText, []markedText]{
		threads: b.threads, memory: b.memory(4), size: sizeOf,
		worker: func() func([]markedText) []markedText {
			s, d := minhash.Worker(), &document.Document{}
			return func(batch []markedText) []markedText {
				for i := range batch {
					d.Reset(batch[i].text)
					batch[i].hashes = s.Bands(nil, d.Words())
					batch[i].text = nil
				}
				return batch
			}
		},
		collect: func(batch []markedText) error {
			for i := range batch {
				if len(batch[i].hashes) == 0 {
					continue
				}
				if err := f.near.AddBands(batch[i].number, batch[i].hashes); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return work.run(ctx, func(ctx context.Context, emit func([]markedText) error) error { return b.marked(ctx, v, nil, emit) })
}

// empty reports whether a document had too few words for band keys.
func empty(bands []uint64) bool {
	for _, b := range bands {
		if b != 0 {
			return false
		}
	}
	return true
}

// rankOf orders documents by what they are and not by where they are: of equal
// ones that of the source that the recipe names first stays.
func rankOf(source int, f *fact) dedup.Rank {
	r := dedup.Rank{Quality: f.quality, ID: f.id, Tie: uint64(source) << 48}
	r.Tie |= binary.BigEndian.Uint64(f.text[:]) >> 16
	return r
}

// writeAll stores the documents that go of both kinds, and lists the files. Copies that
// are the same are near each other as well: those that went are not counted again.
func (f *finder) writeAll(ctx context.Context, order *dedup.Order) (clusters Clusters, chain string, err error) {
	var exact *duplicates // nil: none went
	for _, kind := range []struct {
		name     string
		clusters *dedup.Clusters
		sizes    *[]int64
	}{{goneExact, f.exact, &clusters.Exact}, {goneNear, f.near, &clusters.Near}} {
		if kind.clusters == nil {
			continue
		}
		kind.clusters.Without(func(doc uint32) bool {
			_, gone := exact.keeper(doc)
			return gone
		})
		hash, err := f.write(ctx, kind.name, kind.clusters, order, kind.sizes)
		if err != nil {
			return clusters, "", err
		}
		chain += filepath.Base(duplicatesPath(f.dir, kind.name)) + " " + hash + "\n"
		if kind.name == goneExact {
			if exact, err = openDuplicates(f.dir, goneExact); err != nil {
				return clusters, "", err
			}
			defer exact.close() // it was only read
		}
	}
	return clusters, chain, nil
}

// write stores the documents that go.
func (f *finder) write(ctx context.Context, kind string, c *dedup.Clusters, order *dedup.Order, sizes *[]int64) (hash string, err error) {
	found, err := c.Duplicates(ctx, order)
	if err != nil {
		return "", err
	}
	hash, *sizes, err = writeDuplicates(ctx, f.dir, kind, found)
	return hash, errors.Join(err, found.Close())
}

// order ranks all documents of a view.
func (b *build) order(ctx context.Context, v *view, dir string) (*dedup.Order, error) {
	ranks, err := dedup.NewRanks(dir, b.memory(4))
	if err != nil {
		return nil, err
	}
	defer ranks.Close()
	err = v.allFacts(ctx, 0, &b.watch, func(e *entry) error { return ranks.Add(rankOf(e.source, &e.fact)) })
	if err != nil {
		return nil, fmt.Errorf("ranking: %w", err)
	}
	return ranks.Order(ctx)
}
