// Package charset finds out how a text is encoded and makes UTF-8 of it.
package charset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"
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
	name, valid, err := find(content, declared)
	if err != nil {
		return nil, "", err
	}
	if name == "utf-8" {
		content = bytes.TrimPrefix(content, []byte("\ufeff"))
		if !valid {
			content = bytes.ToValidUTF8(content, []byte("\ufffd"))
		}
		return content, name, nil
	}
	text, err = decodeText(content, name)
	return text, name, err
}

// Name returns the charset of content, as Text names it: the one of its
// byte order mark; UTF-8 where it is that; the declared one where content can
// be read in it; else the likeliest.
func Name(content []byte, declared string) (string, error) {
	name, _, err := find(content, declared)
	return name, err
}

// find returns the charset and whether content is valid UTF-8.
func find(content []byte, declared string) (name string, valid bool, err error) {
	if name := mark(content); name != "" {
		return name, name == "utf-8" && utf8.Valid(content), nil
	}
	zeros := bytes.IndexByte(content, 0) >= 0
	if zeros {
		if name := wide(content); name != "" {
			return name, false, nil
		}
	}
	if utf8.Valid(content) {
		head := content[:min(len(content), 4096)]
		switch {
		case isJIS(content):
			return "iso-2022-jp", false, nil
		case zeros && tooManyControls(content), controls(head) > len(head)/8:
			return "", false, ErrBinary
		}
		return "utf-8", true, nil
	}
	if zeros || tooManyControls(content) {
		return "", false, ErrBinary
	}
	if mostlyUTF8(content) {
		return "utf-8", false, nil
	}
	if name := readable(content, declared); name != "" {
		return name, false, nil
	}
	return detect(content), false, nil
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

// isJIS recognizes ISO-2022-JP, which hides in ASCII: bytes beyond it have none.
func isJIS(b []byte) bool {
	i := bytes.IndexByte(b, 0x1b)
	if i < 0 || i+2 >= len(b) || b[i+1] != '$' || b[i+2] != 'B' && b[i+2] != '@' {
		return false
	}
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf })
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
func decodeText(content []byte, name string) ([]byte, error) {
	if t := tableOf(name); t != nil {
		return t.decode(content), nil
	}
	e := lookup(name)
	if e == nil {
		return nil, ErrBinary
	}
	text, _, err := transform.Bytes(e.NewDecoder(), content)
	if err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

// bytewise is a charset of one byte a character: what each byte becomes.
type bytewise [256]struct {
	text [3]byte
	n    uint8
}

var tables sync.Map // of *bytewise, nil for other charsets, by name

func tableOf(name string) *bytewise {
	if t, ok := tables.Load(name); ok {
		return t.(*bytewise)
	}
	var t *bytewise
	if e := lookup(name); e != nil && single(name) {
		t = &bytewise{}
		for b := range t {
			text, _, _ := transform.Bytes(e.NewDecoder(), []byte{byte(b)})
			t[b].n = uint8(copy(t[b].text[:], text))
		}
	}
	tables.Store(name, t)
	return t
}

// single says whether a charset, as the WHATWG names it, has one byte a
// character.
func single(name string) bool {
	for _, prefix := range []string{"windows-", "iso-8859-", "koi8-", "ibm", "mac", "x-mac-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func (t *bytewise) decode(content []byte) []byte {
	size := 0
	for _, b := range content {
		size += int(t[b].n)
	}
	text := make([]byte, 0, size+2) // room for the copies of 3 bytes
	for _, b := range content {
		c := &t[b]
		n := len(text)
		text = append(text, c.text[0], c.text[1], c.text[2])[:n+int(c.n)]
	}
	return text
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
			if broken++; broken > 64+whole {
				return false
			}
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

// sampleSize is how much of content is looked at to see whether a charset can
// be right, detectSize how much of that to choose among all.
const (
	sampleSize = 32 << 10
	detectSize = 8 << 10
)

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
