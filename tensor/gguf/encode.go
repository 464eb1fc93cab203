package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// encoder appends to the beginning of a file.
type encoder struct{ out []byte }

func (e *encoder) u8(v uint8)   { e.out = append(e.out, v) }
func (e *encoder) u16(v uint16) { e.out = binary.LittleEndian.AppendUint16(e.out, v) }
func (e *encoder) u32(v uint32) { e.out = binary.LittleEndian.AppendUint32(e.out, v) }
func (e *encoder) u64(v uint64) { e.out = binary.LittleEndian.AppendUint64(e.out, v) }

func (e *encoder) f32(v float32) { e.u32(math.Float32bits(v)) }
func (e *encoder) f64(v float64) { e.u64(math.Float64bits(v)) }

func (e *encoder) text(s string) {
	e.u64(uint64(len(s)))
	e.out = append(e.out, s...)
}

func (e *encoder) boolean(v bool) {
	if v {
		e.u8(1)
	} else {
		e.u8(0)
	}
}

func (e *encoder) pairs(list []Pair) error {
	seen := map[string]bool{}
	for _, p := range list {
		switch {
		case len(p.Key) == 0 || len(p.Key) > maxLabel:
			return fmt.Errorf("metadata %.40q: a key of %d bytes: 1 to %d are allowed", p.Key, len(p.Key), maxLabel)
		case seen[p.Key]:
			return fmt.Errorf("metadata %q: given twice", p.Key)
		}
		seen[p.Key] = true
		if n, ok := whole(p.Value); p.Key == alignmentKey && (!ok || n != defaultAlignment) {
			return fmt.Errorf("metadata %q: only %d is written, not %v", p.Key, defaultAlignment, p.Value)
		}
		e.text(p.Key)
		if !e.single(p.Value) {
			e.u32(typeArray)
			if err := e.array(p.Value, 1); err != nil {
				return fmt.Errorf("metadata %q: %w", p.Key, err)
			}
		}
	}
	return nil
}

// single writes type and value of anything but an array.
func (e *encoder) single(value any) bool {
	switch v := value.(type) {
	case uint8:
		one(e, typeUint8, v, e.u8)
	case int8:
		one(e, typeInt8, uint8(v), e.u8)
	case uint16:
		one(e, typeUint16, v, e.u16)
	case int16:
		one(e, typeInt16, uint16(v), e.u16)
	case uint32:
		one(e, typeUint32, v, e.u32)
	case int32:
		one(e, typeInt32, uint32(v), e.u32)
	case uint64:
		one(e, typeUint64, v, e.u64)
	case int64:
		one(e, typeInt64, uint64(v), e.u64)
	case float32:
		one(e, typeFloat32, v, e.f32)
	case float64:
		one(e, typeFloat64, v, e.f64)
	case bool:
		one(e, typeBool, v, e.boolean)
	case string:
		one(e, typeString, v, e.text)
	default:
		return false
	}
	return true
}

func one[T any](e *encoder, kind uint32, v T, write func(T)) {
	e.u32(kind)
	write(v)
}

// array writes type and number of elements, and them.
func (e *encoder) array(value any, depth int) error {
	switch v := value.(type) {
	case []uint8:
		many(e, typeUint8, v, e.u8)
	case []int8:
		many(e, typeInt8, v, func(x int8) { e.u8(uint8(x)) })
	case []uint16:
		many(e, typeUint16, v, e.u16)
	case []int16:
		many(e, typeInt16, v, func(x int16) { e.u16(uint16(x)) })
	case []uint32:
		many(e, typeUint32, v, e.u32)
	case []int32:
		many(e, typeInt32, v, func(x int32) { e.u32(uint32(x)) })
	case []uint64:
		many(e, typeUint64, v, e.u64)
	case []int64:
		many(e, typeInt64, v, func(x int64) { e.u64(uint64(x)) })
	case []float32:
		many(e, typeFloat32, v, e.f32)
	case []float64:
		many(e, typeFloat64, v, e.f64)
	case []bool:
		many(e, typeBool, v, e.boolean)
	case []string:
		many(e, typeString, v, e.text)
	case []any:
		return e.arrays(v, depth)
	default:
		return fmt.Errorf("GGUF has no type for %T", value)
	}
	return nil
}

func many[T any](e *encoder, kind uint32, list []T, write func(T)) {
	e.u32(kind)
	e.u64(uint64(len(list)))
	for _, v := range list {
		write(v)
	}
}

func (e *encoder) arrays(list []any, depth int) error {
	if depth >= maxDepth && len(list) > 0 {
		return fmt.Errorf("arrays nested more than %d deep", maxDepth)
	}
	e.u32(typeArray)
	e.u64(uint64(len(list)))
	for _, v := range list {
		if err := e.array(v, depth+1); err != nil {
			return err
		}
	}
	return nil
}
