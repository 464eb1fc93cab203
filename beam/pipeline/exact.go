package pipeline

import (
	"bytes"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

func init() {
	register.Function4x0(keepFirst)
	register.Function2x1(least)
	register.Iter1[[]byte]()
}

// Why a document goes: the first byte of what is said of it; the rank of the one
// that stays follows.
const (
	goneExact = 'e'
	goneNear  = 'n'
)

// exact finds documents whose text one of a better rank has: what goes, by rank.
// A text that very many documents have is no burden for one machine.
func exact(s beam.Scope, texts beam.PCollection) beam.PCollection {
	best := beam.CombinePerKey(s, least, texts)
	return beam.ParDo(s, keepFirst, beam.CoGroupByKey(s, texts, best))
}

// least returns the first of two ranks; an empty one is none.
func least(a, b []byte) []byte {
	if len(a) == 0 || len(b) > 0 && bytes.Compare(b, a) < 0 {
		return b
	}
	return a
}

// keepFirst lets all documents of one text go but that of the best rank.
func keepFirst(_ []byte, ranks, bests func(*[]byte) bool, emit func(rank, gone []byte)) {
	best := first(bests)
	gone := append([]byte{goneExact}, best...)
	var rank []byte
	for ranks(&rank) {
		if !bytes.Equal(rank, best) {
			emit(rank, gone)
		}
	}
}

// first is the least of some values; nil of none.
func first(next func(*[]byte) bool) []byte {
	var first, value []byte
	for found := false; next(&value); found = true {
		if !found || bytes.Compare(value, first) < 0 {
			first = bytes.Clone(value)
		}
	}
	return first
}
