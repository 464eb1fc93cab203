package kernel

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// Packed holds the weights of Groups products y [R, N] = x [R, K] · w in the
// order in which they are read.
//
// Per group there are ceil(N/32) panels of 32 columns; a panel is ceil(K/32)
// blocks of 32 along K; a block is two halves of 16 columns, each
// [16 pairs][16 columns][2]: one B tile of Intel AMX, 2 KiB in all. What lies
// beyond K and N is zero. A Packed may be read by several goroutines.
//
// Weights of NewQuantized have no Data: each panel is stored by itself, in its
// own format (see SetRows).
type Packed struct {
	Groups, K, N int
	Data         []tensor.BF16

	stored []storedPanel // [Groups][panels], instead of Data
}

// NewPacked returns weights of zero. It panics if a size is not positive.
func NewPacked(groups, k, n int) *Packed {
	return &Packed{Groups: groups, K: k, N: n, Data: tensor.Make[tensor.BF16](PackedLen(groups, k, n))}
}

// PackedLen returns the number of elements of Packed.Data.
func PackedLen(groups, k, n int) int {
	if groups <= 0 || k <= 0 || n <= 0 {
		panic(fmt.Sprintf("kernel: packed weights of %d groups of %d x %d", groups, k, n))
	}
	return groups * ceilDiv(n, PanelN) * ceilDiv(k, BlockK) * blockLen
}

// Plain reports whether the weights are bf16, all in Data.
func (p *Packed) Plain() bool { return p.stored == nil }

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (p *Packed) blocks() int   { return ceilDiv(p.K, BlockK) }
func (p *Packed) panels() int   { return ceilDiv(p.N, PanelN) }
func (p *Packed) panelLen() int { return p.blocks() * blockLen }
func (p *Packed) groupLen() int { return p.panels() * p.panelLen() }

// Pack rounds w, group g's weights as a row-major matrix [N, K] (outputs by
// inputs), so that MatMul gives x · wᵀ. It runs on the calling goroutine:
// different groups may be packed at the same time. PackAll is the parallel
// form.
func (p *Packed) Pack(g int, w []float32) {
	p.check(g, len(w))
	for panel := range p.panels() {
		packPanel(p, g, panel, w)
	}
}

// PackT rounds w, group g's weights as a row-major matrix [K, N], so that
// MatMul gives x · w. With w a matrix of outputs by inputs, and K the outputs,
// that is the product of the backward pass. It runs on the calling goroutine.
func (p *Packed) PackT(g int, w []float32) {
	p.check(g, len(w))
	for block := range p.blocks() {
		packBlockT(p, g, block, w)
	}
}

// PackBF16 is Pack without rounding.
func (p *Packed) PackBF16(g int, w []tensor.BF16) {
	p.check(g, len(w))
	for panel := range p.panels() {
		packPanel(p, g, panel, w)
	}
}

// PackTBF16 is PackT without rounding.
func (p *Packed) PackTBF16(g int, w []tensor.BF16) {
	p.check(g, len(w))
	for block := range p.blocks() {
		packBlockT(p, g, block, w)
	}
}

func (p *Packed) check(g, n int) {
	if g < 0 || g >= p.Groups || n != p.K*p.N {
		panic(fmt.Sprintf("kernel: packing %d values as group %d of %d groups of %d x %d", n, g, p.Groups, p.K, p.N))
	}
}

// PackAll is Pack for all groups, w [Groups, N, K], in parallel.
func (p *Packed) PackAll(w []float32) {
	if len(w) != p.Groups*p.K*p.N {
		panic(fmt.Sprintf("kernel: packing %d values as %d groups of %d x %d", len(w), p.Groups, p.K, p.N))
	}
	job := packJobs.Get()
	*job = packJob{p: p, w: w}
	par.Run(p.Groups*p.panels(), job)
	packJobs.Put(job)
}

// PackAllT is PackT for all groups, w [Groups, K, N], in parallel.
func (p *Packed) PackAllT(w []float32) {
	if len(w) != p.Groups*p.K*p.N {
		panic(fmt.Sprintf("kernel: packing %d values as %d groups of %d x %d", len(w), p.Groups, p.K, p.N))
	}
	job := packJobs.Get()
	*job = packJob{p: p, w: w, transposed: true}
	par.Run(p.Groups*p.blocks(), job)
	packJobs.Put(job)
}

type packJob struct {
	p          *Packed
	w          []float32
	transposed bool
}

var packJobs par.FreeList[packJob]

func (j *packJob) Do(_, i int) {
	n := j.p.panels()
	if j.transposed {
		n = j.p.blocks()
	}
	w := j.w[i/n*j.p.K*j.p.N:][:j.p.K*j.p.N]
	if j.transposed {
		packBlockT(j.p, i/n, i%n, w)
	} else {
		packPanel(j.p, i/n, i%n, w)
	}
}

// packChunk is the number of blocks that are rounded before they are packed.
const packChunk = 16

var packBuffers par.FreeList[[packChunk * blockLen]tensor.BF16]

// packPanel packs 32 rows of w [N, K].
func packPanel[T float32 | tensor.BF16](p *Packed, g, panel int, w []T) {
	rows := packBuffers.Get()
	defer packBuffers.Put(rows)
	dst := p.Data[g*p.groupLen()+panel*p.panelLen():][:p.panelLen()]
	n := min(PanelN, p.N-panel*PanelN)
	for block := 0; block < p.blocks(); block += packChunk {
		k := block * BlockK
		width := min(packChunk*BlockK, p.K-k)
		blocks := ceilDiv(width, BlockK)
		stride := blocks * BlockK
		if n < PanelN || width < stride {
			clear(rows[:])
		}
		for r := range n {
			from := w[(panel*PanelN+r)*p.K+k:][:width]
			toBF16(rows[r*stride:][:width], from)
		}
		for h := range 2 {
			cpu.packRows(&dst[block*blockLen+h*halfLen], &rows[h*halfN*stride], stride, blocks)
		}
	}
}

// packBlockT packs 32 rows of w [K, N].
func packBlockT[T float32 | tensor.BF16](p *Packed, g, block int, w []T) {
	rows := packBuffers.Get()
	defer packBuffers.Put(rows)
	dst := p.Data[g*p.groupLen():][:p.groupLen()]
	k := min(BlockK, p.K-block*BlockK)
	for panel := 0; panel < p.panels(); panel += packChunk {
		n := panel * PanelN
		width := min(packChunk*PanelN, p.N-n)
		panels := ceilDiv(width, PanelN)
		stride := panels * PanelN
		if k < BlockK || width < stride {
			clear(rows[:])
		}
		for r := range k {
			from := w[(block*BlockK+r)*p.N+n:][:width]
			toBF16(rows[r*stride:][:width], from)
		}
		cpu.packCols(&dst[panel*p.panelLen()+block*blockLen], p.panelLen(), &rows[0], stride, 2*panels)
	}
}

func toBF16[T float32 | tensor.BF16](dst []tensor.BF16, src []T) {
	switch src := any(src).(type) {
	case []tensor.BF16:
		copy(dst, src)
	case []float32:
		ToBF16(dst, src)
	}
}
