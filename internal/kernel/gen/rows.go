package main

// programs are the primitives of kernel.rowOps. Each says again, on vectors,
// what its portable form says of one element; the tests of the package kernel
// hold them to the same bits.
func programs() []*program {
	return []*program{
		toF32(), toBF16(), add(), addF32(), addScaled(), scaleBF16(), scaleF32(), scaleToBF16(),
		dot(), squaresF32(), addSquares(),
		norm(), normSums("normSums", true), normSums("normDot", false), normGrad("normGrad", false), normGrad("normGradAdd", true),
		normRows(), normRowsGrad(),
		total(), deviations(), layerNorm(),
		layerNormSums("layerNormSums", true), layerNormSums("layerNormDot", false),
		layerNormGrad("layerNormGrad", false), layerNormGrad("layerNormGradAdd", true),
		rotate(), rotateRows(), swiGLU(), swiGLUGrad("swiGLUGrad", false), swiGLUGrad("swiGLUForwardBackward", true), gelu(), geluGrad(),
		geluErf(), geluErfGrad(),
		exp(), maximum(), expSum("expSum", false), expSum("expSumTo", true),
		crossEntropy(), adamW(), scores(), scoresGrad(), unscaleKeys(), unscaleValues(),
	}
}

// tiles are those that profit from instructions on bf16.
func tiles() []*program {
	return []*program{scores(), scoresGrad(), unscaleKeys(), unscaleValues()}
}

func toF32() *program {
	dst, src := f32s("dst"), bf16s("src")
	p := newProgram("toF32", dst, src)
	p.loop(func() { p.store(dst, p.load(src)) })
	return p
}

func toBF16() *program {
	dst, src := bf16s("dst"), f32s("src")
	p := newProgram("toBF16", dst, src)
	p.loop(func() { p.store(dst, p.round(p.load(src))) })
	return p
}

func add() *program {
	dst, a, b := bf16s("dst"), bf16s("a"), bf16s("b")
	p := newProgram("add", dst, a, b)
	p.loop(func() { p.store(dst, p.round(p.sum(p.load(a), p.load(b)))) })
	return p
}

func addF32() *program {
	dst, x := f32s("dst"), f32s("x")
	p := newProgram("addF32", dst, x)
	p.loop(func() { p.store(dst, p.sum(p.load(dst), p.load(x))) })
	return p
}

func addScaled() *program {
	acc, x, a := f32s("acc"), bf16s("x"), f32("a")
	p := newProgram("addScaled", acc, x, a)
	p.loop(func() { p.store(acc, p.fma(p.arg(a), p.load(x), p.load(acc))) })
	return p
}

func scaleBF16() *program {
	dst, x, a := bf16s("dst"), bf16s("x"), f32("a")
	p := newProgram("scaleBF16", dst, x, a)
	p.loop(func() { p.store(dst, p.round(p.product(p.arg(a), p.load(x)))) })
	return p
}

func scaleF32() *program {
	x, a := f32s("x"), f32("a")
	p := newProgram("scaleF32", x, a)
	p.loop(func() { p.store(x, p.product(p.load(x), p.arg(a))) })
	return p
}

func scaleToBF16() *program {
	dst, x, a := bf16s("dst"), f32s("x"), f32("a")
	p := newProgram("scaleToBF16", dst, x, a)
	p.loop(func() { p.store(dst, p.round(p.fma(p.arg(a), p.load(x), p.float(0)))) })
	return p
}
