package reader

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzUnquote compares the text of strings with what the parser's own package
// makes of them.
func FuzzUnquote(f *testing.F) {
	for _, s := range []string{
		`""`, `"a"`, `"a\nb\\\"\/\b\f\r\t"`, `"\u00e9"`, `"x\ud83d\ude00y"`, `"\ud83d"`, `"\ud83dx"`, `"\ud83d\n"`,
		`"\ud83d\u0041"`, `"\ude00\ud83d"`, `"\u"`, `"\u12"`, `"\u12\n56"`, `"\x"`, `"\`, `"\"`, `"`, `a`, "\"\xff\"", "\"\xc3\\n\"", `"é\u00e9"`, `"a"b"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		dec := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowInvalidUTF8(true))
		read, err := dec.ReadValue()
		if err != nil || read.Kind() != '"' {
			return
		}
		text, ok := unquoteValid(read)
		if !ok {
			return
		}
		want, err := jsontext.AppendUnquote(nil, read)
		if err != nil || !bytes.Equal(text, want) {
			t.Errorf("%s: %q, want %q, %v", read, text, want, err)
		}
	})
}

// TestUnquoteGivesUp: the strings of usual files are read the quick way.
func TestUnquoteGivesUp(t *testing.T) {
	for value, want := range map[string]bool{
		`"a\nb \"c\" \u00e9\ud83d\ude00"`: true, `"\ud83d"`: false, "\"\xff\"": false,
	} {
		if _, ok := unquoteValid(jsontext.Value(value)); ok != want {
			t.Errorf("%s: %v", value, ok)
		}
	}
}
