package chat

import "github.com/polymath-lm/polymath/chat/jinja"

// scan is what a byte did to a value that is read byte by byte.
type scan int

const (
	scanMore   scan = iota // the value goes on
	scanDone               // the byte was its last
	scanBefore             // it ended before the byte: a number
	scanBad                // this is not JSON
)

// jsonScanner checks one JSON value as its bytes come. The zero value awaits
// the first byte, which must not be white space.
type jsonScanner struct {
	state jsonState
	open  []byte // the brackets that are open
	key   bool   // the string that is read is a key
	rest  string // what a literal still needs
	hex   int    // hexadecimal digits that an escape still needs
}

type jsonState byte

const (
	jsonValue jsonState = iota
	jsonFirstItem
	jsonFirstKey
	jsonKey
	jsonColon
	jsonAfter
	jsonText
	jsonEscape
	jsonHex
	jsonLiteral
	jsonMinus
	jsonZero
	jsonInt
	jsonDot
	jsonFraction
	jsonE
	jsonESign
	jsonExponent
)

func isJSONSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// feed reads a byte.
func (j *jsonScanner) feed(c byte) scan {
	switch j.state {
	case jsonText, jsonEscape, jsonHex:
		return j.text(c)
	case jsonLiteral:
		if c != j.rest[0] {
			return scanBad
		}
		if j.rest = j.rest[1:]; j.rest == "" {
			return j.ended()
		}
		return scanMore
	case jsonMinus, jsonZero, jsonInt, jsonDot, jsonFraction, jsonE, jsonESign, jsonExponent:
		return j.number(c)
	}
	if isJSONSpace(c) && (len(j.open) > 0) {
		return scanMore
	}
	switch j.state {
	case jsonFirstItem:
		if c == ']' {
			return j.closed('[')
		}
		return j.value(c)
	case jsonFirstKey, jsonKey:
		if c == '}' && j.state == jsonFirstKey {
			return j.closed('{')
		}
		if c != '"' {
			return scanBad
		}
		j.state, j.key = jsonText, true
		return scanMore
	case jsonColon:
		if c != ':' {
			return scanBad
		}
		j.state = jsonValue
		return scanMore
	case jsonAfter:
		return j.after(c)
	}
	return j.value(c)
}

// value reads the first byte of a value.
func (j *jsonScanner) value(c byte) scan {
	switch {
	case c == '{' || c == '[':
		if len(j.open) >= jinja.MaxJSONDepth {
			return scanBad
		}
		j.open = append(j.open, c)
		j.state = jsonFirstKey
		if c == '[' {
			j.state = jsonFirstItem
		}
	case c == '"':
		j.state, j.key = jsonText, false
	case c == '-':
		j.state = jsonMinus
	case c == '0':
		j.state = jsonZero
	case isDigit(c):
		j.state = jsonInt
	case c == 't':
		j.state, j.rest = jsonLiteral, "rue"
	case c == 'f':
		j.state, j.rest = jsonLiteral, "alse"
	case c == 'n':
		j.state, j.rest = jsonLiteral, "ull"
	default:
		return scanBad
	}
	return scanMore
}

// after reads what follows a value in an array or object.
func (j *jsonScanner) after(c byte) scan {
	in := j.open[len(j.open)-1]
	switch {
	case c == ',' && in == '{':
		j.state = jsonKey
	case c == ',':
		j.state = jsonValue
	case c == '}':
		return j.closed('{')
	case c == ']':
		return j.closed('[')
	default:
		return scanBad
	}
	return scanMore
}

func (j *jsonScanner) closed(opening byte) scan {
	n := len(j.open) - 1
	if j.open[n] != opening {
		return scanBad
	}
	j.open = j.open[:n]
	return j.ended()
}

// ended is after the last byte of a value.
func (j *jsonScanner) ended() scan {
	if len(j.open) == 0 {
		return scanDone
	}
	j.state = jsonAfter
	return scanMore
}

func (j *jsonScanner) text(c byte) scan {
	switch j.state {
	case jsonEscape:
		switch c {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			j.state = jsonText
		case 'u':
			j.state, j.hex = jsonHex, 4
		default:
			return scanBad
		}
		return scanMore
	case jsonHex:
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return scanBad
		}
		if j.hex--; j.hex == 0 {
			j.state = jsonText
		}
		return scanMore
	}
	switch {
	case c == '\\':
		j.state = jsonEscape
	case c == '"' && j.key:
		j.state = jsonColon
	case c == '"':
		return j.ended()
	case c < ' ':
		return scanBad
	}
	return scanMore
}

func (j *jsonScanner) number(c byte) scan {
	digit := isDigit(c)
	next := jsonState(0)
	switch j.state {
	case jsonMinus:
		if digit {
			next = jsonInt
		}
		if c == '0' {
			next = jsonZero
		}
	case jsonZero, jsonInt:
		switch {
		case digit && j.state == jsonInt:
			next = jsonInt
		case c == '.':
			next = jsonDot
		case c == 'e' || c == 'E':
			next = jsonE
		}
	case jsonDot, jsonFraction:
		switch {
		case digit:
			next = jsonFraction
		case (c == 'e' || c == 'E') && j.state == jsonFraction:
			next = jsonE
		}
	case jsonE:
		switch {
		case digit:
			next = jsonExponent
		case c == '+' || c == '-':
			next = jsonESign
		}
	default: // jsonESign, jsonExponent
		if digit {
			next = jsonExponent
		}
	}
	if next != 0 {
		j.state = next
		return scanMore
	}
	switch j.state {
	case jsonZero, jsonInt, jsonFraction, jsonExponent:
	default:
		return scanBad
	}
	if len(j.open) == 0 {
		return scanBefore
	}
	j.state = jsonAfter
	return j.feed(c)
}
