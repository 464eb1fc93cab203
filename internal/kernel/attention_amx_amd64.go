package kernel

import "github.com/polymath-lm/polymath/tensor"

// laneNumbers are 0 to 15.
//
//lint:ignore U1000 read by the assembly
var laneNumbers = func() (n [numLanes]int32) {
	for i := range n {
		n[i] = int32(i)
	}
	return n
}()

// pairWords are where the words of two vectors of 16 are that come together.
//
//lint:ignore U1000 read by the assembly
var pairWords = func() (n [pairLen]uint16) {
	for i := range n {
		n[i] = uint16(i/2 + i%2*halfN)
	}
	return n
}()

// attendAMX are by blocks of 32 along a head.
var attendAMX = [maxAttendDepth + 1]func(*attendArgs){nil, attendAMX32, attendAMX64, attendAMX96, attendAMX128}

//go:noescape
func attendAMX32(t *attendArgs)

//go:noescape
func attendAMX64(t *attendArgs)

//go:noescape
func attendAMX96(t *attendArgs)

//go:noescape
func attendAMX128(t *attendArgs)

var attendGradAMX = [maxAttendDepth + 1]attendGrad{
	{},
	{attendGradAMX32, roundTAMX},
	{attendGradAMX64, roundTAMX},
	{attendGradAMX96, roundTAMX},
	{attendGradAMX128, roundTAMX},
}

//go:noescape
func attendGradAMX32(t *attendGradArgs)

//go:noescape
func attendGradAMX64(t *attendGradArgs)

//go:noescape
func attendGradAMX96(t *attendGradArgs)

//go:noescape
func attendGradAMX128(t *attendGradArgs)

//go:noescape
func roundTAMX(y *tensor.BF16, stride int, c *float32)
