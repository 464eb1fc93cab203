package recipe

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

func (p *Places) decodeScalar(node ast.Node, v reflect.Value, path string) error {
	want, ok := scalarFits(node, v.Kind())
	if _, section := pairsOf(node); section && v.Kind() == reflect.String {
		want += ", in quotes where it holds a colon"
	}
	if !ok {
		return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s must be %s, and this is %s", path, want, nodeKind(node)))
	}
	if err := setScalar(node, v); err != nil {
		return p.fail(node.GetToken().Position, path, fmt.Sprintf("%s must be %s: %s is out of range", path, want, node.GetToken().Value))
	}
	return nil
}

// setScalar stores the value of a node that fits.
func setScalar(node ast.Node, v reflect.Value) error {
	if !v.CanFloat() || !isExponent(node) {
		return yaml.NodeToValue(node, v.Addr().Interface())
	}
	f, err := strconv.ParseFloat(node.GetToken().Value, v.Type().Bits())
	v.SetFloat(f)
	return err
}

// exponent is a number without a point, such as 2e-5. YAML 1.2 has them (section 10.3.2),
// and the parser takes them for texts.
var exponent = regexp.MustCompile(`^[-+]?[0-9]+[eE][-+]?[0-9]+$`)

func isExponent(node ast.Node) bool {
	text := node.GetToken()
	return text.Type == token.StringType && exponent.MatchString(text.Value)
}

func isScalar(node ast.Node) bool {
	switch node.(type) {
	case *ast.StringNode, *ast.LiteralNode, *ast.IntegerNode, *ast.FloatNode:
		return true
	}
	return false
}

// scalarText is the text of a scalar. A block begins with a token of its own, and its
// last line break is none of a value.
func scalarText(node ast.Node) string {
	if block, ok := node.(*ast.LiteralNode); ok {
		return strings.TrimSuffix(block.Value.Value, "\n")
	}
	return node.GetToken().Value
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
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		_, ok = node.(*ast.IntegerNode)
		return "a whole number", ok
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		_, ok = node.(*ast.IntegerNode)
		return "a whole number, not negative", ok
	case reflect.Float32, reflect.Float64:
		if _, ok = node.(*ast.IntegerNode); !ok {
			_, ok = node.(*ast.FloatNode)
		}
		return "a number", ok || isExponent(node)
	}
	panic("recipe: a field of kind " + kind.String())
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
		return fmt.Sprintf("the text %q", scalarText(n))
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value
	}
	return "a YAML " + strings.ToLower(node.Type().String()) + ", which recipes do not use"
}
