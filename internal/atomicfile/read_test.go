package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadSmall(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := ReadSmall(path, 4); err != nil || string(data) != "1234" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := ReadSmall(path, 3); err == nil || !strings.Contains(err.Error(), path+" has more than 3 bytes") {
		t.Error(err)
	}
	if _, err := ReadSmall(filepath.Join(dir, "b"), 3); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := ReadSmall(dir, 3); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skipf("this system has no device to read without end: %v", err)
	}
	link := filepath.Join(dir, "zero")
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Skipf("this file system makes no symbolic links: %v", err)
	}
	if _, err := ReadSmall(link, 1<<30); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
	if _, err := Hash(link); err == nil || !strings.Contains(err.Error(), "not a regular file") { // it would never end
		t.Error(err)
	}
}
