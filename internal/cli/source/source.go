// Package source reads text files: what may be learned from, in an order and a
// division that depend on the texts alone.
package source

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Document is one text, the whole of a file or, of a long one, a part.
type Document struct {
	Name string // path below the source's root, with a part number if cut
	Text []byte
	id   [16]byte
}

// ID is the name of the text itself: the first half of its SHA-256. Its first
// eight bytes decide whether it is trained on or held out; the parts of a file
// have those of the whole file, unless there are too few files to divide.
func (d Document) ID() [16]byte { return d.id }

// A Source is the text below a file or directory.
type Source struct {
	Root      string
	Documents []Document // in order of ID
	Files     int        // that the documents are from
	// Whole says that a division by the IDs leaves every file on one side. Where
	// there are few files, the parts of long ones are divided.
	Whole bool
	Bytes int64
	Left  LeftOut
}

// wholeFiles is the number of files from which on whole files are divided.
const wholeFiles = 20

// LeftOut counts the files that were not read as text, by reason.
type LeftOut struct {
	Empty      int // nothing in them
	Binary     int // not UTF-8, or with zero bytes
	Generated  int // Go files that a program wrote
	Tables     int // Go files that consist of numbers
	Duplicate  int // the same text as another one
	Unreadable int // no permission, or gone
	Closed     int // directories that cannot be read; their files are not counted
	Links      int // symbolic links, which are not followed
	Beyond     int // not needed: the limit was reached before them
}

// String lists the reasons that occurred, such as "3 empty, 12 binary".
func (l LeftOut) String() string {
	var parts []string
	for _, reason := range []struct {
		count int
		name  string
	}{
		{l.Empty, "empty"},
		{l.Binary, "binary"},
		{l.Generated, "generated"},
		{l.Tables, "tables of numbers"},
		{l.Duplicate, "duplicate"},
		{l.Unreadable, "unreadable"},
		{l.Closed, "unreadable directories"},
		{l.Links, "symbolic links"},
		{l.Beyond, "more than needed"},
	} {
		if reason.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", reason.count, reason.name))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// maxDocument is the size from which files are cut, so that splitting by hash
// works on one file too.
const maxDocument = 256 << 10

// ErrNoText is wrapped by errors about sources without any text.
var ErrNoText = errors.New("no text found")

// Read reads the text of the file root, or of the files below the directory
// root, up to limit bytes, in an order that a hash of their paths decides: what
// is left out for size is a fair sample. Directories whose names begin with a
// dot are passed over. root may be a symbolic link; those below it are not
// followed. accept chooses files by path; nil takes all.
func Read(ctx context.Context, root string, limit int64, accept func(path string) bool) (*Source, error) {
	target, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, fmt.Errorf("reading text: %w", err)
	}
	s := &Source{Root: target}
	paths, err := s.listFiles(ctx, accept)
	if err != nil {
		return nil, err
	}
	s.Root = root
	seen := map[[sha256.Size]byte]bool{}
	for i, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.Bytes >= limit {
			s.Left.Beyond = len(paths) - i
			break
		}
		s.read(path, limit, seen)
	}
	s.Whole = s.Files >= wholeFiles || s.Files == len(s.Documents)
	if !s.Whole {
		s.divideParts()
	}
	slices.SortFunc(s.Documents, func(a, b Document) int { return bytes.Compare(a.id[:], b.id[:]) })
	if s.Bytes == 0 {
		return nil, fmt.Errorf("%w in %s: it has %d files (left out: %s)", ErrNoText, root, len(paths), s.Left)
	}
	return s, nil
}

// divideParts names every part by itself, so that parts of one file can be on
// different sides.
func (s *Source) divideParts() {
	for i := range s.Documents {
		d := &s.Documents[i]
		hash := sha256.Sum256(d.Text)
		d.id = [16]byte(hash[:])
	}
}

// listFiles returns the regular files below the root, which is no link, in order
// of their path's hash; "." is the root itself.
func (s *Source) listFiles(ctx context.Context, accept func(string) bool) ([]string, error) {
	root := s.Root
	type file struct {
		path string
		hash [sha256.Size]byte
	}
	var files []file
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && path == root:
			return err
		case err != nil:
			s.Left.Closed++ // the rest is still text
			return nil
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		switch {
		case accept != nil && !accept(relative):
		case entry.Type()&fs.ModeSymlink != 0:
			s.Left.Links++
		case entry.Type().IsRegular():
			files = append(files, file{relative, sha256.Sum256([]byte(relative))})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading text: %w", err)
	}
	slices.SortFunc(files, func(a, b file) int {
		return cmp.Or(bytes.Compare(a.hash[:], b.hash[:]), cmp.Compare(a.path, b.path))
	})
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.path
	}
	return paths, nil
}

