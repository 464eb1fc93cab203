package objective

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

type golden struct {
	PPO []struct {
		Lengths                               []int
		Gamma, Lam, Clip, Coef, Policy, Value float64
		WhitenRewards                         bool    `json:"whiten_rewards"`
		ClipValue                             float64 `json:"clip_value"`
		ClipFraction                          float64 `json:"clip_fraction"`
		ValueClipFraction                     float64 `json:"value_clip_fraction"`
		Scores                                []float64
		Old, Ref, Values, Rewards             [][]float64
		Advantages, Returns, Logp, Vpred      [][]float64
		DLogp                                 [][]float64 `json:"d_logp"`
		DVpred                                [][]float64 `json:"d_vpred"`
	}
	AdaptiveKL []struct {
		Coef, Target, Horizon float64
		Steps                 []struct {
			KL, Coef float64
			N        int
		}
	} `json:"adaptive_kl"`
	DPO []struct {
		LossType               string `json:"loss_type"`
		Beta, Smoothing        float64
		Chosen, Rejected, Loss []float64
		RefChosen              []float64 `json:"ref_chosen"`
		RefRejected            []float64 `json:"ref_rejected"`
		DChosen                []float64 `json:"d_chosen"`
		DRejected              []float64 `json:"d_rejected"`
	}
	Reward []struct {
		Better, Worse, Margin []float64
		Loss                  float64
		DBetter               []float64 `json:"d_better"`
		DWorse                []float64 `json:"d_worse"`
	}
	GRPO []struct {
		LossType              string `json:"loss_type"`
		Beta, Low, High, Loss float64
		ScaleByStd            bool `json:"scale_by_std"`
		Group                 int
		MaxLength             int `json:"max_length"`
		Lengths               []int
		Rewards, Advantages   []float64
		Old, Ref, Logp        [][]float64
		DLogp                 [][]float64 `json:"d_logp"`
	}
	Ranking []struct {
		Scores, D []float64
		Loss      float64
	}
}

func readGolden(t *testing.T) *golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	g := new(golden)
	if err := json.Unmarshal(data, g); err != nil {
		t.Fatal(err)
	}
	return g
}

// same fails where got is further from want than rounding in another order explains.
func same(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12*(1+math.Abs(want))) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func sameAll(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) > len(want) {
		t.Fatalf("%s has %d numbers, want at most %d", what, len(got), len(want))
	}
	for i, w := range want {
		if i < len(got) {
			same(t, what, got[i], w)
		} else {
			same(t, what+" of padding", 0, w)
		}
	}
}

func TestPPOIsTRLs(t *testing.T) {
	for _, c := range readGolden(t).PPO {
		var rewards, values []float64
		for i, n := range c.Lengths {
			r := TokenRewards(c.Scores[i], c.Coef, c.Old[i][:n], c.Ref[i][:n], K1)
			sameAll(t, "reward", r, c.Rewards[i])
			rewards, values = append(rewards, r...), append(values, c.Values[i][:n]...)
		}
		if c.WhitenRewards {
			rewards = Whiten(rewards, nil, false)
		}
		var advantages, returns []float64
		at := 0
		for _, n := range c.Lengths {
			a, r := GAE(rewards[at:at+n], values[at:at+n], c.Gamma, c.Lam)
			advantages, returns = append(advantages, a...), append(returns, r...)
			at += n
		}
		advantages = Whiten(advantages, nil, true)
		weights := TokenWeights(c.Lengths, MeanToken, 0)
		var policy, value, clipped, valueClipped float64
		at = 0
		for i, n := range c.Lengths {
			sameAll(t, "advantage", advantages[at:at+n], c.Advantages[i])
			sameAll(t, "return", returns[at:at+n], c.Returns[i])
			dLogp, dValue := make([]float64, n), make([]float64, n)
			for j := range n {
				w := weights[i]
				loss, d, cut := PPOToken(c.Logp[i][j], c.Old[i][j], advantages[at+j], c.Clip)
				policy += w * loss
				dLogp[j] = w * d
				if cut {
					clipped += w
				}
				loss, d, cut = Value(c.Vpred[i][j], c.Values[i][j], returns[at+j], c.ClipValue)
				value += w * loss
				dValue[j] = w * d
				if cut {
					valueClipped += w
				}
			}
			sameAll(t, "derivative by logp", dLogp, c.DLogp[i])
			sameAll(t, "derivative by value", dValue, c.DVpred[i])
			at += n
		}
		same(t, "policy loss", policy, c.Policy)
		same(t, "value loss", value, c.Value)
		same(t, "clip fraction", clipped, c.ClipFraction)
		same(t, "value clip fraction", valueClipped, c.ValueClipFraction)
	}
}

