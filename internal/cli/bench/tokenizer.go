package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Tokenizer measures training, encoding and decoding on texts. Encoding and
// decoding run on one thread, and so does what they are held against.
func Tokenizer(ctx context.Context, o Options, texts [][]byte) error {
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	limit := func() float64 { return o.rate(float64(size), func() { scan(texts) }) }
	all := func() float64 {
		return o.rate(float64(size), func() { par.For(len(texts), func(_, i int) { scan(texts[i : i+1]) }) })
	}
	t, err := trainVocab(texts, 4096)
	if err != nil {
		return fmt.Errorf("tokenizer benchmark: %w", err)
	}
	train := func() float64 {
		start := time.Now()
		t, err = trainVocab(texts, t.VocabSize())
		return float64(size) / time.Since(start).Seconds()
	}
	o.compare(Result{Name: fmt.Sprintf("tokenizer train %d, %d threads", t.VocabSize(), par.Threads()), Unit: "B/s", LimitOf: limitScan + ", on all threads"}, train, all)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	var ids []int32
	o.compare(Result{Name: "tokenizer encode, 1 thread", Unit: "B/s", LimitOf: limitScan}, func() float64 {
		return o.rate(float64(size), func() {
			ids = ids[:0]
			for _, text := range texts {
				ids = t.AppendEncode(ids, text)
			}
		})
	}, limit)
	var text []byte
	o.compare(Result{
		Name: "tokenizer decode, 1 thread", Unit: "B/s", LimitOf: limitScan,
		Detail: map[string]float64{"bytes per token": float64(size) / float64(len(ids))},
	}, func() float64 {
		return o.rate(float64(size), func() { text = t.AppendDecode(text[:0], ids) })
	}, limit)
	return ctx.Err()
}

// trainVocab makes a vocabulary, or the largest that the texts allow.
func trainVocab(texts [][]byte, vocab int) (*tokenizer.Tokenizer, error) {
	t, err := tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{VocabSize: vocab})
	var tooLarge *tokenizer.VocabError
	if errors.As(err, &tooLarge) && tooLarge.Possible < vocab {
		return trainVocab(texts, tooLarge.Possible)
	}
	return t, err
}

// scanClasses gives every byte a class, as a scanner's inner loop does.
var scanClasses = func() (classes [256]uint8) {
	for i := range classes {
		classes[i] = uint8(i >> 5)
	}
	return classes
}()

// scan reads every byte once.
func scan(texts [][]byte) {
	sum := uint64(0)
	for _, text := range texts {
		for _, b := range text {
			sum += uint64(scanClasses[b])
		}
	}
	runtime.KeepAlive(sum)
}
