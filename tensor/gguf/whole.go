package gguf

import "math"

// integer is any of GGUF's types of whole numbers.
type integer interface {
	uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64
}

// whole returns a value of one of the integer types, if an int can hold it.
func whole(value any) (int, bool) {
	switch v := value.(type) {
	case uint8:
		return toInt(v)
	case int8:
		return toInt(v)
	case uint16:
		return toInt(v)
	case int16:
		return toInt(v)
	case uint32:
		return toInt(v)
	case int32:
		return toInt(v)
	case uint64:
		return toInt(v)
	case int64:
		return toInt(v)
	}
	return 0, false
}

// wholes is whole for a list.
func wholes(value any) ([]int, bool) {
	switch v := value.(type) {
	case []uint8:
		return toInts(v)
	case []int8:
		return toInts(v)
	case []uint16:
		return toInts(v)
	case []int16:
		return toInts(v)
	case []uint32:
		return toInts(v)
	case []int32:
		return toInts(v)
	case []uint64:
		return toInts(v)
	case []int64:
		return toInts(v)
	}
	return nil, false
}

func toInt[T integer](v T) (int, bool) {
	if v > 0 && uint64(v) > math.MaxInt {
		return 0, false
	}
	return int(v), T(int(v)) == v
}

func toInts[T integer](list []T) ([]int, bool) {
	out := make([]int, len(list))
	for i, v := range list {
		n, ok := toInt(v)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}
