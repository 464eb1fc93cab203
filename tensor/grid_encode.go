package tensor

import (
	"encoding/binary"
	"fmt"
)

// Encode writes the block. It panics if dst does not have the bytes of one.
func (g *Grid) Encode(dst []byte) {
	if _, size := g.d.Block(); len(dst) != size {
		panic(fmt.Sprintf("tensor: a block of %s does not take %d bytes", g.d, len(dst)))
	}
	clear(dst)
	switch g.d {
	case DTypeQ8_0:
		binary.LittleEndian.PutUint16(dst, uint16(g.super))
		for i := range 32 {
			dst[2+i] = byte(g.codes[i])
		}
	case DTypeQ4_0:
		binary.LittleEndian.PutUint16(dst, uint16(g.super))
		g.putHalves(dst[2:], 0, 16, 8)
	case DTypeMXFP4:
		dst[0] = g.exp
		g.putHalves(dst[1:], 0, 16, 0)
	case DTypeQ4K:
		g.putScales(dst)
		for i := range 4 {
			g.putHalves(dst[16+32*i:], 64*i, 32, 0)
		}
	case DTypeQ5K:
		g.putScales(dst)
		for i := range 4 {
			g.putHalves(dst[48+32*i:], 64*i, 32, 0)
		}
		for i, q := range g.codes {
			dst[16+i%32] |= byte(q) >> 4 << (i / 32)
		}
	case DTypeQ6K:
		g.putQ6K(dst)
	}
}

// putHalves writes n bytes whose halves are the lower 4 bits of the codes from at
// on and of those n behind, with bias added.
func (g *Grid) putHalves(dst []byte, at, n int, bias int8) {
	for i := range n {
		low, high := byte(g.codes[at+i]+bias), byte(g.codes[at+n+i]+bias)
		dst[i] = low&15 | high<<4
	}
}

// putScales writes what groupScale reads.
func (g *Grid) putScales(dst []byte) {
	binary.LittleEndian.PutUint16(dst, uint16(g.super))
	binary.LittleEndian.PutUint16(dst[2:], uint16(g.least))
	packed := dst[4:16]
	for i := range 4 {
		s, m := byte(g.scaleCode[i]), byte(g.lowCode[i])
		s4, m4 := byte(g.scaleCode[i+4]), byte(g.lowCode[i+4])
		packed[i] = s | s4>>4<<6
		packed[i+4] = m | m4>>4<<6
		packed[i+8] = s4&15 | m4<<4
	}
}

// putQ6K writes what decodeQ6K reads.
func (g *Grid) putQ6K(dst []byte) {
	for i, q := range g.codes {
		code := byte(q + 32)
		half, r, at := i/128, i/32%4, i%32
		dst[64*half+32*(r&1)+at] |= code & 15 << (4 * (r >> 1))
		dst[128+32*half+at] |= code >> 4 << (2 * r)
	}
	for group := range 16 {
		dst[192+group] = byte(int8(g.scaleCode[group]))
	}
	binary.LittleEndian.PutUint16(dst[208:], uint16(g.super))
}
