package eval

import (
	"cmp"
	"context"
	"errors"
	"math"

	"github.com/polymath-lm/polymath/task"
)

// choice takes the most probable choice under each norm: the first among equals,
// which is not right then, since no one chose it.
func (s *sitter) choice(ctx context.Context, t *task.Task, item *task.Item, r *Record, spent *took) error {
	prompts, texts := choicePrompts(item)
	r.Prompt = prompts[0]
	if len(item.Contexts) > 0 {
		r.Prompt = item.Text()
	}
	tokens := make([][]TokenScore, len(prompts))
	for i, prompt := range prompts {
		score, err := s.score(ctx, prompt, item.Before+texts[i], r, spent)
		if err != nil {
			return err
		}
		// The norm by what the choice is worth without the question; many items share
		// choices, so that what it takes is not part of any record.
		plain, err := s.memo.score(ctx, t.Choice.Unconditional, item.Before+texts[i], s.ask)
		if err != nil {
			return err
		}
		tokens[i] = score.Tokens
		r.Choices = append(r.Choices, ChoiceScore{
			Text: shownChoice(item, i), Logprob: score.Logprob, NumTokens: len(score.Tokens),
			NumBytes: len(texts[i]), Unconditional: plain.Logprob,
		})
	}
	r.judgeChoices(cmp.Or(t.Choice.Norm, task.NormNone), item.Gold, tokens)
	return nil
}

// choicePrompts returns for each choice what it continues, and its text.
func choicePrompts(item *task.Item) (prompts, texts []string) {
	if len(item.Contexts) == 0 {
		for range item.Choices {
			prompts = append(prompts, item.Text())
		}
		return prompts, item.Choices
	}
	for _, c := range item.Contexts {
		one := *item
		one.Prompt = c
		prompts, texts = append(prompts, one.Text()), append(texts, item.Choices[0])
	}
	return prompts, texts
}

// shownChoice is a choice for people.
func shownChoice(item *task.Item, i int) string {
	if len(item.Contexts) > 0 {
		return item.Contexts[i]
	}
	return item.Choices[i]
}

// judgeChoices fills in what follows from the scores of choices.
func (r *Record) judgeChoices(norm task.Norm, gold int, tokens [][]TokenScore) {
	r.Scores = map[task.Norm]float64{}
	for _, n := range task.Norms {
		best, values := bestChoice(r.Choices, n)
		tie := isTie(values, best)
		r.Scores[n] = 0
		if best == gold && !tie {
			r.Scores[n] = 1
		}
		if n == norm {
			r.Answer, r.Tokens = r.Choices[best].Text, tokens[best]
			r.Verdict = task.Verdict{Score: r.Scores[n], Right: r.Scores[n] == 1, Extracted: letter(best)}
			if tie {
				r.Verdict.Why = "another choice is as probable"
			}
			r.Confidence = share(values, best)
		}
	}
	if gold >= 0 && gold < len(r.Choices) {
		r.Gold = r.Choices[gold].Text
	}
}

// bestChoice returns the first of the most probable choices under a norm, and the
// values of all.
func bestChoice(choices []ChoiceScore, n task.Norm) (best int, values []float64) {
	values = make([]float64, len(choices))
	for i := range choices {
		values[i] = choices[i].Normed(n)
		if values[i] > values[best] {
			best = i
		}
	}
	return best, values
}

// isTie says that another value is as large as the best.
func isTie(values []float64, best int) bool {
	for i, v := range values {
		if i != best && v == values[best] {
			return true
		}
	}
	return false
}

// Normed returns the score of a choice under a norm.
func (c *ChoiceScore) Normed(n task.Norm) float64 {
	switch n {
	case task.NormTokens:
		return c.Logprob / float64(max(1, c.NumTokens))
	case task.NormBytes:
		return c.Logprob / float64(max(1, c.NumBytes))
	case task.NormUnconditional:
		return c.Logprob - c.Unconditional
	}
	return c.Logprob
}

// share is the probability of one of some values that are logarithms; nil where
// there is no telling.
func share(values []float64, one int) *float64 {
	var sum float64
	for _, v := range values {
		sum += math.Exp(v - values[one])
	}
	p := 1 / sum
	if math.IsNaN(p) {
		return nil
	}
	return &p
}

// pair compares two whole texts. A tie is wrong.
func (s *sitter) pair(ctx context.Context, item *task.Item, r *Record, spent *took) error {
	if len(item.Choices) != 2 || item.Gold < 0 || item.Gold > 1 {
		return errors.New("a pair needs two texts of which one is right")
	}
	r.Prompt = item.Text()
	before := item.Before
	if r.Prompt == "" {
		before = "" // nothing stands before a text's beginning
	}
	tokens := make([][]TokenScore, 2)
	for i, text := range item.Choices {
		score, err := s.score(ctx, r.Prompt, before+text, r, spent)
		if err != nil {
			return err
		}
		tokens[i] = score.Tokens
		r.Choices = append(r.Choices, ChoiceScore{Text: text, Logprob: score.Logprob, NumTokens: len(score.Tokens), NumBytes: len(text)})
	}
	r.Scores = map[task.Norm]float64{}
	for _, n := range []task.Norm{task.NormNone, task.NormTokens, task.NormBytes} {
		r.Scores[n] = 0
		if r.Choices[item.Gold].Normed(n) > r.Choices[1-item.Gold].Normed(n) {
			r.Scores[n] = 1
		}
	}
	best, values := bestChoice(r.Choices, task.NormNone)
	r.Gold, r.Answer, r.Tokens = item.Choices[item.Gold], item.Choices[best], tokens[best]
	r.Verdict = task.Verdict{Score: r.Scores[task.NormNone], Right: r.Scores[task.NormNone] == 1, Extracted: letter(best)}
	if values[0] == values[1] {
		r.Verdict.Why = "both texts are equally probable"
	}
	r.Confidence = share(values, best)
	return nil
}

// cloze is right where an accepted answer is what greedy decoding would write.
func (s *sitter) cloze(ctx context.Context, item *task.Item, r *Record, spent *took) error {
	if len(item.Answers) == 0 {
		return errors.New("the item has no answer")
	}
	r.Prompt, r.Gold = item.Text(), item.Answers[0]
	for i, answer := range item.Answers {
		score, err := s.score(ctx, r.Prompt, item.Before+answer, r, spent)
		if err != nil {
			return err
		}
		if i == 0 {
			r.Tokens, r.Logprob, r.NumTokens, r.NumBytes = score.Tokens, score.Logprob, len(score.Tokens), len(item.Before+answer)
		}
		if score.Greedy {
			r.Answer, r.Tokens = answer, score.Tokens
			r.Verdict = task.Verdict{Score: 1, Right: true, Extracted: answer}
			return nil
		}
	}
	r.Verdict.Why = "another continuation is more probable"
	return nil
}
