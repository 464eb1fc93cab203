package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
)

// evaluate measures the held-out loss, of the average of the weights where
// there is one: on the recipe's data in rows of the recipe's length, which is the
// same in all stages, and on what a stage has of its own. A loss that is not finite
// is recorded as such: the steps themselves find out whether training can go on.
// done is false where ctx ended before.
func (t *Trainer) evaluate(ctx context.Context) (done bool, err error) {
	defer t.useAverage()()
	var e EvalRecord
	if t.data.held != nil {
		b := &t.recipe.Batch
		rows, read := t.data.measured(int64(t.recipe.Eval.Rows))
		s := &survey{read: read, eyes: t.data.eyes, rows: rows, pass: min(b.Rows, t.workspace.MaxTokens()/b.Sequence)}
		if done, err := t.survey(ctx, s); err != nil || !done {
			return false, err
		}
		e = EvalRecord{Loss: s.loss / float64(s.tokens), Tokens: s.tokens, Bytes: s.bytes, BitsPerByte: s.bitsPerByte()}
		if s.swaps.any && s.tokens > 0 && finite(s.swapped) {
			e.SwappedLoss = s.swapped / float64(s.tokens)
		}
	}
	if done, err := t.evaluateStage(ctx, &e); err != nil || !done {
		return false, err
	}
	t.evaluated = e
	return true, t.record(Record{Kind: KindEval, Eval: &e})
}

// evaluateStage measures on what the current stage has of its own: about as many
// tokens as of the recipe's data, and a row of each source at least.
func (t *Trainer) evaluateStage(ctx context.Context, e *EvalRecord) (done bool, err error) {
	l := &t.legs[t.stage]
	if l.feed.sources[0] == t.data {
		return true, nil
	}
	limit := int64(t.recipe.Eval.Rows)
	if limit > 0 {
		limit = max(limit*int64(t.recipe.Batch.Sequence)/int64(l.batch.Sequence), 1)
	}
	list := l.feed.heldOut(limit)
	s := &survey{
		read: func(i int64, row *shard.Row) *shard.Set { return list[i].read(row) }, eyes: l.feed.eyes,
		rows: int64(len(list)), pass: l.batch.Rows,
	}
	if done, err := t.survey(ctx, s); err != nil || !done {
		return false, err
	}
	l.feed.release()
	if s.tokens > 0 && finite(s.loss) {
		e.Stage = &StageEval{
			Stage: t.stage + 1, Sequence: l.batch.Sequence, Loss: s.loss / float64(s.tokens),
			BitsPerByte: s.bitsPerByte(), Tokens: s.tokens, Bytes: s.bytes,
		}
		if s.swaps.any && finite(s.swapped) {
			e.Stage.SwappedLoss = s.swapped / float64(s.tokens)
		}
	}
	return true, nil
}

// survey is a measurement of rows, and what it found.
type survey struct {
	read          rowReader
	eyes          *eyes
	rows          int64
	pass          int // rows at a time
	loss, swapped float64
	tokens, bytes int64
	swaps         swaps
}

func (s *survey) bitsPerByte() float64 {
	if s.bytes == 0 || !finite(s.loss) {
		return 0
	}
	return s.loss / math.Ln2 / float64(s.bytes)
}

// survey measures. done is false where ctx ended before.
func (t *Trainer) survey(ctx context.Context, s *survey) (done bool, err error) {
	var row shard.Row
	var m microbatch
	for first := int64(0); first < s.rows; first += int64(s.pass) {
		if ctx.Err() != nil {
			return false, nil
		}
		err := m.fill(s.read, s.eyes, first, min(first+int64(s.pass), s.rows), &row)
		if err == nil {
			err = s.eyes.see(context.WithoutCancel(ctx), m.sights)
		}
		if err != nil {
			return false, err
		}
		stats, err := t.model.Loss(t.workspace, &m.batch, m.targets)
		switch {
		case errors.Is(err, model.ErrNonFinite):
			s.loss, s.swapped, stats.Tokens = math.NaN(), math.NaN(), m.counted()
		case err != nil:
			return false, fmt.Errorf("held-out loss at step %d: %w", t.step, err)
		}
		s.loss += stats.Loss
		s.tokens += int64(stats.Tokens)
		s.bytes += t.bytesOf(m.targets)
		if !finite(s.swapped) {
			continue
		}
		other, err := t.swappedLoss(&m, &s.swaps, stats.Loss)
		if err != nil {
			return false, err
		}
		s.swapped += other
	}
	return true, nil
}

// swappedLoss is the loss of a microbatch, loss as it is, where each picture has
// the place of another one.
func (t *Trainer) swappedLoss(m *microbatch, s *swaps, loss float64) (float64, error) {
	if !s.apply(m.sights) {
		return loss, nil
	}
	stats, err := t.model.Loss(t.workspace, &m.batch, m.targets)
	switch {
	case errors.Is(err, model.ErrNonFinite):
		return math.NaN(), nil
	case err != nil:
		return 0, fmt.Errorf("held-out loss with other pictures at step %d: %w", t.step, err)
	}
	return stats.Loss, nil
}

// bytesOf is the length of the text that the targets spell. Special tokens
// spell none: what they cost is on top of the text's bits.
func (t *Trainer) bytesOf(targets []int32) int64 {
	n := 0
	for _, id := range targets {
		if id >= 0 && !t.text.IsSpecial(id) {
			n += len(t.text.Bytes(id))
		}
	}
	return int64(n)
}
