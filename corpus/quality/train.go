package quality

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Example is a document of which it is known whether it is good.
type Example struct {
	ID   document.ID
	Good bool
	// Words are those of its text. They are read before the next example is asked
	// for and not kept.
	Words *words.List
}

// TrainOptions says how to train a model.
type TrainOptions struct {
	// Seed decides the order of training.
	Seed uint64 `json:"seed"`
	// Bits is the number of bits of a bucket: 2^Bits weights of 4 bytes.
	Bits int `json:"bits"`
	// NGram is the number of words of the longest n-grams.
	NGram int `json:"ngram"`
	// Epochs is how often the examples are gone through.
	Epochs int `json:"epochs"`
	// Rate is the step of AdaGrad, and L2 how much weights shrink in an update.
	Rate float32 `json:"rate"`
	L2   float32 `json:"l2"`
	// Piece is the number of words that documents are cut into, and Pieces how
	// many of them are used of one document.
	Piece  int `json:"piece"`
	Pieces int `json:"pieces"`
	// Held is the share of the documents that is held out for the report, and as
	// many are held out to calibrate the scores. Which ones is a matter of the ID.
	Held float64 `json:"held"`
	// MaxWords bounds the words in memory, at 8 bytes each. Documents beyond it
	// are left out; which ones is a matter of the ID too.
	MaxWords int `json:"max_words"`
}

// SetDefaults sets what works for documents of the web.
func (o *TrainOptions) SetDefaults() {
	*o = TrainOptions{Seed: 1, Bits: 20, NGram: 2, Epochs: 5, Rate: 0.5, L2: 1e-6, Piece: 500, Pieces: 16, Held: 0.1, MaxWords: 64 << 20}
}

// Check returns a *recipe.ValueError if the options cannot be used.
func (o *TrainOptions) Check() error {
	switch {
	case o.Bits < minBits || o.Bits > maxBits:
		return recipe.Bad("bits", "%d is not possible: use %d to %d", o.Bits, minBits, maxBits)
	case o.NGram < 1 || o.NGram > maxNGram:
		return recipe.Bad("ngram", "%d is not possible: use 1 to %d", o.NGram, maxNGram)
	case o.Epochs < 1 || o.Piece < 1 || o.Pieces < 1 || o.MaxWords < 1:
		return recipe.Bad("epochs", "epochs, piece, pieces and max_words are all at least 1")
	case !(o.Rate > 0) || !(o.L2 >= 0):
		return recipe.Bad("rate", "rate is above 0, and l2 is not below it")
	case !(o.Held > 0 && o.Held < 0.4):
		return recipe.Bad("held", "%v is not possible: use a share above 0 and below 0.4", o.Held)
	}
	return nil
}

// sample is an example in memory: the hashes of its words, in pieces.
type sample struct {
	id     document.ID
	good   bool
	pieces [][]uint64
	words  int
}

// ErrTooFew says that there are too few examples of a kind to train and to
// measure.
var ErrTooFew = errors.New("too few documents")

// Train trains a model to tell good documents from poor ones: logistic
// regression with AdaGrad, in which both kinds count the same. The result
// depends on the documents and the options alone, not on the order of the
// examples. A document that is both good and poor is left out. It ends with the
// first error of the examples.
func Train(o TrainOptions, examples iter.Seq2[Example, error]) (*Model, *Report, error) {
	if err := o.Check(); err != nil {
		return nil, nil, err
	}
	all, err := collect(&o, examples)
	if err != nil {
		return nil, nil, err
	}
	var parts [3][]sample // train, calibrate, report
	for _, s := range all {
		parts[o.part(s.id)] = append(parts[o.part(s.id)], s)
	}
	for i, part := range parts {
		good, poor := count(part)
		if good < 2 || poor < 2 {
			return nil, nil, fmt.Errorf("%w: %d good and %d poor ones %s; at least 2 of both are needed, and hundreds to be useful",
				ErrTooFew, good, poor, [3]string{"to train on", "to calibrate with", "to measure with"}[i])
		}
	}
	t := &trainer{o: &o, m: &Model{bits: o.Bits, ngram: o.NGram, scale: 1, weights: make([]float32, 1<<o.Bits)}, squares: make([]float32, 1<<o.Bits)}
	t.train(parts[0])
	t.m.calibrate(parts[1])
	report := t.m.report(parts[2])
	report.Good, report.Poor = count(parts[0])
	t.m.about = About{o, *report}
	return t.m, report, nil
}

