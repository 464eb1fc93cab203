package scaling

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/internal/random"
)

// Answers are those of one run to the items of an examination.
type Answers struct {
	FLOPs float64
	// Items has the tally of each item by its ID.
	Items map[string]Tally
}

// Tally is how many answers there are, and how many of them are right.
type Tally struct{ Right, All int }

// Capability foretells an examination: the items in groups of equal size by difficulty,
// of each of which -log(pass rate) falls as a power of compute (arXiv:2303.08774, 3.2).
type Capability struct {
	Task string `json:"task"`
	// Pass is the share of right answers foretold of all items.
	Pass   Interval `json:"pass"`
	Groups []Group  `json:"groups"`
}

// Group are items of about the same difficulty, the easiest first: by the share of right
// answers of all runs together.
type Group struct {
	Items []string `json:"items"`
	// Rates are the shares of right answers of the runs, by rising compute.
	Rates []float64 `json:"rates"`
	// -log(pass) = A C^-B.
	A    float64  `json:"a"`
	B    float64  `json:"b"`
	Pass Interval `json:"pass"`
}

// numGroups is how many groups there are, leastItems how many items each needs.
const (
	numGroups  = 3
	leastItems = 5
	itemDraws  = 400
)

// FitCapability fits the groups and foretells a run of that compute. The runs have
// answered the same items; there are three of different compute at least.
func FitCapability(task string, runs []Answers, flops float64) (*Capability, error) {
	runs = slices.SortedStableFunc(slices.Values(runs), func(a, b Answers) int { return cmp.Compare(a.FLOPs, b.FLOPs) })
	ids, err := sameItems(runs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", task, err)
	}
	center := 0.0
	for _, r := range runs {
		center += math.Log(r.FLOPs) / float64(len(runs))
	}
	target := math.Log(flops) - center
	c := &Capability{Task: task}
	sums := make([]float64, itemDraws) // of the groups' pass rates, weighed by their items
	for g := range numGroups {
		items := ids[g*len(ids)/numGroups : (g+1)*len(ids)/numGroups]
		group, draws := fitGroup(items, runs, center, target, uint64(g))
		c.Groups = append(c.Groups, group)
		share := float64(len(items)) / float64(len(ids))
		c.Pass.Value += share * group.Pass.Value
		for i, d := range draws {
			sums[i] += share * d
		}
	}
	c.Pass = interval(c.Pass.Value, sums)
	return c, nil
}

// sameItems lists the items by rising difficulty, those of one difficulty by ID.
func sameItems(runs []Answers) ([]string, error) {
	seen := map[float64]bool{}
	for i, r := range runs {
		if !(r.FLOPs > 0) || math.IsInf(r.FLOPs, 0) {
			return nil, fmt.Errorf("a compute of %v", r.FLOPs)
		}
		seen[r.FLOPs] = true
		if len(r.Items) != len(runs[0].Items) {
			return nil, fmt.Errorf("the runs answered %d and %d items: examine all by the same", len(runs[0].Items), len(runs[i].Items))
		}
	}
	if len(seen) < 3 {
		return nil, fmt.Errorf("%w: a pass rate needs runs of 3 different computes; there are %d", errTooFew, len(seen))
	}
	ids := slices.Sorted(maps.Keys(runs[0].Items))
	if len(ids) < numGroups*leastItems {
		return nil, fmt.Errorf("%d items are too few for %d groups", len(ids), numGroups)
	}
	passed := map[string]float64{}
	for _, id := range ids {
		for _, r := range runs {
			t, ok := r.Items[id]
			if !ok || t.All <= 0 || t.Right < 0 || t.Right > t.All {
				return nil, fmt.Errorf("item %s has no answer in one of the runs", id)
			}
			passed[id] += float64(t.Right) / float64(t.All)
		}
	}
	slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(passed[b], passed[a]) })
	return ids, nil
}

