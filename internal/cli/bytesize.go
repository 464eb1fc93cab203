package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteSize is a flag: bytes, with a unit or without.
type byteSize int64

// units are multiples of 1024, however they are written.
var units = []struct {
	name  string
	bytes float64
}{
	{"kib", 1 << 10},
	{"mib", 1 << 20},
	{"gib", 1 << 30},
	{"tib", 1 << 40},
	{"kb", 1 << 10},
	{"mb", 1 << 20},
	{"gb", 1 << 30},
	{"tb", 1 << 40},
	{"k", 1 << 10},
	{"m", 1 << 20},
	{"g", 1 << 30},
	{"t", 1 << 40},
	{"b", 1},
}

// String is of pflag.Value.
func (b *byteSize) String() string { return strconv.FormatInt(int64(*b), 10) }

// Type is of pflag.Value.
func (b *byteSize) Type() string { return "bytes" }

// Set is of pflag.Value.
func (b *byteSize) Set(text string) error {
	number, unit := strings.ToLower(strings.TrimSpace(text)), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || math.IsNaN(n) || n*unit >= math.MaxInt64 {
		return fmt.Errorf("give a number of bytes, such as 512MiB or 8GiB")
	}
	*b = byteSize(n * unit)
	return nil
}
