package kernel

import "syscall"

// allowAMX asks for the permission to use the tiles, which Linux gives to a
// process on request (Documentation/arch/x86/xstate.rst). It reports whether
// the process has it.
func allowAMX() bool {
	const (
		archReqXcompPerm = 0x1023
		tileData         = 18
	)
	_, _, err := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, archReqXcompPerm, tileData, 0)
	return err == 0
}
