package kernel

func machinePaths() []*path {
	return []*path{
		{name: "neon", productOps: neonProduct, rowOps: neonRows, decode: portableDecode},
		{name: "portable", productOps: portableProduct, rowOps: portableRows, decode: portableDecode},
	}
}
