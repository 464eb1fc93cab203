package kernel

import (
	"fmt"
	"unsafe"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// MatMulGrad adds dyᵀ · x to the gradient of a weight, group by group.
//
//	dw [G, out, in] fp32    dy [R, out]    x [R, in]
//
// Rows are divided into groups as in MatMul; nil offsets mean one group. The
// rows of a group are what is summed, in blocks of 32 from its first row, in
// the order that MatMul states, and the sum starts at what dw holds. A group
// without rows leaves its part of dw as it is. dw must not overlap the others.
func MatMulGrad(dw []float32, dy, x []tensor.BF16, out, in int, offsets []int32) {
	rows := len(x) / in
	groups := len(dw) / (out * in)
	if len(x) != rows*in || len(dy) != rows*out || len(dw) != groups*out*in {
		panic(fmt.Sprintf("kernel: gradient of %d weights from %d by %d values, for outputs %d and inputs %d", len(dw), len(dy), len(x), out, in))
	}
	job := gradJobs.Get()
	*job = gradJob{dw: dw, dy: dy, x: x, out: out, in: in}
	if offsets == nil {
		job.all = [2]int32{0, int32(rows)}
		offsets = job.all[:]
	}
	checkOffsets(offsets, groups, rows)
	job.offsets = offsets
	job.plan(groups)
	par.Run(groups*job.perGroup, job)
	*job = gradJob{}
	gradJobs.Put(job)
}

// gradJob is one MatMulGrad. An item is a rectangle of one group's gradient.
type gradJob struct {
	dw      []float32
	dy, x   []tensor.BF16
	out, in int
	offsets []int32
	all     [2]int32

	rows, cols int // of an item, at most
	across     int // items along in
	perGroup   int
}

var gradJobs par.FreeList[gradJob]

func (j *gradJob) plan(groups int) {
	ops := &cpu.productOps
	tile := ops.tiles[len(ops.tiles)-1].rows
	j.rows, j.cols = min(j.out, ops.gradRows), min(j.in, ops.gradCols)
	threads, items := par.Threads(), itemsPerThread
	if ops.gradStrip > 0 {
		items = 2 // each packs the rows of x anew
	}
	for {
		j.across = ceilDiv(j.in, j.cols)
		j.perGroup = ceilDiv(j.out, j.rows) * j.across
		if threads == 1 || groups*j.perGroup >= items*threads {
			return
		}
		switch {
		case j.rows > tile && j.rows*2 >= j.cols:
			j.rows = max(tile, j.rows/2)
		case j.cols > PanelN:
			j.cols = max(PanelN, ceilDiv(j.cols, 2*PanelN)*PanelN)
		default:
			return
		}
	}
}

func (j *gradJob) Do(worker, i int) {
	g := i / j.perGroup
	start, end := int(j.offsets[g]), int(j.offsets[g+1])
	if start == end {
		return
	}
	i %= j.perGroup
	row, col := i/j.across*j.rows, i%j.across*j.cols
	r := gradPart{
		gradJob: j, s: workerScratch(worker), start: start, end: end,
		row: row, col: col, rows: min(j.rows, j.out-row), cols: min(j.cols, j.in-col),
		dw: j.dw[g*j.out*j.in+row*j.in+col:],
	}
	strip := r.rows
	if cpu.gradStrip > 0 {
		strip = min(strip, cpu.gradStrip)
	}
	for token := start; token < end; token += cpu.gradK {
		r.tokens(token, min(cpu.gradK, end-token), strip)
	}
}

// gradPart is an item: so many rows and columns of a group's gradient.
type gradPart struct {
	*gradJob
	s                    *scratch
	start, end           int // rows of the group
	row, col, rows, cols int
	dw                   []float32
}

// tokens adds what n rows of the group contribute, to a strip of rows of the
// gradient at a time.
func (r *gradPart) tokens(token, n, strip int) {
	s, panels := r.s, ceilDiv(r.cols, PanelN)
	s.packB(r.x[token*r.in+r.col:], r.in, n, r.cols)
	for at := 0; at < r.rows; at += strip {
		rows := min(strip, r.rows-at)
		dy, dw := r.dy[token*r.out+r.row+at:], r.dw[at*r.in:]
		s.packA(dy, r.out, n, rows)
		if strip < len(dy) {
			s.a.ahead = aheadArgs{at: uintptr(unsafe.Pointer(&dy[strip])), line: 2 * r.out}
		}
		if cpu.gradStrip > 0 && s.a.rest == 0 && r.cols%PanelN == 0 {
			s.a.mul(dw, sumsAs{row: r.in, panel: PanelN}, s.b, panels, s.a.depth*blockLen, true)
			continue
		}
		sums := s.a.sums()
		if token == r.start || strip < r.rows {
			s.c = grow(s.c, panels*sums)
			loadSums(s.c, sums, dw, r.in, rows, r.cols)
		}
		s.a.mul(s.c, s.a.panelSums(), s.b, panels, s.a.depth*blockLen, true)
		if token+n == r.end || strip < r.rows {
			storeSums(dw, r.in, s.c, sums, rows, r.cols)
		}
	}
}

// packA packs the transpose of n rows of cols values, with zeros up to a whole
// block of rows.
func (s *scratch) packA(x []tensor.BF16, stride, n, cols int) {
	s.a.shape(cols, ceilDiv(n, BlockK)*BlockK)
	blocks := 0
	if cpu.packsFar && s.a.rest == 0 {
		blocks = n / BlockK
		s.a.packTBlocks(x, stride, 0, blocks)
	}
	if done := blocks * BlockK; done < n {
		s.copyRows(x[done*stride:], stride, n-done, cols)
		s.a.packTBlocks(s.at, s.atStride, blocks, s.a.depth)
	}
}

// copyRows makes s.at from n rows of cols values, with zeros up to a whole
// block of rows.
func (s *scratch) copyRows(x []tensor.BF16, stride, n, cols int) {
	// The odd number of cache lines keeps the rows out of each other's sets.
	s.atStride = ceilDiv(cols, 64)*64 + 32
	padded := ceilDiv(n, BlockK) * BlockK
	s.at = grow(s.at, padded*s.atStride+BlockK)
	for r := range n {
		copy(s.at[r*s.atStride:][:cols], x[r*stride:])
	}
	for r := n; r < padded; r++ {
		clear(s.at[r*s.atStride:][:cols])
	}
}

// packB packs n rows of cols values, the sum going over the rows, as weights.
func (s *scratch) packB(x []tensor.BF16, stride, n, cols int) {
	depth, panels := ceilDiv(n, BlockK), ceilDiv(cols, PanelN)
	s.b = grow(s.b, panels*depth*blockLen)
	for block := range depth {
		rows := min(BlockK, n-block*BlockK)
		packColsEdge(s.b[block*blockLen:], depth*blockLen, x[block*BlockK*stride:], stride, rows, cols, s)
	}
}

// packColsEdge packs one block, at most 32 rows of any number of columns.
func packColsEdge(dst []tensor.BF16, panelLen int, x []tensor.BF16, stride, rows, cols int, s *scratch) {
	whole := cols / PanelN
	if rows < BlockK {
		whole = 0
	}
	if whole > 0 {
		cpu.packCols(&dst[0], panelLen, &x[0], stride, 2*whole)
	}
	for col := whole * PanelN; col < cols; col += PanelN {
		n := min(PanelN, cols-col)
		s.edge = [blockLen]tensor.BF16{}
		for r := range rows {
			copy(s.edge[r*PanelN:][:n], x[r*stride+col:])
		}
		cpu.packCols(&dst[col/PanelN*panelLen], panelLen, &s.edge[0], PanelN, 2)
	}
}

// loadSums reads panels of sums, zero beyond rows and cols.
func loadSums(c []float32, panelLen int, w []float32, stride, rows, cols int) {
	if whole := cols / PanelN; whole*PanelN < cols {
		clear(c[whole*panelLen:][:panelLen])
	}
	eachSums(panelLen, stride, rows, cols, func(inPanel, inRows, n int) {
		copy(c[inPanel:][:n], w[inRows:])
	})
}

// storeSums writes what loadSums read.
func storeSums(w []float32, stride int, c []float32, panelLen, rows, cols int) {
	eachSums(panelLen, stride, rows, cols, func(inPanel, inRows, n int) {
		copy(w[inRows:][:n], c[inPanel:])
	})
}

// eachSums tells where a panel's part of each row is, in panels and in rows.
func eachSums(panelLen, stride, rows, cols int, f func(inPanel, inRows, n int)) {
	for col := 0; col < cols; col += PanelN {
		for r := range rows {
			f(col/PanelN*panelLen+r*PanelN, r*stride+col, min(PanelN, cols-col))
		}
	}
}
