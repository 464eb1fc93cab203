package gguf

import "fmt"

// The numbers of the types of values.
const (
	typeUint8 uint32 = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
)

// maxDepth bounds arrays in arrays; no known file nests them.
const maxDepth = 8

// value reads a value of the type. Arrays become slices of the Go type of their
// elements, arrays of arrays []any.
func (c *cursor) value(kind uint32, depth int) any {
	switch kind {
	case typeUint8:
		return c.u8()
	case typeInt8:
		return int8(c.u8())
	case typeUint16:
		return c.u16()
	case typeInt16:
		return int16(c.u16())
	case typeUint32:
		return c.u32()
	case typeInt32:
		return int32(c.u32())
	case typeUint64:
		return c.u64()
	case typeInt64:
		return int64(c.u64())
	case typeFloat32:
		return c.f32()
	case typeFloat64:
		return c.f64()
	case typeBool:
		return c.boolean()
	case typeString:
		return c.text()
	case typeArray:
		return c.array(depth + 1)
	}
	if c.err == nil {
		c.err = fmt.Errorf("type number %d is unknown", kind)
	}
	return nil
}

// array reads the type and number of elements, and them.
func (c *cursor) array(depth int) any {
	kind, n := c.u32(), c.u64()
	if c.err == nil && depth > maxDepth {
		c.err = fmt.Errorf("arrays nested more than %d deep", maxDepth)
	}
	switch kind {
	case typeUint8:
		return list(c, n, 1, c.u8)
	case typeInt8:
		return list(c, n, 1, func() int8 { return int8(c.u8()) })
	case typeUint16:
		return list(c, n, 2, c.u16)
	case typeInt16:
		return list(c, n, 2, func() int16 { return int16(c.u16()) })
	case typeUint32:
		return list(c, n, 4, c.u32)
	case typeInt32:
		return list(c, n, 4, func() int32 { return int32(c.u32()) })
	case typeUint64:
		return list(c, n, 8, c.u64)
	case typeInt64:
		return list(c, n, 8, func() int64 { return int64(c.u64()) })
	case typeFloat32:
		return list(c, n, 4, c.f32)
	case typeFloat64:
		return list(c, n, 8, c.f64)
	case typeBool:
		return list(c, n, 1, c.boolean)
	case typeString:
		return list(c, n, 8, c.text)
	case typeArray:
		return list(c, n, 12, func() any { return c.array(depth + 1) })
	}
	if c.err == nil {
		c.err = fmt.Errorf("array of type number %d, which is unknown", kind)
	}
	return nil
}

// list reads n elements that take at least size bytes each.
func list[T any](c *cursor, n, size uint64, read func() T) []T {
	out := make([]T, c.count(n, size, "elements"))
	for i := range out {
		if out[i] = read(); c.err != nil {
			return nil
		}
	}
	return out
}
