// Package shell writes command lines of this program for a reader to repeat.
package shell

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Command is the command line that runs this program with the arguments, in
// the way in which it was started itself.
func Command(arguments ...string) string {
	words := make([]string, 0, len(arguments)+1)
	path, err := os.Executable()
	if err != nil {
		path = ""
	}
	words = append(words, program(path))
	for _, a := range arguments {
		words = append(words, Quote(a))
	}
	return strings.Join(words, " ")
}

// cached is the directory of a program in the go command's cache.
var cached = regexp.MustCompile(`^[0-9a-f]{64}-d$`)

// program tells how a program at this path was started: what "go run" starts
// lies in a temporary directory, or in the cache, where nobody finds it again.
func program(path string) string {
	dir := filepath.Dir(path)
	temporary := filepath.Base(dir) == "exe" && strings.HasPrefix(filepath.Base(filepath.Dir(filepath.Dir(dir))), "go-build")
	if temporary || cached.MatchString(filepath.Base(dir)) {
		return "go run ./cmd/polymath"
	}
	return "polymath"
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// Quote makes text one word of a POSIX shell, with quotes only where it needs
// them.
func Quote(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
