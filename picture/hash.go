package picture

import (
	"crypto/sha256"
	"encoding/binary"
)

// Hash identifies what a model sees of a picture: two files with the same
// pixels and the same layout have the same hash, whatever their formats. It is
// SHA-256, so a client cannot make another's picture be taken for its own.
func (l Layout) Hash(p *Picture) [sha256.Size]byte {
	p.check()
	h := sha256.New()
	head := []byte("polymath picture 1\n")
	number := func(v int) { head = binary.LittleEndian.AppendUint64(head, uint64(v)) }
	for _, v := range []int{p.Width, p.Height, l.Side, l.Overview.X, l.Overview.Y, l.Scaled.X, l.Scaled.Y, l.Tokens, len(l.Tiles)} {
		number(v)
	}
	for _, t := range l.Tiles {
		number(t.Min.X)
		number(t.Min.Y)
		number(t.Max.X)
		number(t.Max.Y)
	}
	h.Write(head)
	h.Write(p.Pix)
	return [sha256.Size]byte(h.Sum(nil))
}
