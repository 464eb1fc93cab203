package draw

import "math/bits"

// turn is a full angle. A hundredth of it is 180, a minute of a clock 300, and
// what the hour hand goes in a minute 25.
const turn = 18000

// one is 1 in the numbers that sine returns.
const one = 1 << 30

// tau is 2 pi times one.
const tau = 6746518852

// sine returns the sine of an angle times one, by the series up to the ninth
// power, which is good to 2e-9 up to an eighth of a turn... and beyond that by
// the cosine, whose series is cut after the tenth.
func sine(angle int) int {
	angle = mod(angle, turn)
	switch {
	case angle > turn/2:
		return -sine(angle - turn/2)
	case angle > turn/4:
		return sine(turn/2 - angle)
	case angle > turn/8:
		return cosineSeries(turn/4 - angle)
	}
	return sineSeries(angle)
}

// sineSeries and cosineSeries hold up to an eighth of a turn.
func sineSeries(angle int) int {
	x := angle * tau / turn
	square := times(x, x)
	sum, term := x, x
	for k := 2; k <= 8; k += 2 {
		term = -times(term, square) / (k * (k + 1))
		sum += term
	}
	return sum
}

func cosineSeries(angle int) int {
	x := angle * tau / turn
	square := times(x, x)
	sum, term := one, one
	for k := 1; k <= 9; k += 2 {
		term = -times(term, square) / (k * (k + 1))
		sum += term
	}
	return sum
}

// times multiplies two numbers that are at most 2 in size.
func times(a, b int) int { return a * b / one }

// polar returns the way of a length at an angle, clockwise from the top.
func polar(length, angle int) point {
	return point{roundDiv(length*sine(angle), one), -roundDiv(length*sine(angle+turn/4), one)}
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}

// floorDiv divides and rounds down; b is positive.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func mod(a, b int) int { return a - b*floorDiv(a, b) }

// roundDiv divides and rounds to the nearest; b is positive.
func roundDiv(a, b int) int { return floorDiv(2*a+b, 2*b) }

// isqrt returns the square root rounded down; x is not negative.
func isqrt(x int) int {
	root := 0
	for bit := 1 << (bits.Len(uint(x)) / 2); bit > 0; bit >>= 1 {
		if next := root + bit; next*next <= x {
			root = next
		}
	}
	return root
}
