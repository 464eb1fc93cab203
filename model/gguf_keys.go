package model

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/tensor/gguf"
)

// keys reads values of a GGUF file's metadata one by one, removes what it read
// from the architecture's own, and keeps the first error.
type keys struct {
	prefix string         // of the architecture's keys, with the dot
	all    map[string]any // by whole name
	left   map[string]any // of the architecture, without the prefix
	err    error
}

func newKeys(pairs []gguf.Pair) *keys {
	k := &keys{all: map[string]any{}, left: map[string]any{}}
	for _, p := range pairs {
		k.all[p.Key] = p.Value
	}
	return k
}

// enter makes arch the architecture whose keys are read.
func (k *keys) enter(arch string) {
	k.prefix = arch + "."
	for name, v := range k.all {
		if rest, ok := strings.CutPrefix(name, k.prefix); ok {
			k.left[rest] = v
		}
	}
}

// take removes and returns the value of a key of the architecture.
func (k *keys) take(name string) (any, bool) {
	v, ok := k.left[name]
	delete(k.left, name)
	return v, ok && k.err == nil
}

// fail keeps the first error; name is without the prefix.
func (k *keys) fail(name, format string, args ...any) {
	if k.err == nil {
		k.err = fmt.Errorf("%s%s: %s", k.prefix, name, fmt.Sprintf(format, args...))
	}
}

// number reads a whole number into dst. A list that says the same for every
// layer counts as one number. Absence leaves dst alone.
func (k *keys) number(name string, dst *int) bool {
	v, ok := k.take(name)
	if !ok {
		return false
	}
	n, err := wholeNumber(v)
	if err != nil {
		k.fail(name, "%v", err)
		return false
	}
	*dst = n
	return true
}

// need is number for a key without a default.
func (k *keys) need(name string, dst *int) {
	if !k.number(name, dst) {
		k.fail(name, "missing")
	}
}

// real reads a number with a fraction.
func (k *keys) real(name string, dst *float64) bool {
	v, ok := k.take(name)
	if !ok {
		return false
	}
	x, err := realNumber(v)
	if err != nil {
		k.fail(name, "%v", err)
		return false
	}
	*dst = x
	return true
}

// text reads a text of the architecture.
func (k *keys) text(name string, dst *string) {
	v, ok := k.take(name)
	if !ok {
		return
	}
	s, isText := v.(string)
	if !isText {
		k.fail(name, "%s is no text", brief(v))
		return
	}
	*dst = s
}

// none accepts a number, or list of them, that is 0, or the key's absence.
func (k *keys) none(name, why string) {
	n := 0
	if k.number(name, &n); n != 0 {
		k.fail(name, "is %d: %s", n, why)
	}
}

// rest refuses what nobody has read.
func (k *keys) rest(harmless []string) {
	for _, name := range slices.Sorted(maps.Keys(k.left)) {
		if !slices.Contains(harmless, name) {
			k.fail(name, "this decoder does not know the key, so it cannot tell whether ignoring it is safe")
		}
	}
}

// brief prints a value for a message.
func brief(v any) string { return short([]byte(fmt.Sprint(v))) }

// wholeNumber returns the number that v is, or that a list says for all layers.
func wholeNumber(v any) (int, error) {
	switch v := v.(type) {
	case uint8:
		return int(v), nil
	case int8:
		return int(v), nil
	case uint16:
		return int(v), nil
	case int16:
		return int(v), nil
	case uint32:
		return int(v), nil
	case int32:
		return int(v), nil
	case int64:
		return int(v), nil
	case uint64:
		if v <= math.MaxInt64 {
			return int(v), nil
		}
	case []uint32:
		return sameForAll(v)
	case []int32:
		return sameForAll(v)
	case []uint64:
		return sameForAll(v)
	case []int64:
		return sameForAll(v)
	}
	return 0, fmt.Errorf("%s is no whole number in range", brief(v))
}

func sameForAll[T uint32 | int32 | uint64 | int64](list []T) (int, error) {
	if len(list) == 0 {
		return 0, fmt.Errorf("an empty list")
	}
	for i, v := range list {
		if v != list[0] {
			return 0, fmt.Errorf("layer %d has %d and layer 0 has %d: the layers of this decoder have one size", i, v, list[0])
		}
	}
	return wholeNumber(any(list[0]))
}

// realNumber returns a number as the shortest decimal that its float32 stands
// for, since that is what its writer had: 1e-05 and not 9.999999747378752e-06.
func realNumber(v any) (float64, error) {
	switch v := v.(type) {
	case float32:
		if !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
			return strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
		}
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v, nil
		}
	}
	return 0, fmt.Errorf("%s is no finite number with a fraction", brief(v))
}
