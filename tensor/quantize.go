package tensor

import (
	"fmt"
	"math"
)

// Quantize encodes whole rows or blocks of numbers in the format d, with the
// scales that lose least that a search finds. A number that is not finite, or
// too large for the format, is an error that names its index. Goroutines may
// quantize at the same time. It panics as Dequantize does.
func Quantize(dst []byte, d DType, src []float32) error {
	return QuantizeWeighted(dst, d, src, nil)
}

// QuantizeWeighted is Quantize for rows of len(weights) numbers, where the
// squared error of a number in column k counts weights[k]; nil stands for all
// alike. A weight that is negative or not finite is an error that names its
// column. It panics if the weights are no whole number of blocks or src is no
// whole number of rows.
func QuantizeWeighted(dst []byte, d DType, src, weights []float32) error {
	elements, size := checkBlocks(len(src), d, len(dst))
	if weights != nil && (len(weights)%elements != 0 || len(weights) == 0 || len(src)%len(weights) != 0) {
		panic(fmt.Sprintf("tensor: %d numbers of %s are no rows of %d", len(src), d, len(weights)))
	}
	if err := checkWeights(weights); err != nil {
		return err
	}
	if err := checkNumbers(d, src); err != nil {
		return err
	}
	g := NewGrid(d)
	for at := 0; at < len(src); at += elements {
		block := src[at : at+elements]
		if weights == nil {
			g.fit(block, nil)
		} else {
			k := at % len(weights)
			g.fit(block, weights[k:k+elements])
		}
		for i, x := range block {
			g.Set(i, x)
		}
		g.Encode(dst[at/elements*size:][:size])
	}
	return nil
}

// largest returns what numbers of the format can always reach.
func largest(d DType) float32 {
	const half = 65504 // the largest F16
	switch d {
	case DTypeQ8_0:
		return half * 127
	case DTypeQ4_0:
		return half * 7
	case DTypeQ4K, DTypeQ5K:
		return half * 63
	case DTypeQ6K:
		return half * 127 * 31
	}
	return math.MaxFloat32
}

func checkNumbers(d DType, list []float32) error {
	limit := largest(d)
	for i, x := range list {
		if x >= -limit && x <= limit {
			continue
		}
		if x-x != 0 {
			return fmt.Errorf("number %d is %g: only finite numbers can be stored as %s", i, x, d)
		}
		return fmt.Errorf("number %d is %g, and %s reaches %g only", i, x, d, limit)
	}
	return nil
}

func checkWeights(weights []float32) error {
	for k, w := range weights {
		if !(w >= 0 && w <= math.MaxFloat32) {
			return fmt.Errorf("the weight of column %d is %g: it must be finite and not negative", k, w)
		}
	}
	return nil
}
