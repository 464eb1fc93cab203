package train

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/shard"
)

// shareUnits is in how many parts the rows of a stage are divided among its sources.
const shareUnits = 1000

// feed is what a stage reads: the rows of its sources in turn, so that each has its
// share of any run of rows. It is a function of the row's number alone.
type feed struct {
	sources []*dataset
	turns   []int   // the source of each row of a round
	before  []int64 // how many rows of that source come before it in the round
	weights []int64 // rows of each source in a round
	eyes    *eyes   // nil where there are no pictures
}

// newFeed deals the rows out by shares, one for each source. One source needs none.
func newFeed(sources []*dataset, shares []float64) *feed {
	f := &feed{sources: sources, weights: make([]int64, len(sources)), eyes: sources[0].eyes}
	round := int64(0)
	for i := range sources {
		f.weights[i] = 1
		if len(sources) > 1 {
			f.weights[i] = max(int64(math.Round(shares[i]*shareUnits)), 1)
		}
		round += f.weights[i]
	}
	dealt := make([]int64, len(sources))
	for place := range round {
		next, most := 0, int64(math.MinInt64)
		for i, w := range f.weights { // who lacks most gets the row
			if lack := (place+1)*w - dealt[i]*round; lack > most && dealt[i] < w {
				next, most = i, lack
			}
		}
		f.turns, f.before = append(f.turns, next), append(f.before, dealt[next])
		dealt[next]++
	}
	return f
}

// at returns the source of row i, and the number of the row in the source's order.
func (f *feed) at(i int64) (source int, row int64) {
	round, place := i/int64(len(f.turns)), i%int64(len(f.turns))
	source = f.turns[place]
	return source, round*f.weights[source] + f.before[place]
}

// count is how many of the rows before i are of a source.
func (f *feed) count(source int, i int64) int64 {
	n := i / int64(len(f.turns)) * f.weights[source]
	for _, s := range f.turns[:i%int64(len(f.turns))] {
		if s == source {
			n++
		}
	}
	return n
}

// number is the row of the feed that is row i of a source's order.
func (f *feed) number(source int, i int64) int64 {
	round, left := i/f.weights[source], i%f.weights[source]
	for place, s := range f.turns {
		if s == source && f.before[place] == left {
			return round*int64(len(f.turns)) + int64(place)
		}
	}
	panic("train: a source without rows in a round")
}

// row fills row with row i of what is trained on.
func (f *feed) row(i int64, row *shard.Row) {
	source, at := f.at(i)
	f.sources[source].train.Row(at, row)
}

// heldOut lists rows that measure: up to limit, in turn from the sources that hold
// something out, and at least one of each; or all with a limit of 0.
func (f *feed) heldOut(limit int64) (list []heldRow) {
	taken, left := make([]int64, len(f.sources)), len(f.sources)
	take := func(s int) {
		rows := int64(0)
		if held := f.sources[s].held; held != nil {
			rows = held.Rows()
		}
		if taken[s] < rows {
			list = append(list, heldRow{f.sources[s].held, taken[s]})
		}
		if taken[s]++; taken[s] == rows || taken[s] == 1 && rows == 0 {
			left--
		}
	}
	for i := int64(0); left > 0 && (limit == 0 || int64(len(list)) < limit); i++ {
		take(f.turns[i%int64(len(f.turns))])
	}
	for s := range f.sources {
		if taken[s] == 0 {
			take(s)
		}
	}
	return list
}

// heldRow is a row of a source's held-out documents.
type heldRow struct {
	order *shard.Order
	row   int64
}

// release lets go of the memory of what was read.
func (f *feed) release() {
	for _, d := range f.sources {
		d.set.Release()
	}
}

// openFeeds opens what each stage reads beside the recipe's data, which d is.
func openFeeds(r *Recipe, d *dataset, tokenizerHash string) ([]*feed, error) {
	own := newFeed([]*dataset{d}, nil)
	feeds := make([]*feed, len(r.stages()))
	sets := map[string]*shard.Set{}
	for i := range feeds {
		feeds[i] = own
		s, b := &r.stages()[i], r.batchOf(i)
		if len(s.Data) == 0 && b.Sequence == r.Batch.Sequence {
			continue
		}
		list, shares := s.Data, make([]float64, len(s.Data))
		if len(list) == 0 {
			list = []SourceSpec{{Whole: r.Data.Whole}}
		}
		var sources []*dataset
		for k, from := range list {
			set := d.set
			if from.Shards != "" {
				shares[k] = from.Share
				var err error
				if set, err = openOnce(sets, from.Shards, tokenizerHash); err != nil {
					closeSets(sets)
					return nil, fmt.Errorf("stages[%d].data[%d]: %w", i, k, err)
				}
			}
			source := &dataset{set: set, added: from.Shards != "", dir: from.Shards}
			// Another order than any other stage's, which a run reads the same documents in.
			seed := r.Seed + 0x9e3779b97f4a7c15*uint64(1+i*len(r.stages())+k)
			if err := source.split(r, ordering{b.Sequence, seed, from.Whole}, false); err != nil {
				closeSets(sets)
				return nil, err
			}
			source.measure(b.Sequence)
			sources = append(sources, source)
		}
		feeds[i] = newFeed(sources, shares)
		if len(s.Data) == 0 {
			feeds[i].eyes = d.eyes
		}
	}
	return feeds, nil
}

// openOnce opens the shards of a stage, of text alone.
func openOnce(sets map[string]*shard.Set, dir, tokenizerHash string) (*shard.Set, error) {
	if set := sets[dir]; set != nil {
		return set, nil
	}
	set, err := shard.OpenSet(dir)
	if err != nil {
		return nil, err
	}
	sets[dir] = set
	if set.Header().ImageToken >= 0 {
		return nil, recipe.Bad("stages", "%s has pictures, which only the recipe's own data may have", dir)
	}
	if err := set.CheckTokenizer(tokenizerHash); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return set, nil
}

func closeSets(sets map[string]*shard.Set) {
	for _, set := range sets {
		_ = set.Close() // another error matters
	}
}
