package contamination

import (
	"slices"

	"github.com/polymath-lm/polymath/corpus/words"
)

const (
	// passageWords is how many words in a row make a passage.
	passageWords = 8
	// manyClusters is the number of clusters of items that share a passage above which
	// it is the task's own. GPT-3's authors took a phrase for nobody's where more than
	// ten documents had it (arXiv:2005.14165, appendix C).
	manyClusters = 10
)

// passages counts in how many clusters of items each passage stands.
type passages struct {
	most    int // a passage in more clusters is common
	counts  map[uint64]seen
	numbers map[string]int // of clusters
	list    words.List
}

type seen struct {
	clusters, last int32
}

// newPassages is for a task of n items: with few, what half of them share is common.
func newPassages(n int) *passages {
	return &passages{most: max(2, min(manyClusters, n/2)), counts: map[uint64]seen{}, numbers: map[string]int{}}
}

// count adds the texts of one item. Items of a cluster that do not follow each other
// may be counted as of several.
func (p *passages) count(cluster string, texts []string) {
	number, ok := p.numbers[cluster]
	if !ok {
		number = len(p.numbers) + 1
		p.numbers[cluster] = number
	}
	for _, text := range texts {
		for _, hash := range p.hashes(text, p.split(text)) {
			if s := p.counts[hash]; s.last != int32(number) {
				p.counts[hash] = seen{s.clusters + 1, int32(number)}
			}
		}
	}
}

// split returns the words of a text that are none of symbols.
func (p *passages) split(text string) []words.Word {
	p.list.Split([]byte(text))
	return slices.DeleteFunc(slices.Clone(p.list.Words), func(w words.Word) bool { return w.Hash == 0 })
}

// hashes are those of the passages that begin with each word. (A word's own hash takes
// all numbers for the same.)
func (p *passages) hashes(text string, list []words.Word) []uint64 {
	if len(list) < passageWords {
		return nil
	}
	hashes := make([]uint64, len(list)-passageWords+1)
	for i := range hashes {
		for _, w := range list[i : i+passageWords] {
			for _, c := range []byte(text[w.Start:w.End]) {
				hashes[i] = (hashes[i] ^ uint64(c)) * 0x100000001b3 // FNV-1a
			}
			hashes[i] = (hashes[i] ^ 0xff) * 0x100000001b3
		}
	}
	return hashes
}

// without returns the pieces of a text between common passages, or the text itself.
func (p *passages) without(text string) []string {
	list := p.split(text)
	common := make([]bool, len(list))
	any := false
	for i, hash := range p.hashes(text, list) {
		if int(p.counts[hash].clusters) > p.most {
			any = true
			for k := range passageWords {
				common[i+k] = true
			}
		}
	}
	if !any {
		return []string{text}
	}
	var pieces []string
	for i := 0; i < len(list); i++ {
		if common[i] {
			continue
		}
		first := i
		for i+1 < len(list) && !common[i+1] {
			i++
		}
		pieces = append(pieces, text[list[first].Start:list[i].End])
	}
	return pieces
}
