package quality

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// Report is how well a model tells documents apart that it was not trained on.
type Report struct {
	// Good and Poor are the documents trained on, HeldGood and HeldPoor those held
	// out and measured with.
	Good     int `json:"good"`
	Poor     int `json:"poor"`
	HeldGood int `json:"held_good"`
	HeldPoor int `json:"held_poor"`
	// AUC is the probability that a good document has a higher score than a poor
	// one.
	AUC float64 `json:"auc"`
	// LogLoss is the mean of -log of the probability given to what a document is,
	// with both kinds counting the same.
	LogLoss float64 `json:"log_loss"`
	// Error is the mean distance between the scores and the share of good
	// documents, over Bins.
	Error float64 `json:"calibration_error"`
	Bins  []Bin   `json:"bins"`
}

// Bin is the documents whose scores are close together.
type Bin struct {
	// Score is the mean score of the documents and Share the share of good ones
	// among them; both kinds count the same.
	Score float64 `json:"score"`
	Share float64 `json:"share"`
	Count int     `json:"count"`
}

// scored is a document of which the score is known.
type scored struct {
	score  float64
	weight float64
	good   bool
}

// report measures a model.
func (m *Model) report(samples []sample) *Report {
	r := &Report{}
	r.HeldGood, r.HeldPoor = count(samples)
	list := make([]scored, len(samples))
	for i := range samples {
		s := &samples[i]
		list[i] = scored{float64(sigmoid(m.shift + float32(m.scale*m.mean(s)))), 0.5 / float64(r.HeldPoor), s.good}
		if s.good {
			list[i].weight = 0.5 / float64(r.HeldGood)
		}
		p := list[i].score
		if !s.good {
			p = 1 - p
		}
		r.LogLoss -= float64(list[i].weight * kernel.Log(max(p, 1e-9)))
	}
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	r.AUC = auc(list, r.HeldGood, r.HeldPoor)
	r.calibration(list)
	return r
}

// mean returns the mean weight of the n-grams of a document.
func (m *Model) mean(s *sample) float32 {
	var sum float64
	var buckets [maxNGram]uint32
	n := 0
	for _, piece := range s.pieces {
		g := grams{bits: m.bits, most: m.ngram}
		for _, h := range piece {
			for _, b := range g.next(buckets[:0], h) {
				sum += float64(m.weights[b])
				n++
			}
		}
	}
	return float32(sum / float64(max(n, 1)))
}

// auc counts the pairs of a good and a poor document in which the good one has
// the higher score; equal scores count half. The list is sorted by score.
func auc(list []scored, good, poor int) float64 {
	pairs, below := 0.0, 0.0 // below: poor documents with lower scores
	for i := 0; i < len(list); {
		j, goods, poors := i, 0.0, 0.0
		for ; j < len(list) && list[j].score == list[i].score; j++ {
			if list[j].good {
				goods++
			} else {
				poors++
			}
		}
		pairs += float64(goods * (below + poors/2))
		below += poors
		i = j
	}
	return pairs / (float64(good) * float64(poor))
}

// calibration compares scores with shares in ten bins.
func (r *Report) calibration(list []scored) {
	var bins [10]struct {
		score, good, all float64
		count            int
	}
	for _, s := range list {
		b := &bins[min(int(s.score*10), 9)]
		b.count++
		b.all += s.weight
		b.score += float64(s.weight * s.score)
		if s.good {
			b.good += s.weight
		}
	}
	for _, b := range bins {
		if b.count > 0 {
			r.Bins = append(r.Bins, Bin{b.score / b.all, b.good / b.all, b.count})
			r.Error += math.Abs(b.score - b.good)
		}
	}
}

// String is the report for a terminal.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "trained on %d good and %d poor documents, measured on %d and %d others\n", r.Good, r.Poor, r.HeldGood, r.HeldPoor)
	fmt.Fprintf(&b, "AUC %.4f, log loss %.4f, calibration error %.4f\n", r.AUC, r.LogLoss, r.Error)
	b.WriteString("mean score   share good   documents\n")
	for _, bin := range r.Bins {
		fmt.Fprintf(&b, "%10.3f   %10.3f   %9d\n", bin.Score, bin.Share, bin.Count)
	}
	return b.String()
}

// calibrate sets shift and scale so that the samples, which the model was not
// trained on, become likeliest, with both kinds counting the same: Newton's
// method on two numbers, with a small pull towards none.
func (m *Model) calibrate(samples []sample) {
	good, poor := count(samples)
	x := make([]float64, len(samples))
	for i := range samples {
		x[i] = float64(m.mean(&samples[i]))
	}
	a, b := 1.0, float64(m.shift) // logit = b + a*x
	for range 50 {
		// Labels are drawn in a little, as Platt does, so that the numbers stay
		// finite when the kinds are wholly apart.
		var ga, gb, haa, hab, hbb float64
		for i := range samples {
			weight, label := 0.5/float64(poor), 1/float64(poor+2)
			if samples[i].good {
				weight, label = 0.5/float64(good), float64(good+1)/float64(good+2)
			}
			p := float64(sigmoid(float32(b + float64(a*x[i]))))
			slope, bend := float64(weight*(p-label)), float64(weight*p*(1-p))
			ga, gb = ga+float64(slope*x[i]), gb+slope
			haa, hab, hbb = haa+float64(bend*x[i]*x[i]), hab+float64(bend*x[i]), hbb+bend
		}
		haa, hbb = haa+1e-9, hbb+1e-9
		det := float64(haa*hbb) - float64(hab*hab)
		if !(det > 0) {
			break
		}
		da, db := (float64(hbb*ga)-float64(hab*gb))/det, (float64(haa*gb)-float64(hab*ga))/det
		shrink := 1 / max(1, math.Abs(da)/4, math.Abs(db)/4) // no wild steps
		a, b = a-float64(shrink*da), b-float64(shrink*db)
	}
	m.scale, m.shift = float32(max(-1e4, min(1e4, a))), float32(max(-1e4, min(1e4, b)))
}
