package kernel

import (
	"math"

	"github.com/polymath-lm/polymath/tensor"
)

// A Block holds the keys and values of 64 positions and all heads, packed, in
// memory of the caller. One of zeros holds zeros. There are two forms: BF16 has
// them as they are; Int8 and Scales, in its place, take half the memory and are
// lossy. NewBlocks makes either.
//
// In 8 bits each token and head has a scale for its key and one for its value,
// and a number x is kept as q and read as
//
//	scale = max(absmax/127, 2^-126)     absmax: the largest |x| of the head
//	q = x/scale                         to the nearest integer, ties to even
//	x' = bf16(q*scale)
//
// which is off by scale/2 and a rounding to bf16 at most. Where all x are 0
// the scale is 0, and so is x'; where one is not finite the scale is a NaN, and
// so is every x'. What is kept of a token depends on nothing else, and every
// query sees it so, those of the token's own pass too.
type Block struct {
	BF16   []tensor.BF16 // [KVHeads][keys, values], BlockLen; nil: 8 bits
	Int8   []int8        // in the same order
	Scales []float32     // [KVHeads][keys, values][64 positions]
}

// NewBlocks returns n blocks of zeros, in 8 bits or in bf16.
func (s AttentionShape) NewBlocks(n int, int8s bool) []Block {
	blocks, size, scalesLen := make([]Block, n), s.BlockLen(), s.scalesLen()
	if !int8s {
		all := make([]tensor.BF16, n*size)
		for i := range blocks {
			blocks[i].BF16 = all[i*size : (i+1)*size : (i+1)*size]
		}
		return blocks
	}
	all, scales := make([]int8, n*size), make([]float32, n*scalesLen)
	for i := range blocks {
		blocks[i].Int8 = all[i*size : (i+1)*size : (i+1)*size]
		blocks[i].Scales = scales[i*scalesLen : (i+1)*scalesLen : (i+1)*scalesLen]
	}
	return blocks
}

// BlockLen returns the number of elements of a block: for each head in turn its
// keys, [2 panels of 32 keys][blocks of 32 along the head], then its values,
// [panels of 32 along the head][2 blocks of 32 keys], each in the layout of
// Packed.
func (s AttentionShape) BlockLen() int { return s.KVHeads * s.headLen() }

func (s AttentionShape) scalesLen() int { return s.KVHeads * 2 * KeyBlock }

// BlockBytes returns the memory of a block.
func (s AttentionShape) BlockBytes(int8s bool) int {
	if int8s {
		return s.BlockLen() + 4*s.scalesLen()
	}
	return 2 * s.BlockLen()
}

// Copy copies all of from, a block of the same form.
func (b *Block) Copy(from *Block) {
	mustMatch("Block.Copy", len(b.BF16), len(from.BF16))
	mustMatch("Block.Copy", len(b.Int8), len(from.Int8))
	copy(b.BF16, from.BF16)
	copy(b.Int8, from.Int8)
	copy(b.Scales, from.Scales)
}

// Clear sets the keys and values of slots from to to-1 of b to zero.
func (s AttentionShape) Clear(b *Block, from, to int) {
	for head := range s.KVHeads {
		if b.BF16 != nil {
			part := b.BF16[head*s.headLen():][:s.headLen()]
			clearKeys(part[:s.partLen()], from, to)
			clearValues(part[s.partLen():], from, to)
			continue
		}
		h := s.head8(b, head)
		clearKeys(h.keys, from, to)
		clearValues(h.values, from, to)
		clear(h.keyScales[from:to])
		clear(h.valueScales[from:to])
	}
}

// clearKeys clears columns.
func clearKeys[T int8 | tensor.BF16](keys []T, from, to int) {
	panel := len(keys) / keyPanels
	for at := 0; at < len(keys); at += halfLen {
		first := at/panel*PanelN + at%blockLen/halfLen*halfN
		lo, hi := max(from-first, 0), min(to-first, halfN)
		if lo >= hi {
			continue
		}
		for row := at; row < at+halfLen; row += pairLen {
			clear(keys[row+2*lo : row+2*hi])
		}
	}
}

// clearValues clears rows, of which two lie between each other.
func clearValues[T int8 | tensor.BF16](values []T, from, to int) {
	for at := 0; at < len(values); at += halfLen {
		first := at / blockLen % keyPanels * BlockK
		lo, hi := max(from-first, 0), min(to-first, BlockK)
		for ; lo < hi && lo%2 > 0; lo++ {
			clearValue(values[at+lo/2*pairLen+1:])
		}
		for ; lo < hi && hi%2 > 0; hi-- {
			clearValue(values[at+hi/2*pairLen:])
		}
		if lo < hi {
			clear(values[at+lo/2*pairLen : at+hi/2*pairLen])
		}
	}
}

func clearValue[T int8 | tensor.BF16](row []T) {
	for i := 0; i < 2*halfN; i += 2 {
		row[i] = 0
	}
}

