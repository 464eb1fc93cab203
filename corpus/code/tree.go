// Package code reads source trees: which files are worth learning from, in which
// language they are, and under which license.
package code

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// TreeOptions say what of a tree is wanted.
type TreeOptions struct {
	// KeepVendored also gives directories of code from elsewhere, KeepIgnored
	// what .gitignore files leave out.
	KeepVendored bool `yaml:"keep_vendored" json:"keep_vendored,omitempty"`
	KeepIgnored  bool `yaml:"keep_ignored" json:"keep_ignored,omitempty"`
	// MaxFile is the size of the largest file, in bytes; 0 means 8 MiB.
	MaxFile int64 `yaml:"max_file" json:"max_file,omitempty"`
	// Without are absolute paths without links: these files and directories are
	// passed over as if they were not there.
	Without []string `yaml:"-" json:"-"`
}

// File is one text file of a tree.
type File struct {
	// Index counts what Next returned before, files and what was left out.
	Index int64
	// Path is the name below the root, with slashes.
	Path string
	// Content is in UTF-8 and without NUL; it belongs to the receiver.
	Content []byte
	// License is the SPDX expression of the nearest directory upward that has
	// license files which are known, or "".
	License string
}

// Reason is why something of a tree is left out.
type Reason string

// Reasons. Those of a directory hold for all that is in it.
const (
	IsIgnored   Reason = "ignored"   // by a .gitignore file
	IsVendored  Reason = "vendored"  // code from elsewhere, by its path
	IsSubmodule Reason = "submodule" // a work tree of its own: a source of its own
	IsLink      Reason = "link"
	IsSpecial   Reason = "special" // a device, a socket or a pipe
	IsTooLarge  Reason = "too_large"
	IsEmpty     Reason = "empty"
	IsBinary    Reason = "binary"
	IsCharset   Reason = "charset" // a text in a charset that is not known
)

// LeftOut is the error of something that is no text to learn from.
type LeftOut struct {
	Index  int64
	Path   string
	Reason Reason
}

// Error names the path and the reason.
func (e *LeftOut) Error() string { return fmt.Sprintf("%s: left out: %s", e.Path, e.Reason) }

// FileError is the error of one file or directory that cannot be read.
type FileError struct {
	Index int64
	Path  string
	Err   error
}

// Error names the path and the cause.
func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Tree reads the files of a source tree. One goroutine uses it at a time. It
// holds the listings of the directories that it is in, and one file.
type Tree struct {
	root    string // without links
	options TreeOptions
	git     string
	ignore  []ignoreFile // outer ones first
	levels  []level
	index   int64 // of the next result
	from    int64 // results below are passed over
}

// level is a directory that is being read.
type level struct {
	path    []string // below the root
	entries []fs.DirEntry
	ignores int    // how many of Tree.ignore are of outer directories
	license string // of its files
}

// OpenTree opens the tree below a directory: a Git work tree, a part of one, or
// none. The order is by bytes, component by component, so that equal trees give
// equal results.
func OpenTree(root string, o TreeOptions) (*Tree, error) {
	if o.MaxFile == 0 {
		o.MaxFile = 8 << 20
	}
	target, err := filepath.EvalSymlinks(root)
	if err == nil {
		target, err = filepath.Abs(target)
	}
	if err != nil {
		return nil, fmt.Errorf("opening a source tree: %w", err)
	}
	t := &Tree{root: target, options: o}
	top, git := workTree(target)
	t.git = git
	if git != "" && !o.KeepIgnored {
		if err := t.ignoreAbove(top); err != nil {
			return nil, err
		}
	}
	if err := t.enter(nil, ""); err != nil {
		return nil, fmt.Errorf("opening a source tree: %w", err)
	}
	return t, nil
}

// ignoreAbove reads the .gitignore files from the top of the work tree down to
// the directory above the root.
func (t *Tree) ignoreAbove(top string) error {
	way, err := filepath.Rel(top, t.root)
	if err != nil || way == "." {
		return nil // the root is the top
	}
	above := strings.Split(filepath.ToSlash(way), "/")
	for dir := top; len(above) > 0; above = above[1:] {
		if rules := readIgnore(dir); rules != nil {
			t.ignore = append(t.ignore, ignoreFile{rules: rules, above: above})
		}
		dir = filepath.Join(dir, above[0])
	}
	return nil
}

// readIgnore reads a directory's .gitignore file; like Git it takes no link.
func readIgnore(dir string) []rule {
	name := filepath.Join(dir, ".gitignore")
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return parseIgnore([]byte(readSmall(name, maxIgnore)))
}

