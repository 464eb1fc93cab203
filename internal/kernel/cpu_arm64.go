package kernel

func machinePaths() []*path {
	return []*path{
		{name: "neon", productOps: neonProduct, rowOps: neonRows},
		{name: "portable", productOps: portableProduct, rowOps: portableRows},
	}
}
