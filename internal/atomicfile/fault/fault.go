// Package fault makes the writing of files fail at a chosen point, for tests.
//
// A test counts the operations of a faultless run and then fails each of them
// in turn:
//
//	disk := fault.New()
//	restore := atomicfile.Replace(disk)
//	... write ...
//	for op := range disk.Ops() { disk.FailOp(op, syscall.ENOSPC); ... write ... }
package fault

import (
	"fmt"
	"io/fs"
	"sync"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// Disk is an atomicfile.System over the real one that fails as told. Removing
// a file always works. A Disk may be used by several goroutines.
type Disk struct {
	mu     sync.Mutex
	log    []string
	paths  []string
	failOp int   // number of the operation that fails, -1 for none
	room   int64 // bytes that may still be written, -1 for no limit
	flip   int64 // this byte of what is read back is changed, -1 for none
	err    error
}

// New returns a Disk that does not fail.
func New() *Disk {
	d := &Disk{}
	d.Reset()
	return d
}

// Reset makes the disk sound again and forgets the operations counted.
func (d *Disk) Reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log, d.paths, d.failOp, d.room, d.flip = nil, nil, -1, -1, -1
}

// Ops returns the number of operations since New or Reset: each create,
// write, sync, seek, read, close, rename, sync of a directory and removal of
// one is one.
func (d *Disk) Ops() int { return len(d.Log()) }

// Log returns the operations since New or Reset by name, such as "rename".
func (d *Disk) Log() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.log...)
}

// Path returns the file or directory of an operation of Log; that of a rename
// is the new name.
func (d *Disk) Path(op int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.paths[op]
}

// FailOp resets the disk and makes operation op, counted from 0, fail with err.
func (d *Disk) FailOp(op int, err error) {
	d.Reset()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failOp, d.err = op, err
}

// FailAtByte resets the disk and makes it full after n more bytes: the write
// that goes beyond them is cut short and fails with err, and so do later ones.
func (d *Disk) FailAtByte(n int64, err error) {
	d.Reset()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room, d.err = n, err
}

// FlipByte resets the disk and makes each file's byte n read back changed.
func (d *Disk) FlipByte(n int64) {
	d.Reset()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flip = n
}

// step counts an operation and fails it if it is the chosen one.
func (d *Disk) step(op, path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	number := len(d.log)
	d.log = append(d.log, op)
	d.paths = append(d.paths, path)
	if number == d.failOp {
		return &fs.PathError{Op: op, Path: path, Err: d.err}
	}
	return nil
}

// Create implements atomicfile.System.
func (d *Disk) Create(path string, perm fs.FileMode) (atomicfile.Handle, error) {
	if err := d.step("create", path); err != nil {
		return nil, err
	}
	h, err := atomicfile.OS.Create(path, perm)
	if err != nil {
		return nil, err
	}
	return &handle{Handle: h, disk: d, path: path}, nil
}

// Rename implements atomicfile.System.
func (d *Disk) Rename(from, to string) error {
	if err := d.step("rename", to); err != nil {
		return err
	}
	return atomicfile.OS.Rename(from, to)
}

// Remove implements atomicfile.System.
func (d *Disk) Remove(path string) error { return atomicfile.OS.Remove(path) }

// RemoveAll implements atomicfile.System.
func (d *Disk) RemoveAll(path string) error {
	if err := d.step("removeall", path); err != nil {
		return err
	}
	return atomicfile.OS.RemoveAll(path)
}

// SyncDir implements atomicfile.System.
func (d *Disk) SyncDir(dir string) error {
	if err := d.step("syncdir", dir); err != nil {
		return err
	}
	return atomicfile.OS.SyncDir(dir)
}

// handle is an open file on a Disk.
type handle struct {
	atomicfile.Handle
	disk *Disk
	path string
	read int64 // bytes read since the last Seek
}

func (h *handle) Write(p []byte) (int, error) {
	if err := h.disk.step("write", h.path); err != nil {
		return 0, err
	}
	allowed, err := h.disk.take(len(p))
	n, writeErr := h.Handle.Write(p[:allowed])
	if writeErr != nil {
		return n, writeErr
	}
	if err != nil {
		return n, fmt.Errorf("write %s: %w", h.path, err)
	}
	return n, nil
}

// take uses up room for n bytes; if there is less it returns that and an error.
func (d *Disk) take(n int) (allowed int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.room < 0 {
		return n, nil
	}
	if int64(n) > d.room {
		n, err = int(d.room), d.err
	}
	d.room -= int64(n)
	return n, err
}

func (h *handle) Read(p []byte) (int, error) {
	if err := h.disk.step("read", h.path); err != nil {
		return 0, err
	}
	n, err := h.Handle.Read(p)
	if at := h.disk.flipped() - h.read; at >= 0 && at < int64(n) {
		p[at] ^= 1
	}
	h.read += int64(n)
	return n, err
}

func (d *Disk) flipped() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.flip
}

func (h *handle) Seek(offset int64, whence int) (int64, error) {
	if err := h.disk.step("seek", h.path); err != nil {
		return 0, err
	}
	h.read = 0
	return h.Handle.Seek(offset, whence)
}

func (h *handle) Sync() error {
	if err := h.disk.step("sync", h.path); err != nil {
		return err
	}
	return h.Handle.Sync()
}

func (h *handle) Close() error {
	err := h.disk.step("close", h.path)
	if closeErr := h.Handle.Close(); err == nil {
		err = closeErr
	}
	return err
}
