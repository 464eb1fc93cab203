package constrain

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// maxPlainRunes is how many characters a plain token may have.
const maxPlainRunes = 16

// trie holds the tokens' bytes as a tree, its nodes in depth-first order: node
// i's first child is i+1 if that is below end[i], a child's next sibling is at
// the child's end. Node 0 is the root of the plain tokens, others the root of
// all others.
//
// A plain token is one to maxPlainRunes whole characters that a JSON string
// holds as they are.
type trie struct {
	bytes  []byte
	end    []int32
	token  []int32 // the first token that ends at a node, or none
	twin   []int32 // of a token: another one with the same bytes, or none
	others int32   // node
	plain  bitset  // tokens
}

func newTrie(tokens [][]byte, allowed func(id int) bool) *trie {
	t := &trie{twin: make([]int32, len(tokens)), plain: newBitset(len(tokens))}
	var plain, others []int32
	for id, text := range tokens {
		t.twin[id] = none
		switch {
		case len(text) == 0 || !allowed(id):
		case isPlain(text):
			plain = append(plain, int32(id))
			t.plain.set(int32(id))
		default:
			others = append(others, int32(id))
		}
	}
	order := func(a, b int32) int { return bytes.Compare(tokens[a], tokens[b]) }
	slices.SortStableFunc(plain, order)
	slices.SortStableFunc(others, order)
	t.add(tokens, plain, 0, 0)
	t.others = int32(len(t.bytes))
	t.add(tokens, others, 0, 0)
	return t
}

// add appends the tree of ids, which share their first depth bytes and are
// sorted; its root stands for byte b.
func (t *trie) add(tokens [][]byte, ids []int32, depth int, b byte) {
	node := len(t.bytes)
	t.bytes = append(t.bytes, b)
	t.end = append(t.end, 0)
	t.token = append(t.token, none)
	for len(ids) > 0 && len(tokens[ids[0]]) == depth {
		t.twin[ids[0]] = t.token[node]
		t.token[node] = ids[0]
		ids = ids[1:]
	}
	for len(ids) > 0 {
		c, n := tokens[ids[0]][depth], 1
		for n < len(ids) && tokens[ids[n]][depth] == c {
			n++
		}
		t.add(tokens, ids[:n], depth+1, c)
		ids = ids[n:]
	}
	t.end[node] = int32(len(t.bytes))
}

// mark adds the tokens that end at node.
func (t *trie) mark(node int32, set bitset) {
	for id := t.token[node]; id != none; id = t.twin[id] {
		set.set(id)
	}
}

// leaf reports whether node has no children.
func (t *trie) leaf(node int32) bool { return t.end[node] == node+1 }

func isPlain(text []byte) bool {
	if !utf8.Valid(text) || utf8.RuneCount(text) > maxPlainRunes {
		return false
	}
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			return false
		}
	}
	return true
}
