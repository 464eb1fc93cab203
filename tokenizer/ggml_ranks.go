package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// giveScores finds scores that order merges as t.merges does.
//
// All merges into one token share its score, so they must stand together in the
// list. Where those of several tokens stand mixed, as those into runs of blanks
// do in Llama's file, the tokens get one score; of equal scores llama.cpp merges
// the leftmost, and whether that comes to the same is tried.
func (t *Tokenizer) giveScores(v *GGMLVocab) error {
	v.Scores = make([]float32, len(v.Tokens))
	groups := t.mergeGroups()
	for rank, g := range groups {
		for _, m := range g {
			v.Scores[m.id] = -float32(rank + 1)
		}
		if mixed(g) {
			if err := t.checkMixed(v, groups, g); err != nil {
				return err
			}
		}
	}
	for id := range v.Scores {
		if v.Types[id] == GGMLNormal && v.Scores[id] == 0 {
			v.Scores[id] = -float32(len(groups) + 1)
		}
	}
	return t.checkScores(v, groups)
}

// mergeGroups cuts the list into the shortest parts of which no token is made
// by merges of two.
func (t *Tokenizer) mergeGroups() [][]merge {
	last := make(map[int32]int, len(t.merges))
	for i, m := range t.merges {
		last[m.id] = i
	}
	var groups [][]merge
	from, to := 0, 0
	for i, m := range t.merges {
		if to = max(to, last[m.id]); i == to {
			groups = append(groups, t.merges[from:i+1])
			from = i + 1
		}
	}
	return groups
}

func mixed(group []merge) bool {
	return slices.ContainsFunc(group, func(m merge) bool { return m.id != group[0].id })
}

// checkMixed sees that a group into several tokens does the same whether it
// goes by rank or from the left. That can be tried where all of them are runs of
// one character: then runs are all the texts that matter.
func (t *Tokenizer) checkMixed(v *GGMLVocab, groups [][]merge, group []merge) error {
	char, _ := utf8.DecodeRuneInString(v.Tokens[group[0].id])
	run := func(id int32) bool { return strings.Trim(v.Tokens[id], string(char)) == "" }
	first, ok := t.ids[string(char)]
	for _, m := range group {
		if !ok || !run(m.id) {
			return fmt.Errorf("model.merges: %q is made by merges of different rank, and GGUF has one score for it", v.Tokens[m.id])
		}
	}
	byScore := newPairTable(len(group))
	longest := 1
	for rank, g := range groups {
		for _, m := range g {
			if run(m.id) {
				byScore.set(m.left, m.right, uint64(rank)<<32|uint64(uint32(m.id)))
				longest = max(longest, utf8.RuneCountInString(v.Tokens[m.id]))
			}
		}
	}
	var one, two merger
	for n := 2; n <= 4*longest; n++ {
		a := one.apply(&t.pairs, slices.Repeat([]int32{first}, n))
		if b := two.apply(&byScore, slices.Repeat([]int32{first}, n)); !slices.Equal(a, b) {
			return fmt.Errorf("model.merges: a run of %d times %q becomes other tokens by scores, which is what GGUF has", n, char)
		}
	}
	return nil
}

// checkScores sees that scores allow just the merges of the list: GGUF merges
// any two neighbors that make a token.
func (t *Tokenizer) checkScores(v *GGMLVocab, groups [][]merge) error {
	byScore, err := v.mergesByScore()
	if err != nil {
		return err
	}
	var have []merge
	for _, g := range groups {
		have = append(have, sortedGroup(g)...)
	}
	for from := 0; from < len(byScore); {
		to := from
		for to < len(byScore) && v.Scores[byScore[to].id] == v.Scores[byScore[from].id] {
			to++
		}
		copy(byScore[from:to], sortedGroup(byScore[from:to]))
		from = to
	}
	for i, m := range byScore {
		if i >= len(have) || have[i] != m {
			return fmt.Errorf("model.merges: %q and %q make %q, but not by the merges here; GGUF merges any two that make a token",
				v.Tokens[m.left], v.Tokens[m.right], v.Tokens[m.id])
		}
	}
	if len(have) > len(byScore) {
		return fmt.Errorf("model.merges: a merge into the special token %q", v.Tokens[have[len(byScore)].id])
	}
	return nil
}

func sortedGroup(merges []merge) []merge {
	return slices.SortedFunc(slices.Values(merges), func(a, b merge) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.left, b.left), cmp.Compare(a.right, b.right))
	})
}
