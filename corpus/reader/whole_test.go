package reader

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/source"
)

// TestRecognize gives files that say nothing about their format.
func TestRecognize(t *testing.T) {
	epub := "PK\x03\x04" + strings.Repeat("\x00", 26) + "mimetypeapplication/epub+zip"
	for name, test := range map[string]struct {
		content string
		want    document.Format
	}{
		"a.txt": {"text", document.Text}, "b.md": {"# Title", document.Markdown}, "c.htm": {"<p>no head", document.HTML},
		"m.go": {"package m\n", document.Code}, "n": {"#!/bin/sh\necho n\n", document.Code}, "o.json": {"{\n  \"a\": 1\n}\n", document.Code},
		"p.tmpl": {"{{define \"p\"}}\nx{{end}}\n", document.Text}, "q.json": {"{\"text\": \"x\"}\n", document.Text}, "d": {"<!DOCTYPE html><p>x", document.HTML}, "e.txt": {" <html><p>x", document.HTML}, "f": {"%PDF-1.7\n", document.PDF},
		"g.bin": {epub, document.EPUB}, "h": {"{\"text\":\"x\"}\n", document.Text}, "i.README": {"plain words", document.Text},
		"j.epub": {"PK\x03\x04 and no type first", document.EPUB}, "k.pdf": {"junk before\n%PDF-1.4", document.PDF},
		"j.unknown": {"\xff\xfet\x00", document.Text}, "k.txt": {page(1, "<p>x"), document.HTML}, "l.txt": {"gr\xfc\xdfe", document.Text},
	} {
		for _, packed := range []string{"", "gz", "zst"} {
			content := []byte(test.content)
			switch packed {
			case "gz":
				content = gz(content)
			case "zst":
				content = zst(t, content)
			}
			all := checkResume(t, file(t, strings.TrimSuffix(name+"."+packed, "."), content), Options{})
			if len(all) != 1 || all[0].Format != test.want || all[0].Bad != "" {
				t.Errorf("%s %s: %+v", name, packed, all)
			}
		}
	}
	for name, content := range map[string]string{"a.pdf": "no pdf at all", "b.parquet": "short", "c.bin": "\x00\x01\x02\x03", "d.epub": "no book at all"} {
		if _, _, err := drain(t, file(t, name, []byte(content)), Options{}, Position{}); err == nil || !strings.Contains(err.Error(), "format") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := drain(t, file(t, "a.pdf", gz([]byte("PAR1"))), Options{Format: Parquet}, Position{}); err == nil {
		t.Error("packed Parquet is read")
	}
}

func TestWhole(t *testing.T) {
	all := checkResume(t, file(t, "a.txt.gz", gz([]byte("one\n"), []byte("two\n"))), Options{Source: "books"})
	if len(all) != 1 || all[0].Content != "one\ntwo\n" || all[0].Meta["path"] != "a.txt.gz" || all[0].Origin.Source != "books" {
		t.Errorf("%+v", all)
	}
	if all := checkResume(t, file(t, "a.txt", nil), Options{}); len(all) != 1 || all[0].Skipped != "empty file" {
		t.Errorf("%+v", all)
	}
	big := strings.Repeat("x", 3<<20)
	if all := checkResume(t, file(t, "a.htm", []byte(big)), Options{MaxRecord: 1 << 20}); len(all) != 1 || all[0].Bad == "" {
		t.Errorf("%d records", len(all))
	}
	if all := checkResume(t, file(t, "a.pdf", []byte("%PDF-"+big)), Options{MaxRecord: 1 << 20}); len(all) != 1 || all[0].Content != "%PDF-"+big {
		t.Errorf("%d", len(all))
	}
	if _, _, err := drain(t, file(t, "a.txt", []byte("x")), Options{}, Position{Record: -1}); err == nil {
		t.Error("a place before the beginning is one")
	}
}

func TestTree(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"main.go": "package main\n", "lib/util.py": "x = 1\n", ".gitignore": "*.log\n", "a.log": "no\n",
		"data.bin": "\x00\x01", "empty.c": "", "lib/z.c": "int x;\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := source.List(context.Background(), []string{root}, source.Options{Trees: true})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	skipped := 0
	for _, g := range checkResume(t, files[0], Options{}) {
		if g.Skipped != "" {
			skipped++
			continue
		}
		if g.Format != document.Code || g.Bad != "" {
			t.Errorf("%+v", g)
		}
		found[g.Meta["path"]] = g.Content
	}
	if found["lib/util.py"] != "x = 1\n" || found["main.go"] == "" || found["lib/z.c"] == "" || found["a.log"] != "" || skipped < 3 {
		t.Errorf("%q, %d skipped", found, skipped)
	}
	if _, _, err := drain(t, file(t, "a.go", []byte("package a")), Options{Format: Tree}, Position{}); err == nil || !strings.Contains(err.Error(), "name the directory") {
		t.Error(err)
	}
}
