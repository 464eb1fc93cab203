package label

import (
	"context"
	"slices"
)

// AddElsewhere keeps answers that were made elsewhere, as Add does: another text of a
// source that has answered the prompt already is one more draw, so that it is not lost.
// The answers' Draw is not looked at.
func (s *Store) AddElsewhere(ctx context.Context, p Prompt, answers []Answer) (Added, error) {
	have, err := s.Answers(ctx, p)
	if err != nil {
		return Added{}, err
	}
	return s.Add(ctx, p, redraw(have, answers))
}

// redraw gives answers the draws that their texts have among those that are there, and
// the others the next ones.
func redraw(have, answers []Answer) []Answer {
	next := map[Source]int{}
	for i := range have {
		next[have[i].Source] = max(next[have[i].Source], have[i].Draw+1)
	}
	have, answers = slices.Clone(have), slices.Clone(answers)
	for i := range answers {
		a := &answers[i]
		at := slices.IndexFunc(have, func(h Answer) bool { return h.Source == a.Source && h.Text == a.Text })
		if at < 0 {
			a.Draw = next[a.Source]
			next[a.Source]++
			continue
		}
		a.Draw = have[at].Draw
		have = slices.Delete(have, at, at+1) // it is of one answer
	}
	return answers
}
