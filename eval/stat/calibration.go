package stat

import (
	"math"
	"slices"
)

const (
	// maxBins is how many bins of confidence there are, and minBin how many items
	// one has at least, where there are as many.
	maxBins = 10
	minBin  = 10
	// maxCoverages is how many points of a risk-coverage curve are kept.
	maxCoverages = 100
)

// Calibration says how far confidence and being right go together.
type Calibration struct {
	// ECE is the expected calibration error over bins of equal mass: what the mean
	// confidence and the accuracy of a bin differ by, on average over items. By
	// chance it is never 0. Its interval is that of the error without that part,
	// drawn out to Value where it ends below.
	ECE Estimate `json:"ece"`
	// ECEDebiased is ECE less what chance adds, and not below 0. ECENoise is what a
	// model that is perfectly calibrated would show on average at these confidences
	// and clusters, ECEP the probability that it would show ECE or more.
	ECEDebiased float64 `json:"ece_debiased"`
	ECENoise    float64 `json:"ece_noise"`
	ECEP        float64 `json:"ece_p"`
	// Brier is the mean squared difference of confidence and outcome (0 or 1).
	Brier Estimate `json:"brier"`
	// Bins are ascending in confidence.
	Bins []Bin `json:"bins"`
	// Selective is accuracy over the most confident share of items, from few to
	// all. Items of the same confidence come together; of more than 100 points
	// some are left out.
	Selective []Coverage `json:"selective"`
	// AURC is the area under the risk-coverage curve (Geifman and El-Yaniv 2017);
	// items of the same confidence are answered in an order at random.
	AURC Estimate `json:"aurc"`
	// AUROC is the probability that a right answer has more confidence than a wrong
	// one, ties for a half; nil if all are right, or all wrong.
	AUROC *Estimate `json:"auroc,omitempty"`
}

// Bin is the items of one range of confidence.
type Bin struct {
	N          int     `json:"n"`
	Confidence float64 `json:"confidence"` // mean
	Accuracy   float64 `json:"accuracy"`
	Low        float64 `json:"low"` // of the accuracy, as by Mean
	High       float64 `json:"high"`
}

// Coverage is a point of the risk-coverage curve.
type Coverage struct {
	Coverage float64 `json:"coverage"` // share of items answered
	Accuracy float64 `json:"accuracy"` // of those
	// Threshold is the least confidence that is answered.
	Threshold float64 `json:"threshold"`
}

// CalibrationChange is what two models' calibration on the same items differs by:
// B less A. AUROC is nil where one of them has none.
type CalibrationChange struct {
	Accuracy Difference  `json:"accuracy"`
	ECE      Difference  `json:"ece"`
	Brier    Difference  `json:"brier"`
	AURC     Difference  `json:"aurc"`
	AUROC    *Difference `json:"auroc,omitempty"`
}

// Calibrate measures confidences (0 to 1) beside outcomes (0 or 1) of items in
// clusters, or with nil in none. Other values panic.
func Calibrate(confidence, right []float64, clusters []string) Calibration {
	checkOutcomes(confidence, right)
	var c Calibration
	if len(right) == 0 {
		none := Estimate{Interval: IntervalNone}
		c.ECE, c.Brier, c.AURC, c.ECEP = none, none, none, 1
		return c
	}
	r := rank(confidence, right)
	bins := r.bins()
	c.Bins = describeBins(bins, confidence, right, clusters)
	c.calibrationError(bins, confidence, right, clusters)
	c.Brier = Mean(brier(confidence, right), clusters)
	c.Selective = r.selective()
	c.AURC = Bootstrap(len(right), clusters, r.aurc)
	c.AURC.Low, c.AURC.High = max(0, c.AURC.Low), min(1, c.AURC.High)
	if r.both() {
		auroc := Bootstrap(len(right), clusters, r.auroc)
		c.AUROC = &auroc
	}
	return c
}

// CompareCalibration compares two models' confidences and outcomes on the same items.
func CompareCalibration(confidenceA, rightA, confidenceB, rightB []float64, clusters []string) CalibrationChange {
	checkOutcomes(confidenceA, rightA)
	checkOutcomes(confidenceB, rightB)
	checkLengths(len(rightA), len(rightB))
	n := len(rightA)
	a, b := rank(confidenceA, rightA), rank(confidenceB, rightB)
	c := CalibrationChange{
		Accuracy: Paired(rightA, rightB, clusters),
		Brier:    Paired(brier(confidenceA, rightA), brier(confidenceB, rightB), clusters),
		ECE:      compareErrors(gaps(confidenceA, rightA), gaps(confidenceB, rightB), a.bins(), b.bins(), clusters),
		AURC:     bootstrapDifference(n, clusters, a.aurc, b.aurc),
	}
	if a.both() && b.both() {
		auroc := bootstrapDifference(n, clusters, a.auroc, b.auroc)
		c.AUROC = &auroc
	}
	return c
}

