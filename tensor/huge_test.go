package tensor

import "testing"

// TestMake: all sizes around a page can be read and written, and are zero.
func TestMake(t *testing.T) {
	for _, n := range []int{0, 1, hugePage / 4, hugePage, hugePage + 1, 2*hugePage + 7} {
		s := Make[uint32](n)
		if len(s) != n || cap(s) != n {
			t.Fatalf("%d elements: length %d, capacity %d", n, len(s), cap(s))
		}
		for i := range s {
			if s[i] != 0 {
				t.Fatalf("element %d of %d is %d", i, n, s[i])
			}
			s[i] = uint32(i)
		}
		for i := range s {
			if s[i] != uint32(i) {
				t.Fatalf("element %d of %d is %d", i, n, s[i])
			}
		}
	}
}
