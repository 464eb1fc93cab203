package scalar

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// small returns the shape of a decoder whose sizes fit no tile.
func small(t testing.TB, kind string) *model.Config {
	t.Helper()
	c, err := model.Default(kind)
	if err != nil {
		t.Fatal(err)
	}
	c.VocabSize, c.HiddenSize, c.NumLayers, c.IntermediateSize = 97, 40, 2, 36
	c.NumHeads, c.NumKVHeads, c.HeadDim, c.MaxPositions = 4, 2, 10, 256
	c.InitStd, c.EOSTokenIDs = 0.2, []int{2}
	if c.NumExperts > 0 {
		c.NumExperts, c.NumExpertsPerTok, c.MoEIntermediateSize, c.NormTopKProb = 6, 2, 24, true
	}
	return c
}

func newDecoder(t testing.TB, c *model.Config) *model.Model {
	t.Helper()
	m, err := model.New(c, 7)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newScalar(t testing.TB, c *model.Config) *Model {
	t.Helper()
	s, err := New(newDecoder(t, c), 3)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// someSequences returns sequences of many lengths, none like another.
func someSequences(vocab int) (all [][]int32) {
	for i, n := range []int{1, 5, 70, 2, 131, 33, 64, 1, 200} {
		var sequence []int32
		for k := range n {
			sequence = append(sequence, int32((k*k*31+k*17+i*13)%vocab))
		}
		all = append(all, sequence)
	}
	return all
}

// pack makes one batch of whole sequences, and lists their last rows.
func pack(sequences [][]int32) (b *model.Batch, last []int32) {
	b = &model.Batch{}
	for _, s := range sequences {
		b.Spans = append(b.Spans, model.Span{Start: len(b.Tokens), Len: len(s)})
		b.Tokens = append(b.Tokens, s...)
		last = append(last, int32(len(b.Tokens)-1))
	}
	return b, last
}

func mustScore(t testing.TB, s *Model, sequences [][]int32) []float32 {
	t.Helper()
	values, err := s.Score(sequences)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func mustEqual(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %v, want %v to the bit", what, i, got[i], want[i])
		}
	}
}

// TestOneValue: a sequence has the same value to the bit alone and with others,
// in any order, with any number of threads, on every path, in a pass for training
// and one without, and with what follows it there.
func TestOneValue(t *testing.T) {
	defer kernel.SetPath(kernel.CPU())
	defer par.SetThreads(0)
	for _, kind := range []string{model.Qwen3MoE, model.Llama} {
		s := newScalar(t, small(t, kind))
		sequences := someSequences(97)
		want := mustScore(t, s, sequences)
		for _, path := range kernel.Paths() {
			if err := kernel.SetPath(path); err != nil {
				t.Fatal(err)
			}
			for _, threads := range []int{1, 3} {
				par.SetThreads(threads)
				mustEqual(t, path, mustScore(t, s, sequences), want)
			}
		}
		for i, sequence := range sequences {
			mustEqual(t, "alone", mustScore(t, s, [][]int32{sequence}), want[i:i+1])
		}
		back := mustScore(t, s, reversed(sequences))
		slices.Reverse(back)
		mustEqual(t, "in another order", back, want)

		b, last := pack(sequences)
		ws := model.NewWorkspace(s.Decoder(), len(b.Tokens), true)
		if _, err := s.Decoder().ForwardTrain(ws, b); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(last))
		s.Values(ws, last, got)
		mustEqual(t, "in training", got, want)

		longer := append(slices.Clone(sequences[4]), 5, 6, 7)
		b, _ = pack([][]int32{longer})
		if err := s.Decoder().Forward(ws, b); err != nil {
			t.Fatal(err)
		}
		s.Values(ws, []int32{int32(len(sequences[4]) - 1)}, got[:1])
		mustEqual(t, "in the middle", got[:1], want[4:5])
	}
}

func reversed(all [][]int32) [][]int32 {
	all = slices.Clone(all)
	slices.Reverse(all)
	return all
}

