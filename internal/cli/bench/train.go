package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
	"github.com/polymath-lm/polymath/train"
)

// trainRecipe is the model that training speed is measured on: 226 million
// parameters of which 42 million are active; with Quick, 8 million.
func trainRecipe(o Options) *train.Recipe {
	r := train.DefaultRecipe()
	r.Name = "benchmark"
	r.Model.VocabSize, r.Model.HiddenSize, r.Model.Layers = 16384, 512, 8
	r.Model.Heads, r.Model.KVHeads, r.Model.HeadDim = 8, 8, 64
	r.Model.Experts, r.Model.ExpertsPerToken, r.Model.ExpertSize = 16, 2, 1024
	r.Batch = train.BatchSpec{Tokens: 32768, Rows: 8, Sequence: 1024}
	r.Steps = 1 + 3
	if o.Quick {
		r.Model.VocabSize, r.Model.HiddenSize, r.Model.Layers = 4096, 256, 2
		r.Model.Heads, r.Model.KVHeads, r.Model.ExpertSize = 4, 4, 256
		r.Batch = train.BatchSpec{Tokens: 2048, Rows: 4, Sequence: 256}
	}
	r.Data.HeldOut = 0
	r.Schedule.Warmup = 1
	r.Eval.Every, r.Sample.Every, r.Checkpoint.Every = 0, 0, 0
	return r
}

// Train measures steps of the trainer itself on random tokens, optimizer and
// data loading included, and the memory they take beside what was predicted.
func Train(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp("", "polymath-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	recipe := trainRecipe(o)
	recipe.Tokenizer, recipe.Data.Shards = filepath.Join(dir, "tokenizer.json"), filepath.Join(dir, "shards")
	if err := writeRandomShards(recipe); err != nil {
		return err
	}
	watch := trainWatch{options: o}
	trainer, err := train.New(recipe, train.Options{RunDir: filepath.Join(dir, "run"), Observer: &watch, NoSave: true})
	if err != nil {
		return err
	}
	defer trainer.Close()
	plan := trainer.Plan()
	watch.flops = plan.FLOPsPerToken
	watch.peakBefore = o.peak()
	if _, err := trainer.Run(ctx); err != nil {
		return err
	}
	if len(watch.rates) == 0 {
		return errors.Join(ctx.Err(), errors.New("no step was measured"))
	}
	detail := map[string]float64{
		"tokens per second": median(watch.tokens), "memory predicted, bytes": float64(plan.Memory.Total),
		"bytes per parameter": float64(plan.Memory.Total) / float64(plan.Parameters),
	}
	if used := peakMemory(); used > 0 {
		detail["memory of the process, bytes"] = float64(used)
	}
	o.emit(Result{
		Name: fmt.Sprintf("train %dM, %dM active", plan.Parameters/1e6, plan.Active/1e6),
		Unit: "FLOP/s", LimitOf: limitCompute, Detail: detail,
	}, watch.rates, watch.limits)
	return nil
}

// trainWatch measures the limit between steps and the steps themselves. The
// first step warms up.
type trainWatch struct {
	options               Options
	flops                 float64
	peakBefore            float64
	sparse                bool // measure the limit at every 64th step only
	rates, limits, tokens []float64
}

// Observe implements train.Observer.
func (w *trainWatch) Observe(r train.Record) {
	if r.Kind != train.KindStep {
		return
	}
	if w.sparse && r.Step%64 != 0 {
		return
	}
	peak := w.options.peak()
	if r.Step > 1 {
		w.rates = append(w.rates, r.Timing.TokensPerSecond*w.flops)
		w.tokens = append(w.tokens, r.Timing.TokensPerSecond)
		w.limits = append(w.limits, (w.peakBefore+peak)/2)
	}
	w.peakBefore = peak
}

// writeRandomShards makes documents of random tokens, two steps' worth, and a
// tokenizer to go with them, whose words do not matter.
func writeRandomShards(r *train.Recipe) error {
	t, err := tokenizer.Train(slices.Values([][]byte{[]byte("benchmark")}), tokenizer.TrainOptions{VocabSize: 257})
	if err != nil {
		return err
	}
	if err := t.Save(r.Tokenizer); err != nil {
		return err
	}
	w, err := shard.NewWriter(r.Data.Shards, shard.Header{
		TokenizerHash: t.Hash(), VocabSize: r.Model.VocabSize, EndOfText: int32(r.Model.VocabSize - 1),
	})
	if err != nil {
		return err
	}
	defer w.Abort()
	random := rand.New(rand.NewPCG(1, 2))
	document := make([]int32, 2*r.Batch.Sequence)
	for i := range 2 * r.Batch.Tokens / len(document) {
		for t := range document {
			document[t] = int32(random.IntN(r.Model.VocabSize - 1))
		}
		id := shard.ID{byte(i), byte(i >> 8), byte(i >> 16), byte(random.Uint32())}
		if err := w.Add(id, document); err != nil {
			return err
		}
	}
	_, err = w.Close()
	return err
}
