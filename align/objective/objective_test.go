package objective

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestPPOTokenHoldsBothEdges(t *testing.T) {
	for _, c := range []struct {
		logRatio, advantage, loss, d float64
		clipped                      bool
	}{
		{math.Log(2), 3, -3 * 1.2, 0, true},   // better and already likelier
		{math.Log(2), -3, 6, 6, false},        // worse and likelier: full force
		{math.Log(0.5), 3, -1.5, -1.5, false}, // better and less likely: full force
		{math.Log(0.5), -3, 3 * 0.8, 0, true}, // worse and already less likely
		{0, 3, -3, -3, false},                 // the first pass
		{800, 0, 0, 0, false},                 // nothing to learn, whatever the ratio
		{800, 3, -3 * 1.2, 0, true},           // a ratio beyond float64
		{800, -3, math.Inf(1), math.Inf(1), false},
	} {
		loss, d, clipped := PPOToken(c.logRatio, 0, c.advantage, 0.2)
		if math.IsInf(c.loss, 1) && math.IsInf(loss, 1) && math.IsInf(d, 1) {
			continue
		}
		if math.Abs(loss-c.loss) > 1e-14 || math.Abs(d-c.d) > 1e-14 || clipped != c.clipped {
			t.Errorf("%+v: loss %v, derivative %v, clipped %v", c, loss, d, clipped)
		}
	}
	if loss, _, _ := PPOToken(math.NaN(), 0, 0, 0.2); loss == loss {
		t.Error("a log-probability that is a NaN is lost where the advantage is 0")
	}
}

func TestValueWithoutClip(t *testing.T) {
	if loss, d, clipped := Value(3, 0, 1, 0); loss != 2 || d != 2 || clipped {
		t.Errorf("loss %v, derivative %v, clipped %v", loss, d, clipped)
	}
}

// TestKLEstimatesAreTheDivergence takes the expectation over a whole vocabulary:
// K1's and K3's is the divergence, and the derivatives' by a logit is as promised.
func TestKLEstimatesAreTheDivergence(t *testing.T) {
	p, q := []float64{0.5, 0.2, 0.2, 0.1}, []float64{0.1, 0.3, 0.2, 0.4}
	want, k1, k3, d1, d2 := 0.0, 0.0, 0.0, 0.0, 0.0
	for i := range p {
		logp, ref := math.Log(p[i]), math.Log(q[i])
		want += p[i] * (logp - ref)
		a, da := K1(logp, ref)
		c, _ := K3(logp, ref)
		_, db := K2(logp, ref)
		k1, k3 = k1+p[i]*a, k3+p[i]*c
		score := -p[0] // derivative of log p[i] by the first logit
		if i == 0 {
			score++
		}
		d1, d2 = d1+p[i]*da*score, d2+p[i]*db*score
	}
	same(t, "K1", k1, want)
	same(t, "K3", k3, want)
	same(t, "K1's derivative", d1, 0)
	same(t, "K2's derivative", d2, p[0]*(math.Log(p[0]/q[0])-want))
}

func TestKLIsNeverNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Float64Range(-1, 1).Draw(t, "d") * math.Pow(10, -float64(rapid.IntRange(0, 300).Draw(t, "e")))
		if kl, _ := K3(-d, 0); kl < 0 || math.Abs(d) > 1e-150 && math.Abs(d) < 1e-3 && math.Abs(kl/(0.5*d*d)-1) > 1e-3 {
			t.Fatalf("K3 of a difference of %v is %v", d, kl)
		}
	})
	for _, name := range []string{"k1", "k2", "k3"} {
		if estimate, ok := KLNamed(name); !ok {
			t.Errorf("no estimate is called %s", name)
		} else if kl, _ := estimate(-2, -2); kl != 0 {
			t.Errorf("%s of equal log-probabilities is %v", name, kl)
		}
	}
	if _, ok := KLNamed("k4"); ok {
		t.Error("there is an estimate k4")
	}
}

