package kernel

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a page that a processor finds in one step.
const hugePage = 2 << 20

// useHugePages asks for huge pages around b, which nobody has touched: small ones
// slow the reading of weights down, since fetching ahead does not cross them. It is
// no matter if there are none.
func useHugePages(b []byte) {
	if len(b) < hugePage/32 {
		return
	}
	first := uintptr(unsafe.Pointer(&b[0]))
	skip := first % hugePage
	pages := (skip + uintptr(len(b)) + hugePage - 1) / hugePage
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, first-skip, pages*hugePage, syscall.MADV_HUGEPAGE)
}
