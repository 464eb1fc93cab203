package tokenizer

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
)

// invented returns text of made-up words, the short ones frequent, with some
// code, other scripts and binary rubbish.
func invented(seed uint64, lines int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	letters := []rune("etaoinshrdluEATSéßжя漢字かな")
	var b bytes.Buffer
	for range lines {
		for range r.IntN(12) {
			for range 1 + r.IntN(1+r.IntN(9)) {
				b.WriteRune(letters[int(float64(len(letters))*r.Float64()*r.Float64())])
			}
			b.WriteString([]string{" ", " ", " ", "'s ", ", ", "  ", "\t", " 1234 ", "==", "aaaa"}[r.IntN(10)])
		}
		b.WriteString([]string{"\n", "\n", "\r\n", "\n\n", "\xff\x00\n"}[r.IntN(5)])
	}
	return b.Bytes()
}

// naiveTrain finds merges as the definition has it: it counts all pairs of all
// words anew for each.
func naiveTrain(docs [][]byte, s scanner, merges int, least int64) (found []merge) {
	counts := make(map[string]int64)
	for _, doc := range docs {
		for i := 0; i < len(doc); {
			end := s.end(doc, i)
			counts[string(doc[i:end])]++
			i = end
		}
	}
	words := make(map[string][]int32)
	for w := range counts {
		for _, b := range []byte(w) {
			words[w] = append(words[w], int32(b))
		}
	}
	for id := int32(256); len(found) < merges; id++ {
		pairs := make(map[[2]int32]int64)
		for w, ids := range words {
			for i := 1; i < len(ids); i++ {
				pairs[[2]int32{ids[i-1], ids[i]}] += counts[w]
			}
		}
		best, most := [2]int32{}, int64(0)
		for p, n := range pairs {
			if n > most || n == most && slices.Compare(p[:], best[:]) < 0 {
				best, most = p, n
			}
		}
		if most < least {
			break
		}
		found = append(found, merge{best[0], best[1], id})
		for w, ids := range words {
			out := ids[:0]
			for i := 0; i < len(ids); i++ {
				if i+1 < len(ids) && ids[i] == best[0] && ids[i+1] == best[1] {
					out = append(out, id)
					i++
				} else {
					out = append(out, ids[i])
				}
			}
			words[w] = out
		}
	}
	return found
}

func TestTrainEqualsNaive(t *testing.T) {
	for seed := range uint64(6) {
		docs := [][]byte{invented(seed, 40), invented(seed+100, 3), nil, []byte(strings.Repeat("a", 100+int(seed)))}
		for _, pattern := range []string{PatternGPT4, PatternGPT2, PatternQwen, PatternTiktoken} {
			want := naiveTrain(docs, scanners[pattern], 300, 2)
			tok, err := Train(slices.Values(docs), TrainOptions{VocabSize: 257 + len(want), Pattern: pattern})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(tok.merges, want) {
				t.Fatalf("seed %d: merges differ from the naive trainer's", seed)
			}
		}
	}
}

func TestTrainThreads(t *testing.T) {
	defer par.SetThreads(0)
	var docs [][]byte
	for seed := range uint64(8) {
		docs = append(docs, invented(seed, 3000))
	}
	hashes := make(map[string]bool)
	for _, n := range []int{1, 2, 3, runtime.GOMAXPROCS(0)} {
		par.SetThreads(n)
		tok, err := Train(slices.Values(docs), TrainOptions{VocabSize: 1000, MaxWords: 5000})
		if err != nil {
			t.Fatal(err)
		}
		hashes[tok.Hash()] = true
	}
	if len(hashes) != 1 {
		t.Error("the vocabulary depends on the number of threads")
	}
}

// TestTrainReuse trains on documents that share their memory.
func TestTrainReuse(t *testing.T) {
	buffer := make([]byte, 0, 1<<20)
	tok, err := Train(func(yield func([]byte) bool) {
		for seed := range uint64(3) {
			buffer = append(buffer[:0], invented(seed, 100)...)
			if !yield(buffer) {
				return
			}
			clear(buffer)
		}
	}, TrainOptions{VocabSize: 400})
	if err != nil {
		t.Fatal(err)
	}
	want, err := Train(slices.Values([][]byte{invented(0, 100), invented(1, 100), invented(2, 100)}), TrainOptions{VocabSize: 400})
	if err != nil {
		t.Fatal(err)
	}
	if tok.Hash() != want.Hash() {
		t.Error("Train keeps documents that it no longer owns")
	}
}

func TestTrainForgets(t *testing.T) {
	var calls, words int
	docs := func(yield func([]byte) bool) {
		for i := range 3 {
			doc := make([]byte, 0, batchBytes)
			for n := 0; len(doc) < batchBytes; n++ {
				doc = append(doc, " common x"...)
				doc = append(doc, 'a'+byte(n%26), 'a'+byte(n/26%26), 'a'+byte(n/676%26), 'a'+byte(i))
			}
			if !yield(doc) {
				return
			}
		}
	}
	tok, err := Train(docs, TrainOptions{VocabSize: 263, MaxWords: 1000, Progress: func(p TrainProgress) {
		calls++
		words = max(words, p.Words)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if words > 1000 || calls == 0 {
		t.Errorf("%d words were kept, %d reports", words, calls)
	}
	if got := tok.Encode(" common"); len(got) != 1 {
		t.Errorf("the frequent word was forgotten: %v", got)
	}
}

func TestTrainErrors(t *testing.T) {
	for _, c := range []struct {
		text string
		o    TrainOptions
		want string
	}{
		{"ab ab ab", TrainOptions{VocabSize: 1000}, "259 were possible (256 bytes, 2 merges"},
		{"", TrainOptions{VocabSize: 300}, "257 were possible"},
		{"", TrainOptions{VocabSize: 256}, "must hold 256 bytes and 1 special"},
		{"", TrainOptions{VocabSize: 300, Special: []string{"<a>", "<a>"}}, `"<a>" is empty, not UTF-8, or there twice`},
		{"", TrainOptions{VocabSize: 300, Pattern: "("}, "pattern"},
	} {
		_, err := Train(slices.Values([][]byte{[]byte(c.text)}), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.o, err, c.want)
		}
	}
	tok, err := Train(slices.Values([][]byte{}), TrainOptions{VocabSize: 257})
	if err != nil || tok.EOS() != 256 {
		t.Errorf("bytes alone: %v", err)
	}
}
