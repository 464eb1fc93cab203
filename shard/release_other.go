//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package shard

// release does nothing where files are not mapped.
func release([]byte) {}
