package pipeline

import (
	"bytes"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

func init() {
	register.Function3x0(bandStar)
	register.Function3x0(bothWays)
	register.Function3x0(downward)
	register.Function3x0(largeStar)
	register.Function3x0(smallStar)
	register.Function3x0(withRoots)
	register.Function3x1(goesTo)
}

// near finds the documents that are in a cluster with one of a better rank: what
// goes, by rank. Documents with a band key in common are neighbors, and clusters
// are the connected components of that graph, which alternating large-star and
// small-star operations find (Kiveris and others, Connected Components in
// MapReduce and Beyond, 2014). Each makes neighbors of a document neighbors of
// the best that it knows; in the end all are neighbors of the best of their
// cluster alone. Whether that is so is checked.
func near(s beam.Scope, bands beam.PCollection, rounds int) beam.PCollection {
	edges := beam.ParDo(s, bandStar, beam.GroupByKey(s, bands))
	for i := range rounds {
		s := s.Scope(fmt.Sprintf("round%02d", i))
		edges = beam.ParDo(s, largeStar, beam.GroupByKey(s, beam.ParDo(s, bothWays, edges)))
		edges = beam.ParDo(s, smallStar, beam.GroupByKey(s, beam.ParDo(s, downward, edges)))
	}
	return beam.ParDo(s, goesTo, beam.GroupByKey(s, beam.ParDo(s, withRoots, edges)))
}

// star gives the neighbors that next has a common neighbor: best, or a better one
// of them. Of the first nearby it finds the best before it emits any edge; one
// pass over more than memory holds gives a chain of some that were the best for a
// while, which later rounds shorten. skip leaves a value out as a source of edges.
func star(best []byte, next func(*[]byte) bool, skip func([]byte) bool, emit func(a, b []byte)) []byte {
	const nearby = 1 << 16
	var seen once
	held := make([][]byte, 0, 16)
	var value []byte
	more := true
	for len(held) < nearby {
		if more = next(&value); !more {
			break
		}
		if !seen.add(value) {
			continue
		}
		value := bytes.Clone(value)
		held = append(held, value)
		best = least(best, value)
	}
	for _, v := range held {
		if !bytes.Equal(v, best) && !skip(v) {
			emit(v, best)
		}
	}
	for more && next(&value) {
		switch c := bytes.Compare(value, best); {
		case c < 0:
			old := best
			if best = bytes.Clone(value); !skip(old) {
				emit(old, best)
			}
		case c > 0 && !skip(value):
			emit(value, best)
		}
	}
	return best
}

func all([]byte) bool { return false }

// bandStar makes the documents of one band neighbors of the best of them.
func bandStar(_ []byte, ranks func(*[]byte) bool, emit func(a, b []byte)) {
	star(nil, ranks, all, emit)
}

func bothWays(a, b []byte, emit func(a, b []byte)) {
	emit(a, b)
	emit(b, a)
}

// downward gives an edge to its end of the worse rank.
func downward(a, b []byte, emit func(a, b []byte)) {
	if bytes.Compare(a, b) < 0 {
		a, b = b, a
	}
	emit(a, b)
}

// largeStar connects the neighbors of worse rank than that of a document with the
// best of its neighborhood.
func largeStar(at []byte, neighbors func(*[]byte) bool, emit func(a, b []byte)) {
	star(at, neighbors, func(v []byte) bool { return bytes.Compare(v, at) <= 0 }, emit)
}

// smallStar connects a document and its neighbors, all of better rank, with the
// best of them.
func smallStar(at []byte, neighbors func(*[]byte) bool, emit func(a, b []byte)) {
	emit(at, star(nil, neighbors, all, emit))
}

// once leaves out what came before, as far as it can remember: edges that are
// there twice only take time.
type once map[string]bool

func (o *once) add(value []byte) bool {
	const most = 4096
	if (*o)[string(value)] {
		return false
	}
	if *o == nil {
		*o = once{}
	}
	if len(*o) < most {
		(*o)[string(value)] = true
	}
	return true
}

// withRoots says of the best end of an edge that it goes nowhere.
func withRoots(a, b []byte, emit func(a, b []byte)) {
	emit(a, b)
	emit(b, b)
}

// goesTo says where a document goes, which must be one place.
func goesTo(at []byte, to func(*[]byte) bool, emit func(rank, gone []byte)) error {
	var best, other []byte
	to(&other)
	best = bytes.Clone(other)
	for to(&other) {
		if !bytes.Equal(other, best) {
			return fmt.Errorf("the clusters of near duplicates were not found in so many rounds; give more with --rounds, and run the pipeline again")
		}
	}
	if !bytes.Equal(at, best) {
		emit(at, append([]byte{goneNear}, best...))
	}
	return nil
}
