//go:build !linux

package bench

// peakMemory is not known here.
func peakMemory() int64 { return 0 }

// residentMemory is not known here.
func residentMemory() int64 { return 0 }

// forgetPeak does nothing here.
func forgetPeak() {}
