package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Tokenizer measures training, encoding and decoding on texts. Encoding and
// decoding run on one thread.
func Tokenizer(ctx context.Context, o Options, texts [][]byte) error {
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	limit := func() float64 { return o.rate(float64(size), func() { scan(texts) }) }
	var t *tokenizer.Tokenizer
	var failed error
	train := func() float64 {
		start := time.Now()
		t, failed = tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{VocabSize: 4096})
		return float64(size) / time.Since(start).Seconds()
	}
	once := o
	if train(); failed != nil {
		return fmt.Errorf("tokenizer benchmark: %w", failed)
	}
	threads := fmt.Sprintf("%d threads", par.Threads())
	once.compare(Result{Name: "tokenizer train 4096, " + threads, Unit: "B/s", LimitOf: limitScan}, train, limit)
	if err := ctx.Err(); err != nil {
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

// scanClasses gives every byte a class, as a scanner's inner loop does.
var scanClasses = func() (classes [256]uint8) {
	for i := range classes {
		classes[i] = uint8(i >> 5)
	}
	return classes
}()

// scanned keeps the loop below from being optimized away.
var scanned uint64

func scan(texts [][]byte) {
	state := uint64(0)
	for _, text := range texts {
		for _, b := range text {
			state += uint64(scanClasses[b])
		}
	}
	scanned = state
}
