package align

import (
	"slices"
	"testing"
)

// What is held out is shown beside the first measurement, intervals behind their
// measures and headlines before the rest.
func TestHeldOutTable(t *testing.T) {
	first := &Record{Step: 0, Values: Measures{"accuracy": 0.25, "accuracy_low": 0.125, "accuracy_high": 0.375, "length_low": 3}}
	last := &Record{Step: 8, Values: Measures{"accuracy": 0.5, "accuracy_low": 0.375, "accuracy_high": 0.625, "length_low": 2, "a": 1}}
	h := newHeldOut(first, last)
	want := []heldOutRow{
		{"accuracy", "0.25 (0.125 to 0.375)", "0.5 (0.375 to 0.625)"},
		{"a", "", "1"},
		{"length_low", "3", "2"}, // there is no length that it could bound
	}
	if !slices.Equal(h.Rows, want) || !h.Before || h.First != 0 || h.Last != 8 {
		t.Errorf("%+v", h)
	}
	if h := newHeldOut(last, last); h.Before {
		t.Errorf("one measurement: %+v", h)
	}
}
