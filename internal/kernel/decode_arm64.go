package kernel

import "github.com/polymath-lm/polymath/tensor"

var decodeNEON = decodeOps{
	formatQ8_0:  decodeQ8_0NEON,
	formatQ4_0:  decodeQ4_0NEON,
	formatMXFP4: decodeMXFP4NEON,
	formatQ4K:   decodeQ4KNEON,
	formatQ5K:   decodeQ5KNEON,
	formatQ6K:   decodeQ6KNEON,
}

//go:noescape
func decodeQ8_0NEON(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4_0NEON(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeMXFP4NEON(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4KNEON(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ5KNEON(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ6KNEON(dst *tensor.BF16, src *byte, units int)
