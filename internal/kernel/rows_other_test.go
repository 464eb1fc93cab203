//go:build !amd64

package kernel

func rowPaths() []*path { return machine }
