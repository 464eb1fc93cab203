package cluster

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/internal/random"
)

// Mix is what a server is asked.
type Mix struct {
	// Rate is how many requests arrive in a second, at random moments; 0 puts all at
	// once.
	Rate float64
	// Requests is how many there are.
	Requests int
	// Input and Output are mean lengths in tokens; Spread is the standard deviation
	// of both as a share of the mean (log-normal; 0 = all alike).
	Input, Output int
	Spread        float64
	Seed          uint64
}

// Served is how a server did.
type Served struct {
	Seconds float64 `json:"seconds"`
	// OutputRate and InputRate are tokens/s of the whole server, RequestRate
	// finished requests/s.
	OutputRate  float64 `json:"output_tokens_per_second"`
	InputRate   float64 `json:"input_tokens_per_second"`
	RequestRate float64 `json:"requests_per_second"`
	// FirstToken and EachToken are the seconds from a request's arrival to its first
	// token, and between its tokens after that.
	FirstToken Quantiles `json:"first_token_seconds"`
	EachToken  Quantiles `json:"each_token_seconds"`
	// Batch is the mean number of sequences that decode together; Peak the most
	// tokens that the cache held, of Capacity.
	Batch    float64 `json:"batch"`
	Peak     int     `json:"cache_peak_tokens"`
	Capacity int     `json:"cache_capacity_tokens"`
	Passes   int     `json:"passes"`
	// Refused counts requests longer than the cache.
	Refused int `json:"refused"`
}

// Quantiles of a number over requests.
type Quantiles struct {
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
}

// maxPasses bounds a simulation of serving.
const maxPasses = 20_000_000

// request is one on its way.
type request struct {
	arrival       float64
	input, output int
	read          int // tokens of the prompt that were read
	born          int // pass after which its first token was there
	first         float64
}

// finishing orders requests by the pass in which they end.
type finishing []*request

func (f finishing) Len() int           { return len(f) }
func (f finishing) Less(i, j int) bool { return f[i].born+f[i].output < f[j].born+f[j].output }
func (f finishing) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *finishing) Push(x any)        { *f = append(*f, x.(*request)) }
func (f *finishing) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	*f = (*f)[:last]
	return x
}

// Serve simulates the server under the mix, pass by pass. Each pass gives a token
// to all sequences that decode and reads prompts up to the budget; a request is let
// in, in order of arrival, when the cache has room for its prompt and all of its
// answer. An error names what cannot be.
func (s Server) Serve(mix Mix) (*Served, error) {
	s.SetDefaults()
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := mix.check(); err != nil {
		return nil, err
	}
	e := &serving{s: &s, waiting: requests(mix), capacity: s.Capacity()}
	for e.more() {
		if e.passes++; e.passes > maxPasses {
			return nil, fmt.Errorf("serving takes more than %d passes; ask for fewer requests or shorter answers", maxPasses)
		}
		e.pass()
	}
	if len(e.done) == 0 && e.refused > 0 {
		return nil, fmt.Errorf("each of the %d requests is longer than the cache, which takes %d tokens: shorten them, or take more devices", e.refused, e.capacity)
	}
	return e.result(), nil
}

// check refuses what is no mix; NaN is none either.
func (m Mix) check() error {
	switch {
	case m.Requests < 1 || m.Requests > 1<<22:
		return fmt.Errorf("%d requests are impossible: it must be between 1 and %d", m.Requests, 1<<22)
	case m.Input < 1 || m.Input > 1<<30 || m.Output < 1 || m.Output > 1<<30:
		return fmt.Errorf("%d + %d tokens are impossible: each must be between 1 and %d", m.Input, m.Output, 1<<30)
	case !(m.Spread >= 0 && m.Spread <= 10):
		return fmt.Errorf("a spread of %v is impossible: it must be between 0 and 10", m.Spread)
	case m.Rate != 0 && !(m.Rate >= 1e-6 && m.Rate <= 1e9):
		return fmt.Errorf("a rate of %v is impossible: it must be 0 or between 1e-06 and 1e+09", m.Rate)
	}
	return nil
}

// requests draws the mix.
func requests(mix Mix) []*request {
	rng := random.New(mix.Seed)
	list := make([]*request, mix.Requests)
	at := 0.0
	for i := range list {
		if mix.Rate > 0 {
			at -= math.Log(1-uniform(rng)) / mix.Rate
		}
		list[i] = &request{arrival: at, input: length(rng, mix.Input, mix.Spread), output: length(rng, mix.Output, mix.Spread)}
	}
	return list
}

