package tensor

import (
	"syscall"
	"unsafe"
)

// adviseHuge takes whole pages in: what else is in them may have huge ones too.
func adviseHuge(b []byte) {
	first := uintptr(unsafe.Pointer(&b[0]))
	skip := first % hugePage
	pages := (skip + uintptr(len(b)) + hugePage - 1) / hugePage
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, first-skip, pages*hugePage, syscall.MADV_HUGEPAGE)
}
