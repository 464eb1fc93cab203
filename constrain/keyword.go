package constrain

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// annotations constrain nothing.
var annotations = []string{
	"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
	"$schema", "$comment", "$defs", "definitions", "discriminator",
	"contentEncoding", "contentMediaType", "contentSchema", // annotations since draft 2019-09
}

// handler reads one keyword's argument into a shape.
type handler func(c *schemaCompiler, s *shape, v *value, keyword string, arg *value) error

var handlers = map[string]handler{}

func init() {
	for _, name := range annotations {
		handlers[name] = func(*schemaCompiler, *shape, *value, string, *value) error { return nil }
	}
	for names, h := range map[string]handler{
		"type": readType, "enum": readEnum, "const": readConst,
		"allOf anyOf oneOf": readBranches, "$ref": readRef, "$id": readID,
		"properties": readProperties, "required": readRequired, "additionalProperties": readRest, "patternProperties": readMatching, "propertyNames": readNames,
		"items": readItems, "prefixItems": readPrefix, "additionalItems": readMoreItems,
		"unevaluatedProperties unevaluatedItems":                            readUnevaluated,
		"minLength maxLength minItems maxItems minProperties maxProperties": readLimit,
		"minimum maximum exclusiveMinimum exclusiveMaximum":                 readBound,
		"multipleOf": readDivisor, "pattern": readPattern, "format": readFormat, "uniqueItems": readUnique,
	} {
		for name := range strings.FieldsSeq(names) {
			handlers[name] = h
		}
	}
}

// keyword reads one keyword of schema v into s.
func (c *schemaCompiler) keyword(s *shape, v *value, keyword string, arg *value) error {
	if h, ok := handlers[keyword]; ok {
		return h(c, s, v, keyword, arg)
	}
	if strings.HasPrefix(keyword, "x-") {
		return nil
	}
	return refuse(v, keyword, "this keyword is not supported")
}

var typeNames = map[string]types{
	"null": typeNull, "boolean": typeBool, "integer": typeInteger, "number": typeNumber,
	"string": typeString, "array": typeArray, "object": typeObject,
}

func readType(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	list := arg.items
	if arg.kind == kindString {
		list = []*value{arg}
	}
	if arg.kind != kindString && arg.kind != kindArray {
		return refuse(v, keyword, "it must be a type or a list of types")
	}
	var set types
	for _, t := range list {
		known, ok := typeNames[t.text]
		if !ok {
			return refuse(v, keyword, "unknown type %q", t.text)
		}
		set |= known
	}
	s.types &= set
	s.said = true
	return nil
}

func readEnum(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindArray {
		return refuse(v, keyword, "it must be a list")
	}
	*s = *merge(s, &shape{types: allTypes, most: limits{-1, -1, -1}, listed: true, enum: arg.items, said: true})
	return nil
}

func readConst(_ *schemaCompiler, s *shape, _ *value, _ string, arg *value) error {
	*s = *merge(s, &shape{types: allTypes, most: limits{-1, -1, -1}, listed: true, enum: []*value{arg}, said: true})
	return nil
}

func readBranches(_ *schemaCompiler, _ *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindArray || len(arg.items) == 0 {
		return refuse(v, keyword, "it must be a list of schemas")
	}
	return nil
}

func readRef(_ *schemaCompiler, _ *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindString {
		return refuse(v, keyword, "it must be a string")
	}
	return nil
}

func readID(c *schemaCompiler, _ *shape, v *value, keyword string, _ *value) error {
	if v != c.root {
		return refuse(v, keyword, "only the whole schema may have an identifier")
	}
	return nil
}

func isSchema(v *value) bool { return v.kind == kindBool || v.kind == kindObject }

func readProperties(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindObject {
		return refuse(v, keyword, "it must be an object")
	}
	s.about |= typeObject
	for i, name := range arg.keys {
		if !isSchema(arg.items[i]) {
			return refuse(v, keyword, "%q is no schema", name)
		}
		s.properties = append(s.properties, property{name, all{arg.items[i]}})
	}
	return nil
}

func readRequired(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindArray {
		return refuse(v, keyword, "it must be a list of names")
	}
	s.about |= typeObject
	var names []string
	for _, name := range arg.items {
		if name.kind != kindString {
			return refuse(v, keyword, "it must be a list of names")
		}
		names = append(names, name.text)
	}
	s.required = union(s.required, names)
	return nil
}

func readRest(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if !isSchema(arg) {
		return refuse(v, keyword, "it must be a schema")
	}
	s.about |= typeObject
	s.rests, s.restSaid = append(s.rests, rest{all: all{arg}}), true // finish adds the patterns
	return nil
}

func readMatching(c *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindObject {
		return refuse(v, keyword, "it must be an object")
	}
	s.about |= typeObject
	for i, pattern := range arg.keys {
		if !isSchema(arg.items[i]) {
			return refuse(v, keyword, "%q is no schema", pattern)
		}
		if _, err := c.pattern(re2(pattern), partInner); err != nil {
			return refuse(v, keyword, "%v", err)
		}
		re, err := c.matcher(re2(pattern))
		if err != nil {
			return refuse(v, keyword, "%v", err)
		}
		s.matching = append(s.matching, matching{re, all{arg.items[i]}})
	}
	return nil
}

func readNames(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if !isSchema(arg) {
		return refuse(v, keyword, "it must be a schema")
	}
	s.about |= typeObject
	s.names = all{arg}
	return nil
}

