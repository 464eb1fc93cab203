package infer

import "testing"

// The known answers are those of Random123's kat_vectors for philox4x32-10.
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, v := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{
			counter: [4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
			key:     [2]uint32{0xffffffff, 0xffffffff},
			want:    [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		},
		{
			counter: [4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
			key:     [2]uint32{0xa4093822, 0x299f31d0},
			want:    [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := philox(v.counter, v.key); got != v.want {
			t.Errorf("philox(%x, %x) = %x, want %x", v.counter, v.key, got, v.want)
		}
	}
}

func TestUniformIsAFunctionOfItsArguments(t *testing.T) {
	base := Uniform(1, 2, 3)
	if base < 0 || base >= 1 {
		t.Fatalf("Uniform = %v, outside [0, 1)", base)
	}
	if Uniform(1, 2, 3) != base {
		t.Error("the same arguments gave another number")
	}
	for _, other := range []float64{Uniform(2, 2, 3), Uniform(1, 3, 3), Uniform(1, 2, 4), Uniform(1<<32+1, 2, 3)} {
		if other == base {
			t.Error("another seed, choice or position gave the same number")
		}
	}
}
