package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/eval/stat"
)

// textMetrics are those of MethodText; texts with an error have none.
func textMetrics(list []answers) []Metric {
	var nats, bits, bytes, tokens []float64
	var some []answers
	for _, samples := range list {
		r := &samples[0]
		if r.Error != "" || r.NumBytes == 0 || r.NumTokens == 0 {
			continue
		}
		some = append(some, samples)
		nats, bits = append(nats, -r.Logprob), append(bits, -r.Logprob/math.Ln2)
		bytes, tokens = append(bytes, float64(r.NumBytes)), append(tokens, float64(r.NumTokens))
	}
	if len(some) == 0 {
		return nil
	}
	of := clusters(some)
	return []Metric{
		{Name: metricBits, Estimate: stat.Ratio(bits, bytes, of), Lower: true},
		{Name: "perplexity", Estimate: exponential(stat.Ratio(nats, tokens, of)), Lower: true},
	}
}

// answerPerplexity is that of the main answers of MethodCloze.
func answerPerplexity(list []answers) []Metric {
	var some []answers
	for _, samples := range list {
		if samples[0].Error == "" {
			some = append(some, samples)
		}
	}
	if len(some) == 0 {
		return nil
	}
	e := stat.Mean(each(some, func(r *Record) float64 { return -r.Logprob }), clusters(some))
	return []Metric{{Name: "perplexity", Estimate: exponential(e), Lower: true}}
}

// exponential is an estimate of the exponential of what e estimates.
func exponential(e stat.Estimate) stat.Estimate {
	const most = 700 // beyond is no number
	e.Value = math.Exp(min(e.Value, most))
	e.Low, e.High = math.Exp(min(e.Low, most)), math.Exp(min(e.High, most))
	e.StdErr = min(e.StdErr*e.Value, math.MaxFloat64)
	return e
}

// shareMetrics are the shares that verdicts count, each as the sum of its parts by the
// sum of its wholes over all answers that have a verdict.
func shareMetrics(list []answers) []Metric {
	var names []string
	lower := map[string]bool{}
	type sums struct {
		parts, wholes []float64
		of            []answers
	}
	all := map[string]*sums{}
	for _, samples := range list {
		parts, wholes := map[string]float64{}, map[string]float64{}
		for i := range samples {
			for _, s := range samples[i].Verdict.Shares {
				if all[s.Name] == nil {
					names, all[s.Name], lower[s.Name] = append(names, s.Name), &sums{}, s.Lower
				}
				parts[s.Name] += float64(s.Part)
				wholes[s.Name] += float64(s.Whole)
			}
		}
		for name, whole := range wholes {
			if whole <= 0 {
				continue
			}
			s := all[name]
			s.parts, s.wholes, s.of = append(s.parts, parts[name]), append(s.wholes, whole), append(s.of, samples)
		}
	}
	var metrics []Metric
	for _, name := range names {
		s := all[name]
		metrics = append(metrics, Metric{Name: name, Estimate: stat.Share(s.parts, s.wholes, clusters(s.of)), Lower: lower[name], Share: true})
	}
	return metrics
}

// severalSamples are pass@k and the vote, where items have several samples. Of all n,
// pass@n is the best of n by the grader.
func severalSamples(list []answers) []Metric {
	n := len(list[0])
	for _, samples := range list {
		n = min(n, len(samples))
	}
	if n < 2 {
		return nil
	}
	var metrics []Metric
	of := clusters(list)
	for k := 2; ; k = min(2*k, n) {
		values := make([]float64, len(list))
		for i, samples := range list {
			values[i] = stat.PassAtK(len(samples), numRight(samples), k)
		}
		metrics = append(metrics, Metric{Name: fmt.Sprintf("pass@%d", k), Estimate: stat.Mean(values, of), Several: k == n})
		if k == n {
			break
		}
	}
	votes := make([]float64, len(list))
	for i, samples := range list {
		extracted, scores := make([]string, len(samples)), make([]float64, len(samples))
		for k := range samples {
			extracted[k], scores[k] = samples[k].Verdict.Extracted, right(&samples[k])
		}
		votes[i] = stat.MajorityScore(extracted, scores)
	}
	return append(metrics, Metric{Name: "majority vote", Estimate: stat.Mean(votes, of), Several: true})
}

func numRight(samples answers) (n int) {
	for i := range samples {
		n += int(right(&samples[i]))
	}
	return n
}

// abstention is what a model that may decline did, if it did.
func abstention(list []answers) []Metric {
	abstained := func(r *Record) float64 {
		if r.Verdict.Abstained && r.Error == "" {
			return 1
		}
		return 0
	}
	shares := each(list, abstained)
	var all float64
	for _, s := range shares {
		all += s
	}
	if all == 0 {
		return nil
	}
	of := clusters(list)
	wrong := func(r *Record) float64 { return 1 - abstained(r) - right(r) }
	metrics := []Metric{
		{Name: "abstained", Estimate: stat.Mean(shares, of)},
		{Name: "wrong", Estimate: stat.Mean(each(list, wrong), of), Lower: true},
		{Name: "right less wrong", Estimate: stat.Mean(each(list, func(r *Record) float64 { return right(r) - wrong(r) }), of)},
	}
	var answered []answers
	for _, samples := range list {
		attempts := slices.DeleteFunc(slices.Clone(samples), func(r Record) bool { return abstained(&r) == 1 })
		if len(attempts) > 0 {
			answered = append(answered, attempts)
		}
	}
	if len(answered) > 0 {
		metrics = append(metrics, mean("accuracy when answered", answered, right))
	}
	return metrics
}
