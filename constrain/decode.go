package constrain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds how deep a schema is nested.
const maxDepth = 200

// kind is what a JSON value is.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// value is a JSON value that keeps the order of members and knows its place.
type value struct {
	kind  kind
	truth bool
	text  string // of a string, or a number as it was written
	items []*value
	keys  []string // of an object; items are the values

	parent *value
	name   string // the last part of its JSON pointer
	id     int    // order of appearance
	equal  string // canonical, once it is known
}

// get returns a member, or nil.
func (v *value) get(key string) *value {
	if i := slices.Index(v.keys, key); i >= 0 {
		return v.items[i]
	}
	return nil
}

// pointer is the place of the value, as a JSON pointer with # before it.
func (v *value) pointer() string {
	if v.parent == nil {
		return "#"
	}
	name := strings.ReplaceAll(strings.ReplaceAll(v.name, "~", "~0"), "/", "~1")
	return v.parent.pointer() + "/" + name
}

// decoder reads values; json.Decoder checks the syntax.
type decoder struct {
	json  *json.Decoder
	count int
}

// decodeJSON reads one JSON text.
func decodeJSON(text []byte) (*value, error) {
	d := &decoder{json: json.NewDecoder(bytes.NewReader(text))}
	d.json.UseNumber()
	v, err := d.value(nil, "", 0)
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the JSON text is not whole")
	}
	if err != nil {
		return nil, err
	}
	if _, err := d.json.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON text")
	}
	return v, nil
}

func (d *decoder) value(parent *value, name string, depth int) (*value, error) {
	token, err := d.json.Token()
	if err != nil {
		return nil, err
	}
	v := &value{parent: parent, name: name, id: d.count}
	d.count++
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch t := token.(type) {
	case bool:
		v.kind, v.truth = kindBool, t
	case json.Number:
		v.kind, v.text = kindNumber, t.String()
	case string:
		v.kind, v.text = kindString, t
	case json.Delim:
		v.kind = kindArray
		if t == '{' {
			v.kind = kindObject
		}
		err = d.members(v, depth)
	}
	return v, err
}

// members reads what is in an array or object, and its end.
func (d *decoder) members(v *value, depth int) error {
	seen := map[string]bool{}
	for i := 0; d.json.More(); i++ {
		name := strconv.Itoa(i)
		if v.kind == kindObject {
			token, err := d.json.Token()
			if err != nil {
				return err
			}
			name = token.(string)
			if seen[name] {
				return fmt.Errorf("%s: the key %q occurs twice", v.pointer(), name)
			}
			seen[name] = true
			v.keys = append(v.keys, name)
		}
		item, err := d.value(v, name, depth+1)
		if err != nil {
			return err
		}
		v.items = append(v.items, item)
	}
	_, err := d.json.Token()
	return err
}

// rational is the exact value of a JSON number. Numbers of absurd size are
// refused, for their value would not fit into memory.
func rational(text string) (*big.Rat, error) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	e := 0
	if exponent != "" {
		var err error
		if e, err = strconv.Atoi(exponent); err != nil {
			e = 1 << 20
		}
	}
	if len(mantissa) > 400 || e > 400 || e < -400 {
		return nil, fmt.Errorf("the number %.20s is too long", text)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%.20q is no number", text)
	}
	return r, nil
}

// canonical is a text that two values share if JSON Schema calls them equal.
func (v *value) canonical() string {
	if v.equal == "" {
		v.equal = v.canonicalText()
	}
	return v.equal
}

func (v *value) canonicalText() string {
	switch v.kind {
	case kindNull:
		return "null"
	case kindBool:
		return strconv.FormatBool(v.truth)
	case kindNumber:
		if r, err := rational(v.text); err == nil {
			return r.RatString()
		}
		return v.text
	case kindString:
		return strconv.Quote(v.text)
	}
	parts := make([]string, len(v.items))
	for i, item := range v.items {
		parts[i] = item.canonical()
		if v.kind == kindObject {
			parts[i] = strconv.Quote(v.keys[i]) + ":" + parts[i]
		}
	}
	if v.kind == kindObject {
		slices.Sort(parts)
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, ",") + "]"
}
