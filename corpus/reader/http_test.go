package reader

import (
	"bytes"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zlib"
)

// answer resolves an HTTP answer with these fields and this body.
func answer(fields, body string) (string, error) {
	r := &Record{Content: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + fields + "\r\n\r\n" + body)}
	err := resolveHTTP(r)
	return string(r.Content), err
}

// TestHTTPEncodings: bodies are unpacked, and those that were stored unpacked are
// taken as they are.
func TestHTTPEncodings(t *testing.T) {
	const text = "<!doctype html><p>Zoë reads.</p>\n"
	var br, zl, fl bytes.Buffer
	b, z := brotli.NewWriter(&br), zlib.NewWriter(&zl)
	f, _ := flate.NewWriter(&fl, 6)
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{b, z, f} {
		if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
			t.Fatal("not packed")
		}
	}
	latin := strings.ReplaceAll(text, "ë", "\xeb")
	for _, c := range []struct{ encoding, body, want string }{
		{"br", br.String(), text},
		{"deflate", zl.String(), text},
		{"deflate", fl.String(), text},
		{"gzip", string(gz([]byte(text))), text},
		{"br", text, text},
		{"deflate", text, text},
		{"gzip", text, text},
		{"zstd", text, text},
		{"br", latin, latin},
		{"deflate", "Zoë reads.", "Zoë reads."},
		{"deflate", "x^2 is a square", "x^2 is a square"},
		{"br", br.String()[:br.Len()/2], ""},
		{"deflate", zl.String()[:zl.Len()/2], ""},
		{"br", "\x01\x02\xff\xfe noise", ""},
	} {
		got, err := answer("Content-Encoding: "+c.encoding, c.body)
		if c.want == "" && err == nil || c.want != "" && (err != nil || got != c.want) {
			t.Errorf("%s of %q: %q, error %v", c.encoding, c.body, got, err)
		}
	}
}

// TestHTTPChunks: chunks are joined as far as they go; a body that was joined
// before and begins with a number is no chunk.
func TestHTTPChunks(t *testing.T) {
	long := "2024\n" + strings.Repeat("A line of the report.\n", 1000)
	for body, want := range map[string]string{
		"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n": "abcde",
		"3\nabc\n2\nde\n0\n\n":                 "abcde",
		"3\r\nabc\r\n2\r\nde":                  "abcde",
		"3\r\nabc\r\n20\r\nde":                 "abcde",
		"20\r\ncut off":                        "cut off",
		"2024\nwas a year.\n":                  "2024\nwas a year.\n",
		"Add\nsome salt.\n":                    "Add\nsome salt.\n",
		"0\nis the first number.\n":            "0\nis the first number.\n",
		long:                                   long,
		"no chunk":                             "no chunk",
		"A\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n": "01234567890123456789",
	} {
		if got, err := answer("Transfer-Encoding: chunked", body); err != nil || got != want {
			t.Errorf("%.60q: %.60q, want %.60q, error %v", body, got, want, err)
		}
	}
}
