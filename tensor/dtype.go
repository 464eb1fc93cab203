package tensor

// DType names the number format of a tensor's elements, by the name that
// safetensors uses.
type DType string

// The formats that safetensors knows. Those of 8 bits and less can be stored
// and passed on; CopyF32 does not convert them.
const (
	DTypeBool   DType = "BOOL"
	DTypeF4     DType = "F4"
	DTypeF6E2M3 DType = "F6_E2M3"
	DTypeF6E3M2 DType = "F6_E3M2"
	DTypeU8     DType = "U8"
	DTypeI8     DType = "I8"
	DTypeF8E5M2 DType = "F8_E5M2"
	DTypeF8E4M3 DType = "F8_E4M3"
	DTypeF8E8M0 DType = "F8_E8M0"
	DTypeI16    DType = "I16"
	DTypeU16    DType = "U16"
	DTypeF16    DType = "F16"
	DTypeBF16   DType = "BF16"
	DTypeI32    DType = "I32"
	DTypeU32    DType = "U32"
	DTypeF32    DType = "F32"
	DTypeC64    DType = "C64"
	DTypeF64    DType = "F64"
	DTypeI64    DType = "I64"
	DTypeU64    DType = "U64"
)

// Bits returns the size of one element in bits, or 0 for an unknown format.
func (d DType) Bits() int {
	switch d {
	case DTypeF4:
		return 4
	case DTypeF6E2M3, DTypeF6E3M2:
		return 6
	case DTypeBool, DTypeU8, DTypeI8, DTypeF8E5M2, DTypeF8E4M3, DTypeF8E8M0:
		return 8
	case DTypeI16, DTypeU16, DTypeF16, DTypeBF16:
		return 16
	case DTypeI32, DTypeU32, DTypeF32:
		return 32
	case DTypeC64, DTypeF64, DTypeI64, DTypeU64:
		return 64
	}
	return 0
}
