package kernel

func machinePaths() []*path {
	return []*path{{name: "portable", productOps: portableProduct, rowOps: portableRows}}
}
