package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// listLocal lists what a pattern on disk names.
func listLocal(ctx context.Context, pattern string, opt Options) ([]File, error) {
	exclude := make([]*matcher, len(opt.Exclude))
	for i, p := range opt.Exclude {
		var err error
		if exclude[i], err = newMatcher(p); err != nil {
			return nil, fmt.Errorf("exclude: %s: %w", p, err)
		}
	}
	w := walker{ctx: ctx, root: pattern, trees: opt.Trees, exclude: exclude, without: opt.Without, closed: opt.Closed, seen: map[string]bool{}}
	if info, err := os.Stat(pattern); err == nil {
		return listPath(&w, pattern, info)
	} else if !hasMeta(pattern) {
		return nil, localError(pattern, err)
	}
	root, rest := splitPattern(filepath.ToSlash(pattern))
	root = filepath.FromSlash(root)
	if _, err := os.Stat(root); err != nil {
		return nil, localError(root, err)
	}
	m, err := newMatcher(rest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	w.root, w.match = root, m
	return w.walk()
}

func listPath(w *walker, path string, info fs.FileInfo) ([]File, error) {
	name := filepath.ToSlash(filepath.Base(path))
	switch {
	case info.Mode().IsRegular():
		return []File{localFile(path, name, info)}, nil
	case !info.IsDir():
		return nil, fmt.Errorf("%s: this is neither a file nor a directory", path)
	case w.trees:
		return []File{{Path: path, Name: treeName(path), Size: -1, Time: info.ModTime(), Tree: true}}, nil
	}
	return w.walk()
}

// treeName is the last part of a path, also where the path is ".".
func treeName(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return filepath.Base(path)
}

func localFile(path, name string, info fs.FileInfo) File {
	return File{Path: path, Name: name, Size: info.Size(), Time: info.ModTime()}
}

// walker finds files below a directory. Directories behind links are entered
// after all others, in the order of their names, and none twice, so neither
// loops nor the order of the disk matter.
type walker struct {
	ctx   context.Context
	root  string
	match *matcher // nil: all that is not hidden
	trees bool
	// exclude match names that are passed over; the others are those of Options.
	exclude []*matcher
	without []string
	closed  func(path string)
	seen    map[string]bool // real paths of directories
	links   []string        // below root, with slashes
	files   []File
}

func (w *walker) walk() ([]File, error) {
	w.links = []string{""}
	for len(w.links) > 0 {
		next := w.links[0]
		w.links = w.links[1:]
		path := filepath.Join(w.root, filepath.FromSlash(next))
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err != nil {
			return nil, localError(path, err)
		}
		if err := w.enter(next, real); err != nil {
			return nil, err
		}
	}
	return w.files, nil
}

// enter walks one directory, named below the root, with its real path.
func (w *walker) enter(dir, real string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	path := filepath.Join(w.root, filepath.FromSlash(dir))
	if w.seen[real] || slices.Contains(w.without, real) {
		return nil
	}
	w.seen[real] = true
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrPermission) && w.closed != nil && dir != "" {
		w.closed(path)
		return nil
	}
	if err != nil {
		return localError(path, err)
	}
	for _, e := range entries {
		if err := w.entry(dir, real, e); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) entry(dir, real string, e fs.DirEntry) error {
	name := e.Name()
	if dir != "" {
		name = dir + "/" + name
	}
	if slices.ContainsFunc(w.exclude, func(m *matcher) bool { return m.file(name) }) || slices.Contains(w.without, filepath.Join(real, e.Name())) {
		return nil
	}
	linked := e.Type()&fs.ModeSymlink != 0
	if e.Type().IsRegular() && (w.trees || !w.match.file(name)) || e.IsDir() && !w.match.below(name) && !(w.trees && w.match.file(name)) {
		return nil // as most of what a pattern passes by, without a look at it
	}
	path := filepath.Join(w.root, filepath.FromSlash(name))
	info, err := e.Info()
	if linked {
		info, err = os.Stat(path)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
		return nil // a link to nowhere or to itself, or a file that has just gone
	}
	if err != nil {
		return localError(path, err)
	}
	switch {
	case info.IsDir():
		return w.directory(name, path, filepath.Join(real, e.Name()), info, linked)
	case info.Mode().IsRegular() && !w.trees && w.match.file(name):
		w.files = append(w.files, localFile(path, name, info))
	}
	return nil
}

func (w *walker) directory(name, path, real string, info fs.FileInfo, linked bool) error {
	if w.trees && w.match.file(name) {
		w.files = append(w.files, File{Path: path, Name: name, Size: -1, Time: info.ModTime(), Tree: true})
		return nil
	}
	if !w.match.below(name) {
		return nil
	}
	if linked {
		w.links = append(w.links, name)
		return nil
	}
	return w.enter(name, real)
}

func openLocal(f File, offset int64) (io.ReadCloser, error) {
	file, size, err := openRegular(f)
	if err != nil {
		return nil, err
	}
	if offset > size {
		file.Close()
		return nil, fmt.Errorf("%s: cannot open at byte %d: the file has %d", f.Path, offset, size)
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		file.Close()
		return nil, localError(f.Path, err)
	}
	return file, nil
}

func openLocalAt(f File) (ReaderAt, int64, error) {
	file, size, err := openRegular(f)
	if err != nil {
		return nil, 0, err
	}
	return file, size, nil
}

func openRegular(f File) (*os.File, int64, error) {
	info, err := os.Stat(f.Path) // before opening, which would wait for a pipe
	if err != nil {
		return nil, 0, localError(f.Path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: this is not a file", f.Path)
	}
	if f.Size >= 0 && !f.Time.IsZero() && (info.Size() != f.Size || !info.ModTime().Equal(f.Time)) {
		return nil, 0, fmt.Errorf("%s: %w: it was listed with %d bytes of %s", f.Path, ErrChanged, f.Size, f.Time.Format("2006-01-02 15:04:05"))
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, 0, localError(f.Path, err)
	}
	return file, info.Size(), nil
}

// localFault says in its own words what the error is.
type localFault struct {
	text string
	err  error
}

func (f *localFault) Error() string { return f.text }
func (f *localFault) Unwrap() error { return f.err }

// localError puts the path first and says what to do.
func localError(path string, err error) error {
	var pe *fs.PathError
	cause := err
	if errors.As(err, &pe) {
		cause = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &localFault{path + ": no such file or directory; check the path", fs.ErrNotExist}
	case errors.Is(err, fs.ErrPermission):
		return &localFault{path + ": not allowed to read this; change its permissions, or leave it out", fs.ErrPermission}
	}
	return fmt.Errorf("%s: %w", path, cause)
}

// display is how a path or address is shown in errors: without passwords and
// without the query, which may be a signature.
func display(path string) string {
	if scheme(path) == "" {
		return path
	}
	address, query, _ := strings.Cut(path, "?")
	if query != "" {
		address += "?..."
	}
	head, tail, _ := strings.Cut(address, "://")
	host, rest, slash := strings.Cut(tail, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if slash {
		host += "/" + rest
	}
	return head + "://" + host
}
