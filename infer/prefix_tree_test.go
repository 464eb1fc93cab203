package infer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unique"

	"github.com/polymath-lm/polymath/model"
)

// drawKey draws one of two tokens, mostly the second, or one of two rows of one
// of two pictures.
func drawKey(r *rand.Rand, images bool) key {
	k := key{id: 1}
	switch r.IntN(3) {
	case 0:
		k.id = r.Int32N(2)
	case 1:
		if images {
			k = key{id: 2, row: r.Int32N(2), image: unique.Make([32]byte{31: byte(r.IntN(2))})}
		}
	}
	return k
}

// TestTree holds the tree against a list of what was put into it: blocks of few
// tokens that come again and again, whole or in part, in every other round with
// pictures among them.
func TestTree(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for round := range 30 {
		images := round%2 == 1
		var tree tree
		owned := 0 // blocks that are in the tree
		for range 200 {
			text := make([]key, 3*model.BlockTokens)
			for i := range text {
				text[i] = drawKey(r, images)
			}
			path := insertAll(t, &tree, text, r.IntN(len(text)), &owned)
			checkTree(t, &tree, owned)
			checkClosest(t, &tree, text, r, images)
			for _, n := range slices.Backward(path) {
				tree.leave(n)
			}
			for owned > 25 {
				if tree.evict() == nil {
					t.Fatal("nothing to evict")
				}
				owned--
			}
		}
		for tree.evict() != nil {
			owned--
		}
		if owned != 0 || len(tree.root.children) > 0 || tree.kept.Len() > 0 {
			t.Fatalf("%d blocks are left", owned)
		}
	}
}

// insertAll puts the first n tokens of text into the tree.
func insertAll(t *testing.T, tree *tree, text []key, n int, owned *int) (path []*node) {
	parent := &tree.root
	for ; n >= model.BlockTokens; n -= model.BlockTokens {
		child, own, part := tree.insert(parent, text, &model.Block{})
		if !own {
			*owned++
		}
		if part != nil {
			*owned--
		}
		path, parent, text = append(path, child), child, text[model.BlockTokens:]
	}
	if n > 0 {
		*owned++
		if tree.insertPart(parent, text[:n], &model.Block{}) != nil {
			*owned--
		}
		if best, shared := parent.closest(text[:n]); shared != n || best == nil {
			t.Fatalf("of %d tokens %d are there", n, shared)
		}
	}
	return path
}

// checkTree holds the tree to what its comments say.
func checkTree(t *testing.T, tree *tree, owned int) {
	t.Helper()
	count := 0
	var visit func(n *node)
	visit = func(n *node) {
		for i, c := range n.children {
			count++
			if c.parent != n || c.users == 0 && c.place == nil || c.users > 0 && c.place != nil {
				t.Fatalf("a node with %d users is kept: %v", c.users, c.place != nil)
			}
			if len(c.keys) < model.BlockTokens && (len(c.children) > 0 || c.users > 0) {
				t.Fatal("a part is used")
			}
			if i > 0 {
				if last := n.children[i-1].keys; slices.CompareFunc(last, c.keys, compareKeys) >= 0 || common(last, c.keys) == len(last) {
					t.Fatalf("%v before %v", last, c.keys)
				}
			}
			visit(c)
		}
	}
	visit(&tree.root)
	if count != owned {
		t.Fatalf("the tree has %d blocks, and took %d", count, owned)
	}
}

// checkClosest compares with a look at every child.
func checkClosest(t *testing.T, tree *tree, text []key, r *rand.Rand, images bool) {
	t.Helper()
	wanted := slices.Clone(text[:1+r.IntN(model.BlockTokens)])
	wanted[r.IntN(len(wanted))] = drawKey(r, images)
	most := 0
	for _, c := range tree.root.children {
		most = max(most, common(c.keys, wanted))
	}
	if _, shared := tree.root.closest(wanted); shared != most {
		t.Fatalf("%d tokens in common, and there are %d", shared, most)
	}
}

// TestTouch: what is found again is not the next to go.
func TestTouch(t *testing.T) {
	var tree tree
	a, b := &model.Block{}, &model.Block{}
	tree.insertPart(&tree.root, keysOf(tokens(20)), a)
	tree.insertPart(&tree.root, keysOf(tokens(30)[5:]), b)
	c := &model.Block{}
	if tree.insertPart(&tree.root, keysOf(tokens(10)), c) != c {
		t.Error("a block of fewer tokens is kept, too")
	}
	if tree.evict() != b || tree.evict() != a || tree.evict() != nil {
		t.Error("the block that was found went first")
	}
}

func keysOf(tokens []int32) []key { return (&Request{Prompt: tokens}).appendKeys(nil, len(tokens), 1) }
