// Package filter leaves documents out by the published rules for web text:
// Gopher's quality and repetition rules, C4's and FineWeb's, and by lists of
// phrases, licences and lengths.
//
// The rules and their thresholds are those of datatrove 0.10, whose decisions
// they repeat (docs/corpus-datatrove.md). Where a limit is 0 its rule is off. A
// step judges by the first rule that is broken, in the order in which its
// options name them.
package filter

import (
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// drop leaves the document out.
func drop(d *document.Document, filter, rule string, value, limit float64) {
	d.Drop = &document.Drop{Filter: filter, Rule: rule, Value: value, Limit: limit}
}

// over drops the document if value is above a limit that is not 0, and reports
// whether it did.
func over(d *document.Document, filter, rule string, value, limit float64) bool {
	if limit == 0 || !(value > limit) {
		return false
	}
	drop(d, filter, rule, value, limit)
	return true
}

// under is over for values below a limit.
func under(d *document.Document, filter, rule string, value, limit float64) bool {
	if limit == 0 || !(value < limit) {
		return false
	}
	drop(d, filter, rule, value, limit)
	return true
}

// ratio is a/b, or 0 where there is nothing to divide by.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// number is an option with its key.
type number struct {
	key   string
	value float64
}

// checkRatios returns an error for the first option that is no share.
func checkRatios(options ...number) error {
	for _, o := range options {
		if !(o.value >= 0 && o.value <= 1) {
			return recipe.Bad(o.key, "is %v; a share is from 0 (off) to 1", o.value)
		}
	}
	return nil
}

// checkCounts returns an error for the first option below 0.
func checkCounts(options ...number) error {
	for _, o := range options {
		if !(o.value >= 0) {
			return recipe.Bad(o.key, "is %v; it is 0 (off) or more", o.value)
		}
	}
	return nil
}

// checkRange returns an error if both limits are on and contradict each other.
func checkRange(low, high number) error {
	if high.value != 0 && low.value > high.value {
		return recipe.Bad(low.key, "is %v, above %s, which is %v", low.value, high.key, high.value)
	}
	return nil
}

// foreign reports whether a document is known to be in another language than
// English, for which the published rules were made.
func foreign(d *document.Document) bool { return d.Language != "" && d.Language != "en" }

// unspaced reports whether a document is in a language that has no spaces between
// words, of those that step language knows.
func unspaced(d *document.Document) bool { return d.Language == "ja" || d.Language == "zh" }
