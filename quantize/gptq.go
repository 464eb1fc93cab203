package quantize

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// damping is added to the diagonal of a Hessian, as a share of its mean; see
// settle.
const damping = 0.01

// solver rounds the rows of matrices that meet the same inputs X so that
// (W-Q)·Xᵀ stays small (GPTQ, arXiv:2210.17323, 3): columns in ascending order,
// the error of each made up for by those that follow.
//
// With H = XᵀX = R·Rᵀ, R upper triangular, the squared error of a row is that of
// (w-q)·R. Column k of it depends on the columns up to k alone, and vanishes for
// the q_k that is
//
//	w_k + sum over j<k of (w_j-q_j)·R_jk/R_kk
//
// which is therefore what is rounded. This is GPTQ's rule without the inverse
// of H.
type solver struct {
	k, block int
	ratio    [][]float32 // for each block of columns [s, e): R_jk/R_kk, [e, block], 0 where j >= k
	weight   []float32   // R_kk², the largest of its block 1: what an error of the column costs
}

// newSolver factors h [k, k], symmetric, of which it reads one triangle, with
// damp times the mean of its diagonal added to that. Columns are rounded in
// blocks of so many. An h that is not finite is an error.
func newSolver(h []float32, k, block int, damp float64) (*solver, error) {
	mean := 0.0
	for i := range k {
		mean += float64(h[i*k+i]) / float64(k)
	}
	damp *= mean
	if mean == 0 {
		damp = 1 // nothing was seen: every column by itself
	}
	// Cholesky's factor is lower triangular; of the reversed matrix it is R
	// reversed.
	a := make([]float64, k*k)
	par.For(k, func(_, i int) {
		for j := range i + 1 {
			a[i*k+j] = float64(h[(k-1-i)*k+k-1-j])
		}
		a[i*k+i] += damp
	})
	if err := cholesky(a, k); err != nil {
		return nil, fmt.Errorf("the products of the inputs with each other cannot be factored: %w", err)
	}
	s := &solver{k: k, block: block, ratio: make([][]float32, k/block), weight: make([]float32, k)}
	par.For(k/block, func(_, b int) {
		first, end := b*block, (b+1)*block
		ratio := make([]float32, end*block)
		for c := first; c < end; c++ {
			rc := k - 1 - c // reversed
			for j := range c {
				ratio[j*block+c-first] = float32(a[(k-1-j)*k+rc] / a[rc*k+rc])
			}
		}
		s.ratio[b] = ratio
		largest := 0.0
		for c := first; c < end; c++ {
			largest = max(largest, a[(k-1-c)*k+k-1-c])
		}
		for c := first; c < end; c++ {
			v := a[(k-1-c)*k+k-1-c] / largest
			s.weight[c] = float32(v * v)
		}
	})
	return s, nil
}

// solveRows is how many rows share a pass over the ratios.
const solveRows = 16

// quantize rounds w [n, k] into dst, blocks of format d.
func (s *solver) quantize(dst []byte, d tensor.DType, w []float32) error {
	n := len(w) / s.k
	chunks := (n + solveRows - 1) / solveRows
	errs := make([]error, chunks)
	par.For(chunks, func(_, c int) {
		first, end := c*solveRows, min((c+1)*solveRows, n)
		size := len(dst) / n
		errs[c] = s.quantizeChunk(dst[first*size:end*size], d, w[first*s.k:end*s.k])
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *solver) quantizeChunk(dst []byte, d tensor.DType, w []float32) error {
	g := tensor.NewGrid(d)
	_, blockBytes := d.Block()
	rows := len(w) / s.k
	missed := make([]float32, rows*s.k) // w-q
	due := make([]float32, solveRows*s.block)
	target := make([]float32, s.block)
	for b := range s.ratio {
		clear(due)
		s.carry(due, missed, b, rows)
		for r := range rows {
			at := r*s.k + b*s.block
			err := s.roundBlock(g, w[at:at+s.block], missed[at:at+s.block], due[r*s.block:(r+1)*s.block], target, b)
			if err != nil {
				return err
			}
			g.Encode(dst[(r*len(s.ratio)+b)*blockBytes:][:blockBytes])
		}
	}
	return nil
}

// roundBlock rounds block b of a row: w its values, due what the blocks before
// have left for it. It sets missed.
func (s *solver) roundBlock(g *tensor.Grid, w, missed, due, target []float32, b int) error {
	n := s.block
	first := b * n
	inner := s.ratio[b][first*n:] // of the block's own columns
	weight := s.weight[first : first+n]
	s.aim(target, w, due, inner, 0, n)
	if err := g.Fit(target, weight); err != nil {
		return err
	}
	group := g.Group()
	for k := range n {
		if k > 0 && k%group == 0 {
			s.aim(target, w, due, inner, k, k+group)
			if err := g.FitGroup(k/group, target[k:k+group], weight[k:k+group]); err != nil {
				return err
			}
		}
		missed[k] = w[k] - g.Set(k, w[k]+due[k])
		addScaled(due[k+1:n], inner[k*n+k+1:k*n+n], missed[k])
	}
	return nil
}

// aim sets target[from:to] to what columns from to to of a block should be. That
// is what scales are chosen for: what will be rounded is not known before it is,
// but as long as nothing is, the least error is at these values.
func (s *solver) aim(target, w, due, inner []float32, from, to int) {
	copy(target[from:to], due[from:to])
	for k := from; k < to; k++ {
		missed := -target[k]
		addScaled(target[k+1:to], inner[k*s.block+k+1:k*s.block+to], missed)
		target[k] = w[k] - missed
	}
}

// addScaled adds a*x to y.
func addScaled(y, x []float32, a float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += float32(a * x[i])
	}
}

// carry adds to due [rows, block] what the columns before block b leave for it:
// missed [rows, k] times the ratios.
func (s *solver) carry(due, missed []float32, b, rows int) {
	n, k, depth := s.block, s.k, b*s.block
	ratio := s.ratio[b]
	for r := 0; r < rows; r += 4 {
		if r+4 > rows {
			for ; r < rows; r++ {
				for j := range depth {
					addScaled(due[r*n:(r+1)*n], ratio[j*n:(j+1)*n], missed[r*k+j])
				}
			}
			return
		}
		m0, m1, m2, m3 := missed[r*k:][:depth], missed[(r+1)*k:][:depth], missed[(r+2)*k:][:depth], missed[(r+3)*k:][:depth]
		for c := 0; c < n; c += 2 {
			var a0, a1, b0, b1, c0, c1, d0, d1 float32
			for j, v := range m0 {
				x, y := ratio[j*n+c], ratio[j*n+c+1]
				a0 += float32(v * x)
				a1 += float32(v * y)
				v = m1[j]
				b0 += float32(v * x)
				b1 += float32(v * y)
				v = m2[j]
				c0 += float32(v * x)
				c1 += float32(v * y)
				v = m3[j]
				d0 += float32(v * x)
				d1 += float32(v * y)
			}
			due[r*n+c], due[r*n+c+1] = due[r*n+c]+a0, due[r*n+c+1]+a1
			due[(r+1)*n+c], due[(r+1)*n+c+1] = due[(r+1)*n+c]+b0, due[(r+1)*n+c+1]+b1
			due[(r+2)*n+c], due[(r+2)*n+c+1] = due[(r+2)*n+c]+c0, due[(r+2)*n+c+1]+c1
			due[(r+3)*n+c], due[(r+3)*n+c+1] = due[(r+3)*n+c]+d0, due[(r+3)*n+c+1]+d1
		}
	}
}
