package train

import (
	"fmt"
	"math"

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
	f := &feed{sources: sources, weights: make([]int64, len(sources))}
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

// row is a rowReader of what is trained on.
func (f *feed) row(i int64, row *shard.Row) *shard.Set {
	source, at := f.at(i)
	f.sources[source].train.Row(at, row)
	return f.sources[source].set
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
			list = append(list, heldRow{f.sources[s], taken[s]})
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
	return spread(list)
}

// spread takes the rows of each source from all of what it holds out.
func spread(list []heldRow) []heldRow {
	count := map[*dataset]int64{}
	for _, h := range list {
		count[h.source]++
	}
	for i, h := range list {
		list[i].row = h.source.held.Spread(h.row, count[h.source])
	}
	return list
}

// heldRow is a row of a source's held-out documents.
type heldRow struct {
	source *dataset
	row    int64
}

// read fills row with it and returns the set that it is of.
func (h heldRow) read(row *shard.Row) *shard.Set {
	h.source.held.Row(h.row, row)
	return h.source.set
}

// release lets go of the memory of what was read.
func (f *feed) release() {
	for _, d := range f.sources {
		d.set.Release()
	}
}

// openFeeds opens what each stage reads beside the recipe's data, which d is. places
// are the directories of the shards of talks.
func openFeeds(r *Recipe, d *dataset, tokenizerHash string, places map[string]string) ([]*feed, error) {
	o := opening{r, d, tokenizerHash, places, map[string]*shard.Set{}}
	own := newFeed([]*dataset{d}, nil)
	feeds := make([]*feed, len(r.stages()))
	for i := range feeds {
		feeds[i] = own
		list := r.reads(i)
		if len(list) == 0 {
			continue
		}
		sources, shares := make([]*dataset, len(list)), make([]float64, len(list))
		for k := range list {
			var err error
			if sources[k], err = o.source(i, k, &list[k]); err != nil {
				closeSets(o.sets)
				return nil, err
			}
			shares[k] = list[k].Share
		}
		feeds[i] = newFeed(sources, shares)
	}
	return feeds, nil
}

// opening is one openFeeds; sets are those that are open, by directory.
type opening struct {
	recipe        *Recipe
	data          *dataset
	tokenizerHash string
	places        map[string]string
	sets          map[string]*shard.Set
}

// source opens source k of stage i, which is of the recipe's data if it names nothing.
func (o *opening) source(i, k int, from *SourceSpec) (*dataset, error) {
	r, sequence := o.recipe, o.recipe.batchOf(i).Sequence
	source := &dataset{set: o.data.set, dir: from.Shards, key: fmt.Sprintf("stages[%d].data[%d]", i, k)}
	if len(r.stages()[i].Data) == 0 {
		source.key = fmt.Sprintf("stages[%d].batch", i)
	}
	if len(from.Conversations) > 0 {
		source.dir = o.places[r.talkDir(from.Conversations, sequence)]
	}
	switch source.dir {
	case "", o.places[dataDir]:
		source.dir = o.data.dir
	default:
		source.added = true
		var err error
		if source.set, err = openOnce(o.sets, source.dir, o.tokenizerHash); err != nil {
			return nil, fmt.Errorf("%s: %w", source.key, err)
		}
	}
	seed := r.Seed + 0x9e3779b97f4a7c15*orderOf(i, k, len(r.stages()))
	if err := source.split(r, ordering{sequence, seed, from.Whole}, false); err != nil {
		return nil, err
	}
	source.measure(sequence)
	return source, nil
}

// orderOf numbers the orders of a run of so many stages from 1: source k of stage i has
// another than all others, since a run may read the same documents in several.
func orderOf(i, k, stages int) uint64 {
	if k < stages {
		return uint64(1 + i*stages + k)
	}
	return uint64(1 + k*stages + i)
}

// openOnce opens the shards of a stage.
func openOnce(sets map[string]*shard.Set, dir, tokenizerHash string) (*shard.Set, error) {
	if set := sets[dir]; set != nil {
		return set, nil
	}
	set, err := shard.OpenSet(dir)
	if err != nil {
		return nil, err
	}
	sets[dir] = set
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
