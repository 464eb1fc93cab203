package kernel

import "github.com/polymath-lm/polymath/tensor"

// decodeAMX and mulColumnsAMX are for weights in columns.
var decodeAMX = decodeOps{
	formatQ8_0:  decodeQ8_0AMX,
	formatQ4_0:  decodeQ4_0AMX,
	formatMXFP4: decodeMXFP4AMX,
	formatQ4K:   decodeQ4KAMX,
	formatQ5K:   decodeQ5KAMX,
	formatQ6K:   decodeQ6KAMX,
}

//go:noescape
func decodeQ8_0AMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4_0AMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeMXFP4AMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4KAMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ5KAMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ6KAMX(dst *tensor.BF16, src *byte, units int)

var mulColumnsAMX = columnsOps{
	mulColumns: [numFormats]func(t *columnsArgs){
		formatQ8_0:  mulColumnsQ8_0AMX,
		formatQ4_0:  mulColumnsQ4_0AMX,
		formatMXFP4: mulColumnsMXFP4AMX,
		formatQ4K:   mulColumnsQ4KAMX,
		formatQ5K:   mulColumnsQ5KAMX,
		formatQ6K:   mulColumnsQ6KAMX,
	},
	oneRow: &amxOneRow, moreRows: &amxConfig,
}

// amxOneRow is amxConfig with one column in the tiles of sums and of B.
var amxOneRow = func() [64]byte {
	c := amxConfig
	for _, t := range []int{0, 1, 6} {
		c[16+2*t] = 4
	}
	return c
}()

//go:noescape
func mulColumnsQ8_0AMX(t *columnsArgs)

//go:noescape
func mulColumnsQ4_0AMX(t *columnsArgs)

//go:noescape
func mulColumnsMXFP4AMX(t *columnsArgs)

//go:noescape
func mulColumnsQ4KAMX(t *columnsArgs)

//go:noescape
func mulColumnsQ5KAMX(t *columnsArgs)

//go:noescape
func mulColumnsQ6KAMX(t *columnsArgs)
