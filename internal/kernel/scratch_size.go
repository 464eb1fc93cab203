package kernel

import "unsafe"

// ScratchBytes returns the most memory, in bytes, that each worker keeps for
// products of any size and for attention of this shape, with documents of up to
// longest tokens in the backward pass. Nothing of it grows with the length
// unless backward is set. It depends on the path in use.
func (s AttentionShape) ScratchBytes(longest int, backward bool) int64 {
	n := int(unsafe.Sizeof(scratch{})) + marginBytes + productBytes() + s.forwardBytes()
	if backward {
		n += s.backwardBytes(ceilDiv(longest, KeyBlock))
	}
	return int64(n)
}

// marginBytes is for the alignment of each buffer, and the marks of NEON.
const marginBytes = 16 << 10

// productBytes is the size of a worker's buffers for products.
func productBytes() int {
	ops := &cpu.productOps
	full := &ops.tiles[len(ops.tiles)-1]
	strip := ops.gradRows
	if ops.gradStrip > 0 {
		strip = ops.gradStrip
	}
	a := max(ops.budgetA, strip*ops.gradK*full.aBytes)
	edge := ops.budgetA / (2 * full.aBytes)
	sums := max(maxSums, ops.maxRows*PanelN, strip*ops.gradCols)
	at := ops.gradK * (ceilDiv(strip, 64)*64 + 32)
	rows := full.rows * PanelN
	b := max(2*ops.gradK*ops.gradCols, ops.nearB)
	return a + edge + 4*(sums+rows) + 2*at + b + fewBytes()
}

// forwardBytes is the size of a worker's buffers for Append and Forward.
func (s AttentionShape) forwardBytes() int {
	rows, wide := s.queries()*s.group(), s.depth()*BlockK
	var q, p operand
	n := 3 * 4 * rows // max, sum, alpha
	if s.attend(rows) == nil || s.HeadDim < wide {
		n += 2 * rows * max(wide, KeyBlock) // rows
	}
	if s.attend(rows) != nil {
		tiles := ceilDiv(rows, attendTile)
		n += tiles*attendTile*wide*2 + p.tiled(attendTile, KeyBlock)
		n += 4*attendScratchLen(wide) + tiles*attendTile*(4*wide+maxRun*8) // s, acc, bounds
	} else {
		n += q.tiled(rows, wide) + p.tiled(rows, KeyBlock)
		n += 4 * q.padded * (KeyBlock + wide) // s, acc
	}
	n += 2 * s.headLen()       // unpacked
	return n + 2*KeyBlock*wide // at, in packKeys
}

// backwardBytes is the size of a worker's buffers for Backward.
func (s AttentionShape) backwardBytes(blocks int) int {
	wide := s.depth() * BlockK
	var q, square operand
	block := int(unsafe.Sizeof(queryBlock{})) + 2*q.tiled(KeyBlock, s.HeadDim) + 4*s.sumsLen() // q, do, dq
	n := 0
	if s.attendGrad().pair != nil {
		block += 2 * square.tiled(wide, KeyBlock)         // qT, doT
		n += 2*(KeyBlock*wide+2*BlockK) + 4*attendGradLen // padded, near
	} else {
		block += 2 * 2 * s.partLen() // qPacked, packed
		if s.HeadDim%BlockK > 0 {
			block += 2 * 2 * q.full.rows * wide // edges of q and do
		}
		n += 3 * square.tiled(KeyBlock, KeyBlock)
		n += 2*2*squareLen + 2*4*KeyBlock*KeyBlock // weights, grads, scores, dp
	}
	n += min(blocks, s.groupLen()) * block
	return n + blocks*(3*2*s.partLen()+2*4*s.sumsLen())
}
