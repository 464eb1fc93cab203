package tokenizer

import (
	"bytes"

	"golang.org/x/text/unicode/norm"
)

// normalizer rewrites text before it is split. normalize appends to dst, which
// does not overlap src, and may be called by several goroutines.
type normalizer interface {
	normalize(dst, src []byte) []byte
}

// formNormalizer brings text into a Unicode normalization form.
type formNormalizer struct{ form norm.Form }

func (n formNormalizer) normalize(dst, src []byte) []byte { return n.form.Append(dst, src...) }

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
