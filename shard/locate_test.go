package shard

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestLocate compares the places of all documents with those that a set tells.
func TestLocate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "set")
	h := testHeader(300)
	h.FileBytes = 400
	w, err := NewWriter(dir, h)
	if err != nil {
		t.Fatal(err)
	}
	add := func(n byte) {
		if err := w.Add(ID{n, 7}, []int32{int32(n), 1, 2}[:1+n%3]); err != nil {
			t.Fatal(err)
		}
	}
	w.BeginStage("first")
	for n := range byte(40) {
		add(n)
	}
	w.BeginStage("empty")
	w.BeginStage("second")
	for n := range byte(30) {
		add(n)
		add(n)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if len(set.Manifest().Files) < 2 {
		t.Fatal("the test wants several files")
	}
	for n := range byte(41) {
		id := ID{n, 7}
		want := set.Find(id)
		got, err := Locate(context.Background(), dir, id)
		if err != nil || len(got) != len(want) {
			t.Fatalf("document %d: %v, %v; want %v", n, got, err, want)
		}
		for i, l := range got {
			stage := "second"
			if l.Number < 40 {
				stage = "first"
			}
			f, doc := set.locate(l.Number)
			if l.Number != want[i] || l.Stage != stage || int64(doc) != l.Doc || f.Len(doc) != int(l.Tokens) {
				t.Errorf("document %d: %+v, want number %d of stage %s", n, l, want[i], stage)
			}
		}
	}
	file := filepath.Join(dir, set.Manifest().Files[0].Name)
	if err := os.Truncate(file, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := Locate(context.Background(), dir, ID{}); err == nil {
		t.Error("a file that was cut gives no error")
	}
}
