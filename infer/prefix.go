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
	tokens   []int32 // of a whole block, or fewer: then nobody uses it and nothing follows
	parent   *node
	children []*node // in the order of their tokens; none begins with all of another one's
	users    int
	place    *list.Element // in kept; nil while it is used
}

// search returns where among its children the one with tokens is or would be.
func (n *node) search(tokens []int32) (at int, found bool) {
	return slices.BinarySearchFunc(n.children, tokens, func(c *node, tokens []int32) int {
		return slices.Compare(c.tokens, tokens)
	})
}

// child returns the node for the next whole block of tokens after n, or nil.
func (n *node) child(tokens []int32) *node {
	if len(tokens) < model.BlockTokens {
		return nil
	}
	if at, found := n.search(tokens[:model.BlockTokens]); found {
		return n.children[at]
	}
	return nil
}

// closest returns the child that has most tokens in common with tokens, and how
// many. In their order that is a neighbor of where tokens would be.
func (n *node) closest(tokens []int32) (best *node, shared int) {
	at, _ := n.search(tokens)
	for _, c := range n.children[max(0, at-1):min(len(n.children), at+1)] {
		if k := common(c.tokens, tokens); k > shared {
			best, shared = c, k
		}
	}
	return best, shared
}

// find returns the nodes for the longest run of whole blocks that tokens begin
// with and the tree has. They are the caller's until the next find.
func (t *tree) find(tokens []int32) []*node {
	path := t.path[:0]
	for n := t.root.child(tokens); n != nil; n = n.child(tokens) {
		path = append(path, n)
		tokens = tokens[model.BlockTokens:]
	}
	t.path = path
	return path
}

// common returns how many tokens a and b both begin with.
func common(a, b []int32) int {
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
func (t *tree) insert(parent *node, tokens []int32, block *model.Block) (n *node, own bool, part *model.Block) {
	if n := parent.child(tokens); n != nil {
		t.use(n)
		return n, true, nil
	}
	n, part = t.add(parent, tokens[:model.BlockTokens], block)
	n.users = 1
	return n, false, part
}

// insertPart keeps a block of which tokens are known, below parent. What it does
// not keep is the caller's: the block itself, if another one holds the same, or
// one that holds less.
func (t *tree) insertPart(parent *node, tokens []int32, block *model.Block) (rest *model.Block) {
	at, _ := parent.search(tokens)
	if at < len(parent.children) && common(parent.children[at].tokens, tokens) == len(tokens) {
		t.touch(parent.children[at])
		return block
	}
	n, rest := t.add(parent, tokens, block)
	n.place = t.kept.PushBack(n)
	return rest
}

// add puts a block below parent, where no child begins with tokens, in place of
// one that has fewer of the same; then it returns the block of that.
func (t *tree) add(parent *node, tokens []int32, block *model.Block) (n *node, part *model.Block) {
	n = &node{block: block, tokens: slices.Clone(tokens), parent: parent}
	at, _ := parent.search(tokens)
	if at > 0 {
		if last := parent.children[at-1]; common(last.tokens, tokens) == len(last.tokens) {
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
		at, _ := n.parent.search(n.tokens)
		n.parent.children = slices.Delete(n.parent.children, at, at+1)
		return n.block
	}
	return nil
}
