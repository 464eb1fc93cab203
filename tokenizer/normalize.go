package tokenizer

import (
	"bytes"
	"fmt"
)

// normalizer rewrites text before it is split. normalize appends to dst, which
// does not overlap src, and may be called by several goroutines.
type normalizer interface {
	normalize(dst, src []byte) []byte
}

// prependNormalizer puts something before any text but the empty one.
type prependNormalizer struct{ prefix []byte }

func (n prependNormalizer) normalize(dst, src []byte) []byte {
	if len(src) > 0 {
		dst = append(dst, n.prefix...)
	}
	return append(dst, src...)
}

// replaceNormalizer replaces what the pattern matches.
type replaceNormalizer struct {
	pattern matcher
	content []byte
}

func (n replaceNormalizer) normalize(dst, src []byte) []byte {
	from := 0
	n.pattern.each(src, func(start, end int) {
		dst = append(append(dst, src[from:start]...), n.content...)
		from = end
	})
	return append(dst, src[from:]...)
}

// stripNormalizer removes white space at the ends.
type stripNormalizer struct{ left, right bool }

func (n stripNormalizer) normalize(dst, src []byte) []byte {
	if n.left {
		src = src[skip(src, 0, space):]
	}
	if n.right {
		src = bytes.TrimRightFunc(src, func(r rune) bool { return classOf(r) == space })
	}
	return append(dst, src...)
}

// maxGrowth is how many times as long as before a text may become; the usual
// rules, a space into U+2581, make it three times as long.
const maxGrowth = 1 << 10

// checkGrowth refuses replacements that together would make a text too long to
// hold, as thirty of one letter by two of it do. Growth multiplies where a rule
// may find what one before it has put in.
func checkGrowth(list []normalizer, field string) error {
	growth := 1
	var put [256]bool // bytes of what was put in
	for _, n := range list {
		r, ok := n.(replaceNormalizer)
		if !ok {
			continue
		}
		from, again := 1, put != [256]bool{}
		if s, ok := r.pattern.(stringMatcher); ok {
			from, again = len(s.old), put[s.old[0]]
		}
		times := max((len(r.content)+from-1)/from, 1)
		if again {
			growth *= times
		} else {
			growth = max(growth, times)
		}
		if growth > maxGrowth {
			return fmt.Errorf("%s: by the replacements a text may become more than %d times as long", field, maxGrowth)
		}
		for _, b := range r.content {
			put[b] = true
		}
	}
	return nil
}
