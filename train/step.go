package train

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/polymath-lm/polymath/model"
)

// tally adds up what the microbatches of a step measured.
type tally struct {
	loss, balance, zloss float64
	entropy              []float64
	load                 [][]int
	dropped              int
	micro                int
	images               int // image tokens
	flops                float64
}

func (a *tally) add(s *model.Stats) {
	a.loss += s.Loss
	a.balance += s.BalanceLoss
	a.zloss += s.RouterZLoss
	a.dropped += s.Dropped
	a.micro++
	if a.load == nil {
		a.load = make([][]int, len(s.ExpertLoad))
		for i, load := range s.ExpertLoad {
			a.load[i] = make([]int, len(load))
		}
		a.entropy = make([]float64, len(s.RouterEntropy))
	}
	for i, load := range s.ExpertLoad {
		for e, n := range load {
			a.load[i][e] += n
		}
	}
	for i, h := range s.RouterEntropy {
		a.entropy[i] += h
	}
}

// record is the step's record; counted is the number of tokens with a target.
func (a *tally) record(counted int) *StepRecord {
	n := float64(a.micro)
	r := &StepRecord{
		Loss: a.loss / float64(counted), BalanceLoss: a.balance / n, ZLoss: a.zloss / n,
		ExpertLoad: a.load, Dropped: a.dropped,
	}
	for _, h := range a.entropy {
		r.RouterEntropy = append(r.RouterEntropy, h/n)
	}
	return r
}

// takeStep runs forward and backward over a step's microbatches and updates
// the weights, or skips the step. done is false where ctx ended before the
// step did: then nothing has changed.
//
// The step began at begin, and waited that long for its data.
func (t *Trainer) takeStep(ctx context.Context, data *stepData, begin time.Time, waited time.Duration) (done bool, err error) {
	sum, reason, err := t.gradient(ctx, data)
	if err != nil || ctx.Err() != nil && sum.micro < len(data.micro) && reason == "" {
		return false, err
	}
	record := sum.record(data.counted)
	record.Rows, record.ImageTokens = data.rows, sum.images
	if reason != "" {
		record.Loss, record.GradNorm = math.NaN(), math.NaN() // of a part of the step
	}
	record.LR = t.recipe.rate(t.step+1, t.plan.Steps)
	if reason == "" {
		record.GradNorm = t.optimizer.GradNorm()
		reason = t.watcher.judge(&t.recipe.Spike, record.Loss, record.GradNorm)
	}
	if reason == "" {
		t.update(record, sum)
	}
	t.step++
	if reason == "" {
		t.loss = record.Loss
	}
	out := Record{Kind: KindStep, Train: record, Timing: t.timing(begin, waited, sum.flops)}
	if reason == "" {
		return true, t.record(out)
	}
	return true, t.skip(out, reason)
}

// gradient adds up the gradient of a step. reason says why the step must be
// skipped, where forward or backward met a number that is not finite.
func (t *Trainer) gradient(ctx context.Context, data *stepData) (sum *tally, reason string, err error) {
	sum = &tally{}
	if t.stale {
		t.optimizer.ZeroGrad()
	}
	t.stale = true // until the optimizer has used the gradients up
	if data.counted == 0 {
		return sum, "it has no token to learn from: the rows are shorter than what comes before the answers", nil
	}
	scale := float32(1 / float64(data.counted))
	for i := range data.micro {
		if ctx.Err() != nil {
			return sum, "", nil
		}
		m := &data.micro[i]
		stats, err := t.model.LossBackward(t.workspace, &m.batch, m.targets, nil, scale)
		if errors.Is(err, model.ErrNonFinite) {
			return sum, err.Error(), nil
		}
		if err != nil {
			return sum, "", err
		}
		sum.add(&stats)
		decoder, tower := t.recipe.passes(t.stage)
		views := t.viewsOf(&m.batch)
		sum.images += views * t.patches()
		sum.flops += m.flops(t.cfg, decoder) + tower*float64(views)*t.cfg.ViewFLOPs()
	}
	return sum, "", nil
}

// update takes the optimizer's step.
func (t *Trainer) update(record *StepRecord, sum *tally) {
	scale := float32(1)
	if clip := t.recipe.Clip; clip > 0 && record.GradNorm > clip {
		scale = float32(clip / record.GradNorm)
	}
	t.optimizer.Step(record.LR, scale)
	t.stale = false
	if t.stageUpdates != nil {
		t.stageUpdates[t.stage]++
	}
	if rate := t.recipe.Model.BiasRate; rate > 0 && t.trains(GroupDecoder) {
		t.model.BalanceExperts(sum.load, float32(rate))
	}
	t.sync()
	if t.average != nil {
		t.average.Update(t.optimizer.Steps())
	}
	t.watcher.accept(&t.recipe.Spike, record.Loss, record.GradNorm)
}

// skip records a step that left the weights alone, and stops the run if it is
// not finite after too many in a row.
func (t *Trainer) skip(out Record, reason string) error {
	t.watcher.skip()
	out.Kind = KindSkip
	out.Skip = &SkipRecord{Reason: reason, InARow: t.watcher.InARow}
	if err := t.record(out); err != nil {
		return err
	}
	if t.watcher.InARow >= t.recipe.Spike.MaxSkips && !(finite(out.Train.Loss) && finite(out.Train.GradNorm)) {
		return &SpikeError{
			Step: t.step, Skips: t.watcher.InARow, Reason: reason,
			Checkpoint: t.saveDir, Whole: t.recipe.Lora.Rank == 0,
		}
	}
	return nil
}

func (t *Trainer) timing(begin time.Time, wait time.Duration, flops float64) *Timing {
	took := time.Since(begin)
	seconds := max(took.Seconds(), 1e-9)
	timing := &Timing{
		Seconds: seconds, TokensPerSecond: float64(t.legs[t.stage].batch.Tokens) / seconds,
		ETA: t.eta(took).Seconds(), Wait: wait.Seconds(), Joules: t.stepEnergy(),
	}
	if t.options.PeakFLOPS > 0 {
		timing.MFU = flops / seconds / t.options.PeakFLOPS
	}
	return timing
}
