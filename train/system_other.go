//go:build !linux && !darwin

package train

// availableMemory is not known here.
func availableMemory() int64 { return 0 }

// freeDisk is not known here.
func freeDisk(string) int64 { return -1 }
