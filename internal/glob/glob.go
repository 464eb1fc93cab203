// Package glob has what path/filepath lacks for patterns.
package glob

import (
	"path/filepath"
	"strings"
)

// Escape returns the pattern of filepath.Glob and filepath.Match that path alone matches.
func Escape(path string) string {
	escaped := strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(path)
	if filepath.Separator == '\\' { // where it is no character of a name
		return escaped
	}
	return strings.ReplaceAll(escaped, `\`, `\\`)
}
