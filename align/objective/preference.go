package objective

import "github.com/polymath-lm/polymath/internal/kernel"

// BradleyTerry is the loss of a reward model on one pair (Ouyang et al.,
// arXiv:2203.02155, equation 1; the margin is Llama 2's, arXiv:2307.09288, 3.2.2):
//
//	loss = -log(sigmoid(better - worse - margin))
//
// and its derivatives by the two scores, which are opposite. Equal scores without
// margin give log 2.
func BradleyTerry(better, worse, margin float64) (loss, dBetter, dWorse float64) {
	z := better - worse - margin
	d := -Sigmoid(-z)
	return -LogSigmoid(z), d, -d
}

// Ranking is the loss of a reward model on one ranking of several answers,
// scores best first, by Plackett-Luce:
//
//	loss = sum over i < n-1 of (log(sum over j >= i of exp(scores[j])) - scores[i])
//
// (Rafailov et al., arXiv:2305.18290, A.3). d is its derivative by each score and
// adds up to 0. Of two scores it is BradleyTerry without margin, of fewer 0.
func Ranking(scores []float64) (loss float64, d []float64) {
	d = make([]float64, len(scores))
	for i := 0; i+1 < len(scores); i++ {
		rest := scores[i:]
		top := rest[0]
		for _, s := range rest {
			top = max(top, s)
		}
		total := 0.0
		for _, s := range rest {
			total += kernel.Exp64(s - top)
		}
		loss += top + kernel.Log(total) - rest[0]
		for j, s := range rest {
			d[i+j] += kernel.Exp64(s-top) / total
		}
		d[i]--
	}
	return loss, d
}

// DPO is the loss of direct preference optimization on one pair (Rafailov et al.,
// arXiv:2305.18290, equation 7), from log-probabilities of whole answers under
// the policy and the reference:
//
//	z = beta * ((policyChosen - refChosen) - (policyRejected - refRejected))
//	loss = -(1-smoothing)*log(sigmoid(z)) - smoothing*log(sigmoid(-z))
//
// and its derivatives by the policy's two log-probabilities, which are opposite.
// smoothing is the share of labels taken to be wrong (conservative DPO, Mitchell
// 2023); with 0 it is DPO itself. Where policy and reference agree z is 0 and the
// loss log 2.
func DPO(policyChosen, policyRejected, refChosen, refRejected, beta, smoothing float64) (loss, dChosen, dRejected float64) {
	z := float64(beta * ((policyChosen - refChosen) - (policyRejected - refRejected)))
	loss = -float64((1-smoothing)*LogSigmoid(z)) - float64(smoothing*LogSigmoid(-z))
	d := float64(beta * (float64(smoothing*Sigmoid(z)) - float64((1-smoothing)*Sigmoid(-z))))
	return loss, d, -d
}

// IPO is the loss of identity preference optimization on one pair (Azar et al.,
// arXiv:2310.12036, equation 17):
//
//	loss = (((policyChosen - refChosen) - (policyRejected - refRejected)) - 1/(2*beta))^2
//
// and its derivatives by the policy's two log-probabilities. The paper's results,
// and TRL since 1.0, take log-probabilities that are means over the tokens of each
// answer; whether to divide is the caller's. beta must not be 0.
func IPO(policyChosen, policyRejected, refChosen, refRejected, beta float64) (loss, dChosen, dRejected float64) {
	z := ((policyChosen - refChosen) - (policyRejected - refRejected)) - 1/float64(2*beta)
	return float64(z * z), 2 * z, -2 * z
}
