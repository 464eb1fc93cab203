package pipeline

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// graph is what a pipeline holds between two rounds.
type graph [][2][]byte

// each groups edges by their first end, shuffled, and applies a reduction.
func (g graph) each(random *rand.Rand, do func(at []byte, values func(*[]byte) bool)) {
	groups := map[string][][]byte{}
	for _, e := range g {
		groups[string(e[0])] = append(groups[string(e[0])], e[1])
	}
	for at, values := range groups {
		random.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		next := 0
		do([]byte(at), func(v *[]byte) bool {
			if next == len(values) {
				return false
			}
			*v = append((*v)[:0], values[next]...) // what was read before is gone
			next++
			return true
		})
	}
}

func (g *graph) emit(a, b []byte) { *g = append(*g, [2][]byte{bytes.Clone(a), bytes.Clone(b)}) }

func (g graph) mapped(f func(a, b []byte, emit func(a, b []byte))) graph {
	var out graph
	for _, e := range g {
		f(e[0], e[1], out.emit)
	}
	return out
}

func (g graph) round(random *rand.Rand) graph {
	var large, small graph
	g.mapped(bothWays).each(random, func(at []byte, v func(*[]byte) bool) { largeStar(at, v, large.emit) })
	large.mapped(downward).each(random, func(at []byte, v func(*[]byte) bool) { smallStar(at, v, small.emit) })
	return small
}

// ends says where each node goes; ok is false if that is not decided.
func (g graph) ends(random *rand.Rand) (to map[string]string, ok bool) {
	to, ok = map[string]string{}, true
	g.mapped(withRoots).each(random, func(at []byte, v func(*[]byte) bool) {
		err := goesTo(at, v, func(rank, gone []byte) { to[string(rank)] = string(gone[1:]) })
		ok = ok && err == nil
	})
	return to, ok
}

// components is the oracle: the least node of each node's component.
func components(g graph) map[string]string {
	root := map[string]string{}
	var find func(string) string
	find = func(a string) string {
		if r, ok := root[a]; ok && r != a {
			root[a] = find(r)
			return root[a]
		}
		return a
	}
	for _, e := range g {
		a, b := find(string(e[0])), find(string(e[1]))
		root[max(a, b)] = min(a, b)
	}
	to := map[string]string{}
	for a := range root {
		if r := find(a); r != a {
			to[a] = r
		}
	}
	return to
}

func node(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// TestRounds compares clusters with those of an oracle, and that fewer rounds
// than are needed are noticed. The numbers of rounds are in the manual.
func TestRounds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	path := func(n int, order []int) (g graph) {
		for i := 1; i < n; i++ {
			g.emit(node(order[i]), node(order[i-1]))
		}
		return g
	}
	var sparse graph
	for range 3000 {
		sparse.emit(node(random.IntN(4000)), node(4000+random.IntN(4000)))
	}
	ordered := make([]int, 3000)
	for i := range ordered {
		ordered[i] = i
	}
	for _, c := range []struct {
		name string
		g    graph
		most int
	}{
		{"sparse", sparse, DefaultRounds},
		{"path in order", path(3000, ordered), DefaultRounds},
		{"path in no order", path(3000, random.Perm(3000)), DefaultRounds},
		{"empty", nil, 0},
	} {
		want := components(c.g)
		g, rounds := c.g, 0
		for ; ; rounds++ {
			to, ok := g.ends(random)
			same := len(to) == len(want)
			for a, b := range want {
				same = same && to[a] == b
			}
			if ok != same {
				t.Fatalf("%s: after %d rounds the check says %v, and the clusters are right: %v", c.name, rounds, ok, same)
			}
			if ok {
				break
			}
			g = g.round(random)
		}
		t.Logf("%s: %d rounds", c.name, rounds)
		if rounds > c.most {
			t.Errorf("%s: %d rounds; want at most %d", c.name, rounds, c.most)
		}
	}
}
