package bench

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// peakMemory returns the most memory that the process has held, in bytes; 0
// where the system does not say.
func peakMemory() int64 { return memoryStatus("VmHWM:") }

// residentMemory returns what the process holds in memory, in bytes; 0 where the
// system does not say.
func residentMemory() int64 { return memoryStatus("VmRSS:") }

// memoryStatus returns a size of /proc/self/status in bytes, 0 without it.
func memoryStatus(name string) int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && fields[0] == name {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// forgetPeak makes peakMemory begin anew with what the process holds now.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // else the peak is that of before, which is more
}
