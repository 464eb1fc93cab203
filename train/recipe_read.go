package train

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/polymath-lm/polymath/train/conversation"
)

// ReadRecipe reads and checks the recipe at path. A key that does not exist, a
// value of the wrong type or an impossible one is a *RecipeError with the line
// and a caret.
func ReadRecipe(path string) (*Recipe, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	return ParseRecipe(path, source)
}

// ParseRecipe is ReadRecipe on source; name is the file's name in errors.
func ParseRecipe(name string, source []byte) (*Recipe, error) {
	p := recipeParser{name: name, source: source, at: map[string]*token.Position{}}
	r := DefaultRecipe()
	if err := p.parse(r); err != nil {
		return nil, err
	}
	if _, lora := p.at["lora"]; lora || r.Data.Conversations != "" {
		r = FinetuneRecipe(lora)
		if err := p.parse(r); err != nil {
			return nil, err
		}
		if r.Data.Conversations != "" && r.Data.TooLong == "" {
			r.Data.TooLong = conversation.Cut
		}
		if r.Steps == 0 && r.Tokens == 0 && r.Epochs == 0 {
			r.Epochs = defaultEpochs
		}
	}
	if err := r.Validate(); err != nil {
		return nil, p.locate(err)
	}
	return r, nil
}

// RecipeError is a mistake in a recipe file.
type RecipeError struct {
	// File, Line and Column say where, counted from 1; Line is 0 where the
	// mistake has no place, as for a key that is missing.
	File         string
	Line, Column int
	// Key is the key's path, such as "batch.tokens".
	Key string
	// Problem says what is wrong and what to do.
	Problem string
	// Source is the line with a caret below it.
	Source string
}

// Error is file:line:column, the problem, and the line with a caret.
func (e *RecipeError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Problem)
	}
	return fmt.Sprintf("%s:%d:%d: %s\n%s", e.File, e.Line, e.Column, e.Problem, e.Source)
}

// recipeParser decodes one file and remembers where each key stands.
type recipeParser struct {
	name   string
	source []byte
	at     map[string]*token.Position
}

func (p *recipeParser) parse(r *Recipe) error {
	file, err := parser.ParseBytes(p.source, 0)
	if err != nil {
		var located yaml.Error
		if errors.As(err, &located) && located.GetToken() != nil {
			return p.fail(located.GetToken().Position, "", located.GetMessage())
		}
		return &RecipeError{File: p.name, Problem: err.Error()}
	}
	if len(file.Docs) > 1 {
		return p.fail(file.Docs[1].Body.GetToken().Position, "", "a recipe is one YAML document, this is a second one")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return &RecipeError{File: p.name, Problem: "the recipe is empty"}
	}
	return p.decode(file.Docs[0].Body, reflect.ValueOf(r).Elem(), "")
}

// decode sets v, of the type of one key of the recipe, from node.
func (p *recipeParser) decode(node ast.Node, v reflect.Value, path string) error {
	if v.Kind() == reflect.Struct {
		return p.decodeSection(node, v, path)
	}
	if v.Kind() == reflect.Slice {
		return p.decodeList(node, v, path)
	}
	want, ok := scalarFits(node, v.Kind())
	if !ok {
		return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s must be %s, and this is %s", path, want, nodeKind(node)))
	}
	if err := yaml.NodeToValue(node, v.Addr().Interface()); err != nil {
		return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s must be %s: %s is out of range", path, want, node.GetToken().Value))
	}
	return nil
}

func (p *recipeParser) decodeSection(node ast.Node, v reflect.Value, path string) error {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		where := path
		if where == "" {
			where = "a recipe"
		}
		return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s must be a section with keys of its own, and this is %s", where, nodeKind(node)))
	}
	fields := sectionFields(v.Type())
	for _, pair := range pairs {
		key := pair.Key.GetToken()
		index, ok := fields[key.Value]
		if !ok {
			return p.fail(key.Position, join(path, key.Value), unknownKey(v.Type(), path, key.Value))
		}
		full := join(path, key.Value)
		p.at[full] = pair.Value.GetToken().Position
		if v.Field(index).Kind() == reflect.Struct {
			p.at[full] = key.Position
		}
		if err := p.decode(pair.Value, v.Field(index), full); err != nil {
			return err
		}
	}
	return nil
}

// decodeList sets a list of strings.
func (p *recipeParser) decodeList(node ast.Node, v reflect.Value, path string) error {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s must be a list, and this is %s", path, nodeKind(node)))
	}
	out := reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values))
	for i, item := range list.Values {
		if err := p.decode(item, out.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

// locate gives an error of Validate its place in the file: that of the key, or
// of the section that lacks it.
func (p *recipeParser) locate(err error) error {
	var bad *ValueError
	if !errors.As(err, &bad) {
		return err
	}
	for path := bad.Key; path != ""; path = parent(path) {
		if at := p.at[path]; at != nil {
			return p.fail(at, bad.Key, bad.Error())
		}
	}
	return &RecipeError{File: p.name, Key: bad.Key, Problem: bad.Error()}
}

func (p *recipeParser) fail(at *token.Position, key, problem string) error {
	e := &RecipeError{File: p.name, Line: at.Line, Column: at.Column, Key: key, Problem: problem}
	if lines := strings.Split(string(p.source), "\n"); at.Line >= 1 && at.Line <= len(lines) {
		line := strings.TrimRight(lines[at.Line-1], "\r")
		e.Source = fmt.Sprintf("%5d | %s\n%5s | %s^", at.Line, line, "", caretIndent(line, at.Column))
	}
	return e
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

// scalarFits says what a field of this kind holds and whether node is one.
func scalarFits(node ast.Node, kind reflect.Kind) (want string, ok bool) {
	switch kind {
	case reflect.String:
		_, ok = node.(*ast.StringNode)
		if !ok {
			_, ok = node.(*ast.LiteralNode)
		}
		return "a text", ok
	case reflect.Bool:
		_, ok = node.(*ast.BoolNode)
		return "true or false", ok
	case reflect.Int, reflect.Int64:
		_, ok = node.(*ast.IntegerNode)
		return "a whole number", ok
	case reflect.Uint64:
		_, ok = node.(*ast.IntegerNode)
		return "a whole number, not negative", ok
	case reflect.Float64:
		if _, ok = node.(*ast.IntegerNode); !ok {
			_, ok = node.(*ast.FloatNode)
		}
		return "a number", ok
	}
	panic("train: a recipe field of kind " + kind.String())
}

// nodeKind names what stands in the file.
func nodeKind(node ast.Node) string {
	switch n := node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a section"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "empty"
	case *ast.StringNode, *ast.LiteralNode:
		return fmt.Sprintf("the text %q", n.GetToken().Value)
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value
	}
	return "a YAML " + strings.ToLower(node.Type().String()) + ", which recipes do not use"
}

// sectionFields maps the keys of a section to the indices of its fields.
func sectionFields(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		fields[t.Field(i).Tag.Get("yaml")] = i
	}
	return fields
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}
