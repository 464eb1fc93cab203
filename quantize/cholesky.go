package quantize

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/internal/par"
)

// panelWidth is the number of columns that cholesky finishes at a time.
const panelWidth = 64

// cholesky replaces the lower triangle of a [n, n], symmetric and row-major, by
// L with a = L·Lᵀ; what is above the diagonal is not read and stays. A matrix
// that is not positive definite is an error. Each element is summed by one
// owner in one order, whatever the number of threads.
func cholesky(a []float64, n int) error {
	for p := 0; p < n; p += panelWidth {
		end := min(p+panelWidth, n)
		chunks := (n - p + panelWidth - 1) / panelWidth
		// What the columns before have to say.
		par.For(chunks, func(_, c int) {
			from := p + c*panelWidth
			for i := from; i < min(from+panelWidth, n); i++ {
				reduceRow(a, n, i, p, min(end, i+1))
			}
		})
		if err := factorPanel(a, n, p, end); err != nil {
			return err
		}
		par.For(chunks-1, func(_, c int) {
			from := end + c*panelWidth
			for i := from; i < min(from+panelWidth, n); i++ {
				solveRow(a, n, i, p, end)
			}
		})
	}
	return nil
}

// reduceRow subtracts from a[i][p:end] the products of row i with rows p to end
// over the columns before p.
func reduceRow(a []float64, n, i, p, end int) {
	row := a[i*n : i*n+p]
	k := p
	for ; k+4 <= end; k += 4 {
		s0, s1, s2, s3 := dot4(row, a[k*n:k*n+p], a[(k+1)*n:(k+1)*n+p], a[(k+2)*n:(k+2)*n+p], a[(k+3)*n:(k+3)*n+p])
		a[i*n+k] -= s0
		a[i*n+k+1] -= s1
		a[i*n+k+2] -= s2
		a[i*n+k+3] -= s3
	}
	for ; k < end; k++ {
		a[i*n+k] -= dot(row, a[k*n:k*n+p])
	}
}

// factorPanel factors the square a[p:end][p:end].
func factorPanel(a []float64, n, p, end int) error {
	for k := p; k < end; k++ {
		row := a[k*n+p : k*n+k]
		d := a[k*n+k] - dot(row, row)
		if !(d > 0) || math.IsInf(d, 0) {
			return fmt.Errorf("the matrix is not positive definite at row %d of %d", k, n)
		}
		d = math.Sqrt(d)
		a[k*n+k] = d
		for i := k + 1; i < end; i++ {
			a[i*n+k] = (a[i*n+k] - dot(a[i*n+p:i*n+k], row)) / d
		}
	}
	return nil
}

// solveRow divides a[i][p:end] by the triangle a[p:end][p:end].
func solveRow(a []float64, n, i, p, end int) {
	for k := p; k < end; k++ {
		a[i*n+k] = (a[i*n+k] - dot(a[i*n+p:i*n+k], a[k*n+p:k*n+k])) / a[k*n+k]
	}
}

func dot(a, b []float64) (s float64) {
	b = b[:len(a)]
	for i, v := range a {
		s += float64(v * b[i])
	}
	return s
}

// dot4 is four products with one vector.
func dot4(x, a, b, c, d []float64) (s0, s1, s2, s3 float64) {
	a, b, c, d = a[:len(x)], b[:len(x)], c[:len(x)], d[:len(x)]
	for i, v := range x {
		s0 += float64(v * a[i])
		s1 += float64(v * b[i])
		s2 += float64(v * c[i])
		s3 += float64(v * d[i])
	}
	return s0, s1, s2, s3
}
