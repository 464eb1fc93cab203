package dedup

import (
	"context"
	"errors"
)

// sets are the clusters as a forest: a document points towards the best-ranked
// one of its cluster, which is the root (Tarjan and van Leeuwen, Worst-case
// Analysis of Set Union Algorithms, 1984, with the paths halved).
type sets struct {
	order *Order
	// parent is the number of a document above, plus one; 0 is a root. size is the
	// number of documents below a root, once finish has counted them.
	parent, size *table
}

func newSets(dir string, order *Order) (*sets, error) {
	parent, err := newTable(dir, order.Len())
	if err != nil {
		return nil, err
	}
	size, err := newTable(dir, order.Len())
	if err != nil {
		return nil, errors.Join(err, parent.close())
	}
	return &sets{order: order, parent: parent, size: size}, nil
}

// find returns the root above a document.
func (s *sets) find(doc uint32) uint32 {
	for {
		up := s.parent.at(doc)
		if up == 0 {
			return doc
		}
		above := s.parent.at(up - 1)
		if above == 0 {
			return up - 1
		}
		s.parent.set(doc, above)
		doc = above - 1
	}
}

// unite makes one cluster of two.
func (s *sets) unite(a, b uint32) {
	a, b = s.find(a), s.find(b)
	if a == b {
		return
	}
	if s.order.Of(b) < s.order.Of(a) {
		a, b = b, a
	}
	s.parent.set(b, a+1)
}

// finish counts the clusters, without some documents if that is not nil.
func (s *sets) finish(ctx context.Context, without func(doc uint32) bool) error {
	for doc := range uint32(s.order.Len()) {
		if doc%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if root := s.find(doc); root != doc && (without == nil || !without(doc)) {
			s.size.set(root, s.size.at(root)+1)
		}
	}
	return nil
}

func (s *sets) close() error { return errors.Join(s.parent.close(), s.size.close()) }
