package polymath

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/picture"
)

// readDataURL returns the data of a data: URL (RFC 2397), at most limit bytes.
func readDataURL(text string, limit int64) ([]byte, error) {
	const scheme = "data:"
	if len(text) < len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme) {
		return nil, errors.New("only data: URLs are read; nothing is fetched")
	}
	head, body, ok := strings.Cut(text[len(scheme):], ",")
	if !ok {
		return nil, errors.New("the data: URL has no comma before its data")
	}
	coded := len(head) >= 7 && strings.EqualFold(head[len(head)-7:], ";base64")
	size := int64(len(body))
	if coded {
		body = strings.TrimRight(body, "=\r\n")
		size = int64(len(body)) * 3 / 4
	}
	if size > limit {
		return nil, &picture.LimitError{What: "bytes", Value: size, Limit: limit}
	}
	if !coded {
		plain, err := url.PathUnescape(body)
		if err != nil {
			return nil, fmt.Errorf("the data: URL: %w", err)
		}
		return []byte(plain), nil
	}
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(body, "-_") {
		encoding = base64.RawURLEncoding
	}
	data, err := encoding.DecodeString(body)
	if err != nil {
		return nil, fmt.Errorf("the data: URL: %w", err)
	}
	return data, nil
}

// DataImage returns a picture file's bytes as an image of a message.
func DataImage(file []byte) chat.Image {
	var b bytes.Buffer
	b.WriteString("data:application/octet-stream;base64,")
	w := base64.NewEncoder(base64.StdEncoding, &b)
	w.Write(file) // to memory: no error
	w.Close()
	return chat.Image{URL: b.String()}
}
