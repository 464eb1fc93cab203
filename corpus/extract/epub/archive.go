package epub

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
)

// errMissing is the error of a file that the archive does not have.
var errMissing = fmt.Errorf("%w: a file is missing", ErrDamaged)

// archive is the ZIP file of a book.
type archive struct {
	limits limits
	files  map[string]*zip.File
	done   int64
}

func open(content []byte, l limits) (*archive, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if len(z.File) > l.entries {
		return nil, fmt.Errorf("%w: %d files, at most %d", ErrTooLarge, len(z.File), l.entries)
	}
	a := &archive{limits: l, files: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		if _, twice := a.files[f.Name]; !twice {
			a.files[f.Name] = f
		}
	}
	return a, nil
}

// read returns a file of at most that many bytes, unpacked, whatever size its
// header claims.
func (a *archive) read(name string, limit int64) ([]byte, error) {
	f, ok := a.files[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %s", errMissing, name)
	case f.Flags&1 != 0:
		return nil, fmt.Errorf("%w: %s", ErrEncrypted, name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	defer r.Close()
	limit = min(limit, a.limits.all-a.done)
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	a.done += int64(len(content))
	switch {
	case int64(len(content)) > limit:
		return nil, fmt.Errorf("%w: %s unpacks to more than %d bytes", ErrTooLarge, name, limit)
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	return content, nil
}

// resolve returns the name in the archive of what a file in directory dir links
// to, or "" for none: another host, or a place outside of the archive.
func resolve(dir, link string) string {
	u, err := url.Parse(link)
	if err != nil {
		// Spaces and percent signs that nobody escaped.
		link, _, _ = strings.Cut(link, "#")
		u = &url.URL{Path: link}
	}
	if u.Scheme != "" || u.Host != "" || u.Path == "" {
		return ""
	}
	name := path.Join(dir, u.Path)
	if strings.HasPrefix(u.Path, "/") {
		name = path.Clean(u.Path)[1:]
	}
	if name == ".." || strings.HasPrefix(name, "../") {
		return ""
	}
	return name
}
