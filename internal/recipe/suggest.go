package recipe

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/spelling"
)

// unknownKey says that a section has no such key, and what may have been meant:
// a similar key of the section, or the same key of another one.
func (p *Places) unknownKey(t reflect.Type, path, key string) string {
	where := p.called
	if path != "" {
		where = path
	}
	message := fmt.Sprintf("%s has no key %q", where, key)
	keys := make([]string, 0, t.NumField())
	for name := range sectionFields(t) {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	if near := Nearest(key, keys); near != "" {
		return message + fmt.Sprintf("; did you mean %q?", near)
	}
	if paths := pathsOf(p.root, "", key, nil); len(paths) > 0 {
		return message + fmt.Sprintf("; did you mean %s? It has %s", strings.Join(paths, " or "), strings.Join(keys, ", "))
	}
	return message + "; it has " + strings.Join(keys, ", ")
}

// maxPaths is how many places of a key are worth naming.
const maxPaths = 4

// pathsOf lists the full paths of all keys of this name, in a section that does
// not lie within itself.
func pathsOf(t reflect.Type, path, key string, within []reflect.Type) []string {
	if slices.Contains(within, t) {
		return nil
	}
	within = append(within, t)
	var out []string
	for name, i := range sectionFields(t) {
		full := join(path, name)
		if name == key {
			out = append(out, full)
		}
		if inner := section(t.Field(i).Type); inner != nil {
			out = append(out, pathsOf(inner, full, key, within)...)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), maxPaths)]
}

// section returns the type of the section that a field is or holds, or nil.
func section(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

// sectionFields maps the keys of a section to the indices of its fields.
func sectionFields(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" && key != "-" {
			fields[key] = i
		}
	}
	return fields
}

// Nearest returns the key closest to word, or "" where none is close.
func Nearest(word string, keys []string) string {
	best, bestDistance := "", len(word)/3+2
	for _, key := range keys {
		if d := spelling.Distance(strings.ToLower(word), key); d < bestDistance {
			best, bestDistance = key, d
		}
	}
	return best
}