// Commit returns the hash of the commit that is checked out, or "" outside of a
// Git work tree. Files may have changed since.
func (t *Tree) Commit() string {
	if t.git == "" {
		return ""
	}
	return headCommit(t.git)
}

// Begin makes Next begin with the result of that index, without reading the files
// before. Call it before Next.
func (t *Tree) Begin(index int64) { t.from = index }

// Next returns the next file. A *LeftOut or a *FileError is about one thing, and
// Next goes on; the error at the end is io.EOF.
func (t *Tree) Next(ctx context.Context) (*File, error) {
	for {
		e, err := t.walk(ctx)
		if err != nil {
			return nil, err
		}
		i, wanted := t.count()
		if !wanted {
			continue
		}
		var content []byte
		if e.err == nil && e.reason == "" {
			content, e.reason, e.err = t.read(e.name)
		}
		switch {
		case e.err != nil:
			return nil, &FileError{i, e.name, e.err}
		case e.reason != "":
			return nil, &LeftOut{i, e.name, e.reason}
		}
		return &File{Index: i, Path: e.name, Content: content, License: e.license}, nil
	}
}

// entry is what Next has something to say of: a file, or what is left out.
type entry struct {
	fs.DirEntry
	name    string // below the root
	reason  Reason // why it is left out, by all but its content
	license string
	err     error // why a directory cannot be entered
}

// walk returns the next entry; the error at the end is io.EOF.
func (t *Tree) walk(ctx context.Context) (*entry, error) {
	for len(t.levels) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l := &t.levels[len(t.levels)-1]
		if len(l.entries) == 0 {
			t.ignore = t.ignore[:l.ignores]
			t.levels = t.levels[:len(t.levels)-1]
			continue
		}
		next := l.entries[0]
		l.entries = l.entries[1:]
		if next.Name() == ".git" {
			continue
		}
		if e := t.visit(l, next); e != nil {
			return e, nil
		}
	}
	return nil, io.EOF
}

// visit returns what there is to say of an entry; nothing if it is a directory
// that was entered, or was passed over.
func (t *Tree) visit(l *level, next fs.DirEntry) *entry {
	below := append(l.path[:len(l.path):len(l.path)], next.Name())
	e := &entry{DirEntry: next, name: path.Join(below...), license: l.license}
	e.reason = t.leaves(next, below, e.name)
	switch {
	case e.reason != "":
		return e
	case slices.Contains(t.options.Without, filepath.Join(t.root, filepath.FromSlash(e.name))):
		return nil
	case !next.IsDir():
		return e
	}
	if e.err = t.enter(below, l.license); e.err != nil {
		return e
	}
	return nil
}

// count gives the next result its index and says whether it is wanted.
func (t *Tree) count() (index int64, wanted bool) {
	index = t.index
	t.index++
	return index, index >= t.from
}

// leaves says why an entry is left out, by all but its content.
func (t *Tree) leaves(entry fs.DirEntry, below []string, name string) Reason {
	isDir := entry.IsDir()
	switch {
	case !t.options.KeepIgnored && ignored(t.ignore, below, isDir):
		return IsIgnored
	case entry.Type()&fs.ModeSymlink != 0:
		return IsLink
	case !isDir && !entry.Type().IsRegular():
		return IsSpecial
	case !t.options.KeepVendored && isVendored(below, isDir):
		return IsVendored
	case isDir && gitDir(filepath.Join(t.root, filepath.FromSlash(name))) != "":
		return IsSubmodule
	}
	return ""
}

// enter goes into a directory.
func (t *Tree) enter(below []string, license string) error {
	dir := filepath.Join(t.root, filepath.FromSlash(path.Join(below...)))
	entries, err := os.ReadDir(dir) // in order of names
	if err != nil {
		return err
	}
	l := level{path: below, entries: entries, ignores: len(t.ignore), license: license}
	if own := licenseOf(dir, entries); own != "" {
		l.license = own
	}
	if !t.options.KeepIgnored {
		if rules := readIgnore(dir); rules != nil {
			t.ignore = append(t.ignore, ignoreFile{rules: rules, depth: len(below)})
		}
	}
	t.levels = append(t.levels, l)
	return nil
}

// read returns the text of a file, or why it has none.
func (t *Tree) read(name string) ([]byte, Reason, error) {
	f, err := os.Open(filepath.Join(t.root, filepath.FromSlash(name)))
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, "", err
	case info.Size() > t.options.MaxFile:
		return nil, IsTooLarge, nil
	}
	content := make([]byte, info.Size(), info.Size()+1)
	n, err := io.ReadFull(f, content)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF { // shorter than a moment ago
		return nil, "", err
	}
	text, reason := decode(content[:n])
	return text, reason, nil
}
