// Package charset finds out how a text is encoded and makes UTF-8 of it.
package charset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"

	labels "golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// ErrBinary is the error for content that is no text in any charset.
var ErrBinary = errors.New("the content is not text")

// Text returns content as valid UTF-8 without a byte order mark, and the
// charset that it was in, in lower case as the WHATWG names it; "utf-32le" and
// "utf-32be" besides. What stands for no character becomes U+FFFD. declared is
// the charset that the source names; "" is none. It may return content itself,
// which it never changes. Content that is no text is an ErrBinary. It may be
// called by many goroutines.
func Text(content []byte, declared string) (text []byte, name string, err error) {
	name, err = Name(content, declared)
	if err != nil {
		return nil, "", err
	}
	if name == "utf-8" {
		content = bytes.TrimPrefix(content, []byte("\ufeff"))
		if utf8.Valid(content) {
			return content, name, nil
		}
		return bytes.ToValidUTF8(content, []byte("\ufffd")), name, nil
	}
	text, err = decodeText(content, lookup(name))
	return text, name, err
}

// Name returns the charset of content, as Text names it: the one of its
// byte order mark; UTF-8 where it is that; the declared one where content can
// be read in it; else the likeliest.
func Name(content []byte, declared string) (string, error) {
	if name := mark(content); name != "" {
		return name, nil
	}
	zeros := bytes.IndexByte(content, 0) >= 0
	if zeros {
		if name := wide(content); name != "" {
			return name, nil
		}
	}
	if utf8.Valid(content) {
		switch name := escaped(content); {
		case name != "":
			return name, nil
		case zeros && tooManyControls(content), !zeros && controls(content) > len(content)/8:
			return "", ErrBinary
		}
		return "utf-8", nil
	}
	if zeros || tooManyControls(content) {
		return "", ErrBinary
	}
	if mostlyUTF8(content) {
		return "utf-8", nil
	}
	if name := readable(content, declared); name != "" {
		return name, nil
	}
	return detect(content), nil
}

// mark returns the charset of a byte order mark.
func mark(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return "utf-8"
	case bytes.HasPrefix(b, []byte("\xff\xfe\x00\x00")) && len(b)%4 == 0 && plausible32(b, binary.LittleEndian):
		return "utf-32le"
	case bytes.HasPrefix(b, []byte("\x00\x00\xfe\xff")):
		return "utf-32be"
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return "utf-16le"
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return "utf-16be"
	}
	return ""
}

// escaped recognizes a charset that hides in ASCII.
func escaped(b []byte) string {
	if i := bytes.IndexByte(b, 0x1b); i >= 0 && i+2 < len(b) && b[i+1] == '$' && (b[i+2] == 'B' || b[i+2] == '@') {
		return "iso-2022-jp"
	}
	return ""
}

// lookup returns the encoding of a name of Text's, or nil.
func lookup(name string) encoding.Encoding {
	switch name {
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	}
	e, _ := labels.Lookup(name)
	return e
}

// decodeText decodes content in one piece.
func decodeText(content []byte, e encoding.Encoding) ([]byte, error) {
	if e == nil {
		return nil, ErrBinary
	}
	text, _, err := transform.Bytes(e.NewDecoder(), content)
	if err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

// controls counts the control characters that text has no use for.
func controls(b []byte) (n int) {
	for _, c := range b {
		if control[c] {
			n++
		}
	}
	return n
}

var control = func() (t [256]bool) {
	for c := range 32 {
		t[c] = !strings.ContainsRune("\t\n\v\f\r\x1b\x1a", rune(c))
	}
	t[0x7f] = true
	return t
}()

// tooManyControls allows one in two hundred.
func tooManyControls(b []byte) bool { return controls(b) > len(b)/200+1 }

// mostlyUTF8 says whether content is UTF-8 with little damage: of the characters
// beyond ASCII, nine of ten are whole.
func mostlyUTF8(b []byte) bool {
	whole, broken := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			broken++
		} else {
			whole++
		}
		i += n
	}
	return whole >= 9*broken || whole > 0 && broken <= 3 && !utf8.FullRune(b[len(b)-min(len(b), broken):])
}

// readable returns the declared charset if content can be read in it: all but
// one in a hundred of the characters beyond ASCII, and no more than one in
// twenty of them controls.
func readable(content []byte, declared string) string {
	e, name := labels.Lookup(declared)
	if e == nil || name == "utf-8" || name == "replacement" || name == "x-user-defined" || strings.HasPrefix(name, "utf-16") {
		return ""
	}
	text, _, err := transform.Bytes(e.NewDecoder(), sample(content))
	if err != nil {
		return ""
	}
	beyond, odd, wrong := 0, 0, 0
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf:
			continue
		case r == utf8.RuneError:
			wrong++
		case r < 0xa0:
			odd++
		}
		beyond++
	}
	if wrong > 1+beyond/100 || wrong*2 > beyond || odd > beyond/20 {
		return ""
	}
	return name
}

// sampleSize is how much of content a guess is based on.
const sampleSize = 32 << 10

// sample returns a part of content, from the line on in which the first byte
// beyond ASCII is.
func sample(content []byte) []byte {
	first := 0
	for first < len(content) && content[first] < utf8.RuneSelf {
		first++
	}
	from := bytes.LastIndexByte(content[:first], '\n') + 1
	if first-from > sampleSize/4 {
		from = first - sampleSize/4
	}
	return content[from:min(len(content), from+sampleSize)]
}
