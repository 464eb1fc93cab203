package bench

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// What limits the results of Long.
const (
	limitPlan   = "what is planned: keys and values, activations and logits"
	limitFirst  = "the first token of the first question"
	limitLinear = "the same between the shortest and the next to last"
)

// report emits what was measured at one length.
func (l *long) report(r *longResult, reading, peaks, answering, bandwidths []float64, flops, attention, bytes float64) {
	o, n := l.options, r.length
	name := func(what string) string {
		return fmt.Sprintf("long %s %s, %s tokens", what, l.name, progress.Count(int64(n)))
	}
	tokens := float64(n - longAnswer)
	detail := map[string]float64{
		"tokens per second": tokens * median(reading) / flops, "first token, s": median(r.first),
		"operations per token": flops / tokens, "attention, % of operations": 100 * attention / flops,
	}
	if !math.IsInf(r.perCPU, 0) {
		detail["operations per second of a processor"] = r.perCPU
	}
	o.emit(Result{Name: name("prefill"), Unit: "FLOP/s", LimitOf: limitCompute, Detail: detail}, reading, peaks)
	o.emit(Result{Name: name("decode"), Unit: "B/s", LimitOf: limitRead, Detail: map[string]float64{
		"tokens per second": median(answering) / bytes, "bytes per token": bytes,
	}}, answering, bandwidths)
	o.emit(Result{Name: name("second question"), Unit: "s", LimitOf: limitFirst}, r.again, r.first)
	if r.measured <= 0 { // the system does not say
		return
	}
	o.emit(Result{Name: name("memory"), Unit: "B", LimitOf: limitPlan, Detail: map[string]float64{
		"keys and values, bytes": float64(r.cache), "activations and logits, bytes": float64(r.work),
	}}, []float64{float64(r.measured)}, []float64{float64(r.cache + r.work)})
}

// compare emits how the longest window compares with others: the rate at which it
// is read with that of 8,192 tokens, or of the one before it if that is shorter, and
// the memory that a token more takes.
func (l *long) compare() {
	last := len(l.done) - 1
	if last < 1 {
		return
	}
	longest, base := l.done[last], l.done[min(1, last-1)]
	detail := map[string]float64{}
	if !math.IsInf(longest.perCPU, 0) {
		detail["by processor time, % of it"] = 100 * longest.perCPU / base.perCPU
	}
	l.options.emit(Result{
		Name: fmt.Sprintf("long prefill %s, %s tokens", l.name, progress.Count(int64(longest.length))), Unit: "FLOP/s",
		LimitOf: fmt.Sprintf("the same at %s tokens", progress.Count(int64(base.length))),
		Detail:  detail,
	}, []float64{longest.rate}, []float64{base.rate})
	if last < 2 || longest.measured <= 0 {
		return
	}
	perToken := func(a, b longResult) float64 {
		return float64(b.measured-a.measured) / float64(b.length-a.length)
	}
	l.options.emit(Result{Name: "long memory " + l.name + ", a token more", Unit: "B", LimitOf: limitLinear, Detail: map[string]float64{
		"planned, bytes": float64(longest.cache+longest.work-l.done[last-1].cache-l.done[last-1].work) / float64(longest.length-l.done[last-1].length),
	}}, []float64{perToken(l.done[last-1], longest)}, []float64{perToken(l.done[0], l.done[last-1])})
}
