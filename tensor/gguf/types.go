package gguf

import (
	"fmt"

	"github.com/polymath-lm/polymath/tensor"
)

// format is a tensor's type as GGUF numbers it.
type format struct {
	number   uint32
	name     string
	elements uint64 // of a block
	bytes    uint64 // that a block takes
	dtype    tensor.DType
}

// formats are all types that files are known to use; those without a dtype
// cannot be read.
var formats = []format{
	{0, "F32", 1, 4, tensor.DTypeF32},
	{1, "F16", 1, 2, tensor.DTypeF16},
	{2, "Q4_0", 32, 18, tensor.DTypeQ4_0},
	{3, "Q4_1", 32, 20, ""},
	{6, "Q5_0", 32, 22, ""},
	{7, "Q5_1", 32, 24, ""},
	{8, "Q8_0", 32, 34, tensor.DTypeQ8_0},
	{9, "Q8_1", 32, 40, ""},
	{10, "Q2_K", 256, 84, ""},
	{11, "Q3_K", 256, 110, ""},
	{12, "Q4_K", 256, 144, tensor.DTypeQ4K},
	{13, "Q5_K", 256, 176, tensor.DTypeQ5K},
	{14, "Q6_K", 256, 210, tensor.DTypeQ6K},
	{15, "Q8_K", 256, 292, ""},
	{16, "IQ2_XXS", 256, 66, ""},
	{17, "IQ2_XS", 256, 74, ""},
	{18, "IQ3_XXS", 256, 98, ""},
	{19, "IQ1_S", 256, 50, ""},
	{20, "IQ4_NL", 32, 18, ""},
	{21, "IQ3_S", 256, 110, ""},
	{22, "IQ2_S", 256, 82, ""},
	{23, "IQ4_XS", 256, 136, ""},
	{24, "I8", 1, 1, tensor.DTypeI8},
	{25, "I16", 1, 2, tensor.DTypeI16},
	{26, "I32", 1, 4, tensor.DTypeI32},
	{27, "I64", 1, 8, tensor.DTypeI64},
	{28, "F64", 1, 8, tensor.DTypeF64},
	{29, "IQ1_M", 256, 56, ""},
	{30, "BF16", 1, 2, tensor.DTypeBF16},
	{31, "Q4_0_4_4", 32, 18, ""}, // this and the next two are no longer written
	{32, "Q4_0_4_8", 32, 18, ""},
	{33, "Q4_0_8_8", 32, 18, ""},
	{34, "TQ1_0", 256, 54, ""},
	{35, "TQ2_0", 256, 66, ""},
	{39, "MXFP4", 32, 17, tensor.DTypeMXFP4},
	{40, "NVFP4", 64, 36, ""},
	{41, "Q1_0", 128, 18, ""},
}

func formatOf(number uint32) (*format, error) {
	for i := range formats {
		if formats[i].number == number {
			return &formats[i], nil
		}
	}
	return nil, fmt.Errorf("type number %d is unknown: is the file damaged, or newer than this program?", number)
}

// numberOf returns the number of a format that can be written.
func numberOf(d tensor.DType) (uint32, error) {
	for _, f := range formats {
		if f.dtype == d && d != "" {
			return f.number, nil
		}
	}
	return 0, fmt.Errorf("GGUF has no type for %s", d)
}
