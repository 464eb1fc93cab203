package reader

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/polymath-lm/polymath/corpus/document"
)

// fields takes the text and the fields of Meta out of a JSON object.
type fields struct {
	text  string
	holds document.Format
	want  []want
	pool  sync.Pool // of *picker
}

// want is a field that is looked for.
type want struct{ key, path string }

// maxMeta bounds a value in Meta; longer ones are cut.
const maxMeta = 64 << 10

func newFields(opt Options) *fields {
	f := &fields{text: opt.TextField, holds: opt.Holds}
	for _, m := range metaFields(opt) {
		key, path := metaField(m)
		f.want = append(f.want, want{key, path})
	}
	f.pool.New = func() any { return &picker{dec: jsontext.NewDecoder(bytes.NewBuffer(nil))} }
	return f
}

func metaFields(opt Options) []string {
	if len(opt.MetaFields) > 0 {
		return opt.MetaFields
	}
	return usual
}

// lenient takes JSON as it is found.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// resolve parses the line in a record's Content.
func (f *fields) resolve(r *Record) error {
	p := f.pool.Get().(*picker)
	defer f.pool.Put(p)
	line := r.Content
	*p = picker{fields: f, dec: p.dec, buf: p.buf, meta: map[string]string{}}
	p.buf = *bytes.NewBuffer(line)
	p.dec.Reset(&p.buf, lenient...)
	err := p.parse()
	number := r.Origin.Record + 1
	switch {
	case err != nil:
		return r.bad("line %d is not a JSON object: %v", number, shortJSON(err))
	case !p.found:
		return r.bad("line %d has no field %q; name the one with the text in text_field", number, f.text)
	case p.wrong != "":
		return r.bad("line %d: field %q holds %s instead of text", number, f.text, p.wrong)
	}
	r.Content, r.Meta = p.text, p.meta
	return nil
}

// shortJSON is an error of the parser without its prefix.
func shortJSON(err error) error {
	var se *jsontext.SyntacticError
	if errors.As(err, &se) && se.Err != nil {
		return fmt.Errorf("at byte %d: %w", se.ByteOffset, se.Err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}

// picker walks one object.
type picker struct {
	fields *fields
	dec    *jsontext.Decoder
	buf    bytes.Buffer
	text   []byte
	found  bool
	wrong  string
	meta   map[string]string
}

func (p *picker) parse() error {
	if k := p.dec.PeekKind(); k != '{' {
		if _, err := p.dec.ReadToken(); err != nil {
			return err
		}
		return fmt.Errorf("it is %s", kindName(k))
	}
	if err := p.object(p.fields.text, p.fields.want); err != nil {
		return err
	}
	if _, err := p.dec.ReadToken(); err != io.EOF {
		if err == nil {
			err = errors.New("something follows the object")
		}
		return err
	}
	return nil
}

// object reads an object in which text and the wanted paths are looked for;
// an empty text is not looked for.
func (p *picker) object(text string, wanted []want) error {
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != '}' {
		token, err := p.dec.ReadValue()
		if err != nil {
			return err
		}
		name, err := unquote(token)
		if err != nil {
			return err
		}
		if err := p.member(string(name), text, wanted); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// member reads the value of a name.
func (p *picker) member(name, text string, wanted []want) error {
	kind := p.dec.PeekKind()
	isText := name == text
	var keys []string
	var below []want
	for _, w := range wanted {
		if w.path == name {
			keys = append(keys, w.key)
		} else if rest, ok := under(w.path, name); ok && kind == '{' {
			below = append(below, want{w.key, rest})
		}
	}
	rest, inside := under(text, name)
	if !isText && len(keys) == 0 {
		if kind == '{' && (inside || len(below) > 0) {
			return p.object(rest, below)
		}
		return p.dec.SkipValue()
	}
	value, err := p.dec.ReadValue()
	if err != nil {
		return err
	}
	if isText {
		if err := p.take(value); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if s, ok := scalar(value); ok {
			p.meta[key] = s
		}
	}
	if kind == '{' && (inside || len(below) > 0) {
		return p.within(value, rest, below)
	}
	return nil
}

// within is object for one that was read already.
func (p *picker) within(value jsontext.Value, text string, wanted []want) error {
	outer := p.dec
	defer func() { p.dec = outer }()
	p.dec = jsontext.NewDecoder(bytes.NewBuffer(value), lenient...)
	return p.object(text, wanted)
}

// under returns what of a path lies below a name.
func under(path, name string) (string, bool) {
	if len(path) > len(name) && path[len(name)] == '.' && strings.HasPrefix(path, name) {
		return path[len(name)+1:], true
	}
	return "", false
}

func (p *picker) take(value jsontext.Value) (err error) {
	p.found = true
	if value.Kind() != '"' {
		p.wrong = kindName(value.Kind())
		return nil
	}
	p.wrong = ""
	p.text, err = unquote(value)
	return err
}

// unquote returns the text of a JSON string, in memory of its own.
func unquote(value jsontext.Value) ([]byte, error) {
	if text, ok := unquoteValid(value); ok {
		return text, nil
	}
	text, err := jsontext.AppendUnquote(make([]byte, 0, len(value)), value)
	if err != nil && text != nil && bytes.IndexByte(value, '"') == 0 {
		return text, nil // invalid UTF-8 was replaced
	}
	return text, err
}

// scalar is a value as Meta holds it: text as it is, null not at all, all else
// as JSON.
func scalar(value jsontext.Value) (string, bool) {
	var text []byte
	switch value.Kind() {
	case 'n':
		return "", false
	case '"':
		t, err := unquote(value)
		if err != nil {
			return "", false
		}
		text = t
	default:
		text = value
	}
	return strings.ToValidUTF8(string(text[:min(len(text), maxMeta)]), ""), true
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '0':
		return "a number"
	case '[':
		return "an array"
	case '{':
		return "an object"
	case '"':
		return "a string"
	}
	return "no JSON"
}
