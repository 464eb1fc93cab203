package modelfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/spelling"
	"github.com/polymath-lm/polymath/tensor"
)

// Keep is the name of the choice to leave a format as it is.
const Keep = "keep"

// formats are the names of the formats that weights are written in.
var formats = []struct {
	name  string
	dtype tensor.DType
}{
	{Keep, ""},
	{"bf16", tensor.DTypeBF16},
	{"f16", tensor.DTypeF16},
	{"f32", tensor.DTypeF32},
	{"q8_0", tensor.DTypeQ8_0},
	{"q6_k", tensor.DTypeQ6K},
	{"q5_k", tensor.DTypeQ5K},
	{"q4_k", tensor.DTypeQ4K},
	{"q4_0", tensor.DTypeQ4_0},
	{"mxfp4", tensor.DTypeMXFP4},
}

// Formats returns the names that ParseFormat takes, widest first.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// ParseFormat returns the format of that name, "" for Keep. Another name is an
// error that says which may have been meant.
func ParseFormat(name string) (tensor.DType, error) {
	lower := strings.ToLower(name)
	for _, f := range formats {
		if f.name == lower {
			return f.dtype, nil
		}
	}
	best := slices.MinFunc(Formats(), func(a, b string) int {
		return spelling.Distance(lower, a) - spelling.Distance(lower, b)
	})
	if spelling.Distance(lower, best) <= 2 && len(lower) > 1 {
		return "", fmt.Errorf("%q is no format of weights; did you mean %s?", name, best)
	}
	return "", fmt.Errorf("%q is no format of weights; there are %s", name, strings.Join(Formats(), ", "))
}

// formatName is a format's name as ParseFormat takes it.
func formatName(d tensor.DType) string { return strings.ToLower(string(d)) }
