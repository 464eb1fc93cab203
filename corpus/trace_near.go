package corpus

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/corpus/words"
)

// Near is a document that is like a text.
type Near struct {
	Reference
	// Alike is the share of the runs of words of both that both have (Jaccard), in
	// [0, 1]; the runs are as long as the recipe's n-grams.
	Alike float64 `json:"alike"`
}

// ErrNoBands says that a corpus cannot be searched for texts that are nearly the
// same: it was built without MinHash, or the text has too few words.
var ErrNoBands = errors.New("there is nothing to compare by")

const (
	maxNear = 5
	// nearTries is how many documents of the most equal band keys are read.
	nearTries = 20
)

// candidate is a document that has band keys in common with a text.
type candidate struct {
	segment int
	kept    int64 // documents that were kept before it in the segment
	equal   int
}

// FindNear returns the documents that the filters kept and that are likest to the
// text, the likest first. It reads the band keys of all documents.
func (c *Corpus) FindNear(ctx context.Context, text []byte, progress func(done, all int)) ([]Near, error) {
	r, err := c.Recipe()
	if err != nil {
		return nil, err
	}
	if r.Dedup.MinHash == nil {
		return nil, ErrNoBands
	}
	hash, err := dedup.NewMinHash(*r.Dedup.MinHash)
	if err != nil {
		return nil, err
	}
	var list words.List
	list.Split(text)
	keys := hash.Worker().Bands(nil, &list)
	if len(keys) == 0 {
		return nil, ErrNoBands
	}
	found, err := c.candidates(ctx, keys, progress)
	if err != nil {
		return nil, err
	}
	own := runsOf(&list, r.Dedup.MinHash.NGram)
	var out []Near
	for _, f := range found[:min(len(found), nearTries)] {
		n, err := c.compare(ctx, f, own, r.Dedup.MinHash.NGram)
		if err != nil {
			return nil, err
		}
		out = append(out, *n)
	}
	slices.SortStableFunc(out, func(a, b Near) int { return cmp.Compare(b.Alike, a.Alike) })
	return out[:min(len(out), maxNear)], nil
}

// FindWithin returns the numbers of the first documents whose text holds this one,
// less space at its ends. It reads the texts of all documents that the filters
// kept, as they are after all stages.
func (c *Corpus) FindWithin(ctx context.Context, text []byte, progress func(done, all int)) ([]uint32, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil, errors.New("the text is empty")
	}
	var mu sync.Mutex
	var numbers []uint32
	done := 0
	err := parallel(ctx, len(c.view.segments), func(i int) error {
		var found []uint32
		err := c.view.each(ctx, i, segment.Parts{Text: true}, func(e *entry) error {
			if len(found) < maxFound && bytes.Contains(e.text, text) {
				found = append(found, e.number)
			}
			return nil
		})
		mu.Lock()
		defer mu.Unlock()
		numbers = append(numbers, found...)
		if done++; progress != nil {
			progress(done, len(c.view.segments))
		}
		return err
	})
	slices.Sort(numbers)
	return numbers[:min(len(numbers), maxFound)], err
}

// candidates returns the documents with equal keys, those with the most first.
func (c *Corpus) candidates(ctx context.Context, keys []uint64, progress func(done, all int)) ([]candidate, error) {
	var mu sync.Mutex
	var all []candidate
	done := 0
	order := func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.equal, a.equal), cmp.Compare(a.segment, b.segment), cmp.Compare(a.kept, b.kept))
	}
	err := parallel(ctx, len(c.view.segments), func(i int) error {
		var found []candidate
		err := segment.Matches(c.view.dir, i, keys, func(kept int64, equal int) {
			if found = append(found, candidate{i, kept, equal}); len(found) >= 2*maxFound {
				slices.SortFunc(found, order)
				found = found[:maxFound]
			}
		})
		mu.Lock()
		defer mu.Unlock()
		all = append(all, found...)
		if done++; progress != nil {
			progress(done, len(c.view.segments))
		}
		return err
	})
	slices.SortFunc(all, order)
	return all, err
}

// compare reads a candidate's text.
func (c *Corpus) compare(ctx context.Context, f candidate, own map[uint64]bool, n int) (*Near, error) {
	r, err := segment.Open(c.view.dir, f.segment, segment.Parts{Text: true})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var rec segment.Record
	left := f.kept
	for number := c.view.segments[f.segment].first; ; number++ {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		text, _, err := r.Next(&rec)
		if err != nil {
			return nil, err
		}
		if !rec.Kept() {
			continue
		}
		if left--; left >= 0 {
			continue
		}
		var list words.List
		list.Split(text)
		return &Near{
			Reference{Number: uint32(number), ID: rec.ID, Origin: rec.Origin, Kind: goneNear},
			jaccard(own, runsOf(&list, n)),
		}, nil
	}
}

// runsOf is the set of the runs of n words of a text, as hashes. Symbols are no
// words.
func runsOf(l *words.List, n int) map[uint64]bool {
	var hashes []uint64
	for i := range l.Words {
		if h := l.Words[i].Hash; h != 0 {
			hashes = append(hashes, h)
		}
	}
	set := map[uint64]bool{}
	for i := 0; i+n <= len(hashes); i++ {
		var h uint64
		for _, w := range hashes[i : i+n] {
			h = (h ^ w) * 0x9e3779b97f4a7c15
			h ^= h >> 29
		}
		set[h] = true
	}
	return set
}

// jaccard is the share of the members of both sets that both have.
func jaccard(a, b map[uint64]bool) float64 {
	both := 0
	for h := range a {
		if b[h] {
			both++
		}
	}
	return float64(both) / float64(max(len(a)+len(b)-both, 1))
}
