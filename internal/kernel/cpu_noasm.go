//go:build !amd64 && !arm64

package kernel

func machinePaths() []*path {
	return []*path{{name: "portable", productOps: portableProduct, rowOps: portableRows, decode: portableDecode, minHash: portableMinHash}}
}
