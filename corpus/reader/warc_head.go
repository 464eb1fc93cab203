package reader

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// warcHead is what matters of a record's header.
type warcHead struct {
	size        int // of the header
	length      int64
	kind        string
	url         string
	date        string
	id          string
	contentType string
	segment     string
}

func parseHead(b []byte) (*warcHead, error) {
	h := &warcHead{size: len(b), length: -1}
	version, rest, _ := bytes.Cut(b, []byte("\n"))
	if !slices.Contains([]string{"WARC/1.0", "WARC/1.1", "WARC/0.18", "WARC/0.17"}, string(bytes.TrimSpace(version))) {
		return nil, fmt.Errorf("%.40q is no version of WARC that is read", bytes.TrimSpace(version))
	}
	var err error
	eachField(rest, func(name, value string) {
		switch name {
		case "content-length":
			n, bad := strconv.ParseInt(value, 10, 64)
			if bad != nil || n < 0 || n > 1<<50 {
				err = fmt.Errorf("its length is %.40q", value)
			}
			h.length = n
		case "warc-type":
			h.kind = strings.ToLower(value)
		case "warc-target-uri":
			h.url = strings.Trim(value, "<>")
		case "warc-date":
			h.date = value
		case "warc-record-id":
			h.id = strings.Trim(value, "<>")
		case "content-type":
			h.contentType = value
		case "warc-segment-number":
			h.segment = value
		}
	})
	if err == nil && h.length < 0 {
		err = errors.New("its header has no Content-Length")
	}
	return h, err
}

// eachField calls fn with the fields of a header, names in lower case. Lines
// that begin with a space go on with the field before.
func eachField(b []byte, fn func(name, value string)) {
	name, value := "", ""
	flush := func() {
		if name != "" {
			fn(name, strings.ToValidUTF8(value, "\ufffd"))
		}
		name = ""
	}
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		b = rest
		trimmed := bytes.TrimSpace(line)
		if len(trimmed) > 0 && (line[0] == ' ' || line[0] == '\t') {
			value += " " + string(trimmed)
			continue
		}
		flush()
		if n, v, ok := bytes.Cut(trimmed, []byte(":")); ok {
			name, value = strings.ToLower(string(bytes.TrimSpace(n))), string(bytes.TrimSpace(v))
		}
	}
	flush()
}

// wanted says whether a record can hold a document: requests, notes of the
// crawler and references to other records do not.
func (h *warcHead) wanted() bool {
	return h.segment == "" && (h.kind == "response" || h.kind == "resource" || h.kind == "conversion")
}

func (h *warcHead) reason() string {
	switch h.kind {
	case "request", "metadata", "warcinfo", "revisit", "continuation":
		return "record type " + h.kind
	case "response", "resource", "conversion":
		return "record in segments"
	}
	return "record type unknown"
}

func (h *warcHead) meta() map[string]string {
	m := map[string]string{}
	for key, value := range map[string]string{"url": h.url, "date": h.date, "warc_record_id": h.id} {
		if value != "" {
			m[key] = value
		}
	}
	return m
}

// resolver returns what makes a page of the record's body.
func (h *warcHead) resolver() func(*Record) error {
	if h.kind == "response" && strings.HasPrefix(h.contentType, "application/http") {
		return resolveHTTP
	}
	contentType := h.contentType
	return func(r *Record) error { return r.classify(contentType) }
}
