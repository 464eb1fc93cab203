package question

import (
	"strings"
	"testing"
)

func TestReplaceWord(t *testing.T) {
	for _, c := range []struct {
		text   string
		dotted bool
		want   string
	}{
		{"Cut cuts. A Cutter is no Cut, nor is io.Cut.", false, "Pry cuts. A Cutter is no Pry, nor is io.Cut."},
		{"x.Cut(é, Cut_2, \"Cut\")", true, "x.Pry(é, Cut_2, \"Pry\")"},
		{"éCut Cuté Cut", false, "éCut Cuté Pry"},
		{"", false, ""},
	} {
		if got := replaceWord(c.text, "Cut", "Pry", c.dotted); got != c.want {
			t.Errorf("%q became %q, want %q", c.text, got, c.want)
		}
	}
}

// TestNeighbors: a wrong answer never names the neighbor that it is of, and it is of the
// same type where there is another method.
func TestNeighbors(t *testing.T) {
	s := library(t)
	o := DefaultOptions()
	o.Shares, o.Asks, o.Number = map[Way]float64{Memory: 1}, []Ask{AskSignature}, 2000
	alike, all := 0, 0
	_, err := Each(s, o, func(i *Item) error {
		if i.Wrong == "" || strings.HasPrefix(i.Wrong, "There is no ") {
			return nil
		}
		all++
		receiver := func(text string) string {
			before, _, _ := strings.Cut(strings.TrimPrefix(text, "func "), ") ")
			if !strings.HasPrefix(before, "(") {
				return ""
			}
			return strings.TrimLeft(before[strings.LastIndexByte(before, ' ')+1:], "*")
		}
		if receiver(i.Answer) == receiver(i.Wrong) {
			alike++
		}
		if name := i.Entry.base(); !strings.Contains(strings.ToLower(i.Wrong), name+"(") && !strings.Contains(strings.ToLower(i.Wrong), name+"[") {
			t.Errorf("%s is said to be %q", i.Entry.Subject, i.Wrong)
		}
		return nil
	})
	if err != nil || all < 500 || alike*10 < all*9 {
		t.Errorf("%d of %d are of the same type: %v", alike, all, err)
	}
}
