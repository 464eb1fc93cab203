package kernel

import "github.com/polymath-lm/polymath/tensor"

// RMSNormRows does RMSNorm on len(rstd) consecutive rows of len(w) elements,
// such as the heads of a query, and stores what it returns in rstd.
func RMSNormRows(y, x []tensor.BF16, w, rstd []float32, eps float32) {
	n := len(w)
	mustMatch("RMSNormRows", len(y), len(x))
	mustMatch("RMSNormRows", len(x), n*len(rstd))
	if n == whole(n) {
		cpu.normRows(y, x, w, rstd, float32(n), eps)
		return
	}
	for r := range rstd {
		rstd[r] = RMSNorm(y[r*n:][:n], x[r*n:][:n], w, eps)
	}
}

func portableNormRows(y, x []tensor.BF16, w, rstd []float32, n, eps float32) {
	d := len(w)
	for r := range rstd {
		row := x[r*d:][:d]
		s := portableDot(row, row)
		rstd[r] = rsqrt(s.sum()/n + eps)
		portableNorm(y[r*d:][:d], row, w, rstd[r])
	}
}

// RMSNormRowsBackward does RMSNormBackward, without accumulating in dx, on
// len(rstd) consecutive rows. dw collects the gradients of all of them, in
// order.
func RMSNormRowsBackward(dx []tensor.BF16, dw []float32, dy, x []tensor.BF16, w, rstd []float32) {
	n := len(w)
	mustMatch("RMSNormRowsBackward", len(dx), len(x))
	mustMatch("RMSNormRowsBackward", len(dy), len(x))
	mustMatch("RMSNormRowsBackward", len(x), n*len(rstd))
	if dw != nil && n == whole(n) {
		mustMatch("RMSNormRowsBackward", len(dw), n)
		cpu.normRowsGrad(dx, dw, dy, x, w, rstd, float32(n))
		return
	}
	for r, v := range rstd {
		at := r * n
		RMSNormBackward(dx[at:at+n], dw, dy[at:at+n], x[at:at+n], w, v, false)
	}
}

func portableNormRowsGrad(dx []tensor.BF16, dw []float32, dy, x []tensor.BF16, w, rstd []float32, n float32) {
	d := len(w)
	for r, v := range rstd {
		at := r * d
		s := portableNormSums(dw, dy[at:at+d], x[at:at+d], w, v)
		portableNormGrad(dx[at:at+d], dy[at:at+d], x[at:at+d], w, v, s.sum()/n)
	}
}
