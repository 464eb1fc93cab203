package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// decoding reads one request. The first fault is kept, and what is read after
// it is zero.
type decoding struct {
	limits *Limits
	fault  *apiError
}

func (d *decoding) fail(e *apiError) {
	if d.fault == nil {
		d.fault = e
	}
}

// value is one JSON value of a request, with its path for error messages.
type value struct {
	d    *decoding
	path string
	raw  jsontext.Value // nil: absent
}

// parse checks that body is one JSON value: syntax, UTF-8, no name twice in an
// object, no more than the allowed depth.
func parse(body []byte, limits *Limits) (value, *apiError) {
	d := &decoding{limits: limits}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(body))
	for {
		if _, err := decoder.ReadToken(); err != nil {
			return value{}, syntaxError(decoder, err)
		}
		depth := decoder.StackDepth()
		if depth > limits.Depth {
			return value{}, badRequest("invalid_json", "", "The body nests deeper than %d levels, at byte %d.", limits.Depth, decoder.InputOffset())
		}
		if depth == 0 {
			break
		}
		// The decoder remembers the names of an object, to find one given twice.
		if kind, n := decoder.StackIndex(depth); kind == '{' && n > 2*int64(limits.Members) {
			path := pointerPath(decoder.StackPointer().Parent())
			return value{}, badRequest("invalid_json", path, "An object of the body has more than %d names, at byte %d.", limits.Members, decoder.InputOffset())
		}
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return value{}, badRequest("invalid_json", "", "The body goes on after the end of its JSON value, at byte %d.", decoder.InputOffset())
	}
	return value{d: d, raw: bytes.TrimSpace(body)}, nil
}

func syntaxError(decoder *jsontext.Decoder, err error) *apiError {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		path := ""
		var syntactic *jsontext.SyntacticError
		if errors.As(err, &syntactic) {
			path = pointerPath(syntactic.JSONPointer)
		}
		return badRequest("duplicate_parameter", path, "The body names '%s' twice.", path)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return badRequest("invalid_json", "", "We could not parse the JSON body of your request: it ends too early, at byte %d.", decoder.InputOffset())
	}
	return badRequest("invalid_json", "", "We could not parse the JSON body of your request: %v.", err)
}

// pointerPath writes /messages/0/role as messages[0].role.
func pointerPath(p jsontext.Pointer) string {
	var path string
	for token := range p.Tokens() {
		if _, err := strconv.ParseUint(token, 10, 32); err == nil {
			path += "[" + token + "]"
		} else {
			path = join(path, token)
		}
	}
	return path
}

