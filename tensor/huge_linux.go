package tensor

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages in b, which begins with one. A system that has
// none goes on without.
func adviseHuge(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
