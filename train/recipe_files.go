package train

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files are the names of files, or patterns of such. In a recipe it is a text or
// a list of texts.
type Files []string

// UnmarshalText reads one name.
func (f *Files) UnmarshalText(text []byte) error {
	*f = Files{string(text)}
	return nil
}

// MarshalJSON writes one name as a text, as recipes always had it.
func (f Files) MarshalJSON() ([]byte, error) {
	if len(f) == 1 {
		return json.Marshal(f[0])
	}
	return json.Marshal([]string(f))
}

// UnmarshalJSON reads a text or a list of texts.
func (f *Files) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*f = Files{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(f))
}

// MarshalYAML writes what a recipe has.
func (f Files) MarshalYAML() (any, error) {
	if len(f) == 1 {
		return f[0], nil
	}
	return []string(f), nil
}

// String lists the names.
func (f Files) String() string { return strings.Join(f, ", ") }

// Expand returns the files: a pattern's in the order of their names, in the order
// of the patterns, each once. A file that has the pattern itself as its name is
// what is meant. A pattern without a file is an error.
func (f Files) Expand() ([]string, error) {
	var paths []string
	for _, pattern := range f {
		if !strings.ContainsAny(pattern, `*?[`) || exists(pattern) {
			paths = append(paths, pattern)
			continue
		}
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pattern, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: there is no such file", pattern)
		}
		paths = append(paths, found...) // Glob sorts
	}
	for i, path := range paths {
		if slices.Index(paths, path) < i {
			return nil, fmt.Errorf("%s is there twice", path)
		}
	}
	return paths, nil
}

// exists reports whether there is a file or a directory of that name.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
