package infer

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// stopAt is the definition: the shortest beginning of text that ends with a
// stop string, less the longest such string.
func stopAt(text string, stops []string) (string, bool) {
	for end := 1; end <= len(text); end++ {
		longest := 0
		for _, stop := range stops {
			if len(stop) > longest && strings.HasSuffix(text[:end], stop) {
				longest = len(stop)
			}
		}
		if longest > 0 {
			return text[:end-longest], true
		}
	}
	return text, false
}

// pieces cuts text at places that cuts decides.
func pieces(text string, cuts uint64) []string {
	var all []string
	for len(text) > 0 {
		n := min(len(text), 1+int(cuts%4))
		cuts = cuts>>2 | cuts<<62
		all = append(all, text[:n])
		text = text[n:]
	}
	return all
}

func FuzzStop(f *testing.F) {
	f.Add("one\n\ntwo", "\n\n", "", uint64(0))
	f.Add("naïve café ☕ end", "é ☕", "ï", uint64(0x1b1b))
	f.Add("aaab", "aab", "ab", uint64(3))
	f.Add("abcabd", "abd", "bcab", uint64(9))
	f.Add("\xe2\x82 broken \xff\xfe", "\x82 b", "x", uint64(1))
	f.Add("halb", "halbe", "b\xc3", uint64(2))
	f.Fuzz(func(t *testing.T, text, stop1, stop2 string, cuts uint64) {
		var stops []string
		for _, s := range []string{stop1, stop2} {
			if s != "" {
				stops = append(stops, s)
			}
		}
		stop, err := NewStop(stops...)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		stopped := false
		for _, piece := range pieces(text, cuts) {
			out, done := stop.Push([]byte(piece))
			if !utf8.ValidString(out) {
				t.Fatalf("Push gave %q, which is not UTF-8", out)
			}
			got.WriteString(out)
			if stopped && (out != "" || !done) {
				t.Fatalf("more text after the stop: %q", out)
			}
			stopped = stopped || done
		}
		got.WriteString(stop.Flush())
		want, wantStopped := stopAt(text, stops)
		if got.String() != validText([]byte(want)) || stopped != wantStopped {
			t.Fatalf("%q with stops %q in pieces %q: got %q (stopped %v), want %q (%v)",
				text, stops, pieces(text, cuts), got.String(), stopped, want, wantStopped)
		}
	})
}

func TestStopHoldsBackOnlyWhatItMust(t *testing.T) {
	stop, err := NewStop("END")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ piece, text string }{
		{"abc", "abc"}, {"E", ""}, {"x", "Ex"}, {"\xe2\x82", ""}, {"\xac", "€"}, {"EN", ""}, {"E", "EN"}, {"ND", ""},
	} {
		if got, _ := stop.Push([]byte(step.piece)); got != step.text {
			t.Errorf("Push(%q) = %q, want %q", step.piece, got, step.text)
		}
	}
	if got := stop.Flush(); got != "" {
		t.Errorf("Flush after the stop = %q", got)
	}
	if _, err := NewStop("a", ""); !errors.Is(err, ErrStop) {
		t.Errorf("an empty stop string: %v", err)
	}
}
