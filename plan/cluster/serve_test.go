package cluster

import (
	"math"
	"strings"
	"testing"
)

// TestServe: every token comes out, the cache is never over its limit, and waiting
// grows with the rate.
func TestServe(t *testing.T) {
	s := Server{Model: builtin(t, "llama-3-70b"), Cluster: machine(t, "h100x4"), Weights: FP8}
	last := Quantiles{}
	for _, rate := range []float64{0.5, 4, 16, 64} {
		out, err := s.Serve(Mix{Rate: rate, Requests: 400, Input: 800, Output: 200, Spread: 0.5, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		if out.Peak > out.Capacity || out.Refused > 0 || math.Abs(out.RequestRate*out.Seconds-400) > 1e-6 {
			t.Errorf("%g a second: %+v", rate, out)
		}
		if out.FirstToken.P95 < last.P95 {
			t.Errorf("%g a second wait %g s, fewer %g", rate, out.FirstToken.P95, last.P95)
		}
		last = out.FirstToken
	}
}

// TestServeAlone: one request's time is that of its passes, and its decoding is
// bounded by the memory's rate.
func TestServeAlone(t *testing.T) {
	s := Server{Model: builtin(t, "llama-3-8b"), Cluster: machine(t, "h100x1"), Weights: BF16}
	out, err := s.Serve(Mix{Requests: 1, Input: 100, Output: 50})
	if err != nil {
		t.Fatal(err)
	}
	s.SetDefaults()
	if want := s.pass(load{prefill: 100, pairs: 5000}); math.Abs(out.FirstToken.Median-want) > 1e-12 {
		t.Errorf("first token after %g s, a pass takes %g", out.FirstToken.Median, want)
	}
	if out.Passes != 50 || math.Abs(out.OutputRate*out.Seconds-50) > 1e-9 {
		t.Errorf("50 tokens in %d passes, %g came", out.Passes, out.OutputRate*out.Seconds)
	}
	active := float64(s.Model.Params().Active)
	if least := active * 2 / s.Cluster.Bandwidth; out.EachToken.Median < least {
		t.Errorf("a token takes %g s, reading the weights %g", out.EachToken.Median, least)
	}
	if _, err := (Server{Model: builtin(t, "gpt-4"), Cluster: machine(t, "h100x8")}).Serve(Mix{Requests: 1, Input: 1, Output: 1}); err == nil || !strings.Contains(err.Error(), "nothing is left for keys") {
		t.Errorf("gpt-4 on 8 devices: %v", err)
	}
}