func join(path, name string) string {
	const longest = 100 // of a name that a client made up
	if len(name) > longest {
		name = name[:longest] + "..."
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// present reports that the value is there; null is absent.
func (v value) present() bool { return v.raw != nil && v.raw.Kind() != 'n' }

func (v value) isString() bool { return v.raw != nil && v.raw.Kind() == '"' }
func (v value) isArray() bool  { return v.raw != nil && v.raw.Kind() == '[' }
func (v value) isNumber() bool { return v.raw != nil && v.raw.Kind() == '0' }

// wrongType records what was expected; an absent value is missing.
func (v value) wrongType(want string) {
	if !v.present() && v.path != "" {
		v.d.fail(badRequest("missing_required_parameter", v.path, "Missing required parameter: '%s'.", v.path))
		return
	}
	where := "'" + v.path + "'"
	if v.path == "" {
		where = "the body"
	}
	v.d.fail(badRequest("invalid_type", v.path, "Invalid type for %s: expected %s, but got %s instead.", where, want, kindName(v.raw)))
}

// invalid records what is wrong with the value.
func (v value) invalid(format string, args ...any) {
	v.d.fail(invalidValue(v.path, format, args...))
}

func kindName(raw jsontext.Value) string {
	switch raw.Kind() {
	case '"':
		return "a string"
	case '[':
		return "an array"
	case '{':
		return "an object"
	case 't', 'f':
		return "a boolean"
	case '0':
		if bytes.ContainsAny(raw, ".eE") {
			return "a decimal number"
		}
		return "an integer"
	}
	return "null"
}

// text is a string; it must be there.
func (v value) text() string {
	if !v.isString() {
		v.wrongType("a string")
		return ""
	}
	s, err := jsontext.AppendUnquote(nil, v.raw)
	if err != nil {
		v.invalid("%v", err)
	}
	return string(s)
}

// choice is one of several strings.
func (v value) choice(allowed ...string) string {
	s := v.text()
	for _, a := range allowed {
		if s == a {
			return s
		}
	}
	if v.isString() {
		list := ""
		for i, a := range allowed {
			if i > 0 {
				list += ", "
			}
			list += "'" + a + "'"
		}
		v.invalid("%q. Supported values are: %s.", clip(s), list)
	}
	return s
}

// clip shortens what a client wrote for a message.
func clip(s string) string {
	const longest = 100
	if len(s) > longest {
		return s[:longest] + "..."
	}
	return s
}

func (v value) boolean() bool {
	if v.raw == nil || v.raw.Kind() != 't' && v.raw.Kind() != 'f' {
		v.wrongType("a boolean")
		return false
	}
	return v.raw.Kind() == 't'
}

// integer is a whole number in [low, high].
func (v value) integer(low, high int64) int64 {
	if !v.isNumber() {
		v.wrongType("an integer")
		return low
	}
	n, err := strconv.ParseInt(string(v.raw), 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(string(v.raw), 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			if bytes.ContainsAny(v.raw, ".eE") && (ferr != nil || f != math.Trunc(f)) {
				v.wrongType("an integer")
			} else {
				v.invalid("%s is out of range.", clip(string(v.raw)))
			}
			return low
		}
		n = int64(f)
	}
	switch {
	case n < low:
		v.invalid("expected at least %d, but got %d.", low, n)
	case n > high:
		v.invalid("expected at most %d, but got %d.", high, n)
	}
	return n
}

// number is a number in [low, high].
func (v value) number(low, high float64) float64 {
	if !v.isNumber() {
		v.wrongType("a number")
		return low
	}
	f, err := strconv.ParseFloat(string(v.raw), 64)
	if err != nil || f < low || f > high {
		v.invalid("expected a number between %v and %v, but got %s.", low, high, clip(string(v.raw)))
		return low
	}
	return f
}

// within returns raw, which decoder has just read from v, as a part of v: what
// the decoder returns does not last.
func (v value) within(decoder *jsontext.Decoder, raw jsontext.Value) jsontext.Value {
	end := decoder.InputOffset()
	return v.raw[end-int64(len(raw)) : end : end]
}

// array is its elements, at most limit of them.
func (v value) array(limit int) []value {
	if !v.isArray() {
		v.wrongType("an array")
		return nil
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(v.raw))
	_, _ = decoder.ReadToken()
	var elements []value
	for decoder.PeekKind() != ']' {
		if len(elements) == limit {
			v.tooLong(limit)
			return nil
		}
		raw, err := decoder.ReadValue()
		if err != nil {
			v.invalid("%v", err) // parse has read it before: not reached
			return nil
		}
		elements = append(elements, value{v.d, fmt.Sprintf("%s[%d]", v.path, len(elements)), v.within(decoder, raw)})
	}
	return elements
}

// firstKind is the kind of an array's first element, ']' if there is none.
func (v value) firstKind() jsontext.Kind {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(v.raw))
	_, _ = decoder.ReadToken()
	return decoder.PeekKind()
}

// tokens is an array of token ids below vocabulary, at most limit of them.
func (v value) tokens(limit, vocabulary int) []int {
	if !v.isArray() {
		v.wrongType("an array of token ids")
		return nil
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(v.raw))
	_, _ = decoder.ReadToken()
	var ids []int
	for decoder.PeekKind() != ']' && v.d.fault == nil {
		raw, err := decoder.ReadValue()
		if err != nil {
			v.invalid("%v", err) // parse has read it before: not reached
			return nil
		}
		if len(ids) == limit {
			v.tooLong(limit)
			return nil
		}
		n, err := strconv.Atoi(string(raw))
		if err != nil || n < 0 || n >= vocabulary {
			element := value{v.d, fmt.Sprintf("%s[%d]", v.path, len(ids)), v.within(decoder, raw)}
			n = int(element.integer(0, int64(vocabulary)-1))
		}
		ids = append(ids, n)
	}
	return ids
}

func (v value) tooLong(limit int) {
	v.d.fail(badRequest("array_above_max_length", v.path, "Invalid '%s': array too long. Expected at most %d elements.", v.path, limit))
}

// fields are the members of an object.
type fields struct {
	value
	members map[string]jsontext.Value
	order   []string
	known   map[string]bool
}

// object is the members; it must be there.
func (v value) object() *fields {
	f := &fields{value: v, members: map[string]jsontext.Value{}, known: map[string]bool{}}
	if v.raw == nil || v.raw.Kind() != '{' {
		v.wrongType("an object")
		return f
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(v.raw))
	_, _ = decoder.ReadToken()
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			v.invalid("%v", err) // parse has read it before: not reached
			return f
		}
		key := name.String()
		raw, err := decoder.ReadValue()
		if err != nil {
			v.invalid("%v", err)
			return f
		}
		f.members[key] = v.within(decoder, raw)
		f.order = append(f.order, key)
	}
	return f
}

// get returns a member and notes that it is known.
func (f *fields) get(name string) value {
	f.known[name] = true
	return value{f.d, join(f.path, name), f.members[name]}
}

// refuse names fields of OpenAI's that are not honoured here.
func (f *fields) refuse(why string, names ...string) {
	for _, name := range names {
		if v := f.get(name); v.present() {
			f.d.fail(unsupported(v.path, why))
		}
	}
}

// end refuses members that nobody asked for.
func (f *fields) end() {
	for _, name := range f.order {
		if !f.known[name] {
			path := join(f.path, name)
			f.d.fail(badRequest("unknown_parameter", path, "Unknown parameter: '%s'.", path))
			return
		}
	}
}
