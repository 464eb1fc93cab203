package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
)

// The recipes that Moe reads in its directory. The first gives compute and time.
const mixtureRecipe = "mixture"

var denseRecipes = []string{"dense-active", "dense-total"}

// MoeOptions say where the recipes and the runs are.
type MoeOptions struct {
	// Recipes is the directory of mixture.yaml, dense-active.yaml and dense-total.yaml,
	// Runs that of the runs: what is finished there is not trained again.
	Recipes, Runs string
}

// MoeRow is one run of the comparison.
type MoeRow struct {
	Name               string
	Parameters, Active int64
	Tokens             int64
	FLOPs              float64
	// Seconds is the time of all steps, Loss the held-out loss at the end, in nats.
	Seconds, Loss float64
	// TrainRate and DecodeRate are tokens a second, the latter of one sequence.
	TrainRate, DecodeRate float64
	// TrainBytes is the memory that training was planned with, ModelBytes that of the
	// weights in bf16.
	TrainBytes, ModelBytes int64
}

// Result is the row as a measurement without a limit: its held-out loss, and the rest
// as its detail.
func (r *MoeRow) Result() Result {
	return Result{Name: "loss " + r.Name, Value: r.Loss, Unit: "nats per token", CPU: kernel.CPU(), Threads: par.Threads(), Repeats: 1, Detail: map[string]float64{
		"parameters": float64(r.Parameters), "active parameters": float64(r.Active), "tokens": float64(r.Tokens), "FLOP": r.FLOPs, "seconds": r.Seconds,
		"training tokens per second": r.TrainRate, "decode tokens per second": r.DecodeRate,
		"training memory, bytes": float64(r.TrainBytes), "weights, bytes": float64(r.ModelBytes),
	}}
}

// Moe trains a mixture of experts, a dense model of the size that works on a token and
// a dense model of the whole size: the dense ones on as many tokens as make their
// compute equal to the mixture's, and again on as many as make their time equal, at
// the speed that the first run had. Each is trained with its own schedule to the end.
func Moe(ctx context.Context, o Options, m MoeOptions) ([]MoeRow, error) {
	base, err := train.ReadRecipe(filepath.Join(m.Recipes, mixtureRecipe+".yaml"))
	if err != nil {
		return nil, err
	}
	const quick = 32 // times fewer tokens
	if o.Quick {
		base.Tokens /= quick
		m.Runs = filepath.Join(m.Runs, "quick") // or they would be taken for the long ones
	}
	first, err := o.moeRun(ctx, base, m, mixtureRecipe)
	if err != nil {
		return nil, err
	}
	rows := []MoeRow{*first}
	for _, name := range denseRecipes {
		r, err := train.ReadRecipe(filepath.Join(m.Recipes, name+".yaml"))
		if err != nil {
			return rows, err
		}
		if r.Tokens, err = tokensFor(r, first.FLOPs); err != nil {
			return rows, err
		}
		equal, err := o.moeRun(ctx, r, m, name+", equal compute")
		if err != nil {
			return rows, err
		}
		r.Tokens = int64(float64(equal.Tokens) * first.Seconds / equal.Seconds)
		timed, err := o.moeRun(ctx, r, m, name+", equal time")
		if err != nil {
			return rows, err
		}
		rows = append(rows, *equal, *timed)
	}
	return rows, nil
}

// tokensFor is how many tokens of the recipe's take so much compute.
func tokensFor(r *train.Recipe, flops float64) (int64, error) {
	t, err := train.New(r, train.Options{DryRun: true})
	if err != nil {
		return 0, err
	}
	defer t.Close()
	return int64(flops / t.Plan().FLOPsPerToken), nil
}

// moeRun trains, or reads what was trained before, and measures.
func (o Options) moeRun(ctx context.Context, r *train.Recipe, m MoeOptions, name string) (*MoeRow, error) {
	dir := filepath.Join(m.Runs, dirName(name))
	row := &MoeRow{Name: name}
	if err := o.moeTrain(ctx, r, dir, row); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f, err := train.ReadFinished(dir)
	if err != nil {
		return nil, err
	}
	row.Parameters, row.Active, row.Tokens, row.FLOPs = f.Parameters, f.Active, f.Tokens, f.FLOPs
	row.Seconds, row.Loss, row.TrainRate = f.Seconds, f.Eval.Loss, float64(f.Tokens)/f.Seconds
	if err := o.moeDecode(ctx, filepath.Join(dir, "model"), row); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return row, nil
}

// dirName is a run's name without what a path should not have.
func dirName(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c == ' ' || c == ',' {
			b[i] = '-'
		}
	}
	return string(b)
}

// moeTrain trains to the end, going on where it was interrupted, and reports the rate.
func (o Options) moeTrain(ctx context.Context, r *train.Recipe, dir string, row *MoeRow) error {
	_, err := os.Stat(filepath.Join(dir, "checkpoints"))
	watch := trainWatch{options: o, sparse: true}
	t, err := train.New(r, train.Options{RunDir: dir, Resume: err == nil, Observer: &watch})
	if err != nil {
		return err
	}
	defer t.Close()
	plan := t.Plan()
	row.TrainBytes, watch.flops = plan.Memory.Total, plan.FLOPsPerToken
	if f, err := train.ReadFinished(dir); err == nil && f.Tokens == plan.Tokens {
		return nil
	}
	watch.peakBefore = o.peak()
	result, err := t.Run(ctx)
	switch {
	case err != nil:
		return err
	case !result.Finished:
		return errors.Join(ctx.Err(), errors.New("interrupted; the same command goes on"))
	case len(watch.rates) > 0:
		o.emit(Result{Name: "train " + row.Name, Unit: "FLOP/s", LimitOf: limitCompute, Detail: map[string]float64{
			"tokens per second": median(watch.tokens), "held-out loss, nats": result.Eval.Loss, "tokens": float64(plan.Tokens),
			"memory predicted, bytes": float64(plan.Memory.Total),
		}}, watch.rates, watch.limits)
	}
	return nil
}

// moeDecode measures generation at batch 1 of the finished model.
func (o Options) moeDecode(ctx context.Context, dir string, row *MoeRow) error {
	m, err := model.Load(dir, false)
	if err != nil {
		return err
	}
	row.ModelBytes = 2 * row.Parameters
	engine := infer.NewEngine(m, infer.Options{})
	defer engine.Close()
	const numTokens = 128
	prompt := make([]int32, 32)
	buffer := readBuffer(o.Quick)
	var values, limits, rates []float64
	for range o.repeats() + 1 {
		before := kernel.ReadBandwidth(buffer)
		seconds, err := decodeTime(ctx, engine, prompt, numTokens)
		if err != nil {
			return err
		}
		values, rates = append(values, bytesPerToken(m.Config(), len(prompt)+numTokens/2)/seconds), append(rates, 1/seconds)
		limits = append(limits, (before+kernel.ReadBandwidth(buffer))/2)
	}
	row.DecodeRate = median(rates[1:])
	o.emit(Result{
		Name: "decode " + row.Name, Unit: "B/s", LimitOf: limitRead,
		Detail: map[string]float64{"tokens per second": row.DecodeRate, "weights, bytes": float64(row.ModelBytes)},
	}, values[1:], limits[1:])
	return nil
}
