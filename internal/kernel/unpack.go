package kernel

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// UnpackRows writes rows of group g from row on, a row-major matrix [n, K] of
// outputs by inputs, into dst: what PackBF16 had, and what the products see of
// any other weights. It runs on the calling goroutine; goroutines may unpack
// the same Packed.
func (p *Packed) UnpackRows(g, row int, dst []tensor.BF16) {
	n := len(dst) / p.K
	if g < 0 || g >= p.Groups || row < 0 || row+n > p.N || len(dst) != n*p.K {
		panic(fmt.Sprintf("kernel: unpacking %d values from row %d of group %d of %d groups of %d x %d", len(dst), row, g, p.Groups, p.K, p.N))
	}
	var panel, decoded []tensor.BF16
	for i := range n {
		if i == 0 || (row+i)%PanelN == 0 {
			panel, decoded = p.plainPanel(g, (row+i)/PanelN, decoded)
		}
		half := panel[(row+i)%PanelN/halfN*halfLen:]
		at := 2 * ((row + i) % halfN)
		for k := range p.K {
			dst[i*p.K+k] = half[k/BlockK*blockLen+k%BlockK/2*pairLen+at+k%2]
		}
	}
}

// plainPanel returns a panel of group g in bf16: as it lies, or decoded into buf,
// which it returns too and makes where it is nil.
func (p *Packed) plainPanel(g, i int, buf []tensor.BF16) (panel, decoded []tensor.BF16) {
	if p.stored == nil {
		return p.Data[g*p.groupLen()+i*p.panelLen():][:p.panelLen()], buf
	}
	stored := &p.group(g)[i]
	switch {
	case stored.data == nil:
		panic("kernel: unpacking weights that are not in memory")
	case stored.coding == nil:
		return tensor.View[tensor.BF16](stored.data), buf
	}
	if buf == nil {
		buf = make([]tensor.BF16, p.panelLen())
	}
	stored.decode(&buf[0], &stored.data[0], p.blocks()/stored.coding.blocks)
	return buf, buf
}

// Unpack is UnpackRows of the whole group, dst [N, K].
func (p *Packed) Unpack(g int, dst []tensor.BF16) {
	if len(dst) != p.K*p.N {
		panic(fmt.Sprintf("kernel: unpacking a group of %d x %d into %d values", p.K, p.N, len(dst)))
	}
	p.UnpackRows(g, 0, dst)
}

// PackTransposed packs the weights of src, in parallel, so that a product with p
// gives x · w where one with src gives x · wᵀ: p.K is src.N, and p.N is src.K.
func (p *Packed) PackTransposed(src *Packed) {
	if p.Groups != src.Groups || p.K != src.N || p.N != src.K {
		panic(fmt.Sprintf("kernel: packing %d groups of %d x %d from %d transposed of %d x %d", p.Groups, p.K, p.N, src.Groups, src.K, src.N))
	}
	par.For(p.Groups*p.blocks(), func(_, i int) {
		g, block := i/p.blocks(), i%p.blocks()
		first := block * BlockK
		rows := make([]tensor.BF16, min(BlockK, p.K-first)*p.N)
		src.UnpackRows(g, first, rows)
		data := p.Data[g*p.groupLen():][:p.groupLen()]
		for r := 0; r*p.N < len(rows); r++ {
			at := block*blockLen + r/2*pairLen + r%2
			for n, v := range rows[r*p.N : (r+1)*p.N] {
				data[n/PanelN*p.panelLen()+n%PanelN/halfN*halfLen+n%halfN*2+at] = v
			}
		}
	})
}
