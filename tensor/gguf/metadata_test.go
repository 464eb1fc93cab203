package gguf

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func metadata(pairs ...Pair) *Metadata {
	h := &header{pairs: pairs, index: map[string]int{}}
	for i, p := range pairs {
		h.index[p.Key] = i
	}
	return h.metadata("m.gguf")
}

func TestGetters(t *testing.T) {
	m := metadata(
		Pair{"text", "a"}, Pair{"yes", true}, Pair{"texts", []string{"a", "b"}},
		Pair{"i8", int8(-3)}, Pair{"u8", uint8(200)}, Pair{"i16", int16(-300)}, Pair{"u16", uint16(60000)},
		Pair{"i32", int32(-70000)}, Pair{"u32", uint32(4e9)}, Pair{"i64", int64(-5e9)}, Pair{"u64", uint64(5e9)},
		Pair{"f32s", []float32{1, 2}},
		Pair{"u32s", []uint32{1, 4e9}}, Pair{"i8s", []int8{-1}}, Pair{"u64s", []uint64{7}},
	)
	ints := map[string]int{"i8": -3, "u8": 200, "i16": -300, "u16": 60000, "i32": -70000, "u32": 4e9, "i64": -5e9, "u64": 5e9}
	for key, want := range ints {
		if got, err := m.Int(key); got != want || err != nil {
			t.Errorf("Int %s: %d, %v", key, got, err)
		}
		got, err := m.Uint(key)
		if want >= 0 && (got != want || err != nil) || want < 0 && (err == nil || !strings.Contains(err.Error(), "m.gguf: "+key+" is -")) {
			t.Errorf("Uint %s: %d, %v", key, got, err)
		}
	}
	for key, want := range map[string][]int{"u32s": {1, 4e9}, "i8s": {-1}, "u64s": {7}} {
		if got, err := m.Ints(key); !slices.Equal(got, want) || err != nil {
			t.Errorf("Ints %s: %d, %v", key, got, err)
		}
	}
	if got, err := m.String("text"); got != "a" || err != nil {
		t.Errorf("String: %q, %v", got, err)
	}
	if got, err := m.Bool("yes"); !got || err != nil {
		t.Errorf("Bool: %v, %v", got, err)
	}
	if got, err := m.Strings("texts"); !slices.Equal(got, []string{"a", "b"}) || err != nil {
		t.Errorf("Strings: %q, %v", got, err)
	}
	if got, err := m.Floats("f32s"); !slices.Equal(got, []float32{1, 2}) || err != nil {
		t.Errorf("Floats: %v, %v", got, err)
	}
}

func TestGettersRefuse(t *testing.T) {
	m := metadata(
		Pair{"text", "a"}, Pair{"large", uint64(math.MaxUint64)}, Pair{"larges", []uint64{math.MaxInt64 + 1}},
		Pair{"infs", []float32{0, float32(math.Inf(-1))}}, Pair{"n", uint32(7)},
	)
	drop := func(_ any, err error) error { return err }
	for _, c := range []struct {
		err  error
		want string
	}{
		{drop(m.Int("text")), "m.gguf: text is of type string, and must be a whole number"},
		{drop(m.Int("large")), "m.gguf: large is 18446744073709551615, and must be a whole number in range"},
		{drop(m.Ints("larges")), "m.gguf: larges is of type []uint64, and must be a list of whole numbers in range"},
		{drop(m.Floats("infs")), "m.gguf: infs: element 1 is -Inf"},
		{drop(m.String("n")), "m.gguf: n is 7, and must be text"},
		{drop(m.Bool("text")), "m.gguf: text is of type string, and must be true or false"},
		{drop(m.Strings("text")), "must be a list of text"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) || errors.Is(c.err, ErrMissing) {
			t.Errorf("error %v, want %q", c.err, c.want)
		}
	}
	for _, err := range []error{
		drop(m.Int("x")), drop(m.Uint("x")), drop(m.Ints("x")), drop(m.Floats("x")),
		drop(m.String("x")), drop(m.Bool("x")), drop(m.Strings("x")),
	} {
		if !errors.Is(err, ErrMissing) || err.Error() != "m.gguf: x is missing" {
			t.Errorf("a missing key: %v", err)
		}
	}
	if m.Has("x") || !m.Has("n") || m.Value("x") != nil {
		t.Error("Has or Value of a missing key")
	}
}