// part says what a document is for: 0 to train, 1 to calibrate, 2 to measure.
func (o *TrainOptions) part(id document.ID) int {
	h := uint64(id[0])<<24 | uint64(id[1])<<16 | uint64(id[2])<<8 | uint64(id[3])
	switch at := float64(h*0x9e3779b1&0xffffffff) / (1 << 32); {
	case at < o.Held:
		return 2
	case at < 2*o.Held:
		return 1
	}
	return 0
}

// collect keeps the words of the examples, sorted by ID.
func collect(o *TrainOptions, examples iter.Seq2[Example, error]) (all []sample, err error) {
	total := 0
	for e, err := range examples {
		if err != nil {
			return nil, err
		}
		s := sample{id: e.ID, good: e.Good}
		s.take(o, e.Words)
		all, total = append(all, s), total+s.words
		if total > 2*o.MaxWords {
			all, total = bound(all, o.MaxWords)
		}
	}
	all, _ = bound(all, o.MaxWords)
	for i := 0; i+1 < len(all); i++ {
		if all[i].id == all[i+1].id {
			all = slices.Delete(all, i, i+2)
			i--
		}
	}
	return all, nil
}

// take keeps the pieces of a document, from its start to its end.
func (s *sample) take(o *TrainOptions, l *words.List) {
	hashes := make([]uint64, 0, min(len(l.Words), o.Piece*o.Pieces))
	n := 0
	for i := range l.Words {
		if l.Words[i].Hash != 0 {
			n++
		}
	}
	// Every so many pieces one is kept.
	pieces := (n + o.Piece - 1) / o.Piece
	every := max(1, (pieces+o.Pieces-1)/o.Pieces)
	at := 0
	for i := range l.Words {
		if h := l.Words[i].Hash; h != 0 {
			if at/o.Piece%every == 0 {
				hashes = append(hashes, h)
			}
			at++
		}
	}
	s.words = len(hashes)
	s.pieces = slices.Collect(slices.Chunk(hashes, o.Piece))
}

// bound sorts the samples by ID, drops those that come again, but for one of
// each kind, and those beyond so many words. It returns how many words are left.
func bound(all []sample, most int) (kept []sample, total int) {
	slices.SortStableFunc(all, func(a, b sample) int {
		return cmp.Or(bytes.Compare(a.id[:], b.id[:]), cmp.Compare(b2i(a.good), b2i(b.good)))
	})
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j].id == all[i].id {
			j++
		}
		if total+all[i].words > most {
			break
		}
		if all[i].good == all[j-1].good {
			kept = append(kept, all[i])
		} else {
			kept = append(kept, all[i], all[j-1])
		}
		total += all[i].words
		i = j
	}
	return kept, total
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func count(samples []sample) (good, poor int) {
	for i := range samples {
		if samples[i].good {
			good++
		} else {
			poor++
		}
	}
	return good, poor
}

// trainer is a model whose weights still change.
type trainer struct {
	o       *TrainOptions
	m       *Model
	squares []float32 // sums of the squares of the gradients
	shift   float32   // those of the shift
	buckets []uint32
}

func (t *trainer) train(samples []sample) {
	type piece struct {
		words []uint64
		good  bool
	}
	var pieces []piece
	var of [2]int
	for i := range samples {
		for _, p := range samples[i].pieces {
			pieces = append(pieces, piece{p, samples[i].good})
			of[b2i(samples[i].good)]++
		}
	}
	random := rand.New(rand.NewPCG(t.o.Seed, 1))
	for epoch := range t.o.Epochs {
		random.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		rate := t.o.Rate * (1 - float32(epoch)/float32(t.o.Epochs))
		for _, p := range pieces {
			weight := float32(len(pieces)) / float32(2*max(1, of[b2i(p.good)]))
			t.learn(p.words, p.good, weight, rate)
		}
	}
}

// learn takes one step of gradient descent.
func (t *trainer) learn(hashes []uint64, good bool, weight, rate float32) {
	g := grams{bits: t.m.bits, most: t.m.ngram}
	t.buckets = t.buckets[:0]
	for _, h := range hashes {
		t.buckets = g.next(t.buckets, h)
	}
	var sum float64
	for _, b := range t.buckets {
		sum += float64(t.m.weights[b])
	}
	per := 1 / float32(len(t.buckets))
	slope := sigmoid(t.m.shift+float32(float32(sum)*per)) - float32(b2i(good))
	slope *= weight
	t.move(&t.m.shift, &t.shift, slope, rate)
	for _, b := range t.buckets {
		w := &t.m.weights[b]
		t.move(w, &t.squares[b], float32(slope*per)+float32(t.o.L2**w), rate)
	}
}

func (t *trainer) move(w, squares *float32, slope, rate float32) {
	*squares += float32(slope * slope)
	*w -= float32(rate * slope / float32(math.Sqrt(float64(*squares)+1e-12)))
}
