//go:build !linux

package tensor

// adviseHuge does nothing here.
func adviseHuge([]byte) {}
