package privacy

import "testing"

// TestTriggers compares what is looked for eight bytes at a time with the table,
// for every byte in every place between all kinds of others.
func TestTriggers(t *testing.T) {
	const highs = 0x8080808080808080
	for c := range 256 {
		for place := range 8 {
			for _, other := range []byte{' ', 'a', '/', ';', '?', 'A', 0, 0x7f, 0x80, 0xff, '0', ':'} {
				var x, want uint64
				for i := range 8 {
					b := other
					if i == place {
						b = byte(c)
					}
					x |= uint64(b) << (8 * i)
					if class[b]&trigger != 0 {
						want |= 0x80 << (8 * i)
					}
				}
				if got := triggers(x) & highs; got != want {
					t.Fatalf("%#x among %#x: %x, want %x", c, other, got, want)
				}
			}
		}
	}
}
