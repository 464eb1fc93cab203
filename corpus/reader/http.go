package reader

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// maxBody is the size over which an unpacked page is bad.
const maxBody = 64 << 20

// resolveHTTP makes a page of an HTTP answer (RFC 9112), status line first.
func resolveHTTP(r *Record) error {
	body := headEnd(r.Content)
	if body < 0 && bytes.HasPrefix(r.Content, []byte("HTTP/")) {
		body = len(r.Content)
	}
	if body < 0 || body > maxHead || !bytes.HasPrefix(r.Content, []byte("HTTP/")) {
		return r.bad("it does not begin with the header of an HTTP answer")
	}
	line, fields, _ := bytes.Cut(r.Content[:body], []byte("\n"))
	status := statusOf(line)
	if status == "" {
		return r.bad("%.40q is no status line", line)
	}
	if status[0] != '2' {
		return &Skipped{r.Origin, "http status " + status}
	}
	var contentType, encoding string
	chunked := false
	eachField(fields, func(name, value string) {
		switch name {
		case "content-type":
			contentType = value
		case "content-encoding":
			encoding = strings.ToLower(value)
		case "transfer-encoding":
			chunked = strings.Contains(strings.ToLower(value), "chunked")
		}
	})
	content := r.Content[body:]
	if chunked {
		content = unchunk(content)
	}
	content, err := decode(content, encoding)
	if err != nil {
		return r.bad("its content encoding %q: %v", encoding, err)
	}
	r.Content = content
	return r.classify(contentType)
}

// statusOf returns the three digits of a status line, or "".
func statusOf(line []byte) string {
	f := bytes.Fields(line)
	if len(f) < 2 || len(f[1]) != 3 {
		return ""
	}
	if n, err := strconv.Atoi(string(f[1])); err != nil || n < 100 || n > 599 {
		return ""
	}
	return string(f[1])
}

// isChunk says whether a body begins with a chunk of n bytes after that line: what
// follows it is the end of a line or nothing. Text of a body that is joined already
// may begin with a number too. One that was cut off is known by the line's end.
func isChunk(line, after []byte, n int64) bool {
	if n > int64(len(after)) {
		return bytes.HasSuffix(line, []byte("\r"))
	}
	rest := bytes.TrimPrefix(after[n:], []byte("\r"))
	return len(rest) == 0 || rest[0] == '\n'
}

// unchunk joins the chunks of a body, in place. Crawlers often store a body
// joined already, so one that does not begin with a chunk is returned as it
// is, and one that is cut off as far as it goes.
func unchunk(b []byte) []byte {
	out := b[:0:len(b)]
	for rest := b; ; {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 16, 64)
		if !ok || err != nil || n < 0 || len(out) == 0 && !isChunk(line, after, n) {
			if len(out) == 0 {
				return b
			}
			return out
		}
		if n == 0 {
			return out
		}
		n = min(n, int64(len(after)))
		out = append(out, after[:n]...)
		rest = bytes.TrimPrefix(bytes.TrimPrefix(after[n:], []byte("\r")), []byte("\n"))
		if len(rest) == 0 {
			return out
		}
	}
}

// decode undoes content encodings, the last first. What does not begin like
// its encoding was stored unpacked.
func decode(b []byte, encoding string) ([]byte, error) {
	if encoding == "" || len(b) == 0 {
		return b, nil
	}
	names := strings.Split(encoding, ",")
	if len(names) > 4 {
		return nil, errors.New("too many")
	}
	for i := len(names) - 1; i >= 0; i-- {
		var err error
		if b, err = decodeOne(b, strings.TrimSpace(names[i])); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func decodeOne(b []byte, encoding string) ([]byte, error) {
	in := bytes.NewReader(b)
	switch encoding {
	case "", "identity", "none", "utf-8", "utf8":
		return b, nil
	case "gzip", "x-gzip":
		if how, _ := packingOf(b); how != gzipped {
			return b, nil
		}
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		return readAll(z)
	case "deflate":
		if z, err := zlib.NewReader(in); err == nil {
			return readOr(z, b)
		}
		return readOr(flate.NewReader(bytes.NewReader(b)), b)
	case "br":
		return readOr(brotli.NewReader(in), b)
	case "zstd":
		if how, _ := packingOf(b); how != zstandard {
			return b, nil
		}
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return readAll(z)
	}
	return nil, errors.New("it is not known")
}

// readOr unpacks a body of an encoding that begins like no other; where it is text
// that does not unpack, that was stored.
func readOr(r io.Reader, body []byte) ([]byte, error) {
	content, err := readAll(r)
	if err != nil && (sniff(body, false) != "" || isText(body)) {
		return body, nil
	}
	return content, err
}

// isText says whether a body is UTF-8 without control characters.
func isText(body []byte) bool {
	control := func(c byte) bool { return c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' }
	return utf8.Valid(body) && !slices.ContainsFunc(body, control)
}

func readAll(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if len(content) > maxBody {
		return nil, fmt.Errorf("it unpacks to more than %d MiB", maxBody>>20)
	}
	return content, err
}
