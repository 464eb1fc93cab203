package kernel

// Softmax sets p[i] = exp(x[i]-m) * (1/s), where m is the largest x and s the
// sum of the exponentials, and returns lse = m + log(s), the logarithm of the
// sum of exp(x). p may be x.
//
// An x of -Inf has the weight 0. A NaN or +Inf anywhere, or a row of nothing
// but -Inf, makes lse a NaN: callers that must not go on test that. An empty
// row has the lse -Inf.
func Softmax(p, x []float32) (lse float32) {
	mustMatch("Softmax", len(p), len(x))
	if len(x) == 0 {
		return lowest
	}
	m := rowMax(x)
	n := whole(len(x))
	s := cpu.expSumTo(p[:n], x[:n], m)
	for i := n; i < len(x); i++ {
		p[i] = expDown(x[i] - m)
		s[i-n] += p[i]
	}
	sum := s.sum()
	ScaleF32(p, 1/sum)
	return m + log32(sum)
}

// LogSumExp returns the lse of Softmax, with the same bits, without the weights.
func LogSumExp(x []float32) float32 {
	if len(x) == 0 {
		return lowest
	}
	m := rowMax(x)
	n := whole(len(x))
	s := cpu.expSum(x[:n], m)
	for i := n; i < len(x); i++ {
		s[i-n] += expDown(x[i] - m)
	}
	return m + log32(s.sum())
}

// rowMax returns the largest element of x. It passes over NaNs, which the sum
// of the exponentials finds.
func rowMax(x []float32) float32 {
	n := whole(len(x))
	s := cpu.max(x[:n])
	for i := n; i < len(x); i++ {
		s[i-n] = larger(x[i], s[i-n])
	}
	return s.max()
}

func portableMax(x []float32) lanes {
	s := lowestLanes()
	for i, v := range x {
		s[i%numLanes] = larger(v, s[i%numLanes])
	}
	return s
}

func portableExpSum(x []float32, m float32) (s lanes) {
	for i, v := range x {
		s[i%numLanes] += expDown(v - m)
	}
	return s
}

func portableExpSumTo(p, x []float32, m float32) (s lanes) {
	for i, v := range x {
		p[i] = expDown(v - m)
		s[i%numLanes] += p[i]
	}
	return s
}
