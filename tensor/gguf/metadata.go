package gguf

import (
	"errors"
	"fmt"
	"math"
)

// Pair is a key of a file's metadata with its value, whose Go type stands for
// GGUF's: uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32,
// float64, bool, string, a slice of one of these, or []any of such slices.
type Pair struct {
	Key   string
	Value any
}

// Metadata is what a file says beside its tensors. Goroutines may share it, also
// after the file is closed; nobody may change its values.
type Metadata struct {
	path  string // for messages
	pairs []Pair
	index map[string]int
}

// ErrMissing is what the error of a getter wraps where the key is not there.
var ErrMissing = errors.New("is missing")

// Pairs returns keys and values in the file's order. The caller must not change
// them.
func (m *Metadata) Pairs() []Pair { return m.pairs }

// Has reports whether the key is there.
func (m *Metadata) Has(key string) bool { _, ok := m.index[key]; return ok }

// Value returns the key's value, or nil where it is missing.
func (m *Metadata) Value(key string) any {
	if i, ok := m.index[key]; ok {
		return m.pairs[i].Value
	}
	return nil
}

// String returns text. This and the other getters return an error that names
// file and key where the key is missing or its value is of another type or out
// of range.
func (m *Metadata) String(key string) (string, error) { return get[string](m, key, "text") }

// Bool returns a truth value.
func (m *Metadata) Bool(key string) (bool, error) { return get[bool](m, key, "true or false") }

// Strings returns a list of text. The caller must not change it.
func (m *Metadata) Strings(key string) ([]string, error) {
	return get[[]string](m, key, "a list of text")
}

// Int returns a whole number of any of the integer types.
func (m *Metadata) Int(key string) (int, error) {
	value, err := m.value(key)
	if err != nil {
		return 0, err
	}
	n, ok := whole(value)
	if !ok {
		return 0, m.wrong(key, "a whole number in range")
	}
	return n, nil
}

// Uint is Int for a number that is not negative.
func (m *Metadata) Uint(key string) (int, error) {
	n, err := m.Int(key)
	if err == nil && n < 0 {
		return 0, fmt.Errorf("%s: %s is %d, and must not be negative", m.path, key, n)
	}
	return n, err
}

// Ints returns a list of whole numbers of any of the integer types.
func (m *Metadata) Ints(key string) ([]int, error) {
	value, err := m.value(key)
	if err != nil {
		return nil, err
	}
	out, ok := wholes(value)
	if !ok {
		return nil, m.wrong(key, "a list of whole numbers in range")
	}
	return out, nil
}

// Floats returns a list of finite numbers.
func (m *Metadata) Floats(key string) ([]float32, error) {
	out, err := get[[]float32](m, key, "a list of numbers with a fraction")
	for i, x := range out {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return nil, fmt.Errorf("%s: %s: element %d is %g, and must be finite", m.path, key, i, x)
		}
	}
	return out, err
}

func (m *Metadata) value(key string) (any, error) {
	if !m.Has(key) {
		return nil, fmt.Errorf("%s: %s %w", m.path, key, ErrMissing)
	}
	return m.Value(key), nil
}

func (m *Metadata) wrong(key, want string) error {
	what := fmt.Sprintf("of type %T", m.Value(key))
	if n, ok := number(m.Value(key)); ok {
		what = n
	}
	return fmt.Errorf("%s: %s is %s, and must be %s", m.path, key, what, want)
}

// number returns an integer as text.
func number(value any) (string, bool) {
	switch value.(type) {
	case uint8, int8, uint16, int16, uint32, int32, uint64, int64:
		return fmt.Sprint(value), true
	}
	return "", false
}

func get[T any](m *Metadata, key, want string) (T, error) {
	var zero T
	value, err := m.value(key)
	if err != nil {
		return zero, err
	}
	got, ok := value.(T)
	if !ok {
		return zero, m.wrong(key, want)
	}
	return got, nil
}