func checkOutcomes(confidence, right []float64) {
	checkLengths(len(confidence), len(right))
	checkFinite(confidence)
	checkFinite(right)
	if bounded, _ := rangeOf(confidence); !bounded {
		panic("stat: a confidence is not from 0 to 1")
	}
	if _, binary := rangeOf(right); !binary {
		panic("stat: an outcome is not 0 or 1")
	}
}

// brier are the squared differences of confidence and outcome.
func brier(confidence, right []float64) []float64 {
	out := gaps(confidence, right)
	for i, x := range out {
		out[i] = x * x
	}
	return out
}

// gaps are confidence less outcome.
func gaps(confidence, right []float64) []float64 {
	out := make([]float64, len(right))
	for i := range out {
		out[i] = confidence[i] - right[i]
	}
	return out
}

func describeBins(bins [][]int, confidence, right []float64, clusters []string) []Bin {
	out := make([]Bin, len(bins))
	for b, items := range bins {
		var names []string
		if clusters != nil {
			names = pick(clusters, items)
		}
		accuracy := Mean(pick(right, items), names)
		out[b] = Bin{
			N: len(items), Confidence: sum(pick(confidence, items)) / float64(len(items)),
			Accuracy: accuracy.Value, Low: accuracy.Low, High: accuracy.High,
		}
	}
	return out
}

func pick[T any](from []T, items []int) []T {
	out := make([]T, len(items))
	for i, item := range items {
		out[i] = from[item]
	}
	return out
}

// ranking is items in descending order of confidence, with those of the same
// confidence in one tie.
type ranking struct {
	confidence, right []float64
	ties              [][]int
}

func rank(confidence, right []float64) ranking {
	order := make([]int, len(right))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case confidence[i] > confidence[j]:
			return -1
		case confidence[i] < confidence[j]:
			return 1
		}
		return 0
	})
	r := ranking{confidence: confidence, right: right}
	for start := 0; start < len(order); {
		end := start + 1
		for end < len(order) && confidence[order[end]] == confidence[order[start]] {
			end++
		}
		r.ties = append(r.ties, order[start:end:end])
		start = end
	}
	return r
}

// both reports whether some are right and some wrong.
func (r ranking) both() bool {
	total := sum(r.right)
	return total > 0 && total < float64(len(r.right))
}

// bins divide the items, ascending in confidence, at tenths of them (fewer parts
// where items are few), moved behind the tie that a border would cut. None is
// smaller than half of an equal part.
func (r ranking) bins() [][]int {
	n := len(r.right)
	number := max(1, min(maxBins, n/minBin))
	var bins [][]int
	var bin []int
	done, border := 0, 1
	for _, tie := range slices.Backward(r.ties) {
		bin = append(bin, tie...)
		done += len(tie)
		if done*number < border*n || len(bin)*2*number < n {
			continue
		}
		bins = append(bins, bin)
		bin = nil
		border = done*number/n + 1
	}
	if last := len(bins) - 1; len(bin) > 0 && last >= 0 {
		bins[last] = append(bins[last], bin...)
	} else if len(bin) > 0 {
		bins = append(bins, bin)
	}
	return bins
}

// selective are the points of the risk-coverage curve.
func (r ranking) selective() []Coverage {
	var out []Coverage
	n := float64(len(r.right))
	answered, right := 0, 0.0
	for i, tie := range r.ties {
		for _, item := range tie {
			right += r.right[item]
		}
		before := answered
		answered += len(tie)
		last := i == len(r.ties)-1
		if !last && before*maxCoverages/len(r.right) == answered*maxCoverages/len(r.right) {
			continue
		}
		out = append(out, Coverage{
			Coverage: float64(answered) / n, Accuracy: right / float64(answered),
			Threshold: r.confidence[tie[0]],
		})
	}
	return out
}

// aurc is the mean risk over coverages, items counted weights times.
func (r ranking) aurc(weights []float64) float64 {
	answered, wrong, area := 0.0, 0.0, 0.0
	for _, tie := range r.ties {
		number, errors := 0.0, 0.0
		for _, item := range tie {
			number += weights[item]
			errors += weights[item] * (1 - r.right[item])
		}
		for k := 1.0; k <= number; k++ {
			area += (wrong + errors*k/number) / (answered + k)
		}
		answered += number
		wrong += errors
	}
	return area / answered
}

// auroc is NaN if all are right, or all wrong.
func (r ranking) auroc(weights []float64) float64 {
	right, wrong, pairs := 0.0, 0.0, 0.0
	for _, tie := range r.ties {
		number, good := 0.0, 0.0
		for _, item := range tie {
			number += weights[item]
			good += weights[item] * r.right[item]
		}
		bad := number - good
		pairs += bad * (right + good/2)
		right += good
		wrong += bad
	}
	if right == 0 || wrong == 0 {
		return math.NaN()
	}
	return pairs / (right * wrong)
}
