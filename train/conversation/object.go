package conversation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/polymath-lm/polymath/chat"
)

// FieldError is what is wrong with an object.
type FieldError struct {
	Field   string // such as "messages[2].role", "" for the whole
	Problem string
}

// Error is the field and the problem.
func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Problem
	}
	return e.Field + ": " + e.Problem
}

func bad(field, format string, args ...any) error {
	return &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// Object is a JSON object by key, and its path in errors, which are *FieldError.
type Object struct {
	path   string
	fields map[string]json.RawMessage
}

// ParseObject reads an object; path names it in errors.
func ParseObject(path string, data []byte) (Object, error) {
	o := Object{path: path}
	if err := json.Unmarshal(data, &o.fields); err != nil || o.fields == nil {
		if err != nil && json.Valid(data) || err == nil {
			return o, bad(path, "it is %s, not an object", KindOf(data))
		}
		return o, bad(path, "it is no JSON: %v", err)
	}
	return o, nil
}

// KindOf names what a JSON text is: "an object", "a list", "a text", "null", "true
// or false", "a number" or "empty".
func KindOf(data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return "empty"
	}
	switch data[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

// At is the path of a key.
func (o *Object) At(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

// Keys are the object's keys, sorted.
func (o *Object) Keys() []string { return slices.Sorted(maps.Keys(o.fields)) }

// Value is the JSON text of a key, nil if it is not there. It belongs to the object.
func (o *Object) Value(key string) json.RawMessage { return o.fields[key] }

// Has reports whether a key is there and not null.
func (o *Object) Has(key string) bool {
	v, ok := o.fields[key]
	return ok && string(v) != "null"
}

// Text returns a text; one that is missing or null is an error unless optional.
func (o *Object) Text(key string, optional bool) (string, error) {
	if !o.Has(key) {
		if optional {
			return "", nil
		}
		return "", bad(o.At(key), "it is missing")
	}
	var s string
	if err := json.Unmarshal(o.fields[key], &s); err != nil {
		return "", bad(o.At(key), "it is %s, not a text", KindOf(o.fields[key]))
	}
	return s, nil
}

// List returns the elements of a list; it may be empty.
func (o *Object) List(key string) ([]json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(o.fields[key], &list); err != nil {
		return nil, bad(o.At(key), "it is %s, not a list", KindOf(o.fields[key]))
	}
	return list, nil
}

// Messages reads the messages at a key, of which nothing need be learned: a list
// of them, or a single one, as OpenAI or ShareGPT have them.
func (o *Object) Messages(key string) ([]chat.Message, error) {
	e := &Example{weightless: true}
	if KindOf(o.fields[key]) == "an object" {
		m, err := e.turn(o.At(key), o.fields[key], "")
		return []chat.Message{m}, err
	}
	list, err := o.List(key)
	if err != nil {
		return nil, err
	}
	return e.turns(o.At(key), list)
}

// Tools reads the tools of the object, a list at the key "tools" or a text of one;
// nil if there are none.
func (o *Object) Tools() ([]chat.Tool, error) { return readTools(o) }
