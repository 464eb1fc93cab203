package optim

import (
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon) steps in the
// direction of the nearest orthogonal matrix of the momentum M = U S Vᵀ, which
// is U Vᵀ, found by Newton-Schulz iterations on bf16 products:
//
//	A = XᵀX    X <- X (a I + b A + c A²)
//
// X stands tall, [r, c] with r >= c: a wide matrix goes in transposed. So both
// big products read X row by row as it lies, and only the small symmetric
// matrices are packed.

// Coefficients of the iteration, which take singular values from (0, 1] to
// about 1.
const (
	muonA = 3.4445
	muonB = -4.7750
	muonC = 2.0315
)

// muonRMS is the size of AdamW's update that Muon's is matched to, so that both
// share a learning rate and a weight decay (Moonlight, arXiv:2502.16982, 2.2).
const muonRMS = 0.2

// muonBatchLen is the number of weights that go through the iterations at a
// time. It bounds the workspace and keeps it near the caches.
const muonBatchLen = 1 << 22

// muonShape is a set of equal matrices within one parameter.
type muonShape struct {
	rows, cols int   // as they lie in the parameter
	starts     []int // offset of each matrix in Master
}

func (s muonShape) tall() int  { return max(s.rows, s.cols) }
func (s muonShape) short() int { return min(s.rows, s.cols) }

// batch is the number of matrices of this shape that are worked on at a time.
func (s muonShape) batch() int {
	return min(len(s.starts), max(1, muonBatchLen/(s.rows*s.cols)))
}

// muonShapes lists the matrices of a parameter by shape, in order of first
// appearance.
func muonShapes(p *Param) []muonShape {
	parts := p.Parts
	if parts == nil {
		parts = []int{p.Out}
	}
	var shapes []muonShape
	index := map[int]int{}
	start := 0
	for range p.Groups {
		for _, rows := range parts {
			i, ok := index[rows]
			if !ok {
				i = len(shapes)
				index[rows] = i
				shapes = append(shapes, muonShape{rows: rows, cols: p.In})
			}
			shapes[i].starts = append(shapes[i].starts, start)
			start += rows * p.In
		}
	}
	if start != p.Groups*p.Out*p.In {
		panic("optim: the parts of " + p.Name + " do not add up to its rows")
	}
	return shapes
}

// muonWork is the scratch of one batch; each shape takes what it needs from
// the arrays' beginning.
type muonWork struct {
	x, y    []tensor.BF16 // [batch, tall, short]
	a, aa   []float32     // [batch, short, short]
	rows    []tensor.BF16 // [batch, short, short]: A, then the polynomial
	packed  map[[2]int]*kernel.Packed
	offsets []int32
	shapes  [][]muonShape // by parameter
}

// muonLens returns the largest lengths that any shape needs.
func muonLens(params []Param) (x, a, batch int) {
	for i := range params {
		if params[i].Rule != Muon {
			continue
		}
		for _, s := range muonShapes(&params[i]) {
			n := s.batch()
			x = max(x, n*s.rows*s.cols)
			a = max(a, n*s.short()*s.short())
			batch = max(batch, n)
		}
	}
	return x, a, batch
}

// packedKeys lists batch and size of the packed matrices that are needed.
func packedKeys(params []Param) map[[2]int]bool {
	keys := map[[2]int]bool{}
	for i := range params {
		if params[i].Rule != Muon {
			continue
		}
		for _, s := range muonShapes(&params[i]) {
			keys[[2]int{s.batch(), s.short()}] = true
			if rest := len(s.starts) % s.batch(); rest != 0 {
				keys[[2]int{rest, s.short()}] = true
			}
		}
	}
	return keys
}

func muonBytes(params []Param) int64 {
	x, a, _ := muonLens(params)
	total := 2*2*int64(x) + (4+4+2)*int64(a)
	for key := range packedKeys(params) {
		total += 2 * int64(kernel.PackedLen(key[0], key[1], key[1]))
	}
	return total
}

func newMuonWork(params []Param) *muonWork {
	x, a, batch := muonLens(params)
	w := &muonWork{
		x: make([]tensor.BF16, x), y: make([]tensor.BF16, x),
		a: make([]float32, a), aa: make([]float32, a), rows: make([]tensor.BF16, a),
		packed: map[[2]int]*kernel.Packed{}, offsets: make([]int32, batch+1),
		shapes: make([][]muonShape, len(params)),
	}
	for key := range packedKeys(params) {
		w.packed[key] = kernel.NewPacked(key[0], key[1], key[1])
	}
	for i := range params {
		if params[i].Rule == Muon {
			w.shapes[i] = muonShapes(&params[i])
		}
	}
	return w
}

// stepMuon updates parameter i.
func (o *Optimizer) stepMuon(i int, lr float64, gradScale float32) {
	p := &o.params[i]
	for _, shape := range o.muon.shapes[i] {
		for first := 0; first < len(shape.starts); first += shape.batch() {
			starts := shape.starts[first:min(first+shape.batch(), len(shape.starts))]
			job := &muonJob{
				work: o.muon, param: p, momentum: o.moments[i][0], shape: shape, starts: starts,
				mu: float32(o.settings.Momentum), gradScale: gradScale,
			}
			rate := float64(lr * p.Scale)
			job.step = float32(-rate * float64(muonRMS*math.Sqrt(float64(shape.tall()))))
			job.keep = 1
			if p.Decay {
				job.keep = float32(1 - float64(rate*o.settings.WeightDecay))
			}
			job.run(o.settings.Iterations)
		}
	}
}

