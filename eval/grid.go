package eval

import (
	"math"
	"slices"

	"github.com/polymath-lm/polymath/eval/stat"
)

// LengthScore is a task's own score over the items of one length.
type LengthScore struct {
	// Length is in tokens. Where items have more than MaxLengths different ones it is
	// the nearest power of two.
	Length int `json:"length"`
	// NumItems are all, NumUnfit those that do not fit the window, which the scores
	// leave out.
	NumItems int           `json:"num_items"`
	NumUnfit int           `json:"num_unfit,omitempty"`
	Score    stat.Estimate `json:"score"`
	// Depths are the scores of the tenths of the text in which the answer stands, from
	// the beginning on: 10 of them, or none where items do not say. One without items
	// has an N of 0.
	Depths []stat.Estimate `json:"depths,omitempty"`
}

const (
	// MaxLengths is how many lengths a task has that are told apart as they are.
	MaxLengths = 12
	// NumDepths is how many parts of a text are told apart.
	NumDepths = 10
)

// byLength are the scores by length and depth; nil where no item says its length.
func (t *TaskResult) byLength(list []answers) []LengthScore {
	groups := groupLengths(list)
	scores := make([]LengthScore, 0, len(groups))
	for _, g := range groups {
		fit := fitting(g.members)
		s := LengthScore{Length: g.length, NumItems: len(g.members), NumUnfit: len(g.members) - len(fit), Score: t.ownEstimate(fit)}
		var depths [NumDepths][]answers
		known := false
		for _, samples := range fit {
			if d := samples[0].Depth; d != nil {
				known = true
				at := tenth(*d)
				depths[at] = append(depths[at], samples)
			}
		}
		for _, members := range depths {
			if known {
				s.Depths = append(s.Depths, t.ownEstimate(members))
			}
		}
		scores = append(scores, s)
	}
	return scores
}

// lengthGroup are the items of one length.
type lengthGroup struct {
	length  int
	members []answers
}

// groupLengths puts items of one length together, the shortest first. Those that say
// none are left out.
func groupLengths(list []answers) []lengthGroup {
	members := map[int][]answers{}
	for _, samples := range list {
		if n := samples[0].Length; n > 0 {
			members[n] = append(members[n], samples)
		}
	}
	if len(members) > MaxLengths {
		rounded := map[int][]answers{}
		for _, samples := range list {
			if n := samples[0].Length; n > 0 {
				n = powerOfTwo(n)
				rounded[n] = append(rounded[n], samples)
			}
		}
		members = rounded
	}
	groups := make([]lengthGroup, 0, len(members))
	for n, m := range members {
		groups = append(groups, lengthGroup{n, m})
	}
	slices.SortFunc(groups, func(a, b lengthGroup) int { return a.length - b.length })
	return groups
}

// powerOfTwo is the one that is nearest by the ratio.
func powerOfTwo(n int) int { return 1 << int(math.Round(math.Log2(float64(n)))) }

// tenth is the part of a text that a depth is in.
func tenth(depth float64) int {
	const rounding = 1e-9 // 0.3 is in the fourth, however it was computed
	return min(max(int(NumDepths*depth+rounding), 0), NumDepths-1)
}

// fitting are the items that fit the window.
func fitting(list []answers) []answers {
	var fit []answers
	for _, samples := range list {
		if samples[0].Unfit == nil {
			fit = append(fit, samples)
		}
	}
	return fit
}
