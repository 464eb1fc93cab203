package decontaminate

import (
	"strings"
	"testing"
)

// TestCheckable agrees with what a set of one item says of it.
func TestCheckable(t *testing.T) {
	o := defaults()
	for n := range 30 {
		for _, word := range []string{"a ", "item ", "— ", "问题", "Ordinary-ly, "} {
			text := strings.Repeat(word, n)
			_, err := NewItems([]Loaded{{Name: "one", Items: []string{text}}}, o)
			if got := o.Checkable(text); got != (err == nil) {
				t.Errorf("%q: %v, but NewItems says %v", text, got, err)
			}
		}
	}
}
