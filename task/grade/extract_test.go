package grade

import (
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestAfterBadBytes: bytes that are no text, several in a row, and letters of more bytes do
// not move the place behind which the answer is.
func TestAfterBadBytes(t *testing.T) {
	x, err := newExtractor(&task.Extract{After: []string{"The ANSWER is"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []string{"", "\xff", "\xff\xfe\xfd\x80", "\xe2\x82", "Ünder\xff\xff \xff\xff\xff", "K\u212a"} {
		text := "I think" + before + ", the Answer IS 42"
		if e := x.of(text); e.text != "42" || !e.found {
			t.Errorf("%q: %q", text, e.text)
		}
	}
}
