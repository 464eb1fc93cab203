package atomicfile

import (
	"io"
	"os"
	"testing"
)

// TestScratch: what is written can be read back, the name is that of a temporary
// file, and nothing is left after Close or RemoveLeftovers.
func TestScratch(t *testing.T) {
	dir := t.TempDir()
	s, err := CreateScratch(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !IsTemporary(s.Path()) {
		t.Errorf("%s is not known as temporary", s.Path())
	}
	if _, err := s.Write([]byte("some bytes")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seek(5, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(s); err != nil || string(rest) != "bytes" {
		t.Errorf("%q, %v", rest, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := CreateScratch(dir) // as a killed program leaves it
	if err != nil {
		t.Fatal(err)
	}
	_ = left.Handle.Close()
	if err := RemoveLeftovers(dir); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v is left, %v", entries, err)
	}
	if _, err := CreateScratch(dir + "/none"); err == nil {
		t.Error("a file in a directory that does not exist")
	}
}
