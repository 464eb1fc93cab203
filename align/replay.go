package align

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/model"
)

// sequence is a prompt with one answer to it: a document of a replay.
type sequence struct {
	tokens []int32 // the prompt, then the answer
	prompt int     // tokens of the prompt, at least 1
}

// answer is the number of tokens of the answer.
func (s *sequence) answer() int { return len(s.tokens) - s.prompt }

// table has a number for each token of each sequence's answer.
type table [][]float32

func newTable(sequences []sequence) table {
	n := 0
	for i := range sequences {
		n += sequences[i].answer()
	}
	all := make([]float32, n)
	t := make(table, len(sequences))
	for i := range sequences {
		n := sequences[i].answer()
		t[i], all = all[:n:n], all[n:]
	}
	return t
}

// difference is the largest distance between two tables of the same sequences:
// 0 where all numbers are the same to the bit, or differ in the sign of a zero
// alone, and not a number where one of them is none.
func (t table) difference(other table) float64 {
	largest := 0.0
	for i, row := range t {
		for k, v := range row {
			d := math.Abs(float64(v) - float64(other[i][k]))
			if v == other[i][k] { // infinities too
				d = 0
			}
			largest = max(largest, d) // max keeps what is not a number
		}
	}
	return largest
}

// pack is a microbatch of a replay: whole sequences one after the other, each a
// span. The token before each of an answer's has that one as its target.
type pack struct {
	batch   model.Batch
	targets []int32 // [T]; -1 = none
	counted int     // tokens with a target
	of      []int   // [spans] which sequence it is
	first   []int   // [spans] the token whose target is the answer's first
}

// packSequences lays sequences out in packs of up to tokens tokens, in their order:
// the next one begins where a sequence does not fit. The packs are a function of
// the sequences and of tokens alone. A longer sequence is an error.
func packSequences(sequences []sequence, tokens int) ([]pack, error) {
	var packs []pack
	for i := range sequences {
		s := &sequences[i]
		if len(s.tokens) > tokens {
			return nil, fmt.Errorf("a prompt and its answer have %d tokens, and a microbatch has room for %d: raise batch.rows or batch.sequence", len(s.tokens), tokens)
		}
		if len(packs) == 0 || len(packs[len(packs)-1].batch.Tokens)+len(s.tokens) > tokens {
			packs = append(packs, pack{})
		}
		packs[len(packs)-1].add(s, i)
	}
	return packs, nil
}

func (p *pack) add(s *sequence, i int) {
	start := len(p.batch.Tokens)
	p.batch.Tokens = append(p.batch.Tokens, s.tokens...)
	p.batch.Spans = append(p.batch.Spans, model.Span{Start: start, Len: len(s.tokens)})
	for range s.prompt - 1 {
		p.targets = append(p.targets, -1)
	}
	p.targets = append(append(p.targets, s.tokens[s.prompt:]...), -1)
	p.counted += s.answer()
	p.of, p.first = append(p.of, i), append(p.first, start+s.prompt-1)
}

// gather copies the numbers of the rows [T] with a target into t.
func (p *pack) gather(rows []float32, t table) {
	for k, i := range p.of {
		copy(t[i], rows[p.first[k]:])
	}
}

// scatter is the inverse of gather: rows [T] without a target become 0.
func (p *pack) scatter(t table, rows []float32) {
	clear(rows)
	for k, i := range p.of {
		copy(rows[p.first[k]:], t[i])
	}
}

// rows lists the tokens of the batch that have a target: where a value of the state
// before each of the answers' tokens is read, in the order of the packs' tables.
func (p *pack) rows() []int32 {
	list := make([]int32, 0, p.counted)
	for t, target := range p.targets {
		if target >= 0 {
			list = append(list, int32(t))
		}
	}
	return list
}
