package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/suite"
)

// EvalOptions say what is examined.
type EvalOptions struct {
	// Models are directories or GGUF files; without any, models of random weights
	// are made, whose tokenizer Texts train.
	Models []string
	Texts  [][]byte
	// Data is the directory with ARC's items; without it the questions are about
	// the Go standard library.
	Data string
}

// evalItems is how many items are put to a model.
const evalItems = 200

// limitEval leaves out attention, and what must be read again because a window is full.
const limitEval = "the products of the tokens that are not in the prefix cache"

// Eval measures items per second of multiple choice by likelihood, without and
// with five solved examples, beside the products that they need. Each repeat
// begins with an empty cache.
func Eval(ctx context.Context, o Options, e EvalOptions) error {
	if len(e.Models) > 0 {
		for _, path := range e.Models {
			open := func() (*polymath.Model, error) { return polymath.Open(path) }
			if err := evalSpeed(ctx, o, e, path, open); err != nil {
				return err
			}
		}
		return nil
	}
	for _, random := range []struct {
		name string
		cfg  *model.Config
	}{{"dense", denseShape(o.Quick)}, {"experts", sparseShape(o.Quick)}} {
		t, err := trainVocab(e.Texts, random.cfg.VocabSize)
		if err != nil {
			return err
		}
		weights, err := model.NewFixed(random.cfg, 1)
		if err != nil {
			return err
		}
		total, _ := random.cfg.Params()
		open := func() (*polymath.Model, error) { return polymath.New(weights, t, chat.Default()) }
		if err := evalSpeed(ctx, o, e, fmt.Sprintf("%s %dM", random.name, total/1e6), open); err != nil {
			return err
		}
	}
	return nil
}

func evalSpeed(ctx context.Context, o Options, e EvalOptions, name string, open func() (*polymath.Model, error)) error {
	for _, shots := range []int{0, 5} {
		sheet, err := evalSheet(e, shots, o.Quick)
		if err != nil {
			return err
		}
		repeats := 3
		if o.Quick {
			repeats = 1
		}
		var values, limits []float64
		detail := map[string]float64{}
		for range repeats {
			value, limit, err := evalOnce(ctx, o, sheet, open, detail)
			if err != nil {
				return err
			}
			values, limits = append(values, value), append(limits, limit)
		}
		o.emit(Result{
			Name: fmt.Sprintf("eval %s, %s, %d shots", name, sheet.Task.Name, shots), Unit: "items/s", LimitOf: limitEval, Detail: detail,
		}, values, limits)
	}
	return nil
}

// evalSheet is the items with solved examples that are the same for all.
func evalSheet(e EvalOptions, shots int, quick bool) (*eval.Sheet, error) {
	name := "go_stdlib"
	if e.Data != "" {
		name = "arc_easy"
	}
	found, err := suite.Find(name)
	if err != nil {
		return nil, err
	}
	t := *found[0]
	t.FewShot = task.FewShot{Number: shots, Same: true}
	limit := evalItems
	if quick {
		limit = 20
	}
	items, err := t.Load(task.LoadOptions{DataDir: e.Data, Generators: suite.Generators, Limit: limit, Shots: shots})
	if err != nil {
		return nil, err
	}
	return &eval.Sheet{Task: &t, Items: items, Hash: t.Hash(items)}, nil
}

// evalOnce examines a model that has just been opened, and returns items per
// second and what the machine could do.
func evalOnce(ctx context.Context, o Options, sheet *eval.Sheet, open func() (*polymath.Model, error), detail map[string]float64) (value, limit float64, err error) {
	m, err := open()
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if _, err := m.ScoreContinuation(ctx, "", "warm"); err != nil {
		return 0, 0, err
	}
	peak := o.peak()
	start := time.Now()
	done, err := eval.Run(ctx, eval.Local(m, eval.LocalOptions{Name: "bench"}), []eval.Sheet{*sheet}, eval.Options{})
	if err != nil {
		return 0, 0, err
	}
	took := time.Since(start).Seconds()
	peak = (peak + o.peak()) / 2
	if n := done.Result.Tasks[0].NumErrors; n > 0 {
		return 0, 0, fmt.Errorf("%d of %d items have no score", n, len(sheet.Items))
	}
	r := done.Result
	read := float64(r.PromptTokens - r.CachedTokens)
	items := float64(len(sheet.Items))
	detail["tokens an item"] = float64(r.PromptTokens) / items
	detail["of them read, not cached"] = read / items
	detail["tokens read a second"] = read / took
	return items / took, items / (read * 2 * float64(m.Info().ActiveParameters) / peak), nil
}
