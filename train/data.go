package train

import (
	"context"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tensor"
)

// prefetchSteps is how many steps are read ahead of the one being trained.
const prefetchSteps = 2

// loaderBytes is the memory of the steps read ahead, of the one in work and of
// the one being filled: tokens and targets.
func loaderBytes(b *BatchSpec) int64 {
	return (prefetchSteps + 2) * int64(b.Tokens) * (4 + 4)
}

// dataset is both sides of the shards, in their orders.
type dataset struct {
	set         *shard.Set
	dir         string     // that the recipe names, or that its conversations became
	key         string     // of the recipe, which says that it is read
	added       bool       // beside the recipe's own data
	trainSet    *shard.Set // the side of it that is trained on
	train, held *shard.Order
	meanDoc     int      // tokens of a document, on average
	lengths     []length // of documents in rows, ascending; nil = only the mean is known
	eyes        *eyes    // nil where there are no pictures
	pictures    int64    // of the side that is trained on, and the views and image
	views       int64    // tokens that the tower makes of them
	imageTokens int64
}

// ordering is how documents become rows.
type ordering struct {
	sequence int
	seed     uint64
	whole    bool
}

// order is the order of a side of the shards.
func (o ordering) order(set *shard.Set, seed uint64) *shard.Order {
	if o.whole {
		return shard.NewWholeOrder(set, o.sequence, seed)
	}
	return shard.NewOrder(set, o.sequence, seed)
}

// openData opens the recipe's shards in dir and checks that they belong to the
// tokenizer and hold something on both sides.
func openData(dir string, r *Recipe, tokenizerHash string) (*dataset, error) {
	set, err := shard.OpenSet(dir)
	if err != nil {
		return nil, err
	}
	d := &dataset{set: set, dir: dir, key: "data"}
	if err = set.CheckTokenizer(tokenizerHash); err != nil {
		err = fmt.Errorf("%s: %w", dir, err)
	} else {
		err = d.split(r, ordering{r.Batch.Sequence, r.Seed, r.Data.Whole}, true)
	}
	if err != nil {
		_ = set.Close() // the other error matters
		return nil, err
	}
	return d, nil
}

// split divides the documents. Where they must measure, some have to be held out.
func (d *dataset) split(r *Recipe, o ordering, measures bool) error {
	train, held := d.set.Split(r.Data.HeldOut)
	if train.Docs() == 0 {
		return recipe.Bad("data.held_out", "a share of %v of %s leaves none to train on", r.Data.HeldOut, d.documents())
	}
	if measures && r.Data.HeldOut > 0 && held.Docs() == 0 {
		return recipe.Bad("data.held_out", "a share of %v of %s holds none: raise it (--held-out), or set it to 0 to measure no held-out loss", r.Data.HeldOut, d.documents())
	}
	d.train = o.order(train, o.seed)
	d.trainSet = train
	d.meanDoc = int(max(train.Tokens()/train.Docs(), 1))
	defer d.set.Release()
	if held.Docs() > 0 {
		// The held-out rows do not depend on the seed: runs can be compared.
		d.held = o.order(held, 0)
	}
	if d.train.Rows() == 0 {
		return recipe.Bad(d.key, "no document of %s fits a row of %d tokens", d.documents(), o.sequence)
	}
	return nil
}

// readHeld is a rowReader of what is held out.
func (d *dataset) readHeld(i int64, row *shard.Row) *shard.Set { return heldRow{d, i}.read(row) }

// measured are the held-out rows that a limit leaves, from all of them; all with 0.
func (d *dataset) measured(limit int64) (rows int64, read rowReader) {
	if rows = d.held.Rows(); limit > 0 {
		rows = min(rows, limit)
	}
	return rows, func(i int64, row *shard.Row) *shard.Set { return d.readHeld(d.held.Spread(i, rows), row) }
}

// documents says how many there are, and what a split does not part.
func (d *dataset) documents() string {
	n := fmt.Sprintf("%d documents", d.set.Docs())
	if d.added { // or the recipe names one place of them
		n += " in " + d.dir
	}
	if d.set.Manifest().Pictures != nil {
		n += `, in which those of one picture or "group" stay together,`
	}
	return n
}

// microbatch is the input of one forward and backward pass.
type microbatch struct {
	batch   model.Batch
	targets []int32
	patches []tensor.BF16 // the memory of batch.Patches
	sights  []sight       // the pictures, in the order of their tokens
}

// rowReader fills row with row i and returns the set that it is of.
type rowReader func(i int64, row *shard.Row) *shard.Set

