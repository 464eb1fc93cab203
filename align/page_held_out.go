package align

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// heldOut is the page's table of what was measured on what is held out.
type heldOut struct {
	First, Last int  // steps
	Before      bool // there are two measurements
	Rows        []heldOutRow
}

type heldOutRow struct{ Name, Before, Now string }

// The ends of the names of an interval's bounds.
const (
	lowEnd  = "_low"
	highEnd = "_high"
)

func newHeldOut(first, last *Record) *heldOut {
	h := &heldOut{First: first.Step, Last: last.Step, Before: first.Step != last.Step}
	for name := range last.Values {
		if isBound(last.Values, name) {
			continue
		}
		h.Rows = append(h.Rows, heldOutRow{name, withInterval(first.Values, name), withInterval(last.Values, name)})
	}
	slices.SortFunc(h.Rows, func(a, b heldOutRow) int { return headlinesFirst(a.Name, b.Name) })
	return h
}

// isBound reports whether a measure is the bound of another one's interval.
func isBound(m Measures, name string) bool {
	of, ok := strings.CutSuffix(name, lowEnd)
	if !ok {
		of, ok = strings.CutSuffix(name, highEnd)
	}
	_, there := m[of]
	return ok && there
}

// withInterval writes a measure with its bounds, where it has any.
func withInterval(m Measures, name string) string {
	v, ok := m[name]
	if !ok {
		return ""
	}
	text := fmt.Sprintf("%.4g", v)
	low, ok := m[name+lowEnd]
	if high, both := m[name+highEnd]; ok && both {
		text += fmt.Sprintf(" (%.4g to %.4g)", low, high)
	}
	return text
}

// headlines are what is looked at first.
var headlines = []string{"reward", "accuracy", "loss"}

// headlinesFirst orders measures by name, those of the headlines before all others.
func headlinesFirst(a, b string) int {
	rank := func(name string) int {
		if at := slices.Index(headlines, name); at >= 0 {
			return at
		}
		return len(headlines)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}
