package constrain

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

// TestRunes compares ranges of code points with their encodings.
func TestRunes(t *testing.T) {
	edges := []rune{0, 1, 0x7e, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0x7ff, 0x800, 0xfff, 0x1000, 0xd7ff, 0xd800, 0xdfff, 0xe000, 0xffff, 0x10000, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10ffff}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		pick := func() rune {
			r := edges[rng.IntN(len(edges))] + rune(rng.IntN(5)-2)
			if rng.IntN(3) == 0 {
				r = rune(rng.IntN(utf8.MaxRune))
			}
			return r
		}
		lo, hi := pick(), pick()
		n := newNFA()
		n.runes(nfaStart, lo, hi, nfaAccept)
		d, err := determinize(n, newBuilder(t.Context()).budget())
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			r := pick()
			if !utf8.ValidRune(r) {
				continue
			}
			if got, want := d.matches(string(r)), lo <= r && r <= hi; got != want {
				t.Fatalf("%#x in %#x to %#x: %v", r, lo, hi, got)
			}
			raw := []byte(string(r))
			raw[rng.IntN(len(raw))] = byte(rng.IntN(256))
			if !utf8.Valid(raw) && d.matches(string(raw)) {
				t.Fatalf("%#x to %#x: %x", lo, hi, raw)
			}
		}
	}
}

func (d *dfa) matches(text string) bool {
	s := int32(0)
	for i := range len(text) {
		if s = d.next(s, text[i]); s == none {
			return false
		}
	}
	return d.final[s]
}
