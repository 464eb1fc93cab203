package tensor

import "unsafe"

// hugePage is the size of a huge page, and of what is too small for one.
const hugePage = 2 << 20

// Make is make([]T, n) for large slices. It asks the system
// for huge pages: what is then read from far away costs fewer walks through page
// tables, above all on virtual machines, and first touches cost fewer faults.
func Make[T Element](n int) []T {
	s := make([]T, n)
	var zero T
	size := uintptr(n) * unsafe.Sizeof(zero)
	if size < 2*hugePage {
		return s
	}
	from := uintptr(unsafe.Pointer(&s[0]))
	skip := -from % hugePage
	adviseHuge(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(&s[0]), skip)), (size-skip)/hugePage*hugePage))
	return s
}
