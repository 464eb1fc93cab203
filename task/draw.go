package task

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/bits"
	"math/rand/v2"
)

// draw gives the numbers below n once each, in an order that hangs on what it is
// seeded by.
type draw struct {
	source *rand.PCG
	moved  map[int]int
	at, n  int
}

func newDraw(n int, seed uint64, names ...string) *draw {
	return &draw{source: rand.NewPCG(seeded(seed, names...), seed), moved: map[int]int{}, n: n}
}

func (d *draw) next() (int, bool) {
	if d.at == d.n {
		return 0, false
	}
	off, _ := bits.Mul64(d.source.Uint64(), uint64(d.n-d.at))
	from := d.at + int(off)
	value, here := d.value(from), d.value(d.at)
	d.moved[from] = here
	d.at++
	return value, true
}

func (d *draw) value(i int) int {
	if v, ok := d.moved[i]; ok {
		return v
	}
	return i
}

func inOrder(n int) func() (int, bool) {
	at := -1
	return func() (int, bool) {
		at++
		return at, at < n
	}
}

// seeded is a number that hangs on a seed and names.
func seeded(seed uint64, names ...string) uint64 {
	h := sha256.New()
	_ = binary.Write(h, binary.LittleEndian, seed)
	for _, name := range names {
		_ = binary.Write(h, binary.LittleEndian, uint64(len(name)))
		_, _ = io.WriteString(h, name)
	}
	return binary.LittleEndian.Uint64(h.Sum(nil))
}
