// Command train makes a model from one text file, with the packages instead of
// the command line, and lets it write:
//
//	go run ./examples/train README.md
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
	"github.com/polymath-lm/polymath/train"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: train FILE")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(path string) (err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "polymath-train-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r, err := prepare(dir, text)
	if err != nil {
		return err
	}
	observe := train.Observe(func(record train.Record) {
		if record.Kind == train.KindStep && record.Step%20 == 0 {
			fmt.Printf("step %d: loss %.3f\n", record.Step, record.Train.Loss)
		}
	})
	trainer, err := train.New(r, train.Options{RunDir: filepath.Join(dir, "run"), Observer: observe})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trainer.Close()) }()
	result, err := trainer.Run(context.Background())
	if err != nil {
		return err
	}
	m, err := polymath.Open(result.ModelDir)
	if err != nil {
		return err
	}
	defer m.Close()
	written, err := m.Generate(context.Background(), "", polymath.GenerateOptions{MaxTokens: 60, Temperature: 0.7, Seed: 1})
	fmt.Println(written.Text)
	return err
}

// prepare makes a tokenizer and token shards in dir and returns a recipe that
// trains on them.
func prepare(dir string, text []byte) (*train.Recipe, error) {
	t, err := tokenizer.Train(slices.Values([][]byte{text}), tokenizer.TrainOptions{VocabSize: 320})
	if err != nil {
		return nil, err
	}
	r := train.DefaultRecipe()
	r.Tokenizer, r.Data = filepath.Join(dir, "tokenizer.json"), train.DataSpec{Shards: filepath.Join(dir, "shards")}
	if err := t.Save(r.Tokenizer); err != nil {
		return nil, err
	}
	w, err := shard.NewWriter(r.Data.Shards, shard.Header{TokenizerHash: t.Hash(), VocabSize: t.VocabSize(), EndOfText: t.EOS()})
	if err != nil {
		return nil, err
	}
	defer w.Abort()
	name := sha256.Sum256(text)
	if err := w.Add(shard.ID(name[:16]), t.AppendEncode(nil, text)); err != nil {
		return nil, err
	}
	if _, err := w.Close(); err != nil {
		return nil, err
	}
	r.Model.VocabSize, r.Model.HiddenSize, r.Model.Layers = t.VocabSize(), 64, 2
	r.Model.Heads, r.Model.KVHeads, r.Model.HeadDim = 2, 2, 32
	r.Model.Experts, r.Model.ExpertsPerToken, r.Model.ExpertSize = 16, 2, 64
	r.Model.TieEmbeddings = true
	r.Batch = train.BatchSpec{Tokens: 512, Rows: 2, Sequence: 256}
	r.Steps, r.Optimizer.LR, r.Schedule.Warmup = 200, 5e-3, 10
	return r, nil
}
