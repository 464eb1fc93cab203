package infer

import (
	"container/list"
	"slices"

	"github.com/polymath-lm/polymath/model"
)

// A tree holds blocks of keys and values by the tokens that lead to them. A node
// is one block; the path from the root is its prefix. Sequences share whole
// blocks, and copy the beginning of those that they share in part.
type tree struct {
	root node
	kept list.List // nodes that no sequence uses, the least recently used first
	path []*node   // scratch of find
}

// node is a block in the tree. A sequence that uses a node uses all above it.
type node struct {
	block    *model.Block
	keys     []key // of a whole block, or fewer: then nobody uses it and nothing follows
	parent   *node
	children []*node // in the order of their keys; none begins with all of another one's
	users    int
	place    *list.Element // in kept; nil while it is used
}

// search returns where among its children the one with tokens is or would be.
func (n *node) search(keys []key) (at int, found bool) {
	return slices.BinarySearchFunc(n.children, keys, func(c *node, keys []key) int {
		return slices.CompareFunc(c.keys, keys, compareKeys)
	})
}

// child returns the node for the next whole block of tokens after n, or nil.
func (n *node) child(keys []key) *node {
	if len(keys) < model.BlockTokens {
		return nil
	}
	if at, found := n.search(keys[:model.BlockTokens]); found {
		return n.children[at]
	}
	return nil
}

// closest returns the child that has most tokens in common with tokens, and how
// many. In their order that is a neighbor of where tokens would be.
func (n *node) closest(keys []key) (best *node, shared int) {
	at, _ := n.search(keys)
	for _, c := range n.children[max(0, at-1):min(len(n.children), at+1)] {
		if k := common(c.keys, keys); k > shared {
			best, shared = c, k
		}
	}
	return best, shared
}

// find returns the nodes for the longest run of whole blocks that tokens begin
// with and the tree has. They are the caller's until the next find.
func (t *tree) find(keys []key) []*node {
	path := t.path[:0]
	for n := t.root.child(keys); n != nil; n = n.child(keys) {
		path = append(path, n)
		keys = keys[model.BlockTokens:]
	}
	t.path = path
	return path
}

// common returns how many tokens a and b both begin with.
func common(a, b []key) int {
	n := min(len(a), len(b))
	for i, id := range a[:n] {
		if id != b[i] {
			return i
		}
	}
	return n
}

// use counts a user of n.
func (t *tree) use(n *node) {
	if n.place != nil {
		t.kept.Remove(n.place)
		n.place = nil
	}
	n.users++
}

// leave counts a user less.
func (t *tree) leave(n *node) {
	if n.users--; n.users == 0 {
		n.place = t.kept.PushBack(n)
	}
}

// touch makes n one that was used just now.
func (t *tree) touch(n *node) {
	if n.place != nil {
		t.kept.MoveToBack(n.place)
	}
}

// insert puts a whole block below parent and counts its user. If the tree has the
// same tokens there already, it counts a user of that node and reports that the
// block stays the caller's. A part of the same block that was kept is of no use
// any more: its block is the caller's, too.
func (t *tree) insert(parent *node, keys []key, block *model.Block) (n *node, own bool, part *model.Block) {
	if n := parent.child(keys); n != nil {
		t.use(n)
		return n, true, nil
	}
	n, part = t.add(parent, keys[:model.BlockTokens], block)
	n.users = 1
	return n, false, part
}

// insertPart keeps a block of which tokens are known, below parent. What it does
// not keep is the caller's: the block itself, if another one holds the same, or
// one that holds less.
func (t *tree) insertPart(parent *node, keys []key, block *model.Block) (rest *model.Block) {
	at, _ := parent.search(keys)
	if at < len(parent.children) && common(parent.children[at].keys, keys) == len(keys) {
		t.touch(parent.children[at])
		return block
	}
	n, rest := t.add(parent, keys, block)
	n.place = t.kept.PushBack(n)
	return rest
}

// add puts a block below parent, where no child begins with tokens, in place of
// one that has fewer of the same; then it returns the block of that.
func (t *tree) add(parent *node, keys []key, block *model.Block) (n *node, part *model.Block) {
	n = &node{block: block, keys: slices.Clone(keys), parent: parent}
	at, _ := parent.search(keys)
	if at > 0 {
		if last := parent.children[at-1]; common(last.keys, keys) == len(last.keys) {
			t.kept.Remove(last.place)
			parent.children[at-1] = n
			return n, last.block
		}
	}
	parent.children = slices.Insert(parent.children, at, n)
	return n, nil
}

// evict takes the least recently used block out of the tree, or returns nil.
func (t *tree) evict() *model.Block {
	for e := t.kept.Front(); e != nil; e = e.Next() {
		n := e.Value.(*node)
		if len(n.children) > 0 {
			continue
		}
		t.kept.Remove(e)
		at, _ := n.parent.search(n.keys)
		n.parent.children = slices.Delete(n.parent.children, at, at+1)
		return n.block
	}
	return nil
}
