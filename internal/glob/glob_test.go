package glob

import (
	"path/filepath"
	"testing"
)

func TestEscape(t *testing.T) {
	names := []string{"plain", "a*b", "a?b", "[1]", "x]y", "-[a-z]*?", "ab", "a1b", "1"}
	if filepath.Separator != '\\' {
		names = append(names, `a\b`, `\*`, `\[x]`)
	}
	for _, name := range names {
		for _, other := range names {
			matches, err := filepath.Match(Escape(name), other)
			if err != nil || matches != (name == other) {
				t.Errorf("%q of %q matches %q: %v, %v", Escape(name), name, other, matches, err)
			}
		}
	}
}
