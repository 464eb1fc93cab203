package kernel

import "github.com/polymath-lm/polymath/tensor"

//go:generate go run ./gen

// rowOps are the primitives of the row operations, one set for each path. They
// work on rows of equal lengths that are multiples of sixteen, zero included;
// the exported functions finish the rest of a row and its sums. scores and
// scoresGrad work on tiles (see scoreRows), unscaleKeys and unscaleValues on rows
// of half a tile of weights (see Block). Each is defined by its portable
// form, named portable and the field's name.
type rowOps struct {
	toF32                 func(dst []float32, src []tensor.BF16)
	toBF16                func(dst []tensor.BF16, src []float32)
	add                   func(dst, a, b []tensor.BF16)
	addF32                func(dst, x []float32)
	addScaled             func(acc []float32, x []tensor.BF16, a float32)
	scaleBF16             func(dst, x []tensor.BF16, a float32)
	scaleF32              func(x []float32, a float32)
	scaleToBF16           func(dst []tensor.BF16, x []float32, a float32)
	dot                   func(a, b []tensor.BF16) lanes
	squaresF32            func(x []float32) lanes
	addSquares            func(dst, a, b []tensor.BF16) lanes
	norm                  func(y, x []tensor.BF16, w []float32, rstd float32)
	normSums              func(dw []float32, dy, x []tensor.BF16, w []float32, rstd float32) lanes
	normDot               func(dy, x []tensor.BF16, w []float32, rstd float32) lanes
	normGrad              func(dx, dy, x []tensor.BF16, w []float32, rstd, c float32)
	normGradAdd           func(dx, dy, x []tensor.BF16, w []float32, rstd, c float32)
	normRows              func(y, x []tensor.BF16, w, rstd []float32, n, eps float32)
	normRowsGrad          func(dx []tensor.BF16, dw []float32, dy, x []tensor.BF16, w, rstd []float32, n float32)
	sum                   func(x []tensor.BF16) lanes
	deviations            func(x []tensor.BF16, mean float32) lanes
	layerNorm             func(y, x []tensor.BF16, w, b []float32, mean, rstd float32)
	layerNormSums         func(dw, db []float32, dy, x []tensor.BF16, w []float32, mean, rstd float32) (g, gh lanes)
	layerNormDot          func(dy, x []tensor.BF16, w []float32, mean, rstd float32) (g, gh lanes)
	layerNormGrad         func(dx, dy, x []tensor.BF16, w []float32, mean, rstd, meanG, meanGH float32)
	layerNormGradAdd      func(dx, dy, x []tensor.BF16, w []float32, mean, rstd, meanG, meanGH float32)
	rotate                func(a, b []tensor.BF16, cos, sin []float32)
	rotateRows            func(a, b []tensor.BF16, cos, sin []float32, heads int)
	swiGLU                func(h, gate, up []tensor.BF16)
	swiGLUGrad            func(dgate, dup, dh, gate, up []tensor.BF16)
	swiGLUForwardBackward func(h, dgate, dup, dh, gate, up []tensor.BF16)
	gelu                  func(y, x []tensor.BF16)
	geluGrad              func(dx, dy, x []tensor.BF16)
	geluErf               func(y, x []tensor.BF16)
	geluErfGrad           func(dx, dy, x []tensor.BF16)
	exp                   func(dst, x []float32)
	max                   func(x []float32) lanes
	expSum                func(x []float32, m float32) lanes
	expSumTo              func(p, x []float32, m float32) lanes
	crossEntropy          func(dx []tensor.BF16, logits []float32, lse, c float32)
	adamW                 func(w, m, v, g []float32, s AdamWStep)
	scores                func(p []tensor.BF16, s, m, l, alpha []float32, scale float32)
	scoresGrad            func(p, ds []tensor.BF16, s, dp, lse, delta []float32, scale float32)
	unscaleKeys           func(dst []tensor.BF16, q []int8, scales []float32, rows int)
	unscaleValues         func(dst []tensor.BF16, q []int8, scales []float32, rows int)
}

var portableRows = rowOps{
	toF32:                 portableToF32,
	toBF16:                portableToBF16,
	add:                   portableAdd,
	addF32:                portableAddF32,
	addScaled:             portableAddScaled,
	scaleBF16:             portableScaleBF16,
	scaleF32:              portableScaleF32,
	scaleToBF16:           portableScaleToBF16,
	dot:                   portableDot,
	squaresF32:            portableSquaresF32,
	addSquares:            portableAddSquares,
	norm:                  portableNorm,
	normSums:              portableNormSums,
	normDot:               portableNormDot,
	normGrad:              portableNormGrad,
	normGradAdd:           portableNormGradAdd,
	normRows:              portableNormRows,
	normRowsGrad:          portableNormRowsGrad,
	sum:                   portableSum,
	deviations:            portableDeviations,
	layerNorm:             portableLayerNorm,
	layerNormSums:         portableLayerNormSums,
	layerNormDot:          portableLayerNormDot,
	layerNormGrad:         portableLayerNormGrad,
	layerNormGradAdd:      portableLayerNormGradAdd,
	rotate:                portableRotate,
	rotateRows:            portableRotateRows,
	swiGLU:                portableSwiGLU,
	swiGLUGrad:            portableSwiGLUGrad,
	swiGLUForwardBackward: portableSwiGLUForwardBackward,
	gelu:                  portableGELU,
	geluGrad:              portableGELUGrad,
	geluErf:               portableGELUErf,
	geluErfGrad:           portableGELUErfGrad,
	exp:                   portableExp,
	max:                   portableMax,
	expSum:                portableExpSum,
	expSumTo:              portableExpSumTo,
	crossEntropy:          portableCrossEntropy,
	adamW:                 portableAdamW,
	scores:                portableScores,
	scoresGrad:            portableScoresGrad,
	unscaleKeys:           portableUnscaleKeys,
	unscaleValues:         portableUnscaleValues,
}
