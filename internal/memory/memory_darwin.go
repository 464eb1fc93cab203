package memory

import "golang.org/x/sys/unix"

// available is three quarters of the machine's memory: the system does
// not tell in a simple way how much of it is free.
func available() int64 {
	total, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(total / 4 * 3)
}