// fitGroup fits one group; draws are its pass rate at the target with the items drawn
// anew with replacement and the runs weighed at random.
func fitGroup(items []string, runs []Answers, center, target float64, stream uint64) (Group, []float64) {
	group := Group{Items: items}
	x, right, all := make([]float64, len(runs)), make([]float64, len(runs)), make([]float64, len(runs))
	for i, r := range runs {
		x[i] = math.Log(r.FLOPs) - center
		for _, id := range items {
			right[i] += float64(r.Items[id].Right) / float64(r.Items[id].All)
		}
		all[i] = float64(len(items))
		group.Rates = append(group.Rates, right[i]/all[i])
	}
	h, k := fitPass(x, right, all, ones(len(runs)))
	group.A, group.B = exp(h+k*center), k
	draws := make([]float64, itemDraws)
	for d := range draws {
		r := random.At(stream+1, uint64(d))
		drawn, weights := make([]float64, len(runs)), make([]float64, len(runs))
		for range items {
			id := random.Pick(r, items)
			for i, run := range runs {
				drawn[i] += float64(run.Items[id].Right) / float64(run.Items[id].All)
			}
		}
		for i := range weights {
			weights[i] = exponential(r)
		}
		h, k := fitPass(x, drawn, all, weights)
		draws[d] = math.Exp(-math.Exp(h - k*target))
	}
	group.Pass = interval(math.Exp(-math.Exp(h-k*target)), slices.Clone(draws))
	return group, draws
}

// fitPass fits p = exp(-exp(h - k x)) with k of 0 or more to counts by maximum likelihood,
// in Fisher's steps: the likelihood is concave. Half a right and half a wrong answer are
// added to each run, so that one where all are right or none has a finite fit.
func fitPass(x, right, all, weights []float64) (h, k float64) {
	for range 60 {
		var hh, hk, kk, gh, gk float64
		for i := range x {
			n, r := all[i]+1, right[i]+0.5
			u := math.Exp(max(-9, min(3, h-k*x[i])))
			p := math.Exp(-u)
			slope := -u * p // of p by its place
			w := weights[i] * n * slope * slope / (p * (1 - p))
			g := weights[i] * (r - n*p) * slope / (p * (1 - p))
			hh, hk, kk = hh+w, hk-w*x[i], kk+w*x[i]*x[i]
			gh, gk = gh+g, gk-g*x[i]
		}
		hh, kk = hh+1e-9, kk+1e-9
		det := hh*kk - hk*hk
		dh, dk := (kk*gh-hk*gk)/det, (hh*gk-hk*gh)/det
		if k+dk < 0 { // more compute makes nothing worse
			dk = -k
			dh = gh / hh
		}
		h, k = h+max(-1, min(1, dh)), k+max(-1, min(1, dk))
		if math.Abs(dh)+math.Abs(dk) < 1e-10 {
			break
		}
	}
	return h, k
}

// whole tells whether a capability that was read has groups, each with items and rates.
func (c *Capability) whole() bool {
	empty := func(g Group) bool { return len(g.Items) == 0 || len(g.Rates) == 0 }
	return len(c.Groups) > 0 && !slices.ContainsFunc(c.Groups, empty)
}

// Measured is the share of right answers of a run to a group's items.
func (g *Group) Measured(run Answers) (float64, error) {
	sum := 0.0
	for _, id := range g.Items {
		t, ok := run.Items[id]
		if !ok || t.All == 0 {
			return 0, fmt.Errorf("item %s was not answered", id)
		}
		sum += float64(t.Right) / float64(t.All)
	}
	return sum / float64(len(g.Items)), nil
}

// measured is the share of right answers of a run to all items.
func (c *Capability) measured(run Answers) (float64, error) {
	sum, n := 0.0, 0
	for i := range c.Groups {
		g := &c.Groups[i]
		share, err := g.Measured(run)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", c.Task, err)
		}
		sum, n = sum+share*float64(len(g.Items)), n+len(g.Items)
	}
	return sum / float64(n), nil
}
