package kernel

import (
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// segment holds the probabilities of a piece of a row. Its length is a multiple
// of sixteen, so that elements keep their lanes.
type segment [256]float32

var segments par.FreeList[segment]

// fill sets the first len(x) elements to exp(x - lse).
func (s *segment) fill(x []float32, lse float32) {
	n := whole(len(x))
	cpu.expSumTo(s[:n], x[:n], lse)
	for i := n; i < len(x); i++ {
		s[i] = expDown(x[i] - lse)
	}
}

// Entropy returns the entropy in nats of the distribution with these logits,
// the sum of -p*log(p) with log(p) = logit - lse, in sixteen lanes and a tree.
// lse comes from LogSumExp(logits), whose rounding could make the sum a little
// negative: it is 0 then. What has no probability adds nothing. A NaN in lse
// gives a NaN.
func Entropy(logits []float32, lse float32) float32 {
	var sums lanes
	p := segments.Get()
	for lo := 0; lo < len(logits); lo += len(p) {
		x := logits[lo:min(lo+len(p), len(logits))]
		p.fill(x, lse)
		n := whole(len(x))
		for i := 0; i < n; i += numLanes {
			sums.addSurprise((*lanes)(p[i:]), (*lanes)(x[i:]), lse)
		}
		for i := n; i < len(x); i++ {
			if p[i] != 0 {
				sums[i-n] += float32(p[i] * (lse - x[i]))
			}
		}
	}
	segments.Put(p)
	return max(sums.sum(), 0)
}

// addSurprise adds -p*log(p) of each lane's element.
func (s *lanes) addSurprise(p, x *lanes, lse float32) {
	for l, v := range x {
		if p[l] != 0 {
			s[l] += float32(p[l] * (lse - v))
		}
	}
}

// EntropyGrad is CrossEntropyGrad for a loss with slope*H besides, where H is
// the entropy of the distribution: dx is the derivative, by the logits, of
//
//	scale*(lse - logits[target]) + zscale*lse*lse + slope*H
//
// which is p*(scale + 2*zscale*lse - slope*(log(p) + H)), less scale at the
// target.
func EntropyGrad(dx []tensor.BF16, logits []float32, target int, lse, scale, zscale, slope float32) {
	mustMatch("EntropyGrad", len(dx), len(logits))
	c := fma(float32(2*zscale), lse, scale)
	h := Entropy(logits, lse)
	p := segments.Get()
	for lo := 0; lo < len(logits); lo += len(p) {
		x := logits[lo:min(lo+len(p), len(logits))]
		d := dx[lo:][:len(x)]
		p.fill(x, lse)
		for i, w := range p[:len(x)] {
			d[i] = 0
			if w != 0 {
				d[i] = tensor.FromFloat32(w * entropySlope(x[i], lse, c, h, slope))
			}
		}
	}
	segments.Put(p)
	at, own := logits[target], -scale
	if p := expDown(at - lse); p != 0 {
		own = fma(p, entropySlope(at, lse, c, h, slope), -scale)
	}
	dx[target] = tensor.FromFloat32(own)
}

// entropySlope returns c - slope*(log(p) + h) of a logit.
func entropySlope(logit, lse, c, h, slope float32) float32 {
	return c - float32(slope*((logit-lse)+h))
}