// length draws a log-normal length of that mean.
func length(rng *random.Source, mean int, spread float64) int {
	if spread == 0 {
		return mean
	}
	sigma := math.Sqrt(math.Log1p(spread * spread))
	return max(1, int(math.Round(float64(mean)*math.Exp(sigma*normal(rng)-sigma*sigma/2))))
}

// serving is the state of a simulation.
type serving struct {
	s        *Server
	capacity int
	waiting  []*request // in order of arrival
	reading  []*request
	decoding finishing
	done     []*request
	now      float64
	context  float64 // tokens that decoding sequences see
	reserved int     // tokens of the cache that are spoken for
	peak     int
	passes   int
	decoded  float64 // sum of decoding sequences over passes
	refused  int
	each     []float64
}

func (e *serving) more() bool { return len(e.waiting)+len(e.reading)+len(e.decoding) > 0 }

// admit lets requests in that have arrived and for which there is room.
func (e *serving) admit() {
	for len(e.waiting) > 0 {
		r := e.waiting[0]
		need := r.input + r.output
		switch {
		case need > e.capacity:
			e.refused++
		case r.arrival > e.now || e.reserved+need > e.capacity || len(e.reading)+len(e.decoding) >= e.s.MaxBatch:
			return
		default:
			e.reserved += need
			e.peak = max(e.peak, e.reserved)
			e.reading = append(e.reading, r)
		}
		e.waiting = e.waiting[1:]
	}
}

// pass does one pass, or moves to the next arrival if there is nothing to do.
func (e *serving) pass() {
	e.admit()
	if len(e.reading)+len(e.decoding) == 0 {
		if len(e.waiting) > 0 {
			e.now = max(e.now, e.waiting[0].arrival)
		}
		return
	}
	l := load{decode: float64(len(e.decoding)), context: e.context}
	left := max(e.s.Budget-len(e.decoding), 1)
	var whole int // requests whose prompt is read in this pass
	for _, r := range e.reading {
		n := min(left, r.input-r.read)
		l.prefill += float64(n)
		l.pairs += float64(n) * (float64(r.read) + float64(n)/2)
		r.read += n
		left -= n
		if r.read == r.input {
			whole++
		}
		if left == 0 {
			break
		}
	}
	e.now += e.s.pass(l)
	e.decoded += l.decode
	e.context += l.decode
	e.finish()
	for _, r := range e.reading[:whole] { // the pass that ends a prompt gives its first token
		r.first, r.born = e.now, e.passes-1
		e.context += float64(r.input + 1)
		heap.Push(&e.decoding, r)
	}
	e.reading = slices.Delete(e.reading, 0, whole)
	e.finish()
}

// finish takes out the sequences that have all of their tokens.
func (e *serving) finish() {
	for len(e.decoding) > 0 && e.decoding[0].born+e.decoding[0].output <= e.passes {
		r := heap.Pop(&e.decoding).(*request)
		e.context -= float64(r.input + r.output)
		e.reserved -= r.input + r.output
		e.done = append(e.done, r)
		if r.output > 1 {
			e.each = append(e.each, (e.now-r.first)/float64(r.output-1))
		}
	}
}

func (e *serving) result() *Served {
	out := &Served{Seconds: e.now, Peak: e.peak, Capacity: e.capacity, Passes: e.passes, Refused: e.refused}
	var first []float64
	var in, answered float64
	for _, r := range e.done {
		in += float64(r.input)
		answered += float64(r.output)
		first = append(first, r.first-r.arrival)
	}
	if e.now > 0 {
		out.InputRate, out.OutputRate, out.RequestRate = in/e.now, answered/e.now, float64(len(e.done))/e.now
	}
	out.Batch = e.decoded / float64(max(1, e.passes))
	out.FirstToken, out.EachToken = quantiles(first), quantiles(e.each)
	return out
}

// quantiles sorts the list.
func quantiles(list []float64) Quantiles {
	if len(list) == 0 {
		return Quantiles{}
	}
	q := quantilesAt(list, 0.5, 0.95, 0.99)
	return Quantiles{q[0], q[1], q[2]}
}

// quantilesAt sorts the list, which has an element, and returns its quantiles.
func quantilesAt(list []float64, at ...float64) []float64 {
	slices.SortFunc(list, cmp.Compare[float64])
	out := make([]float64, len(at))
	for i, q := range at {
		out[i] = list[min(len(list)-1, int(q*float64(len(list))))]
	}
	return out
}
