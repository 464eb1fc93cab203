package kernel

func machinePaths() []*path {
	return []*path{
		{name: "neon", productOps: neonProduct, rowOps: neonRows, decode: decodeNEON, minHash: neonMinHash},
		{name: "portable", productOps: portableProduct, rowOps: portableRows, decode: portableDecode, minHash: portableMinHash},
	}
}
