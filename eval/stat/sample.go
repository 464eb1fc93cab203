package stat

import (
	"fmt"
	"slices"
)

// PassAtK is the probability that of k answers, drawn without replacement from n of
// which right are right, one is right (Chen et al., arXiv:2107.03374, 2.1): the
// unbiased estimate of pass@k from n samples. It panics unless 0 <= right <= n and
// 1 <= k <= n.
func PassAtK(n, right, k int) float64 {
	if right < 0 || right > n || k < 1 || k > n {
		panic(fmt.Sprintf("stat: pass@%d of %d right among %d", k, right, n))
	}
	if n-right < k {
		return 1
	}
	allWrong := 1.0
	for i := n - right + 1; i <= n; i++ {
		allWrong *= 1 - float64(k)/float64(i)
	}
	return 1 - allWrong
}

// Majority returns the answers that most samples gave, sorted, and their share of
// the votes. More than one is a tie. An empty answer is none and does not vote; if
// nobody votes, there is no winner.
func Majority(answers []string) (winners []string, share float64) {
	votes := map[string]int{}
	all, most := 0, 0
	for _, a := range answers {
		if a == "" {
			continue
		}
		all++
		votes[a]++
		most = max(most, votes[a])
	}
	for a, n := range votes {
		if n == most {
			winners = append(winners, a)
		}
	}
	if all == 0 {
		return nil, 0
	}
	slices.Sort(winners)
	return winners, float64(most) / float64(all)
}

// MajorityScore is the score of the answer that most samples gave; of a tie, what
// one drawn among the first would score on average; 0 if nobody voted. Samples of
// the same answer have the same score; if they do not, their mean counts.
func MajorityScore(answers []string, scores []float64) float64 {
	checkLengths(len(answers), len(scores))
	checkFinite(scores)
	winners, _ := Majority(answers)
	total, votes := 0.0, 0
	for i, a := range answers {
		if a == "" {
			continue
		}
		if _, won := slices.BinarySearch(winners, a); won {
			total += scores[i]
			votes++
		}
	}
	if votes == 0 {
		return 0
	}
	return total / float64(votes) // winners have equally many votes
}