func TestAdaptiveKLFixedAndFaulty(t *testing.T) {
	fixed := AdaptiveKL{Coef: 0.1}
	fixed.Update(100, 64)
	moving := AdaptiveKL{Coef: 0.1, Target: 1, Horizon: 100}
	moving.Update(math.NaN(), 64)
	moving.Update(math.Inf(1), 64)
	if fixed.Coef != 0.1 || moving.Coef != 0.1 {
		t.Errorf("coefficients moved to %v and %v", fixed.Coef, moving.Coef)
	}
	moving.Update(0, 1000) // of fewer answers than it has at once
	if moving.Coef != 0.05 {
		t.Errorf("the coefficient fell to %v", moving.Coef)
	}
}

func TestPreferencesFarOut(t *testing.T) {
	for _, z := range []float64{0, 1e-300, 5, 700, 1e6} {
		loss, d, _ := BradleyTerry(z, 0, 0)
		lost, dLost, _ := BradleyTerry(0, z, 0)
		if !(loss >= 0) || math.IsInf(lost, 0) || math.Abs(lost-loss-z) > 1e-9*(1+z) || math.Abs(d+dLost+1) > 1e-15 {
			t.Errorf("at %v: losses %v and %v, derivatives %v and %v", z, loss, lost, d, dLost)
		}
	}
	if loss, _, _ := BradleyTerry(40, 0, 0); math.Abs(loss/math.Exp(-40)-1) > 1e-14 {
		t.Errorf("a small loss is rounded away: %v", loss)
	}
	for _, scores := range [][]float64{nil, {3}} {
		if loss, d := Ranking(scores); loss != 0 || sum(d) != 0 {
			t.Errorf("ranking of %v: loss %v, derivatives %v", scores, loss, d)
		}
	}
	if loss, d := Ranking([]float64{1e6, -1e6, 0}); math.Abs(loss-1e6) > 1e-6 || math.Abs(sum(d)) > 1e-15 {
		t.Errorf("ranking far out: loss %v, derivatives %v", loss, d)
	}
	if loss, _, _ := BradleyTerry(math.NaN(), 0, 0); loss == loss {
		t.Error("a NaN is lost")
	}
}

func TestExplainedVariance(t *testing.T) {
	returns := []float64{1, 2, 3, 6}
	same(t, "of the returns", ExplainedVariance(returns, returns), 1)
	same(t, "of a constant", ExplainedVariance([]float64{9, 9, 9, 9}, returns), 0)
	same(t, "of the opposite", ExplainedVariance([]float64{-1, -2, -3, -6}, returns), -3)
	for _, r := range [][]float64{nil, {2}, {2, 2}} {
		if v := ExplainedVariance(make([]float64, len(r)), r); v == v {
			t.Errorf("of %v it is %v and not NaN", r, v)
		}
	}
}

func TestRunningGoesOnFromItsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-1e3, 1e3), 0, 30).Draw(t, "x")
		cut := rapid.IntRange(0, len(x)).Draw(t, "cut")
		var whole, resumed Running
		for i, v := range x {
			if i == cut {
				data, err := json.Marshal(resumed)
				if err != nil {
					t.Fatal(err)
				}
				resumed = Running{}
				if err := json.Unmarshal(data, &resumed); err != nil {
					t.Fatal(err)
				}
			}
			whole.Add(v)
			resumed.Add(v)
			resumed.Add(math.NaN())
			resumed.Add(math.Inf(-1))
		}
		if whole != resumed {
			t.Fatalf("resumed %+v, never stopped %+v", resumed, whole)
		}
		if len(x) < 2 {
			if whole.Std() != 0 || whole.Scale(5) != 5 {
				t.Fatalf("%v has the standard deviation %v", x, whole.Std())
			}
			return
		}
		mean, squares := moments(x)
		if std := math.Sqrt(squares / float64(len(x)-1)); math.Abs(whole.Mean-mean) > 1e-9 || math.Abs(whole.Std()-std) > 1e-9 {
			t.Fatalf("mean %v and standard deviation %v, want %v and %v", whole.Mean, whole.Std(), mean, std)
		}
	})
}
