package align

import (
	"math"
	"slices"
	"testing"
)

func TestPackSequences(t *testing.T) {
	sequences := []sequence{
		{tokens: []int32{1, 2, 3, 4}, prompt: 2},
		{tokens: []int32{5, 6}, prompt: 1},
		{tokens: []int32{7, 8, 9}, prompt: 2},
		{tokens: []int32{10, 11}, prompt: 2}, // an answer of nothing
	}
	packs, err := packSequences(sequences, 6)
	if err != nil {
		t.Fatal(err)
	}
	if len(packs) != 2 {
		t.Fatalf("%d packs", len(packs))
	}
	p := packs[0]
	if !slices.Equal(p.batch.Tokens, []int32{1, 2, 3, 4, 5, 6}) || !slices.Equal(p.targets, []int32{-1, 3, 4, -1, 6, -1}) {
		t.Errorf("tokens %v, targets %v", p.batch.Tokens, p.targets)
	}
	if !slices.Equal(p.rows(), []int32{1, 2, 4}) || p.counted != 3 {
		t.Errorf("rows %v, counted %d", p.rows(), p.counted)
	}
	if q := packs[1]; !slices.Equal(q.targets, []int32{-1, 9, -1, -1, -1}) || !slices.Equal(q.of, []int{2, 3}) {
		t.Errorf("targets %v of %v", q.targets, q.of)
	}
	for i := range packs {
		for k, s := range packs[i].batch.Spans {
			own := sequences[packs[i].of[k]].tokens
			if !slices.Equal(packs[i].batch.Tokens[s.Start:s.Start+s.Len], own) || s.Pos != 0 || s.Cache != nil {
				t.Errorf("pack %d, span %d is not its sequence", i, k)
			}
		}
	}
	if _, err := packSequences(sequences, 3); err == nil {
		t.Error("a sequence longer than a microbatch was packed")
	}
}

// TestGatherScatter: what is put at the rows of the answers comes back, and nothing
// is put anywhere else.
func TestGatherScatter(t *testing.T) {
	sequences := []sequence{{tokens: make([]int32, 5), prompt: 3}, {tokens: make([]int32, 4), prompt: 1}}
	packs, err := packSequences(sequences, 9)
	if err != nil {
		t.Fatal(err)
	}
	in, out := newTable(sequences), newTable(sequences)
	n := float32(0)
	for _, row := range in {
		for i := range row {
			n++
			row[i] = n
		}
	}
	rows := []float32{9, 9, 9, 9, 9, 9, 9, 9, 9}
	packs[0].scatter(in, rows)
	if !slices.Equal(rows, []float32{0, 0, 1, 2, 0, 3, 4, 5, 0}) {
		t.Errorf("rows %v", rows)
	}
	packs[0].gather(rows, out)
	if d := in.difference(out); d != 0 {
		t.Errorf("difference %v", d)
	}
	out[1][2] = 5.5
	if d := in.difference(out); d != 0.5 {
		t.Errorf("difference %v", d)
	}
	out[0][0] = float32(math.NaN())
	if d := in.difference(out); !math.IsNaN(d) {
		t.Errorf("difference %v to what is not a number", d)
	}
}
