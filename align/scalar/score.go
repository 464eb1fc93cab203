package scalar

import (
	"fmt"

	"github.com/polymath-lm/polymath/model"
)

// scoreTokens is how many tokens Score reads in one pass, if no sequence is
// longer. What it is does not show in the values.
const scoreTokens = 4096

// Score returns the value at the last token of each sequence: what the whole of
// it is worth. Sequences are read together without padding, and a value's bits do
// not depend on which others there are. It allocates a Workspace of
// model.WorkspaceBytes for 4096 tokens, or the longest sequence if that is more,
// or all of them if they are fewer. A sequence that is empty, longer than the
// model's window, or has a token that is not in the vocabulary, and a value that
// is not finite (wrapping model.ErrNonFinite) are errors that name the sequence.
func (s *Model) Score(tokens [][]int32) ([]float32, error) {
	room, err := s.check(tokens)
	if err != nil || len(tokens) == 0 {
		return nil, err
	}
	values := make([]float32, len(tokens))
	ws := model.NewWorkspace(s.decoder, room, false)
	var batch model.Batch
	var rows []int32
	first := 0 // sequence of the batch
	flush := func(end int) error {
		if err := s.decoder.Forward(ws, &batch); err != nil {
			return fmt.Errorf("sequences %d to %d: %w", first, end-1, err)
		}
		s.Values(ws, rows, values[first:end])
		for i, v := range values[first:end] {
			if v-v != 0 {
				return fmt.Errorf("the value of sequence %d is %w", first+i, model.ErrNonFinite)
			}
		}
		batch.Tokens, batch.Spans, rows, first = batch.Tokens[:0], batch.Spans[:0], rows[:0], end
		return nil
	}
	for i, sequence := range tokens {
		if len(batch.Tokens)+len(sequence) > room {
			if err := flush(i); err != nil {
				return nil, err
			}
		}
		batch.Spans = append(batch.Spans, model.Span{Start: len(batch.Tokens), Len: len(sequence)})
		batch.Tokens = append(batch.Tokens, sequence...)
		rows = append(rows, int32(len(batch.Tokens)-1))
	}
	if err := flush(len(tokens)); err != nil {
		return nil, err
	}
	return values, nil
}

// check returns how many tokens a pass of Score has at most.
func (s *Model) check(tokens [][]int32) (room int, err error) {
	cfg := s.decoder.Config()
	longest, total := 0, 0
	for i, sequence := range tokens {
		if len(sequence) == 0 || len(sequence) > cfg.MaxPositions {
			return 0, fmt.Errorf("sequence %d has %d tokens; a value is for 1 to %d", i, len(sequence), cfg.MaxPositions)
		}
		for t, id := range sequence {
			if id < 0 || int(id) >= cfg.VocabSize {
				return 0, fmt.Errorf("sequence %d: token %d is %d, outside the vocabulary of %d", i, t, id, cfg.VocabSize)
			}
		}
		longest, total = max(longest, len(sequence)), total+len(sequence)
	}
	return min(max(longest, scoreTokens), total), nil
}
