package kernel

import (
	"fmt"
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// storedPanel is one panel of quantized weights: its format, nil for bf16, and
// its bytes, nil if it is not there.
type storedPanel struct {
	coding        *coding
	data          []byte
	regular, mild bool // see fileUnit
	order         codeOrder
}

// NewQuantized returns weights whose panels of 32 columns have a number format
// each, as SetRows gives them; none is there yet. Data is nil: Pack and its kin
// are not for them. MatMul decodes a panel to bf16 on the way into the product,
// so its result has the bits that it has with the decoded weights. It panics if
// a size is not positive.
func NewQuantized(groups, k, n int) *Packed {
	PackedLen(groups, k, n)
	p := &Packed{Groups: groups, K: k, N: n}
	p.stored = make([]storedPanel, groups*p.panels())
	return p
}

// QuantizedBytes returns the memory that SetRows takes for n rows of k numbers
// of format d.
func QuantizedBytes(d tensor.DType, k, n int) int64 {
	return int64(ceilDiv(n, PanelN)) * int64(panelBytes(codingOf(d), k))
}

// panelBytes is the size of a panel with k rows; c is nil for bf16.
func panelBytes(c *coding, k int) int {
	blocks := ceilDiv(k, BlockK)
	if c == nil {
		return blocks * blockLen * 2
	}
	return blocks / c.blocks * 2 * c.halfBytes()
}

// SizeBytes returns the memory of the weights that are there. It must not run
// at the same time as SetRows.
func (p *Packed) SizeBytes() int64 {
	n := 2 * int64(len(p.Data))
	for i := range p.stored {
		n += int64(len(p.stored[i].data))
	}
	return n
}

// group returns the panels of group g.
func (p *Packed) group(g int) []storedPanel {
	return p.stored[g*p.panels():][:p.panels()]
}

// unitBlocks is the number of blocks along K that every format has whole units in.
const unitBlocks = 8

// decodedBlocks is the number of blocks that are decoded at a time: they stay
// in the nearest cache until they have met all rows.
func decodedBlocks() int { return max(unitBlocks, min(cpu.kc, 512)/BlockK) }

// mulStored computes c (+)= A · b for stored panels, from a block of K on.
func (s *scratch) mulStored(c []float32, panels []storedPanel, block int, add bool) {
	as := s.a.panelSums()
	for i := range panels {
		c, panel := c[i*as.panel:], &panels[i]
		switch {
		case panel.data == nil:
			panic("kernel: product with weights that are not in memory")
		case panel.coding == nil:
			s.a.mul(c, as, tensor.View[tensor.BF16](panel.data)[block*blockLen:], 1, 0, add)
		default:
			s.mulCoded(c, as, panel, block, add)
		}
	}
}

// decodePanels returns panels as plain weights, until the next call.
func (s *scratch) decodePanels(panels []storedPanel, panelLen int) []tensor.BF16 {
	s.b = grow(s.b, len(panels)*panelLen)
	for i := range panels {
		dst, panel := s.b[i*panelLen:][:panelLen], &panels[i]
		switch {
		case panel.data == nil:
			panic("kernel: product with weights that are not in memory")
		case panel.coding == nil:
			copy(dst, tensor.View[tensor.BF16](panel.data))
		default:
			panel.decode(&dst[0], &panel.data[0], panelLen/blockLen/panel.coding.blocks)
		}
	}
	return s.b
}

// mulCoded is mulStored for one panel in a format of blocks.
func (s *scratch) mulCoded(c []float32, as sumsAs, panel *storedPanel, block int, add bool) {
	if s.mulFewRows(c, panel, block, add) {
		return
	}
	unit := 2 * panel.coding.halfBytes()
	step := decodedBlocks()
	s.b = grow(s.b, step*blockLen)
	sums := unsafe.Pointer(&c[0])
	for at := 0; at < s.a.depth; at += step {
		n := min(step, s.a.depth-at)
		panel.decode(&s.b[0], &panel.data[(block+at)/panel.coding.blocks*unit], n/panel.coding.blocks)
		s.a.args = tileArgs{panels: 1, cRow: as.row * 4, kb: n, b: unsafe.Pointer(&s.b[0]), marks: s.a.args.marks}
		s.a.mulRows(0, at, sums, add || at > 0)
	}
}

// mulFewRows does mulCoded's work if A is one tile and there is a primitive for
// it.
func (s *scratch) mulFewRows(c []float32, panel *storedPanel, block int, add bool) bool {
	rows, format := s.a.last.rows, panel.coding.index
	if panel.order != cpu.order || s.a.fulls > 0 {
		return false
	}
	if cpu.mulColumns[format] != nil && s.few.rows <= maxColumnsRows && panel.columnsFit() {
		s.mulColumns(c, panel, block, add)
		return true
	}
	if !panel.regular || rows > maxCodedRows {
		return false
	}
	mul := cpu.coded[rows][format]
	if rows == 1 && panel.mild && cpu.mulMild[format] != nil && s.a.isMild() {
		mul = cpu.mulMild[format]
	}
	if mul == nil {
		return false
	}
	unit := panel.coding.blocks
	units, step := s.a.depth/unit, max(1, cpu.callWork/(PanelN*BlockK*unit*rows))
	for at := 0; at < units; at += step {
		src := &panel.data[(block/unit+at)*2*panel.coding.halfBytes()]
		_, _, a := s.a.tile(0)
		mul(&c[0], unsafe.Add(a, at*unit*BlockK*rows*s.a.last.aBytes), src, min(step, units-at), add || at > 0)
	}
	return true
}

// Numbers of A are mild if they are 0 or from mildLow to mildHigh in size. Times
// mild weights, 1 to 12 times a scale of 2^-40 to 2^40, they make sums that are
// multiples of 2^-125 and below 2^90, and without the scale of 2^-85 and below
// 2^50: nothing is denormal, nothing overflows.
const (
	mildLow  = (127 - 78) << 23 // bits of 2^-78
	mildHigh = (127 + 40) << 23
)

// isMild reports whether all of A, of one row, is mild.
func (o *operand) isMild() bool {
	if o.mildness == 0 {
		o.mildness = -1
		if cpu.allMild(unsafe.Pointer(&o.data[0]), o.depth, mildLow, mildHigh) {
			o.mildness = 1
		}
	}
	return o.mildness > 0
}

func (p *Packed) checkRows(g, row, n int, d tensor.DType, size int) {
	if p.stored == nil && codingOf(d) != nil || g < 0 || g >= p.Groups || row < 0 || row%PanelN != 0 || n <= 0 || row+n > p.N || n%PanelN != 0 && row+n < p.N {
		panic(fmt.Sprintf("kernel: %d bytes of %s as rows from %d on of group %d, for weights of %d groups of %d x %d", size, d, row, g, p.Groups, p.K, p.N))
	}
}
