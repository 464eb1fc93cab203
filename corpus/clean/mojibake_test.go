package clean

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// TestMojibake repairs sentences in 18 languages that were misread, and leaves
// those alone that were not. What ftfy does with them stands beside them: it
// repairs more, as it need not be certain.
func TestMojibake(t *testing.T) {
	f, err := os.Open("testdata/mojibake.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := step(t, defaults())
	type count struct{ all, right, ftfy int }
	counts := map[string]*count{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c struct{ Language, Kind, Text, Right, FTFY string }
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		n := counts[c.Kind]
		if n == nil {
			n = new(count)
			counts[c.Kind] = n
		}
		got, _ := apply(s, c.Text, document.Text)
		untouched, _ := apply(step(t, UnicodeOptions{BlankLines: 2}), c.Text, document.Text)
		n.all++
		switch got {
		case c.Right:
			n.right++
		case untouched:
		default:
			t.Errorf("%s, %s: %q became %q and is %q", c.Language, c.Kind, c.Text, got, c.Right)
		}
		if c.FTFY == c.Right {
			n.ftfy++
		}
	}
	for kind, n := range counts {
		t.Logf("%-12s %d of %d right, ftfy %d", kind, n.right, n.all, n.ftfy)
		if n.right*20 < n.all*19 || kind == "clean" && n.right < n.all {
			t.Errorf("%s: %d of %d right", kind, n.right, n.all)
		}
	}
}
