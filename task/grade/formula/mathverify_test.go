package formula

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
)

// TestBesideMathVerify compares with what math-verify says of 2,145 pairs
// (testdata/mathverify.jsonl, made by mathverify.py).
func TestBesideMathVerify(t *testing.T) {
	f, err := os.Open("testdata/mathverify.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	number := 0
	for lines := bufio.NewScanner(f); lines.Scan(); number++ {
		var c struct {
			Gold, Answer string
			Equal        bool
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if got := Equal(c.Gold, c.Answer, 0); got != c.Equal {
			t.Errorf("%s and %s: %v, want %v", c.Gold, c.Answer, got, c.Equal)
		}
		if Equal(c.Gold, c.Answer, 0) != Equal(c.Answer, c.Gold, 0) {
			t.Errorf("%s and %s: the order matters", c.Gold, c.Answer)
		}
	}
	if number != 2145 {
		t.Errorf("%d pairs", number)
	}
}
