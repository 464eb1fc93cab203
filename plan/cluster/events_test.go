package cluster

import (
	"math"
	"testing"

	"github.com/polymath-lm/polymath/internal/random"
)

// even is a pipeline of equal stages whose messages take no time.
func even(stages, chunks, micros int, f, b float64) *pipeline {
	p := &pipeline{stages: stages, chunks: chunks, micros: micros, keep: true}
	for range stages {
		p.slow, p.send, p.update = append(p.slow, 1), append(p.send, 0), append(p.update, 0)
	}
	for range chunks {
		var fs, bs, rs []float64
		for range stages {
			fs, bs, rs = append(fs, f/float64(chunks)), append(bs, b/float64(chunks)), append(rs, 0)
		}
		p.forward, p.backward, p.reduce = append(p.forward, fs), append(p.backward, bs), append(p.reduce, rs)
	}
	return p
}

// TestBubble: equal stages take the time that the papers derive: the microbatches
// and a bubble of stages-1, by the number of chunks (arXiv:2104.04473, 2.2).
func TestBubble(t *testing.T) {
	rng := random.New(1)
	for range 60 {
		stages, chunks := rng.Between(1, 9), rng.Between(1, 4)
		if stages == 1 {
			chunks = 1
		}
		micros := rng.Between(1, 6) * stages
		f, b := 1+uniform(rng), 2+uniform(rng)
		got := even(stages, chunks, micros, f, b).run().end
		want := (f+b)*float64(micros) + (f+b)*float64(stages-1)/float64(chunks)
		if math.Abs(got-want) > 1e-9*want {
			t.Errorf("%d stages, %d chunks, %d microbatches: %g s, want %g", stages, chunks, micros, got, want)
		}
	}
}

// TestOrder: no stage does two things at once, and nothing begins before what it
// needs has ended and come.
func TestOrder(t *testing.T) {
	rng := random.New(2)
	for range 40 {
		p := even(rng.Between(2, 6), rng.Between(1, 3), 0, 1, 2)
		p.micros = p.stages * rng.Between(1, 4)
		for s := range p.stages {
			p.send[s], p.slow[s], p.update[s] = uniform(rng), 1+uniform(rng), uniform(rng)
			for c := range p.chunks {
				p.forward[c][s], p.backward[c][s], p.reduce[c][s] = uniform(rng)+0.1, uniform(rng)+0.1, 3*uniform(rng)
			}
		}
		p.overlap = rng.Coin()
		out := p.run()
		checkOrder(t, p, out)
	}
}

func checkOrder(t *testing.T, p *pipeline, out outcome) {
	t.Helper()
	type key struct {
		stage int
		op
	}
	ends, starts := map[key]float64{}, map[key]float64{}
	free := make([]float64, p.stages)
	for _, e := range out.events {
		if e.Kind != KindForward && e.Kind != KindBackward {
			continue
		}
		if e.Start < free[e.Stage]-1e-12 {
			t.Fatalf("stage %d begins at %g, while it works until %g", e.Stage, e.Start, free[e.Stage])
		}
		free[e.Stage] = e.End
		k := key{e.Stage, op{e.Micro, e.Chunk, e.Kind == KindBackward}}
		starts[k], ends[k] = e.Start, e.End
	}
	if want := 2 * p.stages * p.chunks * p.micros; len(starts) != want {
		t.Fatalf("%d passes, want %d", len(starts), want)
	}
	for k, start := range starts {
		before := k
		switch border := k.stage; {
		case !k.backward && k.stage > 0:
			before.stage--
			if start < ends[before]+p.send[border-1]-1e-12 {
				t.Fatalf("%+v begins at %g, its input is there at %g", k, start, ends[before]+p.send[border-1])
			}
		case k.backward && k.stage < p.stages-1:
			before.stage++
			if start < ends[before]+p.send[border]-1e-12 {
				t.Fatalf("%+v begins at %g before its gradient", k, start)
			}
		case k.backward && k.chunk == p.chunks-1:
			before.backward = false
			if start < ends[before] {
				t.Fatalf("%+v begins at %g before its forward pass ends", k, start)
			}
		}
	}
	for _, e := range out.events {
		if e.Kind == KindReduce && e.Start < lastBackward(ends, e.Stage, e.Chunk, p.micros, func(s int, o op) key { return key{s, o} }) {
			t.Fatalf("stage %d sums chunk %d before its gradients are whole", e.Stage, e.Chunk)
		}
	}
}

func lastBackward[K comparable](ends map[K]float64, stage, chunk, micros int, of func(int, op) K) float64 {
	last := 0.0
	for m := range micros {
		last = max(last, ends[of(stage, op{m, chunk, true})])
	}
	return last
}

// TestSchedule: the published order of 1F1B, and of the second of four stages.
func TestSchedule(t *testing.T) {
	got := ""
	for _, o := range schedule(1, 4, 1, 4) {
		if o.backward {
			got += "B"
		} else {
			got += "F"
		}
		got += string(rune('0' + o.micro))
	}
	if want := "F0F1F2B0F3B1B2B3"; got != want {
		t.Errorf("schedule %s, want %s", got, want)
	}
}

// TestStragglers: one slow stage makes the step as slow as a pipeline in which it
// alone counts, and never faster.
func TestStragglers(t *testing.T) {
	p := even(4, 1, 64, 1, 2)
	base := p.run().end
	p.slow[2] = 1.5
	if got := p.run().end; got < 64*3*1.5 || got > base*1.5 {
		t.Errorf("with a slow stage %g s, without %g", got, base)
	}
}
