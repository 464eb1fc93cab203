package kernel

import "github.com/polymath-lm/polymath/tensor"

// Unpack writes group g as a row-major matrix [N, K] of outputs by inputs into
// dst: what PackBF16 had, and what the products see of any other weights. It
// runs on the calling goroutine; goroutines may unpack the same Packed.
func (p *Packed) Unpack(g int, dst []tensor.BF16) {
	p.check(g, len(dst))
	data := p.Data[g*p.groupLen():][:p.groupLen()]
	for row := range p.N {
		half := data[row/PanelN*p.panelLen()+row%PanelN/halfN*halfLen:]
		at := 2 * (row % halfN)
		for k := range p.K {
			pair := half[k/BlockK*blockLen+k%BlockK/2*pairLen:]
			dst[row*p.K+k] = pair[at+k%2]
		}
	}
}
