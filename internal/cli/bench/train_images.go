package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/tokenizer"
	"github.com/polymath-lm/polymath/train"
	"github.com/polymath-lm/polymath/train/conversation"
)

// seeingRecipe is the model that training with pictures is measured on: that of
// recipes/vision.yaml, with views of 128 pixels and 64 tokens; with Quick a smaller
// one.
func seeingRecipe(o Options) *train.Recipe {
	r := trainRecipe(o)
	r.Name = "benchmark of seeing"
	r.Model.VocabSize, r.Model.HiddenSize, r.Model.Layers = 2048, 256, 6
	r.Model.Heads, r.Model.KVHeads, r.Model.HeadDim, r.Model.ExpertSize = 8, 8, 32, 256
	r.Model.Vision = train.VisionSpec{ImageSize: 128, PatchSize: 16, HiddenSize: 256, Layers: 6, Heads: 8}
	r.Batch = train.BatchSpec{Tokens: 16384, Rows: 8, Sequence: 1024}
	r.Steps = 1 + 5
	if o.Quick {
		r.Model.VocabSize, r.Model.Layers, r.Model.Vision.Layers = 512, 2, 2
		r.Batch = train.BatchSpec{Tokens: 4096, Rows: 4, Sequence: 512}
	}
	return r
}

// TrainImages measures steps of the trainer itself on drawn pictures and what is
// asked about them, decoding included, and how long the steps waited for data.
func TrainImages(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp("", "polymath-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	recipe := seeingRecipe(o)
	if err := drawTraining(ctx, dir, recipe, o.Quick); err != nil {
		return err
	}
	watch := seeingWatch{trainWatch: trainWatch{options: o}}
	trainer, err := train.New(recipe, train.Options{RunDir: filepath.Join(dir, "run"), Observer: &watch, NoSave: true})
	if err != nil {
		return err
	}
	defer trainer.Close()
	plan := trainer.Plan()
	watch.perPicture = float64(plan.Vision.ImageTokens) / float64(plan.Vision.Pictures)
	watch.flops = plan.FLOPsPerToken
	watch.peakBefore = o.peak()
	if _, err := trainer.Run(ctx); err != nil {
		return err
	}
	if len(watch.rates) == 0 {
		return errors.Join(ctx.Err(), errors.New("no step was measured"))
	}
	detail := map[string]float64{
		"tokens per second": median(watch.tokens), "pictures per second": median(watch.pictures),
		"waiting for data, % of time": 100 * watch.waited / watch.took,
		"memory predicted, bytes":     float64(plan.Memory.Total),
	}
	if used := peakMemory(); used > 0 {
		detail["memory of the process, bytes"] = float64(used)
	}
	o.emit(Result{
		Name: fmt.Sprintf("train seeing %.1fM, tower %.1fM", float64(plan.Parameters)/1e6, float64(plan.Vision.Tower)/1e6),
		Unit: "FLOP/s", LimitOf: limitCompute, Detail: detail,
	}, watch.rates, watch.limits)
	return nil
}

// seeingWatch counts pictures and waiting as well.
type seeingWatch struct {
	trainWatch
	perPicture   float64 // image tokens
	pictures     []float64
	waited, took float64 // seconds
}

// Observe implements train.Observer.
func (w *seeingWatch) Observe(r train.Record) {
	w.trainWatch.Observe(r)
	if r.Kind == train.KindStep && r.Step > 1 {
		w.pictures = append(w.pictures, float64(r.Train.ImageTokens)/w.perPicture/r.Timing.Seconds)
		w.waited += r.Timing.Wait
		w.took += r.Timing.Seconds
	}
}

// drawTraining draws pictures of all kinds with questions and answers into dir,
// and makes a tokenizer of what is said.
func drawTraining(ctx context.Context, dir string, r *train.Recipe, quick bool) error {
	set := draw.SetOptions{Options: draw.Options{Size: 128, Questions: 6, TextMax: 24}, Kinds: draw.Kinds(), Seed: 1, Number: 512, Inline: true}
	if quick {
		set.Number = 128
	}
	if _, err := draw.Write(ctx, filepath.Join(dir, "drawn"), set); err != nil {
		return err
	}
	r.Data.Conversations = train.Files{filepath.Join(dir, "drawn", "train-*.jsonl")}
	r.Data.TooLong = conversation.Cut
	files, err := r.Data.Conversations.Expand()
	if err != nil {
		return err
	}
	var texts [][]byte
	for _, file := range files {
		if err := conversation.Texts(file, func(text []byte) error { texts = append(texts, text); return nil }); err != nil {
			return err
		}
	}
	t, err := tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{VocabSize: 512, Special: chat.Specials()})
	if err != nil {
		return err
	}
	r.Tokenizer = filepath.Join(dir, "tokenizer.json")
	return t.Save(r.Tokenizer)
}