// read adds the file at path, whole or in parts, or counts why not.
func (s *Source) read(path string, limit int64, seen map[[sha256.Size]byte]bool) {
	text, err := readAtMost(filepath.Join(s.Root, filepath.FromSlash(path)), limit-s.Bytes)
	switch {
	case err != nil:
		s.Left.Unreadable++
		return
	case len(bytes.TrimSpace(text)) == 0:
		s.Left.Empty++
		return
	case !isText(text):
		s.Left.Binary++
		return
	case strings.HasSuffix(path, ".go") && isGenerated(text):
		s.Left.Generated++
		return
	case strings.HasSuffix(path, ".go") && isTable(text):
		s.Left.Tables++
		return
	}
	hash := sha256.Sum256(text)
	if seen[hash] {
		s.Left.Duplicate++
		return
	}
	seen[hash] = true
	s.Files++
	s.Bytes += int64(len(text))
	if path == "." {
		path = filepath.Base(s.Root)
	}
	parts := cut(text)
	for i, part := range parts {
		d := Document{Name: path, Text: part, id: [16]byte(hash[:])}
		if len(parts) > 1 {
			d.Name = fmt.Sprintf("%s#%d", path, i)
			own := sha256.Sum256(part)
			copy(d.id[8:], own[:])
		}
		s.Documents = append(s.Documents, d)
	}
}

// readAtMost reads a file's first n bytes, up to the last end of a line or, in a
// longer line, of a character.
func readAtMost(path string, n int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() <= n {
		return os.ReadFile(path)
	}
	text := make([]byte, n)
	read, err := f.ReadAt(text, 0)
	if err != nil {
		return nil, err
	}
	text = text[:read]
	if end := bytes.LastIndexByte(text, '\n'); end >= 0 {
		return text[:end+1], nil
	}
	return wholeCharacters(text), nil
}

// wholeCharacters leaves out the character that the end of text cuts.
func wholeCharacters(text []byte) []byte {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax); i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return text[:i]
			}
			break
		}
	}
	return text
}

// isText says whether text is UTF-8 and has no zero byte.
func isText(text []byte) bool {
	return bytes.IndexByte(text, 0) < 0 && utf8.Valid(text)
}

// isGenerated follows the convention of go.dev/s/generatedcode.
func isGenerated(text []byte) bool {
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		if bytes.HasPrefix(line, []byte("package ")) {
			return false
		}
		if bytes.HasPrefix(line, []byte("// Code generated ")) && bytes.HasSuffix(line, []byte(" DO NOT EDIT.")) {
			return true
		}
	}
	return false
}

// isTable says whether a text is mostly numbers: of the bytes that are no space,
// a fifth are digits. In programs written by hand that is one in thirty.
func isTable(text []byte) bool {
	digits, all := 0, 0
	for _, b := range text {
		switch {
		case b >= '0' && b <= '9':
			digits++
			all++
		case b > ' ':
			all++
		}
	}
	return 5*digits > all
}

// cut divides a long text at line ends, or at characters where a line is
// longer than a document may be.
func cut(text []byte) [][]byte {
	var parts [][]byte
	for len(text) > maxDocument {
		end := bytes.LastIndexByte(text[:maxDocument], '\n') + 1
		if end == 0 {
			end = maxDocument
			for !utf8.RuneStart(text[end]) {
				end--
			}
		}
		parts = append(parts, text[:end])
		text = text[end:]
	}
	if len(text) > 0 {
		parts = append(parts, text)
	}
	return parts
}

// Join concatenates texts.
func Join(documents []Document) []byte {
	var all []byte
	for _, d := range documents {
		all = append(all, d.Text...)
	}
	return all
}

// Bytes counts the bytes of documents.
func Bytes(documents []Document) int64 {
	var n int64
	for _, d := range documents {
		n += int64(len(d.Text))
	}
	return n
}
