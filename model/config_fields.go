package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// fields reads members of a JSON object one by one, removes what it read, and
// keeps the first error.
type fields struct {
	prefix string
	left   map[string]json.RawMessage
	err    error
}

// take reads a member into dst; an absent one and null leave dst alone.
func (f *fields) take(name string, dst any) bool {
	raw, ok := f.left[name]
	if !ok || f.err != nil {
		return false
	}
	delete(f.left, name)
	if string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		f.err = fmt.Errorf("%s%s: %s is no value for it", f.prefix, name, short(raw))
	}
	return true
}

// object returns the members of a member that is an object, which must be there.
func (f *fields) object(name string) *fields {
	in := &fields{prefix: f.prefix + name + "."}
	f.need(name, &in.left)
	in.err = f.err
	return in
}

// end returns the first error, or that of a member that nobody has read and that
// may matter.
func (f *fields) end() error {
	if f.err != nil {
		return f.err
	}
	for _, name := range slices.Sorted(maps.Keys(f.left)) {
		if !slices.Contains(harmless, name) {
			return fmt.Errorf("%s%s: this decoder does not know the field, so it cannot tell whether ignoring it is safe", f.prefix, name)
		}
	}
	return nil
}

// need is take for a member without a default.
func (f *fields) need(name string, dst any) {
	if !f.take(name, dst) && f.err == nil {
		f.err = fmt.Errorf("%s%s: missing", f.prefix, name)
	}
}

// needSize is need for a size that may be known already.
func (f *fields) needSize(name string, dst *int) {
	if *dst == 0 {
		f.need(name, dst)
		return
	}
	f.take(name, dst)
}

// want accepts one value only, and null or absence for it.
func (f *fields) want(name string, value any) {
	raw, ok := f.left[name]
	if !ok || f.err != nil {
		return
	}
	delete(f.left, name)
	var got any
	if err := json.Unmarshal(raw, &got); err != nil || (got != nil && got != value) {
		f.err = fmt.Errorf("%s%s: this decoder does not do %s; it must be %v", f.prefix, name, short(raw), value)
	}
}

// refuseQuantized refuses weights that another program has packed.
func (f *fields) refuseQuantized() {
	var packing *struct {
		Method string `json:"quant_method"`
	}
	if !f.take("quantization_config", &packing) || f.err != nil {
		return
	}
	method := "a way of its own"
	if packing.Method != "" {
		method = short([]byte(packing.Method))
	}
	f.err = fmt.Errorf("quantization_config: the weights are packed by %s, which this program does not read; "+
		"get the model in BF16 or F16, or as GGUF in Q8_0, Q6_K, Q5_K, Q4_K, Q4_0 or MXFP4", method)
}

func short(raw []byte) string {
	if len(raw) > 40 {
		return string(raw[:40]) + "..."
	}
	return string(raw)
}
