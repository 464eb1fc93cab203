package jinja

// Value is what a variable has. The zero Value is none. It never changes;
// goroutines may share it.
type Value struct{ v value }

func (v Value) inner() value {
	if v.v == nil {
		return none{}
	}
	return v.v
}

// Bool returns a truth value.
func Bool(b bool) Value { return Value{b} }

// String returns text that counts as the template's own.
func String(s string) Value { return Value{plain(s)} }

// Marked returns text whose bytes have the source's mark wherever they are
// printed. Sources are numbers that the caller gives meaning.
func Marked(s string, source int) Value { return Value{marked(s, source)} }

// List returns a list of the items.
func List(items ...Value) Value {
	l := &list{items: make([]value, len(items))}
	for i, item := range items {
		l.items[i] = item.inner()
	}
	return Value{l}
}

// Dict collects the fields of a dict, in their order. The zero Dict is empty.
// One goroutine.
type Dict struct{ d *dict }

// Put sets the field of a name.
func (d *Dict) Put(name string, v Value) {
	if d.d == nil {
		d.d = newDict()
	}
	d.d.put(name, v.inner())
}

// Value returns the dict, to which nothing may be put any more.
func (d *Dict) Value() Value {
	if d.d == nil {
		d.d = newDict()
	}
	return Value{d.d}
}

// ParseJSON reads one JSON value, nested at most MaxJSONDepth deep. Objects keep the
// order of their keys, and all strings, keys too, have the source's mark.
func ParseJSON(data []byte, source int) (Value, error) {
	v, err := parseJSON(data, source)
	return Value{v}, err
}

// ParseArguments is ParseJSON for the arguments of a call. Some models' templates
// join them to strings: in their place an object has the text as it was written.
func ParseArguments(s string, source int) (Value, error) {
	v, err := parseJSON([]byte(s), source)
	if d, ok := v.(*dict); ok {
		written := marked(s, source)
		d.json = &written
	}
	return Value{v}, err
}

// IsDict reports whether v is a dict.
func (v Value) IsDict() bool { return isType[*dict](v.v) }

// JSON returns v as tojson prints it, and Python's json.dumps without
// ensure_ascii.
func (v Value) JSON() (string, error) {
	var w textBuilder
	if err := oneLine.write(&w, v.inner(), 0); err != nil {
		return "", err
	}
	return string(w.b), nil
}
