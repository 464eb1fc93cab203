package main

// pairLen is pairLen of the package kernel: a row of a tile of weights has two
// numbers for each of 16 columns.
const pairLen = 32

func unscaleKeys() *program {
	dst, q, scales, rows := bf16s("dst"), int8s("q"), f32s("scales"), integer("rows")
	p := newProgram("unscaleKeys", dst, q, scales, rows)
	p.tile = pairLen
	stays(scales)
	p.rows(rows, nil)
	p.loop(func() { p.store(dst, p.roundWeight(p.product(p.load(q), p.load(scales)))) })
	return p
}

func unscaleValues() *program {
	dst, q, scales, rows := bf16s("dst"), int8s("q"), pairs("scales"), integer("rows")
	p := newProgram("unscaleValues", dst, q, scales, rows)
	p.tile = pairLen
	p.rows(rows, nil, scales)
	pair := p.field(scales)
	p.loop(func() { p.store(dst, p.roundWeight(p.product(p.load(q), pair))) })
	return p
}
