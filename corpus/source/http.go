package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// listHTTP asks for the size and version of one address.
func listHTTP(ctx context.Context, address string, r *remote) ([]File, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s: this is not an address", display(address))
	}
	f := File{Path: address, Name: httpName(u), Size: -1, remote: r}
	err = r.try(ctx, address, func() error { return r.head(ctx, &f) })
	if err != nil {
		return nil, err
	}
	return []File{f}, nil
}

// httpName is the last part of an address's path, or its host without one.
func httpName(u *url.URL) string {
	name := path.Base(u.Path)
	if name == "." || name == "/" {
		name = u.Hostname()
	}
	if u.RawQuery != "" {
		name += "?" + u.RawQuery
	}
	return name
}

// head fills in what a server says about a file. Servers that refuse the
// question are asked for the file itself when it is opened.
func (r *remote) head(ctx context.Context, f *File) error {
	res, err := r.request(ctx, http.MethodHead, f.Path, nil)
	if err != nil {
		return err
	}
	res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		f.Size, f.Tag, f.Time = res.ContentLength, res.Header.Get("ETag"), modified(res.Header)
		return nil
	case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusForbidden, http.StatusBadRequest:
		return nil
	}
	return statusFault(res)
}

func (r *remote) request(ctx context.Context, method, address string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, &fault{err: errors.New("this is not an address")}
	}
	for key, value := range r.opt.Headers {
		req.Header.Set(key, value)
	}
	for key, values := range header {
		req.Header[key] = values
	}
	req.Header.Set("Accept-Encoding", "identity")
	res, err := r.client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // which does not repeat the address
		}
		return nil, &fault{err: err, passing: true}
	}
	return res, nil
}

// getHTTP asks for a part. A version that is known must be the one that is
// served.
func (r *remote) getHTTP(ctx context.Context, f File, s span) (*part, error) {
	header := http.Header{}
	if h := s.header(); h != "" {
		header.Set("Range", h)
		if strings.HasPrefix(f.Tag, `"`) { // weak ones may not be asked for
			header.Set("If-Match", f.Tag)
		}
	}
	res, err := r.request(ctx, http.MethodGet, f.Path, header)
	if err != nil {
		return nil, err
	}
	p, err := partOf(res, s)
	if err == nil {
		err = sameVersion(f, p)
	}
	if err != nil {
		res.Body.Close()
		return nil, err
	}
	return p, nil
}

func partOf(res *http.Response, s span) (*part, error) {
	p := &part{body: res.Body, size: -1, tag: res.Header.Get("ETag"), time: modified(res.Header)}
	switch res.StatusCode {
	case http.StatusOK:
		p.size = res.ContentLength
		return p, nil
	case http.StatusPartialContent:
		var err error
		p.from, p.size, err = contentRange(res.Header.Get("Content-Range"))
		if err != nil || p.from != s.from {
			return nil, &fault{err: fmt.Errorf("the server answers the range %s with %q", s.header(), res.Header.Get("Content-Range"))}
		}
		return p, nil
	}
	return nil, statusFault(res)
}

// contentRange reads "bytes 10-19/100"; a size of * is -1.
func contentRange(value string) (from, size int64, err error) {
	rest, ok := strings.CutPrefix(value, "bytes ")
	bounds, total, ok2 := strings.Cut(rest, "/")
	first, _, ok3 := strings.Cut(bounds, "-")
	if !ok || !ok2 || !ok3 {
		return 0, 0, errors.New("no range")
	}
	if from, err = strconv.ParseInt(first, 10, 64); err != nil {
		return 0, 0, err
	}
	if total == "*" {
		return from, -1, nil
	}
	size, err = strconv.ParseInt(total, 10, 64)
	return from, size, err
}

// sameVersion compares a part with what is known of its file.
func sameVersion(f File, p *part) error {
	was, is := "", ""
	switch {
	case f.Tag != "" && p.tag != "" && f.Tag != p.tag:
		was, is = f.Tag, p.tag
	case f.Size >= 0 && p.size >= 0 && f.Size != p.size:
		was, is = fmt.Sprint(f.Size, " bytes"), fmt.Sprint(p.size, " bytes")
	case f.Tag == "" && !f.Time.IsZero() && !p.time.IsZero() && !f.Time.Equal(p.time):
		was, is = f.Time.UTC().Format(time.RFC3339), p.time.UTC().Format(time.RFC3339)
	default:
		return nil
	}
	return &fault{err: fmt.Errorf("%w: it was %s and is %s", ErrChanged, was, is)}
}

func modified(h http.Header) time.Time {
	t, _ := http.ParseTime(h.Get("Last-Modified"))
	return t
}

// statusFault is the error of an answer that is not a file.
func statusFault(res *http.Response) error {
	f := &fault{}
	what := ""
	switch code := res.StatusCode; {
	case code == http.StatusPreconditionFailed:
		f.err = ErrChanged
		return f
	case code == http.StatusNotFound || code == http.StatusGone:
		what = "; check the address"
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		what = "; give an Authorization under headers, or check that the file is public"
	case code == http.StatusRequestedRangeNotSatisfiable:
		what = "; the file is shorter than it was"
	case code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout:
		f.passing = true
		if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
			f.after = time.Duration(s) * time.Second
		}
	}
	f.err = fmt.Errorf("the server answers %s%s", res.Status, what)
	return f
}
