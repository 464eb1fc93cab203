//go:build amd64 && !linux

package kernel

// allowAMX reports whether the tiles may be used: it is not known how other
// systems are to be asked.
func allowAMX() bool { return false }
