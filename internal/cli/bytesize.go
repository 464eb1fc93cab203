package cli

import (
	"strconv"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// byteSize is a flag: bytes, with a unit or without.
type byteSize int64

// String is of pflag.Value.
func (b *byteSize) String() string { return strconv.FormatInt(int64(*b), 10) }

// Type is of pflag.Value.
func (b *byteSize) Type() string { return "bytes" }

// Set is of pflag.Value.
func (b *byteSize) Set(text string) error {
	n, err := recipe.ParseBytes(text)
	*b = byteSize(n)
	return err
}
