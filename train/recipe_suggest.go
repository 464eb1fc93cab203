package train

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/spelling"
)

// unknownKey says that a section has no such key, and what may have been meant:
// a similar key of the section, or the same key of another one.
func unknownKey(section reflect.Type, path, key string) string {
	where := "a recipe"
	if path != "" {
		where = path
	}
	message := fmt.Sprintf("%s has no key %q", where, key)
	keys := make([]string, 0, section.NumField())
	for name := range sectionFields(section) {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	if near := nearest(key, keys); near != "" {
		return message + fmt.Sprintf("; did you mean %q?", near)
	}
	if paths := pathsOf(reflect.TypeFor[Recipe](), "", key); len(paths) > 0 {
		return message + fmt.Sprintf("; did you mean %s?", strings.Join(paths, " or "))
	}
	return message + "; it has " + strings.Join(keys, ", ")
}

// pathsOf lists the full paths of all keys of this name.
func pathsOf(section reflect.Type, path, key string) []string {
	var out []string
	for i := range section.NumField() {
		field := section.Field(i)
		full := join(path, field.Tag.Get("yaml"))
		if field.Tag.Get("yaml") == key {
			out = append(out, full)
		}
		if field.Type.Kind() == reflect.Struct {
			out = append(out, pathsOf(field.Type, full, key)...)
		}
	}
	return out
}

// nearest returns the key closest to word, or "" where none is close.
func nearest(word string, keys []string) string {
	best, bestDistance := "", len(word)/3+2
	for _, key := range keys {
		if d := spelling.Distance(strings.ToLower(word), key); d < bestDistance {
			best, bestDistance = key, d
		}
	}
	return best
}
