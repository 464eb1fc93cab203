package parquetfile

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// bytesName is the column of a picture's or sound's bytes, beside path.
const bytesName = "bytes"

// node is a field of the schema.
type node struct {
	name               string
	optional, repeated bool
	list               bool // its only child is the repetition, whose only child the element
	children           []*node
	first, last        int // leaves [first, last)
}

// value makes what JSON writes of a node's leaves. rep and def are the levels of
// what encloses it (Dremel, doi:10.14778/1920841.1920886).
func (n *node) value(leaves [][]parquet.Value, rep, def int) (any, error) {
	mine := leaves[n.first:n.last]
	if n.repeated {
		return n.elements(leaves, rep+1, def+1)
	}
	if n.optional {
		if len(mine) == 0 || len(mine[0]) == 0 {
			return nil, errors.New("a column has no value")
		}
		if mine[0][0].DefinitionLevel() <= def {
			return nil, nil
		}
		def++
	}
	return n.content(leaves, rep, def)
}

// content is what is in a node that is there.
func (n *node) content(leaves [][]parquet.Value, rep, def int) (any, error) {
	if len(n.children) == 0 {
		if n.last == n.first || len(leaves[n.first]) != 1 {
			return nil, errors.New("a column has no value, or several, for one")
		}
		return n.scalar(leaves[n.first][0]), nil
	}
	if n.list {
		list, err := n.children[0].value(leaves, rep, def)
		elements, ok := list.([]any)
		if err != nil || !ok {
			return nil, err
		}
		for i, e := range elements { // each is a group of the element alone
			if group, ok := e.(map[string]any); ok {
				elements[i] = group[n.children[0].children[0].name]
			}
		}
		return elements, nil
	}
	fields := make(map[string]any, len(n.children))
	for _, c := range n.children {
		v, err := c.value(leaves, rep, def)
		if err != nil {
			return nil, err
		}
		fields[c.name] = v
	}
	return fields, nil
}

// elements divides the leaves at each repetition of level rep.
func (n *node) elements(leaves [][]parquet.Value, rep, def int) (any, error) {
	if n.first == n.last || len(leaves[n.first]) == 0 {
		return nil, errors.New("a column has no value")
	}
	list := []any{}
	if leaves[n.first][0].DefinitionLevel() < def {
		return list, nil
	}
	rest := make([][]parquet.Value, len(leaves))
	copy(rest, leaves)
	for len(rest[n.first]) > 0 {
		part := make([][]parquet.Value, len(leaves))
		for i := n.first; i < n.last; i++ {
			if len(rest[i]) == 0 {
				return nil, errors.New("a column has fewer elements than another of its list")
			}
			end := 1
			for end < len(rest[i]) && rest[i][end].RepetitionLevel() > rep {
				end++
			}
			part[i], rest[i] = rest[i][:end], rest[i][end:]
		}
		v, err := n.content(part, rep, def)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// scalar is a value as JSON writes it.
func (n *node) scalar(v parquet.Value) any {
	if v.IsNull() {
		return nil
	}
	switch v.Kind() {
	case parquet.Boolean:
		return v.Boolean()
	case parquet.Int32:
		return v.Int32()
	case parquet.Int64:
		return v.Int64()
	case parquet.Float, parquet.Double:
		return json.RawMessage(number(v))
	case parquet.ByteArray, parquet.FixedLenByteArray:
		b := v.ByteArray()
		switch {
		case n.name == bytesName:
			return base64.StdEncoding.EncodeToString(b)
		case !utf8.Valid(b):
			return map[string]any{bytesName: base64.StdEncoding.EncodeToString(b)}
		}
		return string(b)
	}
	return v.String()
}

// number is a floating-point number, or null where JSON has none for it.
func number(v parquet.Value) string {
	var text []byte
	var err error
	if v.Kind() == parquet.Float {
		text, err = json.Marshal(v.Float())
	} else {
		text, err = json.Marshal(v.Double())
	}
	if err != nil {
		return "null"
	}
	return string(text)
}
