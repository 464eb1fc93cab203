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

// TestServeExperts: a sparse layer reads the experts that are asked for. One
// sequence is as fast as a dense model of the active size, up to what each layer
// adds; with many sequences all experts are read.
func TestServeExperts(t *testing.T) {
	s := Server{Model: builtin(t, "mixtral-8x7b"), Cluster: machine(t, "h100x2"), Weights: BF16}
	s.Constants = Fitted()
	s.SetDefaults()
	s.Constants.Imbalance, s.Constants.LayerStep, s.Constants.PassStep, s.Constants.RowStep = 1, 0, 0, 0
	rate := s.Cluster.Bandwidth * s.Constants.Decode
	one := s.pass(load{decode: 1, context: 1}) - 32*4*s.Cluster.gather(s.Cluster.group(2, 1), 4096*2, s.Constants)
	p := s.Model.Params()
	if want := float64(p.Active) * 2 / 2 / rate; math.Abs(one/want-1) > 0.05 {
		t.Errorf("one sequence takes %.4g s, reading its weights %.4g", one, want)
	}
	many := s.pass(load{decode: 256, context: 256}) - 32*4*s.Cluster.gather(s.Cluster.group(2, 1), 256*4096*2, s.Constants)
	if want := float64(p.Total) * 2 / 2 / rate; many < want*0.98 || many > want*1.25 {
		t.Errorf("256 sequences take %.4g s, reading all weights %.4g", many, want)
	}
	wide := Server{Model: builtin(t, "deepseek-v3"), Cluster: machine(t, "h200x16"), Data: 16, Expert: 16, Weights: FP8}
	out, err := wide.Serve(Mix{Rate: 20, Requests: 200, Input: 1000, Output: 100, Spread: 0.3})
	if err != nil || math.Abs(out.RequestRate*out.Seconds-200) > 1e-6 {
		t.Errorf("experts on 16 devices: %+v, %v", out, err)
	}
}
