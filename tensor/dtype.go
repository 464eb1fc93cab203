package tensor

// DType names the number format of a tensor's elements, by the name that
// safetensors uses or, for a format of blocks, GGUF.
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

// The formats of GGUF whose numbers share a scale by blocks of a row. See
// Dequantize for what they hold.
const (
	DTypeQ8_0  DType = "Q8_0"
	DTypeQ4_0  DType = "Q4_0"
	DTypeQ4K   DType = "Q4_K"
	DTypeQ5K   DType = "Q5_K"
	DTypeQ6K   DType = "Q6_K"
	DTypeMXFP4 DType = "MXFP4"
)

// Block returns how many consecutive elements of a row are stored together and
// how many bytes they take: 1 and the width for plain numbers. Both are 0 for an
// unknown format and for one whose elements are no whole number of bytes.
func (d DType) Block() (elements, bytes int) {
	switch d {
	case DTypeQ8_0:
		return 32, 34
	case DTypeQ4_0:
		return 32, 18
	case DTypeMXFP4:
		return 32, 17
	case DTypeQ4K:
		return 256, 144
	case DTypeQ5K:
		return 256, 176
	case DTypeQ6K:
		return 256, 210
	}
	if bits := d.Bits(); bits > 0 && bits%8 == 0 {
		return 1, bits / 8
	}
	return 0, 0
}

// IsBlocked reports whether d is a format of blocks.
func (d DType) IsBlocked() bool {
	elements, _ := d.Block()
	return elements > 1
}

// Bits returns the size of one element in bits, or 0 for a format of blocks and
// for an unknown one.
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
