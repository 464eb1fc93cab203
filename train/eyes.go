package train

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/train/conversation"
)

// eyes make patches of the pictures in shards. nil eyes find none.
type eyes struct {
	cfg     *vision.Config
	pixels  int64 // of the largest picture
	workers int   // that decode at a time
	garbage atomic.Int64
}

// maxDecoders is how many pictures are decoded at a time: more would only take
// the memory, as decoding takes far less than the pass that needs it.
const maxDecoders = 4

// What decoding takes. A progressive JPEG of four components has up to 27 bytes of each
// pixel in work: coefficients, planes, both made into one, and colors; usually 8 are
// garbage afterwards, of which so much may gather.
const (
	decodingBytes   = 27
	garbagePerPixel = 8
	garbageBytes    = 64 << 20
)

// newEyes returns eyes for a tower.
func newEyes(cfg *vision.Config) *eyes {
	return &eyes{cfg: cfg, workers: min(par.Threads(), maxDecoders)}
}

// check looks at the header of every picture of what is read: whether the tower makes
// as many tokens of it as the documents have.
func (e *eyes) check(d *dataset) error {
	set := d.set
	defer set.Release()
	var pictures []shard.Picture
	for doc := range set.NumDocs() {
		pictures = set.Pictures(pictures[:0], doc)
		for i, p := range pictures {
			pixels, tokens, err := conversation.MeasurePicture(e.cfg, p.Data, picture.Detail(p.Detail))
			if err != nil {
				return fmt.Errorf("%s: %s: %w", d.key, d.dir, pictureFault(set, doc, i, err))
			}
			e.pixels = max(e.pixels, pixels)
			if tokens != p.Tokens {
				return recipe.Bad(d.key, "a picture has %d tokens in the shards of %s, and the model's tower makes %d of it: make the shards again for this tower", p.Tokens, d.dir, tokens)
			}
		}
		if doc%1024 == 0 {
			set.Release()
		}
	}
	return nil
}

// pictureFault is an error about a picture of a document.
func pictureFault(set *shard.Set, doc int64, i int, err error) error {
	return fmt.Errorf("picture %d of document %d (%x) of the shards: %w", i, doc, set.ID(doc), err)
}

// sight is a picture that is needed and the place for its patches.
type sight struct {
	set     *shard.Set
	doc     int64
	number  int // of the document's pictures
	data    []byte
	detail  picture.Detail
	tokens  int
	patches []tensor.BF16
}

// findSights lists the pictures of the row's documents, which are the set's, as far
// as the row has them, and counts their image tokens.
func findSights(list []sight, row *shard.Row, set *shard.Set) ([]sight, int, error) {
	total := 0
	image := set.Header().ImageToken
	if image < 0 {
		return list, 0, nil
	}
	var pictures []shard.Picture
	for i, s := range row.Spans {
		n := 0
		for _, t := range row.Tokens[s.Start : s.Start+s.Len] {
			if t == image {
				n++
			}
		}
		if n == 0 {
			continue
		}
		total += n
		doc := row.Docs[i].Doc
		pictures = set.Pictures(pictures[:0], doc)
		for k := 0; n > 0 && k < len(pictures); k++ {
			list = append(list, sight{set: set, doc: doc, number: k, data: pictures[k].Data, detail: picture.Detail(pictures[k].Detail), tokens: pictures[k].Tokens})
			n -= pictures[k].Tokens
		}
		if n != 0 {
			return list, total, fmt.Errorf("document %d of the shards: the row ends within a picture", doc)
		}
	}
	return list, total, nil
}

// divide gives the pictures their parts of patches.
func (e *eyes) divide(patches []tensor.BF16, list []sight) {
	for i := range list {
		n := list[i].tokens * e.cfg.PatchLen()
		list[i].patches, patches = patches[:n:n], patches[n:]
	}
}

// see decodes the pictures, several at a time, each to its own place. Of several
// errors it returns that of the first picture; that of ctx if it ends before.
func (e *eyes) see(ctx context.Context, list []sight) error {
	if len(list) == 0 {
		return nil
	}
	errs := make([]error, len(list))
	var next atomic.Int64
	var working sync.WaitGroup
	for range min(e.workers, len(list)) {
		working.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				errs[i] = e.read(&list[i])
			}
		})
	}
	working.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *eyes) read(s *sight) error {
	patches, pixels, err := conversation.ReadPicture(e.cfg, s.data, s.detail)
	if err != nil {
		return pictureFault(s.set, s.doc, s.number, err)
	}
	if len(patches) != len(s.patches) {
		return pictureFault(s.set, s.doc, s.number, fmt.Errorf("it has %d tokens in the shards and %d when it is read", s.tokens, len(patches)/e.cfg.PatchLen()))
	}
	copy(s.patches, patches)
	n := e.garbage.Add(garbagePerPixel*pixels + 4*int64(len(patches)))
	if n > garbageBytes && e.garbage.CompareAndSwap(n, 0) {
		runtime.GC() // or garbage would grow to the size of the weights
	}
	return nil
}

// plan adds what pictures take: the patches of the steps that are read ahead and
// of a microbatch that is measured, if all their tokens were pictures', and what
// decoding needs.
func (e *eyes) plan(m *Memory, b *BatchSpec) {
	if e == nil {
		return
	}
	tokens := int64((prefetchSteps+2)*b.Tokens + b.Rows*b.Sequence)
	m.Add("patches read ahead", tokens*int64(e.cfg.PatchLen())*2, "%d tokens x %d numbers of a patch x 2 bytes, if all were pictures'", tokens, e.cfg.PatchLen())
	m.Add("decoding", int64(e.workers)*decodingBytes*e.pixels+garbageBytes, "%d pictures of up to %d pixels x %d bytes, and %s of garbage",
		e.workers, e.pixels, decodingBytes, size(garbageBytes))
}

// grow returns a slice of n numbers in the memory of s, or in more of it.
func grow(s []tensor.BF16, n int) []tensor.BF16 { return slices.Grow(s[:0], n)[:n] }
