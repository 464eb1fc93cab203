package decontaminate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/records"
)

// record takes one item, which has fields or is a text itself.
func (l *loader) record(row records.Row) error {
	object := row.Fields
	if object == nil {
		return l.add(row.Text)
	}
	if l.keys == nil {
		l.keys = slices.Sorted(maps.Keys(object))
	}
	fields := l.set.fields()
	if len(fields) == 0 {
		return fmt.Errorf("set fields to what is taken of an item, of %s", keysOf(object))
	}
	values := make([]string, len(fields))
	for i, field := range fields {
		if values[i] = textAt(object, field); values[i] != "" {
			l.have[i]++
		}
	}
	if l.set.Template == "" {
		return l.add(strings.Join(values, "\n"))
	}
	var pairs []string
	for i, field := range fields {
		pairs = append(pairs, "{"+field+"}", values[i])
	}
	return l.add(strings.NewReplacer(pairs...).Replace(l.set.Template))
}

// fields are what is taken of an item.
func (s *Set) fields() []string {
	if s.Template != "" {
		return placeholders(s.Template)
	}
	return s.Fields
}

// placeholders lists the names in braces.
func placeholders(template string) (names []string) {
	for {
		_, rest, ok := strings.Cut(template, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return names
		}
		if name != "" && !strings.ContainsAny(name, "{ \n") {
			names = append(names, name)
			template = after
		} else {
			template = rest
		}
	}
}

// textAt is the text at a path of keys with dots; "" if there is none. A key with
// dots in it is found as well.
func textAt(object map[string]any, at string) string {
	if value, ok := object[at]; ok {
		return textOf(value)
	}
	for i := range len(at) {
		if at[i] == '.' {
			if below, ok := object[at[:i]].(map[string]any); ok {
				if text := textAt(below, at[i+1:]); text != "" {
					return text
				}
			}
		}
	}
	return ""
}

// textOf writes a value: lists and objects as what they hold, one a line.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var parts []string
		for _, part := range v {
			parts = append(parts, textOf(part))
		}
		return strings.Join(parts, "\n")
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, textOf(v[key]))
		}
		return strings.Join(parts, "\n")
	}
	return ""
}

func keysOf(object map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(object)), ", ")
}
