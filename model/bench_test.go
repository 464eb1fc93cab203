package model

import "testing"

// BenchmarkLossBackward trains the shape that speed is quoted for, without the
// optimizer.
func BenchmarkLossBackward(b *testing.B) {
	c := target()
	m, err := New(c, 1)
	if err != nil {
		b.Fatal(err)
	}
	const length, tokens = 1024, 4096
	batch := documents(c.VocabSize, length, length, length, length)
	ws := NewWorkspace(m, tokens, true)
	targets := shifted(batch)
	for b.Loop() {
		if _, err := m.LossBackward(ws, batch, targets, nil, 1.0/tokens); err != nil {
			b.Fatal(err)
		}
	}
	flops := 3 * c.FLOPs(length) * tokens * float64(b.N)
	b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	b.ReportMetric(tokens*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}
