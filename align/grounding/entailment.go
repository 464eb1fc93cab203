package grounding

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ScoreFunc gives the score of each pair of a passage and a statement: the higher, the
// rather the passage supports it. It may be called by goroutines.
type ScoreFunc func(ctx context.Context, pairs [][2]string) ([]float64, error)

// Entailment returns the Checker of a trained model. A text is shown in passages of
// c.Passage characters at most, and what one of them supports is supported (as
// Laban et al. do, SummaC, arXiv:2111.09525): what only several of them together say
// is not found.
func Entailment(score ScoreFunc, c Calibration) Checker { return &entailment{score, c} }

type entailment struct {
	score ScoreFunc
	c     Calibration
}

// Check implements Checker.
func (e *entailment) Check(ctx context.Context, source string, statements []string) ([]float64, error) {
	p := make([]float64, len(statements))
	scores, err := best(ctx, e.score, e.c.Passage, source, statements)
	for i, s := range scores {
		p[i] = e.c.Probability(s)
	}
	return p, err
}

// best is the highest score of each statement beside any passage of the text; of a text
// without words there are none.
func best(ctx context.Context, score ScoreFunc, passage int, source string, statements []string) ([]float64, error) {
	var pairs [][2]string
	for _, passage := range Passages(source, passage) {
		for _, s := range statements {
			pairs = append(pairs, [2]string{passage, s})
		}
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	all, err := score(ctx, pairs)
	if err != nil {
		return nil, err
	}
	if len(all) != len(pairs) {
		return nil, fmt.Errorf("the model gave %d scores for %d statements", len(all), len(pairs))
	}
	scores := all[:len(statements)]
	for i, s := range all {
		at := i % len(statements)
		scores[at] = max(scores[at], s)
	}
	return scores, nil
}

// EntailmentPrompt is what a trained model reads before a statement: it learns from
// answers to it, and is asked with it.
func EntailmentPrompt(passage string) string {
	return passage + "\n\nWhich statement does this text support?"
}

// Passages divides a text into parts of at most so many characters, of whole sentences;
// one that is longer is a part by itself. The last sentence of a part is the first of the next, where another has
// room behind it there.
func Passages(text string, most int) []string {
	var sentences []string
	for _, block := range blocks(text) {
		sentences = append(sentences, Sentences(block)...)
	}
	var all []string
	for first := 0; first < len(sentences); {
		last, size := first+1, utf8.RuneCountInString(sentences[first])
		for last < len(sentences) {
			more := 1 + utf8.RuneCountInString(sentences[last])
			if size+more > most {
				break
			}
			size, last = size+more, last+1
		}
		all = append(all, strings.Join(sentences[first:last], " "))
		if last == len(sentences) {
			break
		}
		if before := last - 1; before > first && utf8.RuneCountInString(sentences[before])+1+utf8.RuneCountInString(sentences[last]) <= most {
			last = before
		}
		first = last
	}
	return all
}
