package cluster

import (
	"math"
	"testing"

	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/plan"
)

// TestPartition compares with all ways to cut a few layers.
func TestPartition(t *testing.T) {
	rng := random.New(3)
	for range 200 {
		cost := make([]float64, rng.Between(1, 9))
		for i := range cost {
			cost[i] = float64(rng.Between(1, 9))
		}
		pieces := rng.Between(1, len(cost))
		head := float64(rng.Between(0, 12))
		got := partition(cost, head, pieces)
		next := 0
		for _, layers := range got {
			if len(layers) == 0 {
				t.Fatalf("%v in %d pieces: %v has an empty one", cost, pieces, got)
			}
			for _, l := range layers {
				if l != next {
					t.Fatalf("%v in %d pieces: %v is out of order", cost, pieces, got)
				}
				next++
			}
		}
		if next != len(cost) {
			t.Fatalf("%v in %d pieces: %v leaves layers out", cost, pieces, got)
		}
		if len(cost)%pieces == 0 {
			continue // equal counts by intention
		}
		if have, best := longest(cost, head, got), bestCut(cost, head, pieces); have > best+1e-9 {
			t.Errorf("%v and %g in %d pieces: the longest is %g, and %g can be had", cost, head, pieces, have, best)
		}
	}
}

func longest(cost []float64, head float64, pieces [][]int) float64 {
	worst := 0.0
	for i, layers := range pieces {
		sum := 0.0
		if i == len(pieces)-1 {
			sum = head
		}
		for _, l := range layers {
			sum += cost[l]
		}
		worst = max(worst, sum)
	}
	return worst
}

// bestCut tries every cut.
func bestCut(cost []float64, head float64, pieces int) float64 {
	if pieces == 1 {
		sum := head
		for _, c := range cost {
			sum += c
		}
		return sum
	}
	best, sum := math.Inf(1), 0.0
	for n := 1; n <= len(cost)-pieces+1; n++ {
		sum += cost[n-1]
		best = min(best, max(sum, bestCut(cost[n:], head, pieces-1)))
	}
	return best
}

// TestWeights: what the stages of a replica hold is the model.
func TestWeights(t *testing.T) {
	for _, name := range []string{"gpt-4", "llama-3-405b", "deepseek-v3", "mixtral-8x7b", "gemma-2-9b"} {
		m := builtin(t, name)
		for _, text := range []string{"", "pp4 vp2 mb1", "pp3", "ep8 dp8"} {
			l := testLayout(t, m, text)
			if l.Check(m) != nil {
				continue
			}
			w := testWorker(t, m, &l)
			sum := 0.0
			for _, row := range w.chunks() {
				for s := range row {
					sum += row[s].weights + row[s].experts*float64(l.Expert)
				}
			}
			p := m.Params()
			want := float64(p.Total)
			if l.Expert == 1 {
				want += float64(p.Predictors)
			} else {
				sum -= float64(p.Predictors) / float64(l.Expert)
			}
			if m.Tied && l.Pipeline > 1 { // the first and the last stage have the table
				want += float64(m.Vocabulary) * float64(m.Width)
			}
			if math.Abs(sum/want-1) > 1e-4 { // norms at the ends, biases of the output
				t.Errorf("%s %s: stages hold %.6g parameters, the model has %.6g", name, &l, sum, want)
			}
		}
	}
}

// TestProducts: a device's products are the model's operations at the rate of
// products, from above: nothing is faster, and large ones are little slower.
func TestProducts(t *testing.T) {
	for _, name := range []string{"gpt-3", "llama-3-70b", "deepseek-v3", "gpt-4"} {
		m := builtin(t, name)
		l := testLayout(t, m, "mb8")
		w := testWorker(t, m, &l)
		w.k.Imbalance = 1
		sum := Share{}
		for _, row := range w.chunks() {
			for s := range row {
				sum = sum.plus(row[s].forward)
			}
		}
		f := m.FLOPsPerToken(l.Sequence, true)
		flop := (f.Total - f.Part(plan.PartScores)) / 3 * w.t
		least := flop / w.k.product(&w.c.Accelerator, BF16)
		if got := sum.Products; got < least*0.98 || got > least*1.6 { // predictors see the table once more
			t.Errorf("%s: products take %.4g s, at the full rate %.4g", name, got, least)
		}
		scores := f.Part(plan.PartScores) / 3 * w.t / (w.k.product(&w.c.Accelerator, BF16) * w.k.Attention)
		if math.Abs(sum.Attention/scores-1) > 0.05 {
			t.Errorf("%s: attention takes %.4g s, by the count %.4g", name, sum.Attention, scores)
		}
	}
}

func builtin(t testing.TB, name string) *plan.Model {
	t.Helper()
	m, err := plan.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func testLayout(t testing.TB, m *plan.Model, text string) Layout {
	t.Helper()
	var base Layout
	base.SetDefaults()
	base.Batch, base.Sequence = 256, min(4096, m.Context)
	l, err := ParseLayout(text, base)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func testWorker(t testing.TB, m *plan.Model, l *Layout) *worker {
	t.Helper()
	a, err := FindAccelerator("h100")
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(a, l.Devices())
	if err != nil {
		t.Fatal(err)
	}
	return &worker{m: m, c: c, l: l, k: Fitted(), t: l.tokensHere()}
}

// TestExchange: a ring moves what it must and no less, links are faster than the
// network, and a token that its experts' nodes share crosses it less often.
func TestExchange(t *testing.T) {
	c, k := machine(t, "h100x1024"), Fitted()
	for _, size := range []int{2, 8, 64, 1024} {
		g := c.group(size, 1)
		least := float64(size-1) / float64(size) * 1e9 / c.Link
		if got := c.gather(g, 1e9, k); got < least || size > 8 && got < least*1.1 {
			t.Errorf("%d devices gather 1 GB in %g s, over links alone %g", size, got, least)
		}
	}
	if near, far := c.gather(c.group(8, 1), 1e9, k), c.gather(c.group(8, 8), 1e9, k); far < 4*near {
		t.Errorf("8 devices of one node take %g s, of 8 nodes %g", near, far)
	}
	m := builtin(t, "deepseek-v3")
	l := testLayout(t, m, "dp64 ep64")
	w := testWorker(t, m, &l)
	free := w.forward(10).Expert
	l.ExpertDomains = 4
	if limited := w.forward(10).Expert; limited > free*0.7 {
		t.Errorf("the all-to-all takes %g s, to 4 nodes at most %g", free, limited)
	}
	l.OverlapExpert = true
	if hidden := w.forward(10).Expert; hidden >= free*0.7 {
		t.Errorf("hidden behind products %g s are seen", hidden)
	}
}

// TestContext: a long sequence divided over devices takes less memory and, behind
// attention, little more than its share of time.
func TestContext(t *testing.T) {
	m := builtin(t, "llama-3-70b")
	l := testLayout(t, m, "tp8 dp2")
	l.Sequence = 131072
	alone := testWorker(t, m, &l)
	d := l
	d.Data, d.Context = 1, 2
	divided := testWorker(t, m, &d)
	if a, b := alone.forward(3).Sum(), divided.forward(3).Sum(); b < a/2 || b > a*0.6 {
		t.Errorf("a layer takes %g s, over 2 devices %g", a, b)
	}
	if a, b := alone.activations(3), divided.activations(3); math.Abs(b/a-0.5) > 1e-9 {
		t.Errorf("activations of %g bytes, over 2 devices %g", a, b)
	}
}