// fill reads rows [first, last). The patches of pictures have their place then, and
// are there when eyes have seen m.sights.
func (m *microbatch) fill(read rowReader, e *eyes, first, last int64, row *shard.Row) error {
	m.batch.Tokens, m.batch.Spans, m.targets = m.batch.Tokens[:0], m.batch.Spans[:0], m.targets[:0]
	m.sights = m.sights[:0]
	images := 0
	for i := first; i < last; i++ {
		set := read(i, row)
		start := len(m.batch.Tokens)
		for _, s := range row.Spans {
			m.batch.Spans = append(m.batch.Spans, model.Span{Start: start + s.Start, Len: s.Len})
		}
		m.batch.Tokens = append(m.batch.Tokens, row.Tokens...)
		m.targets = append(m.targets, row.Targets...)
		if e != nil {
			var n int
			var err error
			if m.sights, n, err = findSights(m.sights, row, set); err != nil {
				return err
			}
			images += n
		}
	}
	m.batch.Patches = nil
	if images == 0 {
		return nil
	}
	m.patches = grow(m.patches, images*e.cfg.PatchLen())
	m.batch.Patches = m.patches
	e.divide(m.patches, m.sights)
	return nil
}

// counted is the number of tokens that have a target.
func (m *microbatch) counted() int {
	n := 0
	for _, t := range m.targets {
		if t >= 0 {
			n++
		}
	}
	return n
}

// flops is what passes times the forward pass of the microbatch takes.
func (m *microbatch) flops(cfg *model.Config, passes float64) float64 {
	total := 0.0
	for _, s := range m.batch.Spans {
		total += passes * cfg.FLOPs(s.Len) * float64(s.Len)
	}
	return total
}

// stepData is the input of one optimizer step.
type stepData struct {
	micro   []microbatch
	rows    [2]int64 // of the feed
	counted int
	sights  []sight // of all microbatches
	err     error   // why there is no such step
}

// loader reads steps ahead in the background. Its buffers go round: the loop
// gives each step back when it is done with it.
type loader struct {
	feed  *feed
	batch BatchSpec
	ready chan *stepData
	empty chan *stepData
	wait  time.Duration // that next waited, in all
	ended chan struct{} // closed when the background reading is over
}

// rowsPerStep is the number of rows that a step reads.
func (b BatchSpec) rowsPerStep() int64 { return int64(b.Tokens / b.Sequence) }

// newLoader starts reading at row first of the feed. It ends with ctx, and
// has ended when ended is closed: only then may the shards be closed.
func newLoader(ctx context.Context, f *feed, b BatchSpec, first int64) *loader {
	l := &loader{
		feed: f, batch: b,
		ready: make(chan *stepData, prefetchSteps),
		empty: make(chan *stepData, prefetchSteps+2),
		ended: make(chan struct{}),
	}
	for range prefetchSteps + 2 {
		l.empty <- l.newStep()
	}
	go l.run(ctx, first)
	return l
}

func (l *loader) newStep() *stepData {
	size := l.batch.Rows * l.batch.Sequence
	d := &stepData{micro: make([]microbatch, l.batch.Tokens/size)}
	for i := range d.micro {
		d.micro[i].batch.Tokens = make([]int32, 0, size)
		d.micro[i].targets = make([]int32, 0, size)
	}
	return d
}

func (l *loader) run(ctx context.Context, first int64) {
	defer close(l.ended)
	var row shard.Row
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-l.empty:
			d.err = d.fill(ctx, l.feed, l.batch, first, &row)
			first = d.rows[1]
			select {
			case <-ctx.Done():
				return
			case l.ready <- d:
			}
		}
	}
}

// fill reads the rows of a step, and the patches of its pictures.
func (d *stepData) fill(ctx context.Context, f *feed, b BatchSpec, first int64, row *shard.Row) error {
	d.rows = [2]int64{first, first + b.rowsPerStep()}
	d.counted = 0
	d.sights = d.sights[:0]
	for i := range d.micro {
		at, m := first+int64(i*b.Rows), &d.micro[i]
		if err := m.fill(f.row, f.eyes, at, at+int64(b.Rows), row); err != nil {
			return err
		}
		d.counted += m.counted()
		d.sights = append(d.sights, m.sights...)
	}
	return f.eyes.see(ctx, d.sights)
}

// next returns the next step, or nil when ctx ends first. Of a step that cannot be
// read err is set.
func (l *loader) next(ctx context.Context) *stepData {
	select {
	case d := <-l.ready:
		return d
	default:
	}
	begin := time.Now()
	defer func() { l.wait += time.Since(begin) }()
	select {
	case <-ctx.Done():
		return nil
	case d := <-l.ready:
		return d
	}
}

// done gives a step's buffers back.
func (l *loader) done(d *stepData) { l.empty <- d }