// fits reports whether b has the size of a block.
func (b *Block) fits(s *AttentionShape) bool {
	if b.BF16 != nil {
		return len(b.BF16) >= s.BlockLen()
	}
	return len(b.Int8) >= s.BlockLen() && len(b.Scales) >= s.scalesLen()
}

// smallestScale keeps q*scale from being denormal.
const smallestScale = 0x1p-126

// int8Scale returns the scale of a token's key or value.
func int8Scale(x []tensor.BF16) float32 {
	most := tensor.BF16(0) // numbers without a sign are in order
	for _, v := range x {
		most = max(most, v&0x7fff)
	}
	switch {
	case most == 0:
		return 0
	case most >= 0x7f80:
		return float32(math.NaN())
	}
	return max(most.Float32()/127, smallestScale)
}

// int8Of returns q, for a scale that is neither 0 nor NaN: at 1.5*2^23 the bits
// of a float32 count by ones.
func int8Of(x tensor.BF16, scale float32) int8 {
	return int8(math.Float32bits(x.Float32()/scale + 0x1.8p23))
}

// head8 is one head of a block in 8 bits.
type head8 struct {
	keys, values           []int8
	keyScales, valueScales []float32
}

func (s AttentionShape) head8(b *Block, head int) head8 {
	q, scales := b.Int8[head*s.headLen():][:s.headLen()], b.Scales[head*2*KeyBlock:][:2*KeyBlock]
	return head8{q[:s.partLen()], q[s.partLen():], scales[:KeyBlock], scales[KeyBlock:]}
}

func (h *head8) clear() {
	clear(h.keys)
	clear(h.values)
	clear(h.keyScales)
	clear(h.valueScales)
}

// putKey writes one column of keys.
func (h *head8) putKey(x []tensor.BF16, slot, depth int) {
	column := h.keys[slot/PanelN*depth*blockLen+slot%PanelN/halfN*halfLen+slot%halfN*2:]
	scale := int8Scale(x)
	h.keyScales[slot] = scale
	known := scale > 0
	for k, v := range x {
		q := int8(0)
		if known {
			q = int8Of(v, scale)
		}
		column[k/BlockK*blockLen+k%BlockK/2*pairLen+k%2] = q
	}
}

// putValue writes one row of values.
func (h *head8) putValue(x []tensor.BF16, slot int) {
	row := h.values[slot/BlockK*blockLen+slot%BlockK/2*pairLen+slot%2:]
	scale := int8Scale(x)
	h.valueScales[slot] = scale
	known := scale > 0
	for n, v := range x {
		q := int8(0)
		if known {
			q = int8Of(v, scale)
		}
		row[n/PanelN*keyPanels*blockLen+n%PanelN/halfN*halfLen+n%halfN*2] = q
	}
}

// unpackKeys writes the keys to dst as they are packed in bf16. scales is
// scratch, for the columns of a half.
func (h *head8) unpackKeys(dst []tensor.BF16, scales *[pairLen]float32) {
	panel := len(h.keys) / keyPanels
	for half := range KeyBlock / halfN {
		for c, scale := range h.keyScales[half*halfN:][:halfN] {
			scales[2*c], scales[2*c+1] = scale, scale
		}
		from := half/2*panel + half%2*halfLen
		for at := from; at < (half/2+1)*panel; at += blockLen {
			cpu.unscaleKeys(dst[at:], h.keys[at:], scales[:], halfN)
		}
	}
}

// unpackValues writes the values to dst as they are packed in bf16.
func (h *head8) unpackValues(dst []tensor.BF16) {
	for at := 0; at < len(h.values); at += halfLen {
		block := at / blockLen % keyPanels
		cpu.unscaleValues(dst[at:], h.values[at:], h.valueScales[block*BlockK:], halfN)
	}
}

// portableUnscaleKeys: a row of 32 numbers has a scale for each.
func portableUnscaleKeys(dst []tensor.BF16, q []int8, scales []float32, rows int) {
	scales = scales[:pairLen]
	for ; rows > 0; rows-- {
		to, from := dst[:pairLen], q[:pairLen]
		for i, scale := range scales {
			to[i] = tensor.FromFloat32(float32(from[i]) * scale)
		}
		dst, q = dst[pairLen:], q[pairLen:]
	}
}

// portableUnscaleValues: a row of 32 numbers has two scales, in turn.
func portableUnscaleValues(dst []tensor.BF16, q []int8, scales []float32, rows int) {
	for ; rows > 0; rows-- {
		to, from := dst[:pairLen], q[:pairLen]
		even, odd := scales[0], scales[1]
		for i := 0; i < pairLen; i += 2 {
			to[i] = tensor.FromFloat32(float32(from[i]) * even)
			to[i+1] = tensor.FromFloat32(float32(from[i+1]) * odd)
		}
		dst, q, scales = dst[pairLen:], q[pairLen:], scales[2:]
	}
}