// TestManySequences: more than fit one pass of Score.
func TestManySequences(t *testing.T) {
	s := newScalar(t, small(t, model.Llama))
	var sequences [][]int32
	for i := 0; i*200 < 2*scoreTokens; i++ {
		sequences = append(sequences, someSequences(97)[8][i%150:])
	}
	values := mustScore(t, s, sequences)
	for _, i := range []int{0, len(sequences) / 2, len(sequences) - 1} {
		mustEqual(t, "of many", values[i:i+1], mustScore(t, s, sequences[i:i+1]))
	}
}

// TestValuesExact compares with float64.
func TestValuesExact(t *testing.T) {
	s := newScalar(t, small(t, model.Qwen3))
	b, _ := pack(someSequences(97))
	ws := model.NewWorkspace(s.Decoder(), len(b.Tokens), false)
	if err := s.Decoder().Forward(ws, b); err != nil {
		t.Fatal(err)
	}
	rows := []int32{0, 3, 77, int32(len(b.Tokens) - 1), 5}
	got := make([]float32, len(rows))
	s.Values(ws, rows, got)
	hidden := s.Decoder().Hidden(ws)
	for i, r := range rows {
		want, size := 0.0, 0.0
		for k, w := range s.Head().Master {
			term := float64(hidden[int(r)*40+k].Float32()) * float64(tensor.FromFloat32(w).Float32())
			want, size = want+term, size+math.Abs(term)
		}
		if !(math.Abs(float64(got[i])-want) <= 1e-6*size) {
			t.Errorf("row %d: %v, want %v", r, got[i], want)
		}
	}
}

// TestRefused: what cannot be scored is named.
func TestRefused(t *testing.T) {
	s := newScalar(t, small(t, model.Llama))
	for _, tt := range []struct {
		sequence []int32
		want     string
	}{
		{nil, "sequence 1 has 0 tokens"},
		{make([]int32, 257), "sequence 1 has 257 tokens; a value is for 1 to 256"},
		{[]int32{1, 97}, "sequence 1: token 1 is 97, outside the vocabulary of 97"},
		{[]int32{-1}, "sequence 1: token 0 is -1"},
	} {
		if _, err := s.Score([][]int32{{1, 2}, tt.sequence}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v does not say %q", err, tt.want)
		}
	}
	if values, err := s.Score(nil); err != nil || len(values) != 0 {
		t.Errorf("of nothing: %v, %v", values, err)
	}
	s.Head().Master[3] = float32(math.NaN())
	s.Sync()
	if _, err := s.Score([][]int32{{1}}); !errors.Is(err, model.ErrNonFinite) {
		t.Errorf("of a damaged head: %v", err)
	}
	b, _ := pack([][]int32{{1, 2, 3}})
	ws := model.NewWorkspace(s.Decoder(), 3, true)
	for _, rows := range [][]int32{{1, 1}, {2, 0}, {3}, {-1}} {
		if _, err := s.Decoder().ForwardTrain(ws, b); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("rows %v do not panic", rows)
				}
			}()
			s.Backward(ws, b, rows, make([]float32, len(rows)), 0)
		}()
	}
}

// TestNew: a head is a function of its seed, small, and not zero.
func TestNew(t *testing.T) {
	c := small(t, model.Llama)
	c.HiddenSize, c.NumHeads, c.NumKVHeads, c.HeadDim = 4096, 4, 1, 8
	a, b := newScalar(t, c), newScalar(t, c)
	mustEqual(t, "twice", a.Head().Master, b.Head().Master)
	sum := 0.0
	for _, w := range a.Head().Master {
		sum += float64(w) * float64(w)
	}
	if got := math.Sqrt(sum); !(got > 0.09 && got < 0.11) {
		t.Errorf("the head is %v long, not about %v", got, headStd)
	}
	if a.TokenizerHash() != "" {
		t.Error("a new model knows its tokenizer")
	}
}
