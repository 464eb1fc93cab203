package chat

import "encoding/json"

// maxHeader bounds what is held back of a call whose name is not yet known.
const maxHeader = 1 << 20

// callReader reads {"name": …, "arguments": …} byte by byte. Other keys are
// skipped, "parameters" is another word for "arguments".
type callReader struct {
	// bare is for calls without markers: only what looks like a call in every
	// way is one, and its name is known once its arguments begin.
	bare bool

	state callState
	key   string
	buf   []byte // the key, or the name, as it is read
	value jsonScanner
	size  int

	name      string
	named     bool // the name was read
	announced bool // and may be told
	hasArgs   bool
	inArgs    bool
	args      []byte // of the arguments, what was not yet told
}

type callState byte

const (
	callOpen callState = iota
	callFirstKey
	callKey
	callKeyText
	callColon
	callWant
	callInValue
	callAfter
)

// feed reads a byte; scanDone is after the closing brace.
func (c *callReader) feed(b byte) scan {
	if c.size++; c.size > maxHeader && !c.announced {
		return scanBad
	}
	if isJSONSpace(b) && c.state != callKeyText && c.state != callInValue {
		return scanMore
	}
	switch c.state {
	case callOpen:
		c.state = callFirstKey
		return want(b == '{')
	case callFirstKey, callKey:
		if b == '}' && c.state == callFirstKey {
			return c.end()
		}
		c.state, c.value = callKeyText, jsonScanner{}
		c.buf = append(c.buf[:0], b)
		return want(b == '"' && c.value.feed(b) == scanMore)
	case callKeyText:
		return c.keyText(b)
	case callColon:
		c.state = callWant
		return want(b == ':')
	case callWant:
		return c.begin(b)
	case callInValue:
		return c.inValue(b)
	}
	switch b { // callAfter
	case ',':
		c.state = callKey
		return scanMore
	case '}':
		return c.end()
	}
	return scanBad
}

func want(ok bool) scan {
	if ok {
		return scanMore
	}
	return scanBad
}

func (c *callReader) keyText(b byte) scan {
	c.buf = append(c.buf, b)
	switch c.value.feed(b) {
	case scanMore:
		return scanMore
	case scanDone:
		if json.Unmarshal(c.buf, &c.key) != nil {
			return scanBad
		}
		c.state = callColon
		return want(c.allowed())
	}
	return scanBad
}

// allowed reports whether the key may stand here.
func (c *callReader) allowed() bool {
	switch c.key {
	case "name":
		return !c.named
	case "arguments", "parameters":
		return !c.hasArgs
	case "type", "id":
		return true
	}
	return !c.bare
}

// begin reads the first byte of a value.
func (c *callReader) begin(b byte) scan {
	c.state, c.value, c.buf = callInValue, jsonScanner{}, c.buf[:0]
	switch c.key {
	case "name":
		if b != '"' {
			return scanBad
		}
	case "arguments", "parameters":
		if c.bare && b != '{' {
			return scanBad
		}
		c.hasArgs, c.inArgs = true, true
		c.announced = c.named
	}
	return c.inValue(b)
}

func (c *callReader) inValue(b byte) scan {
	got := c.value.feed(b)
	if got == scanMore || got == scanDone {
		switch {
		case c.inArgs:
			c.args = append(c.args, b)
		case c.key == "name":
			c.buf = append(c.buf, b)
		}
	}
	switch got {
	case scanDone, scanBefore:
		if c.key == "name" {
			if json.Unmarshal(c.buf, &c.name) != nil || c.name == "" {
				return scanBad
			}
			c.named = true
			c.announced = !c.bare || c.hasArgs
		}
		c.state, c.inArgs = callAfter, false
		if got == scanBefore {
			return c.feed(b)
		}
		return scanMore
	}
	return got
}

// end is after the closing brace.
func (c *callReader) end() scan {
	if !c.named || (c.bare && !c.hasArgs) {
		return scanBad
	}
	if !c.hasArgs {
		c.args = append(c.args, "{}"...)
	}
	c.announced = true
	return scanDone
}