// muonJob is one batch of equal matrices on its way through the stages.
type muonJob struct {
	work          *muonWork
	param         *Param
	momentum      []float32
	shape         muonShape
	starts        []int
	mu, gradScale float32
	step, keep    float32

	stage  func(j *muonJob, i int)
	x, y   []tensor.BF16
	packed *kernel.Packed
}

// Do implements par.Job: the stage for matrix i.
func (j *muonJob) Do(_, i int) { j.stage(j, i) }

func (j *muonJob) run(iterations int) {
	n, tall, short := len(j.starts), j.shape.tall(), j.shape.short()
	j.x, j.y = j.work.x[:n*tall*short], j.work.y[:n*tall*short]
	j.packed = j.work.packed[[2]int{n, short}]
	a, aa := j.work.a[:n*short*short], j.work.aa[:n*short*short]
	rows := j.work.rows[:n*short*short]
	offsets := j.work.offsets[:n+1]

	j.each((*muonJob).load)
	for range iterations {
		setOffsets(offsets, tall)
		clear(a)
		kernel.MatMulGrad(a, j.x, j.x, short, short, offsets)
		j.each((*muonJob).packA)
		setOffsets(offsets, short)
		kernel.MatMulF32(aa, rows, j.packed, offsets)
		j.each((*muonJob).packPolynomial)
		setOffsets(offsets, tall)
		kernel.MatMul(j.y, j.x, j.packed, offsets)
		j.x, j.y = j.y, j.x
	}
	j.each((*muonJob).apply)
}

func (j *muonJob) each(stage func(j *muonJob, i int)) {
	j.stage = stage
	par.Run(len(j.starts), j)
}

func setOffsets(offsets []int32, rows int) {
	for i := range offsets {
		offsets[i] = int32(i * rows)
	}
}

// load advances the momentum, looks ahead (Nesterov), scales the matrix to
// norm 1 and writes it to x. The gradient's memory holds it meanwhile.
func (j *muonJob) load(i int) {
	n := j.shape.rows * j.shape.cols
	start := j.starts[i]
	g, m := j.param.Grad[start:start+n], j.momentum[start:start+n]
	advanceMomentum(m, g, j.mu, j.gradScale)
	norm := sqrt(float64(kernel.SumSquaresF32(g)))
	kernel.ScaleF32(g, float32(1/(norm+1e-7)))
	x := j.x[i*n : (i+1)*n]
	if j.shape.rows >= j.shape.cols {
		kernel.ToBF16(x, g)
	} else {
		transposeToBF16(x, g, j.shape.rows, j.shape.cols)
	}
	clear(g)
}

// advanceMomentum sets m = mu m + s g and leaves in g the direction s g + mu m,
// up to a positive factor. It goes in pieces that stay in the first cache.
func advanceMomentum(m, g []float32, mu, s float32) {
	const piece = 2048
	for len(g) > 0 {
		n := min(piece, len(g))
		kernel.ScaleF32(g[:n], s)
		kernel.ScaleF32(m[:n], mu)
		kernel.AddF32(m[:n], g[:n])
		if mu > 0 {
			kernel.ScaleF32(g[:n], 1/mu)
			kernel.AddF32(g[:n], m[:n])
		}
		m, g = m[n:], g[n:]
	}
}

// packA rounds A and packs it as the second factor of A².
func (j *muonJob) packA(i int) {
	n := j.shape.short() * j.shape.short()
	a, rows := j.work.a[i*n:(i+1)*n], j.work.rows[i*n:(i+1)*n]
	kernel.ToBF16(rows, a)
	j.packed.PackBF16(i, rows)
}

// packPolynomial packs a I + b A + c A², which is symmetric.
func (j *muonJob) packPolynomial(i int) {
	size := j.shape.short()
	n := size * size
	a, aa := j.work.a[i*n:(i+1)*n], j.work.aa[i*n:(i+1)*n]
	for k, v := range aa {
		a[k] = float32(muonB*a[k]) + float32(muonC*v)
	}
	for k := 0; k < n; k += size + 1 {
		a[k] += muonA
	}
	j.packed.Pack(i, a)
}

// apply decays the weights and takes the step.
func (j *muonJob) apply(i int) {
	n := j.shape.rows * j.shape.cols
	start := j.starts[i]
	w, x := j.param.Master[start:start+n], j.x[i*n:(i+1)*n]
	kernel.ScaleF32(w, j.keep)
	if j.shape.rows >= j.shape.cols {
		kernel.AddScaled(w, x, j.step)
		return
	}
	addTransposed(w, x, j.shape.rows, j.shape.cols, j.step)
}

// tile is the edge of the blocks in which matrices are transposed.
const tile = 16

// transposeToBF16 writes x [cols, rows] = src [rows, cols] transposed.
func transposeToBF16(x []tensor.BF16, src []float32, rows, cols int) {
	for i0 := 0; i0 < rows; i0 += tile {
		for j0 := 0; j0 < cols; j0 += tile {
			for j := j0; j < min(j0+tile, cols); j++ {
				for i := i0; i < min(i0+tile, rows); i++ {
					x[j*rows+i] = tensor.FromFloat32(src[i*cols+j])
				}
			}
		}
	}
}

// addTransposed adds s x [cols, rows] transposed to w [rows, cols].
func addTransposed(w []float32, x []tensor.BF16, rows, cols int, s float32) {
	for i0 := 0; i0 < rows; i0 += tile {
		for j0 := 0; j0 < cols; j0 += tile {
			for i := i0; i < min(i0+tile, rows); i++ {
				for j := j0; j < min(j0+tile, cols); j++ {
					w[i*cols+j] += float32(s * x[j*rows+i].Float32())
				}
			}
		}
	}
}

// sqrt is exact to the last bit on every processor (IEEE 754).
func sqrt(x float64) float64 { return math.Sqrt(x) }