func TestAdaptiveKLIsTRLs(t *testing.T) {
	for _, c := range readGolden(t).AdaptiveKL {
		a := AdaptiveKL{Coef: c.Coef, Target: c.Target, Horizon: c.Horizon}
		for _, s := range c.Steps {
			a.Update(s.KL, s.N)
			same(t, "coefficient", a.Coef, s.Coef)
		}
	}
}

func TestDPOIsTRLs(t *testing.T) {
	for _, c := range readGolden(t).DPO {
		for i := range c.Chosen {
			var loss, dChosen, dRejected float64
			if c.LossType == "ipo" {
				loss, dChosen, dRejected = IPO(c.Chosen[i], c.Rejected[i], c.RefChosen[i], c.RefRejected[i], c.Beta)
			} else {
				loss, dChosen, dRejected = DPO(c.Chosen[i], c.Rejected[i], c.RefChosen[i], c.RefRejected[i], c.Beta, c.Smoothing)
			}
			same(t, c.LossType, loss, c.Loss[i])
			same(t, c.LossType+" derivative by chosen", dChosen, c.DChosen[i])
			same(t, c.LossType+" derivative by rejected", dRejected, c.DRejected[i])
		}
	}
}

func TestBradleyTerryIsTRLs(t *testing.T) {
	for _, c := range readGolden(t).Reward {
		n := float64(len(c.Better))
		total := 0.0
		for i := range c.Better {
			loss, dBetter, dWorse := BradleyTerry(c.Better[i], c.Worse[i], c.Margin[i])
			total += loss
			same(t, "derivative by the better score", dBetter/n, c.DBetter[i])
			same(t, "derivative by the worse score", dWorse/n, c.DWorse[i])
		}
		same(t, "loss", total/n, c.Loss)
	}
}

func TestGRPOIsTRLs(t *testing.T) {
	means := map[string]Mean{"grpo": MeanAnswer, "dapo": MeanToken, "dr_grpo": MeanConstant}
	for _, c := range readGolden(t).GRPO {
		scale := ScaleNone
		if c.ScaleByStd {
			scale = ScaleGroup
		}
		advantages := GroupAdvantages(c.Rewards, c.Group, scale)
		sameAll(t, "advantage", advantages, c.Advantages)
		weights := TokenWeights(c.Lengths, means[c.LossType], c.MaxLength)
		total := 0.0
		for i, n := range c.Lengths {
			d := make([]float64, n)
			for j := range n {
				loss, dLogp, _ := PPOTokenBetween(c.Logp[i][j], c.Old[i][j], advantages[i], 1-c.Low, 1+c.High)
				kl, dKL := K3(c.Logp[i][j], c.Ref[i][j])
				total += weights[i] * (loss + c.Beta*kl)
				d[j] = weights[i] * (dLogp + c.Beta*dKL)
			}
			sameAll(t, c.LossType+" derivative by logp", d, c.DLogp[i])
		}
		same(t, c.LossType, total, c.Loss)
	}
}

func TestRankingIsTheReference(t *testing.T) {
	for _, c := range readGolden(t).Ranking {
		loss, d := Ranking(c.Scores)
		same(t, "loss", loss, c.Loss)
		sameAll(t, "derivative", d, c.D)
	}
}
