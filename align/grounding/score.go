package grounding

import (
	"context"
	"strings"
)

// WordScore is a ScoreFunc that needs no model: the share of a statement's words that
// the passage has, less one half if either only has a "not". It is what a trained model
// is measured beside.
func WordScore(_ context.Context, pairs [][2]string) ([]float64, error) {
	scores := make([]float64, len(pairs))
	for i, p := range pairs {
		there := map[string]bool{}
		for _, w := range wordPattern.FindAllString(p[0], -1) {
			there[strings.ToLower(w)] = true
		}
		words := wordPattern.FindAllString(p[1], -1)
		for _, w := range words {
			if there[strings.ToLower(w)] {
				scores[i] += 1 / float64(len(words))
			}
		}
		if negated.MatchString(p[0]+" ") != negated.MatchString(p[1]+" ") {
			scores[i] -= 0.5
		}
	}
	return scores, nil
}
