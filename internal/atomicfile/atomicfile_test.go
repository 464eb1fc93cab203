package atomicfile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

// content is longer than the write buffer, so that it goes out in pieces.
func content(seed byte) []byte {
	data := make([]byte, 600_000)
	for i := range data {
		data[i] = byte(i>>8) ^ byte(i) ^ seed
	}
	return data
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.bin")
	for seed := range byte(2) { // the second time over an old file
		data := content(seed)
		got, err := atomicfile.WriteBytes(path, data)
		if err != nil || got != sum(data) {
			t.Fatalf("sum %s, %v", got, err)
		}
		back, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("content differs, %v", err)
		}
		if hashed, err := atomicfile.Hash(path); err != nil || hashed != got {
			t.Fatalf("Hash %s, %v", hashed, err)
		}
	}
	if list := names(t, dir); len(list) != 1 {
		t.Errorf("left in the directory: %v", list)
	}
}

// TestEveryFailure fails each operation in turn: the old file stays as it was
// until the rename, and no temporary file stays.
func TestEveryFailure(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.bin")
	old, data := content(1), content(2)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	mustWrite(t, path, old)
	disk.Reset()
	mustWrite(t, path, data)
	log := disk.Log()
	for _, op := range []string{"create", "write", "sync", "seek", "read", "close", "rename", "syncdir"} {
		if !slices.Contains(log, op) {
			t.Fatalf("no %s among %v", op, log)
		}
	}
	for op, name := range log {
		disk.Reset()
		mustWrite(t, path, old)
		disk.FailOp(op, syscall.EIO)
		_, err := atomicfile.WriteBytes(path, data)
		if !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s (operation %d) failed: error %v", name, op, err)
		}
		want := old
		if name == "syncdir" {
			want = data // the rename was done
		}
		checkAlone(t, path, want)
	}
}

func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.bin")
	old, data := content(1), content(2)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	mustWrite(t, path, old)
	for _, n := range []int64{0, 1, 4095, 262_144, 599_999} {
		disk.FailAtByte(n, syscall.ENOSPC)
		if _, err := atomicfile.WriteBytes(path, data); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("room for %d bytes: error %v", n, err)
		}
		checkAlone(t, path, old)
	}
	disk.FailAtByte(600_000, syscall.ENOSPC)
	mustWrite(t, path, data)
}

func TestReadBackFindsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.bin")
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	mustWrite(t, path, content(1))
	for _, n := range []int64{0, 300_000, 599_999} {
		disk.FlipByte(n)
		if _, err := atomicfile.WriteBytes(path, content(2)); err == nil || !strings.Contains(err.Error(), "read back") {
			t.Errorf("byte %d flipped: error %v", n, err)
		}
		checkAlone(t, path, content(1))
	}
}

// TestSum: what was written so far, and what is written after it, are hashed.
func TestSum(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.bin")
	f, err := atomicfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	a, b := content(1), []byte("the end")
	if _, err := f.Write(a); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Sum(); err != nil || hex.EncodeToString(got[:]) != sum(a) {
		t.Errorf("sum %x, %v", got, err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Commit(); err != nil || got != sum(append(a, b...)) {
		t.Errorf("sum of all %s, %v", got, err)
	}
}

func TestFillFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.bin")
	mustWrite(t, path, content(1))
	errFill := errors.New("no more tokens")
	_, err := atomicfile.Write(path, func(w io.Writer) error {
		if _, err := w.Write(content(2)); err != nil {
			return err
		}
		return errFill
	})
	if err != errFill {
		t.Errorf("error %v", err)
	}
	checkAlone(t, path, content(1))
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := atomicfile.Create(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: error %v", err)
	}
	missing := filepath.Join(dir, "missing", "model.bin")
	if _, err := atomicfile.Create(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: error %v", err)
	}
}

func TestKeepsPermission(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits to keep")
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, path, []byte("secret"))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestRemoveLeftovers(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.bin")
	mustWrite(t, path, content(1))
	f, err := atomicfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	list := names(t, dir)
	if len(list) != 2 || !atomicfile.IsTemporary(list[0]) || atomicfile.IsTemporary(list[1]) {
		t.Fatalf("while writing: %v", list)
	}
	if err := atomicfile.RemoveLeftovers(dir); err != nil { // as if the writer had been killed
		t.Fatal(err)
	}
	checkAlone(t, path, content(1))
	f.Abort()
	f.Abort()
}

func mustWrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if _, err := atomicfile.WriteBytes(path, data); err != nil {
		t.Fatal(err)
	}
}

// checkAlone checks the file's content and that its directory holds no other.
func checkAlone(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: content differs from what it must be, %v", path, err)
	}
	if list := names(t, filepath.Dir(path)); len(list) != 1 {
		t.Errorf("left in the directory: %v", list)
	}
}
