package infer

import (
	"container/list"
	"slices"

	"github.com/polymath-lm/polymath/model"
)

// content is the tokens of a whole block.
type content [model.BlockTokens]int32

// A tree holds whole blocks of keys and values by the tokens that lead to
// them. A node is one block; the path from the root is its prefix.
type tree struct {
	root node
	kept list.List // nodes that no sequence uses, the least recently used first
	path []*node   // scratch of find
}

// node is a block in the tree. A sequence that uses a node uses all above it.
type node struct {
	block    *model.Block
	tokens   content
	parent   *node
	children map[content]*node
	users    int
	place    *list.Element // in kept; nil while it is used
}

// child returns the node for the next whole block of tokens after n, or nil.
func (n *node) child(tokens []int32) *node {
	if len(tokens) < model.BlockTokens || n.children == nil {
		return nil
	}
	return n.children[content(tokens)]
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

// commonBlocks returns how many whole blocks a and b both begin with.
func commonBlocks(a, b []int32) int {
	n := 0
	for end := model.BlockTokens; end <= min(len(a), len(b)); end += model.BlockTokens {
		if !slices.Equal(a[end-model.BlockTokens:end], b[end-model.BlockTokens:end]) {
			break
		}
		n++
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

// insert puts a block below parent (nil: at the root) and counts its user. If
// the tree has the same tokens there already, it counts a user of that node
// and reports that the block stays the caller's.
func (t *tree) insert(parent *node, tokens []int32, block *model.Block) (n *node, own bool) {
	if parent == nil {
		parent = &t.root
	}
	if n := parent.child(tokens); n != nil {
		t.use(n)
		return n, true
	}
	n = &node{block: block, tokens: content(tokens), parent: parent, users: 1}
	if parent.children == nil {
		parent.children = map[content]*node{}
	}
	parent.children[n.tokens] = n
	return n, false
}

// evict takes the least recently used block out of the tree, or returns nil.
func (t *tree) evict() *model.Block {
	for e := t.kept.Front(); e != nil; e = e.Next() {
		n := e.Value.(*node)
		if len(n.children) > 0 {
			continue
		}
		t.kept.Remove(e)
		delete(n.parent.children, n.tokens)
		return n.block
	}
	return nil
}
