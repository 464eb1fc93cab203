package recipe

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/polymath-lm/polymath/internal/visible"
)

// Bounds of a recipe file: bytes, and words and marks of YAML, of which the parser
// takes time that grows with their square.
const (
	maxSource = 1 << 22
	maxTokens = 20_000
)

// Defaulter is a section with values for the keys that a file leaves out.
type Defaulter interface {
	// SetDefaults is called before the keys of the file are decoded over it.
	SetDefaults()
}

// Places remembers where each key of a file stands. Goroutines may share it.
type Places struct {
	name   string
	lines  []string
	at     map[string]*token.Position
	root   reflect.Type
	called string // what the file is in messages
}

// Decode reads a file into a pointer to a struct whose fields have the tag yaml:
// a section. Fields are sections, pointers to them, lists, maps with text keys,
// texts, numbers, booleans, and types with UnmarshalText, which take a single
// value. A file's keys replace the values that into has; sections that lists,
// maps and pointers hold begin with those of SetDefaults. A section that holds
// nothing but pointers to sections may be written as the name of one.
//
// name is the file's name in errors. A key that does not exist or a value of the
// wrong type is an *Error.
func Decode(name string, source []byte, into any) (*Places, error) {
	return DecodeAs("a recipe", name, source, into)
}

// DecodeAs is Decode of a file that is called something else in errors, such as "a
// task".
func DecodeAs(called, name string, source []byte, into any) (*Places, error) {
	p := &Places{
		name: name, lines: strings.Split(string(source), "\n"), at: map[string]*token.Position{},
		root: reflect.TypeOf(into).Elem(), called: called,
	}
	if len(source) > maxSource {
		return nil, &Error{File: name, Problem: fmt.Sprintf("%d bytes are more than the %d that %s may have", len(source), maxSource, called)}
	}
	tokens := lexer.Tokenize(string(source))
	if len(tokens) > maxTokens {
		return nil, p.fail(tokens[maxTokens].Position, "", fmt.Sprintf("%s has at most %d words and marks of YAML", called, maxTokens))
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		var located yaml.Error
		if errors.As(err, &located) && located.GetToken() != nil {
			at := located.GetToken().Position
			return nil, p.fail(at, "", located.GetMessage()+p.quoteHint(at))
		}
		return nil, &Error{File: name, Problem: err.Error()}
	}
	if len(file.Docs) > 1 {
		at := &token.Position{Line: len(p.lines), Column: 1}
		if body := file.Docs[1].Body; body != nil {
			at = body.GetToken().Position
		}
		return nil, p.fail(at, "", called+" is one YAML document, this is a second one")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, &Error{File: name, Problem: called + " has keys, and this file is empty"}
	}
	return p, p.decode(file.Docs[0].Body, reflect.ValueOf(into).Elem(), "")
}

// Has reports whether the file has the key of that path.
func (p *Places) Has(key string) bool { return p.at[key] != nil }

// Locate gives a *ValueError its place in the file: that of the key, or of the
// section that lacks it. Other errors, and nil, are returned as they are.
func (p *Places) Locate(err error) error {
	var bad *ValueError
	if !errors.As(err, &bad) {
		return err
	}
	for path := bad.Key; path != ""; path = parent(path) {
		if at := p.at[path]; at != nil {
			return p.fail(at, bad.Key, bad.Error())
		}
	}
	return &Error{File: p.name, Key: bad.Key, Problem: bad.Error()}
}

func (p *Places) fail(at *token.Position, key, problem string) error {
	e := &Error{File: p.name, Line: at.Line, Column: at.Column, Key: key, Problem: visible.Text(problem)}
	if at.Line >= 1 && at.Line <= len(p.lines) {
		line, column := shown(p.lines[at.Line-1], at.Column)
		e.Source = fmt.Sprintf("%5d | %s\n%5s | %s^", at.Line, line, "", caretIndent(line, column))
	}
	return e
}

// shown is a line as a terminal can show it; of a long one the part around the
// column.
func shown(line string, column int) (part string, place int) {
	const most = 200
	runes := []rune(visible.Text(strings.TrimRight(line, "\r")))
	if len(runes) <= most {
		return string(runes), column
	}
	from := max(0, min(column-most/2, len(runes)-most))
	return string(runes[from : from+most]), column - from
}

