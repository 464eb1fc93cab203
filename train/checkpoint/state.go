package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// JSON is a file that holds v, as it is when the file is written.
func JSON(name string, v func() any) File {
	return File{name, func(path string) (string, error) { return WriteJSON(path, v()) }}
}

// WriteJSON writes v, indented, to the file at path and returns its SHA-256 in
// hexadecimal.
func WriteJSON(path string, v any) (sha256hex string, err error) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return "", err
	}
	return atomicfile.WriteBytes(path, append(text, '\n'))
}

// StrictJSON decodes the one JSON value in text into v. A field that v does not
// have is an error.
func StrictJSON(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

// SameRecipe compares the recipe that a run is resumed with, as JSON, with the one
// that it began with. A key that mayChange does not list and whose value differs is
// an error that names it.
func SameRecipe(saved, now []byte, mayChange map[string]bool) error {
	before, err := Flatten(saved)
	if err != nil {
		return err
	}
	after, err := Flatten(now)
	if err != nil {
		return err
	}
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		was, is := orMissing(before, key), orMissing(after, key)
		if was != is && !mayChange[key] {
			return fmt.Errorf("the recipe's %s is %s now and was %s: change it back, or start a new run", key, is, was)
		}
	}
	return nil
}

func orMissing(values map[string]string, key string) string {
	if v, ok := values[key]; ok {
		return v
	}
	return "not there"
}

// Flatten maps the full key of each value of a recipe, such as optimizer.lr, to
// its JSON. A list is one value.
func Flatten(text []byte) (map[string]string, error) {
	out := map[string]string{}
	var walk func(path string, text json.RawMessage) error
	walk = func(path string, text json.RawMessage) error {
		if len(text) == 0 || text[0] != '{' {
			var b bytes.Buffer
			if err := json.Compact(&b, text); err != nil {
				return err
			}
			out[path] = b.String()
			return nil
		}
		var section map[string]json.RawMessage
		if err := json.Unmarshal(text, &section); err != nil {
			return err
		}
		for key, value := range section {
			if err := walk(strings.TrimPrefix(path+"."+key, "."), value); err != nil {
				return err
			}
		}
		return nil
	}
	err := walk("", json.RawMessage(bytes.TrimSpace(text)))
	return out, err
}
