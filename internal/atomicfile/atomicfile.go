// Package atomicfile writes files that are either wholly there or not at all.
//
// A file is written under a temporary name in its own directory, synced,
// read back and compared by a checksum, renamed over the old one, and the directory
// is synced. Whatever fails before the rename, and a crash at any moment,
// leaves the old file as it was.
package atomicfile

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const bufferSize = 1 << 18

// tempMark is what the name of every temporary file contains.
const tempMark = ".atomic-"

// File is a file being written. The file appears under its name only with
// Commit. A File must not be used by several goroutines at a time.
type File struct {
	path string
	temp string
	sys  System
	disk Handle
	buf  *bufio.Writer
	hash hash.Hash
	crc  hash.Hash32 // of the same bytes, to compare them when they are read back
	size int64
	err  error // the first failure; every later call returns it
	done bool  // committed or given up
}

// Create begins to write the file at path. Its directory must exist. Callers
// say `defer f.Abort()` at once, which does nothing after Commit.
func Create(path string) (*File, error) {
	sys := system()
	perm, err := permission(path)
	if err != nil {
		return nil, err
	}
	dir, base := filepath.Split(path)
	temp := filepath.Join(dir, "."+base+tempMark+rand.Text()[:12])
	disk, err := sys.Create(temp, perm)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	f := &File{path: path, temp: temp, sys: sys, disk: disk, hash: sha256.New(), crc: crc32.New(castagnoli)}
	f.buf = bufio.NewWriterSize(io.MultiWriter(disk, f.hash, f.crc), bufferSize)
	return f, nil
}

// permission returns the mode of the file that will be replaced, or the usual
// one for a new file.
func permission(path string) (fs.FileMode, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0o666, nil // less the umask
	case err != nil:
		return 0, fmt.Errorf("write: %w", err)
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("write %s: not a regular file", path)
	}
	return info.Mode().Perm(), nil
}

// Path returns the name under which the file will appear.
func (f *File) Path() string { return f.path }

// Size returns the number of bytes written so far.
func (f *File) Size() int64 { return f.size }

// Write appends p, through a buffer.
func (f *File) Write(p []byte) (int, error) {
	if f.done {
		panic("atomicfile: Write after Commit or Abort")
	}
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.buf.Write(p)
	f.size += int64(n)
	if err != nil {
		f.err = fmt.Errorf("write %s: %w", f.path, err)
	}
	return n, f.err
}

// Sum returns the SHA-256 of what was written so far.
func (f *File) Sum() (sum [sha256.Size]byte, err error) {
	if f.done {
		panic("atomicfile: Sum after Commit or Abort")
	}
	if err := f.buf.Flush(); err != nil && f.err == nil {
		f.err = fmt.Errorf("write %s: %w", f.path, err)
	}
	f.hash.Sum(sum[:0])
	return sum, f.err
}

// Commit puts the file in place and returns the SHA-256 of its content in
// hexadecimal. If Commit fails, the old file is still there, with one
// exception: when only the sync of the directory failed, the new file is in
// place, and whether it survives a power cut is unknown.
func (f *File) Commit() (sha256hex string, err error) {
	if f.done {
		panic("atomicfile: Commit after Commit or Abort")
	}
	defer f.Abort()
	if f.err != nil {
		return "", f.err
	}
	if err := f.commit(); err != nil {
		return "", fmt.Errorf("write %s: %w", f.path, err)
	}
	return hex.EncodeToString(f.hash.Sum(nil)), nil
}

func (f *File) commit() error {
	if err := f.buf.Flush(); err != nil {
		return err
	}
	if err := f.disk.Sync(); err != nil {
		return err
	}
	if err := f.readBack(); err != nil {
		return err
	}
	err := f.disk.Close()
	f.disk = nil
	if err != nil {
		return err
	}
	if err := f.sys.Rename(f.temp, f.path); err != nil {
		return err
	}
	f.done = true
	return f.sys.SyncDir(filepath.Dir(f.path))
}

// castagnoli is the polynomial of which processors have an instruction: what is
// read back is compared by it, as it takes a tenth of the time of SHA-256 and
// finds what disks and their drivers do to bytes as surely as need be.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// readBack compares what the file holds with what was written.
func (f *File) readBack() error {
	if _, err := f.disk.Seek(0, io.SeekStart); err != nil {
		return err
	}
	again := crc32.New(castagnoli)
	n, err := io.CopyBuffer(again, struct{ io.Reader }{f.disk}, make([]byte, bufferSize))
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if n != f.size || again.Sum32() != f.crc.Sum32() {
		return fmt.Errorf("read back %d bytes that differ from the %d written: the disk or its driver is faulty", n, f.size)
	}
	return nil
}

// Abort gives the write up and removes the temporary file. It does nothing
// after Commit or another Abort.
func (f *File) Abort() {
	if f.done {
		return
	}
	f.done = true
	if f.disk != nil {
		_ = f.disk.Close() // the file is thrown away
	}
	_ = f.sys.Remove(f.temp) // Leftovers finds it if this fails
}

// Write writes the file at path with what fill writes, and returns the
// SHA-256 of the content in hexadecimal. An error of fill leaves the old file
// in place and is returned as it is.
func Write(path string, fill func(w io.Writer) error) (sha256hex string, err error) {
	f, err := Create(path)
	if err != nil {
		return "", err
	}
	defer f.Abort()
	if err := fill(f); err != nil {
		return "", err
	}
	return f.Commit()
}

// WriteBytes writes data to the file at path, as Write does.
func WriteBytes(path string, data []byte) (sha256hex string, err error) {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Hash returns the SHA-256 of the file at path in hexadecimal.
func Hash(path string) (sha256hex string, err error) {
	file, err := OpenRegular(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, struct{ io.Reader }{file}, make([]byte, bufferSize)); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// IsTemporary reports whether name is that of a file being written. Whoever
// lists a directory passes such files over.
func IsTemporary(name string) bool {
	base := filepath.Base(name)
	return strings.HasPrefix(base, ".") && strings.Contains(base, tempMark)
}

// RemoveLeftovers removes the temporary files that a killed program left in
// dir. Only the one program that writes in dir may call it.
func RemoveLeftovers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() && IsTemporary(entry.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, entry.Name())))
		}
	}
	return err
}