func readItems(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if arg.kind == kindArray { // prefixItems, before draft 2020-12
		return readPrefix(nil, s, v, keyword, arg)
	}
	if !isSchema(arg) {
		return refuse(v, keyword, "it must be a schema")
	}
	s.about |= typeArray
	s.items, s.itemsSaid = all{arg}, true
	return nil
}

func readPrefix(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindArray || !slices.ContainsFunc(arg.items, isSchema) && len(arg.items) > 0 {
		return refuse(v, keyword, "it must be a list of schemas")
	}
	s.about |= typeArray
	for _, item := range arg.items {
		s.prefix = append(s.prefix, all{item})
	}
	return nil
}

// readMoreItems is for drafts in which items is a list; beside an items that is
// a schema, or without items, it says nothing.
func readMoreItems(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if !isSchema(arg) {
		return refuse(v, keyword, "it must be a schema")
	}
	if items := v.get("items"); items != nil && items.kind == kindArray {
		s.items, s.itemsSaid = all{arg}, true
	}
	return nil
}

func readUnevaluated(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if !isSchema(arg) {
		return refuse(v, keyword, "it must be a schema")
	}
	if keyword == "unevaluatedItems" {
		s.about |= typeArray
	} else {
		s.about |= typeObject
	}
	return nil
}

func readUnique(_ *schemaCompiler, _ *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindBool || arg.truth {
		return refuse(v, keyword, "this keyword is not supported")
	}
	return nil
}

func readLimit(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	r, err := rational(arg.text)
	if arg.kind != kindNumber || err != nil || !r.IsInt() || r.Sign() < 0 {
		return refuse(v, keyword, "it must be a whole number that is not negative")
	}
	n := maxRepeat + 1
	if r.Num().IsInt64() {
		n = int(min(r.Num().Int64(), maxRepeat+1))
	}
	if n > maxRepeat {
		return refuse(v, keyword, "%s is more than the %d that can be counted", arg.text, maxRepeat)
	}
	set := &s.most
	if strings.HasPrefix(keyword, "min") {
		set = &s.least
	}
	switch keyword[3:] {
	case "Length":
		set.runes = n
		s.about |= typeString
	case "Items":
		set.items = n
		s.about |= typeArray
	default:
		set.properties = n
		s.about |= typeObject
	}
	return nil
}

func readBound(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindNumber {
		return refuse(v, keyword, "it must be a number")
	}
	r, err := rational(arg.text)
	if err != nil {
		return refuse(v, keyword, "%v", err)
	}
	s.about |= typeNumber
	b := bound{r, strings.HasPrefix(keyword, "exclusive")}
	if strings.HasSuffix(strings.ToLower(keyword), "minimum") {
		s.low = tighter(s.low, b, 1)
	} else {
		s.high = tighter(s.high, b, -1)
	}
	return nil
}

func readDivisor(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	r, err := rational(arg.text)
	if arg.kind != kindNumber || err != nil || r.Sign() <= 0 {
		return refuse(v, keyword, "it must be a number above 0")
	}
	if !r.IsInt() || r.Cmp(big.NewRat(maxDivisor, 1)) > 0 {
		return refuse(v, keyword, "only whole numbers up to %d are supported", maxDivisor)
	}
	s.about |= typeNumber
	s.divisor = multiple(s.divisor, r.Num().Int64())
	return nil
}

func readPattern(c *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindString {
		return refuse(v, keyword, "it must be a string")
	}
	pattern := re2(arg.text)
	if _, err := c.pattern(pattern, partInner); err != nil {
		return refuse(v, keyword, "%v", err)
	}
	s.about |= typeString
	s.patterns = union(s.patterns, []string{pattern})
	return nil
}

// re2 rewrites the escapes of ECMA 262 that RE2 writes otherwise: \uXXXX.
func re2(pattern string) string {
	var out strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '\\' || i+1 == len(pattern) {
			out.WriteByte(pattern[i])
			continue
		}
		i++
		if pattern[i] == 'u' && i+4 < len(pattern) {
			if _, err := strconv.ParseUint(pattern[i+1:i+5], 16, 16); err == nil {
				out.WriteString(`\x{` + pattern[i+1:i+5] + `}`)
				i += 4
				continue
			}
		}
		out.WriteByte('\\')
		out.WriteByte(pattern[i])
	}
	return out.String()
}

func readFormat(_ *schemaCompiler, s *shape, v *value, keyword string, arg *value) error {
	if arg.kind != kindString {
		return refuse(v, keyword, "it must be a string")
	}
	if _, ok := formats[arg.text]; !ok {
		return refuse(v, keyword, "the format %q is not supported", arg.text)
	}
	s.about |= typeString
	s.formats = union(s.formats, []string{arg.text})
	return nil
}

// finish checks what keywords say together, and applies patternProperties to
// the members that are declared and to additionalProperties.
func (s *shape) finish(v *value) error {
	if v.get("prefixItems") != nil {
		if items := v.get("items"); items != nil && items.kind == kindArray {
			return refuse(v, "items", "a list beside prefixItems")
		}
	}
	for i := range s.properties {
		p := &s.properties[i]
		for _, m := range s.matching {
			if m.pattern.MatchString(p.name) {
				p.all = append(p.all, m.all...)
			}
		}
		p.all = join(nil, p.all)
	}
	for i := range s.rests {
		for _, m := range s.matching {
			s.rests[i].except = append(s.rests[i].except, m.pattern)
		}
	}
	return nil
}
