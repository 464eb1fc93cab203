package tensor

// hugePage is the size of a page that a processor finds in one step.
const hugePage = 2 << 20

// Make is make([]T, n) for large slices, with HugePages.
func Make[T Element](n int) []T {
	s := make([]T, n)
	HugePages(Bytes(s))
	return s
}

// HugePages asks the system for huge pages around b, which nobody has touched yet.
// Small ones slow down what is read from far away, as fetching ahead does not cross
// them and each takes a walk through tables, which virtual machines pay twice; and
// first touches cost more faults. It is no matter if there are none.
func HugePages(b []byte) {
	if len(b) >= hugePage/32 {
		adviseHuge(b)
	}
}
