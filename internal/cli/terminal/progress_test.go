package terminal

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath"
)

// TestLongPrompt: while a prompt is read, its share stands where the answer will.
func TestLongPrompt(t *testing.T) {
	half := polymath.Progress{Read: 65536, Total: 131072, Time: 30 * time.Second}
	s := newScreen(t, &scripted{pieces: []string{"x"}, endless: true, reading: []polymath.Progress{half}}, Options{})
	s.settle(nil)
	s.press("What?", "enter")
	s.settle(func() bool { return strings.Contains(s.view(), "65,536 of 131,072 tokens") })
	if !strings.Contains(s.view(), "reading the prompt █") {
		t.Error(s.view())
	}
	s.press("ctrl+c")
	s.settle(nil)
	if strings.Contains(s.view(), "reading") || !strings.Contains(s.scrolled.String(), "(stopped)") {
		t.Errorf("%s\n%s", s.scrolled.String(), s.view())
	}
}

func TestPlainTellsReading(t *testing.T) {
	reading := []polymath.Progress{{Read: 1, Total: 2}, {Read: 2, Total: 2}}
	var told []*polymath.Progress
	o := Options{Reading: func(p *polymath.Progress) { told = append(told, p) }}
	var out strings.Builder
	err := Plain(t.Context(), &scripted{pieces: []string{"Hi"}, reading: reading}, o, false, strings.NewReader("x"), &out, func(s string) string { return s })
	if err != nil || out.String() != "Hi\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if want := []*polymath.Progress{&reading[0], &reading[1], nil, nil}; !reflect.DeepEqual(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