// caretIndent keeps the line's tabs, so that the caret stands under its column.
func caretIndent(line string, column int) string {
	var b strings.Builder
	for i, c := range []rune(line) {
		if i >= column-1 {
			break
		}
		if c == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// decode sets v, of the type of one key of the recipe, from node.
func (p *Places) decode(node ast.Node, v reflect.Value, path string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && isScalar(node) {
		if err := u.UnmarshalText([]byte(scalarText(node))); err != nil {
			return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s: %v", path, err))
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return p.decodeSection(node, v, path)
	case reflect.Slice:
		return p.decodeList(node, v, path)
	case reflect.Map:
		return p.decodeMap(node, v, path)
	case reflect.Pointer:
		inner := fresh(v.Type().Elem())
		v.Set(inner.Addr())
		if _, empty := node.(*ast.NullNode); empty && inner.Kind() == reflect.Struct {
			return nil // the section with its defaults
		}
		return p.decode(node, inner, path)
	}
	return p.decodeScalar(node, v, path)
}

// fresh returns a new value of the type, with its defaults.
func fresh(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	if d, ok := v.Interface().(Defaulter); ok {
		d.SetDefaults()
	}
	return v.Elem()
}

func (p *Places) decodeSection(node ast.Node, v reflect.Value, path string) error {
	if name, ok := node.(*ast.StringNode); ok && isChoice(v.Type()) {
		return p.decodeChoice(name, v, path)
	}
	pairs, ok := pairsOf(node)
	if !ok {
		where := path
		if where == "" {
			where = p.called
		}
		return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s must be a section with keys of its own, and this is %s", where, nodeKind(node)))
	}
	fields := sectionFields(v.Type())
	for _, pair := range pairs {
		key := pair.Key.GetToken()
		index, ok := fields[key.Value]
		if !ok {
			return p.fail(key.Position, join(path, key.Value), p.unknownKey(v.Type(), path, key.Value))
		}
		if err := p.decodePair(pair, v.Field(index), join(path, key.Value)); err != nil {
			return err
		}
	}
	return nil
}

func pairsOf(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func (p *Places) decodePair(pair *ast.MappingValueNode, v reflect.Value, full string) error {
	p.at[full] = pair.Value.GetToken().Position
	if section(v.Type()) != nil && !isScalar(pair.Value) {
		p.at[full] = pair.Key.GetToken().Position
	}
	return p.decode(pair.Value, v, full)
}

// isChoice reports whether a section holds nothing but sections of which one is
// chosen.
func isChoice(t reflect.Type) bool {
	for i := range t.NumField() {
		if f := t.Field(i).Type; f.Kind() != reflect.Pointer || f.Elem().Kind() != reflect.Struct {
			return false
		}
	}
	return t.NumField() > 0
}

// decodeChoice sets the one section that is named, to its defaults.
func (p *Places) decodeChoice(node *ast.StringNode, v reflect.Value, path string) error {
	index, ok := sectionFields(v.Type())[node.Value]
	if !ok {
		return p.fail(node.GetToken().Position, path, p.unknownKey(v.Type(), path, node.Value))
	}
	p.at[join(path, node.Value)] = node.GetToken().Position
	v.Field(index).Set(fresh(v.Field(index).Type().Elem()).Addr())
	return nil
}

func (p *Places) decodeList(node ast.Node, v reflect.Value, path string) error {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s must be a list, and this is %s", path, nodeKind(node)))
	}
	out := reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values))
	for i, item := range list.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		p.at[at] = firstToken(item).Position
		out.Index(i).Set(fresh(v.Type().Elem()))
		if err := p.decode(item, out.Index(i), at); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

// firstToken is where a node begins: the token of a section is that of its
// colon.
func firstToken(node ast.Node) *token.Token {
	if pairs, ok := pairsOf(node); ok && len(pairs) > 0 {
		return pairs[0].Key.GetToken()
	}
	return node.GetToken()
}

func (p *Places) decodeMap(node ast.Node, v reflect.Value, path string) error {
	pairs, ok := pairsOf(node)
	if !ok {
		return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s must be a section of names that you choose, and this is %s", path, nodeKind(node)))
	}
	out := reflect.MakeMapWithSize(v.Type(), len(pairs))
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		value := fresh(v.Type().Elem())
		if err := p.decodePair(pair, value, join(path, name)); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), value)
	}
	v.Set(out)
	return nil
}
