package align

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// some keeps of each task as many questions as items says: the first by their names'
// hashes, in the order in which they stand. The names are those of a recipe.
func some(all []*question, items map[string]int) ([]*question, error) {
	of := byTask(all)
	kept := map[*question]bool{}
	for _, name := range slices.Sorted(maps.Keys(items)) {
		key, n, list := "rollout.items."+name, items[name], of[name]
		switch {
		case len(list) == 0:
			return nil, recipe.Bad("rollout.items", "%s is none of the tasks of rollout.tasks: they are %s", name, strings.Join(slices.Sorted(maps.Keys(of)), ", "))
		case n < 1 || n > len(list):
			return nil, recipe.Bad(key, "%d: the task has %d items; give 1 to %d, or leave it out for all", n, len(list), len(list))
		}
		sample := slices.SortedFunc(slices.Values(list), func(a, b *question) int { return byHash(a.name, b.name) })
		for _, q := range sample[:n] {
			kept[q] = true
		}
	}
	return slices.DeleteFunc(all, func(q *question) bool {
		_, limited := items[q.task]
		return limited && !kept[q]
	}), nil
}

// byTask returns questions by the names of their tasks.
func byTask(all []*question) map[string][]*question {
	of := map[string][]*question{}
	for _, q := range all {
		of[q.task] = append(of[q.task], q)
	}
	return of
}

// split parts questions by their groups: about a share of them is held out, the same
// whatever the seed. Those that are held are in an order by their names' hashes, so
// that the first few are a sample; the others stay in their order.
func split(all []*question, share float64) (train, held []*question) {
	sizes := map[string]int{}
	for _, q := range all {
		sizes[q.group]++
	}
	groups := make([]string, 0, len(sizes))
	for g := range sizes {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, byHash)
	want, n := int(share*float64(len(all))+0.5), 0
	isHeld := map[string]bool{}
	for _, g := range groups {
		if left := want - n; sizes[g] < 2*left { // it brings the number nearer
			n += sizes[g]
			isHeld[g] = true
		}
	}
	for _, q := range all {
		if isHeld[q.group] {
			held = append(held, q)
		} else {
			train = append(train, q)
		}
	}
	slices.SortStableFunc(held, func(a, b *question) int { return byHash(a.name, b.name) })
	return train, held
}

// byHash orders texts in a way that has nothing to do with what they say.
func byHash(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return cmp.Or(slices.Compare(x[:], y[:]), cmp.Compare(a, b))
}

// order is the order in which questions are asked: a shuffle of all of them, then
// another one. It is a function of the seed alone.
type order struct {
	seed  uint64
	n     int
	epoch int
	list  []int // of epoch; nil at first
}

// at returns which question is the one at a position, from 0.
func (o *order) at(position int) int {
	epoch := position / o.n
	if o.list == nil || epoch != o.epoch {
		o.epoch, o.list = epoch, make([]int, o.n)
		keys := make([]uint64, o.n)
		seed := stepSeed(o.seed, "order", epoch)
		for i := range o.list {
			o.list[i], keys[i] = i, mix(seed^uint64(i))
		}
		slices.SortFunc(o.list, func(a, b int) int { return cmp.Or(cmp.Compare(keys[a], keys[b]), a-b) })
	}
	return o.list[position%o.n]
}
