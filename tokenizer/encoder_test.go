package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestGPT4WordsAreTheScanners: the words that are found without a call are those
// that the scanner finds.
func TestGPT4WordsAreTheScanners(t *testing.T) {
	parts := []string{" ", " ", "a", "Tree", "housing", "extension", "s", "'", "'s", "é", "ſ", "中", "7", "\n", ".", "\xff", "[", "{", "@", "`"}
	tok, err := Train(func(yield func([]byte) bool) { yield([]byte(strings.Repeat("a tree and a house 's ", 50))) }, TrainOptions{VocabSize: 268})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range scanners {
		scan, ok := s.(gpt4Scanner)
		if !ok {
			continue
		}
		e := tok.borrow()
		rng := rand.New(rand.NewPCG(1, 2))
		for range 20000 {
			var text []byte
			for range 1 + rng.IntN(8) {
				text = append(text, parts[rng.IntN(len(parts))]...)
			}
			var want []int32
			for i := 0; i < len(text); {
				end := scan.end(text, i)
				want = e.appendMerged(want, text[i:end], true)
				i = end
			}
			if got := e.gpt4Words(nil, text, scan); !slices.Equal(got, want) {
				t.Fatalf("%s: %q gives %v, want %v", name, text, got, want)
			}
		}
	}
}

// TestPairsOfBytes: the table of pairs of bytes has what the other has.
func TestPairsOfBytes(t *testing.T) {
	table := newPairTable(1)
	rng := rand.New(rand.NewPCG(3, 4))
	for rank := range uint64(3000) {
		table.set(rng.Int32N(300), rng.Int32N(300), rank)
	}
	without := table
	table.keepBytes()
	for range 2000 {
		ids := make([]int32, 2+rng.IntN(6))
		for i := range ids {
			ids[i] = rng.Int32N(256 + rng.Int32N(2)*44)
		}
		got, want := make([]uint64, len(ids)-1), make([]uint64, len(ids)-1)
		table.all(got, ids)
		without.all(want, ids)
		for i := range want {
			if pair := table.get(ids[i], ids[i+1]); got[i] != pair || want[i] != pair {
				t.Fatalf("%v: %v and %v, want %d at %d", ids, got, want, pair, i)
			}
		}
	}
}
