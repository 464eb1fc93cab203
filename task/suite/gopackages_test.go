package suite

import (
	"errors"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestGoPackages: texts are whole packages of files that people wrote, the largest first.
func TestGoPackages(t *testing.T) {
	rows, err := goPackages(12, 0)
	if errors.Is(err, task.ErrNoData) {
		t.Skip(err)
	}
	if err != nil || len(rows) != 12 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	before := 1 << 30
	names := map[string]bool{}
	for _, row := range rows {
		name, text := row["id"].(string), row["text"].(string)
		if len(text) > before || len(text) < leastPackage || names[name] {
			t.Errorf("%s of %d bytes after one of %d", name, len(text), before)
		}
		before, names[name] = len(text), true
		if !strings.HasPrefix(text, "// "+name+"/") || strings.Contains(text, "_test.go\n\n// Copyright") || strings.Contains(text, "\n// Code generated ") {
			t.Errorf("%s: %.60q", name, text)
		}
	}
	if !names["src/runtime"] || !names["src/net/http"] {
		t.Errorf("%v", names)
	}
	fewer, err := goPackages(3, 7)
	if err != nil || len(fewer) != 3 || fewer[2]["text"] != rows[2]["text"] {
		t.Errorf("of fewer: %v", err)
	}
	short, err := goShort(200, 5)
	if err != nil || len(short) != 200 {
		t.Fatalf("%d short texts, %v", len(short), err)
	}
	for _, row := range short {
		if n := len(row["text"].(string)); n < leastFile || n > mostFile || names[row["id"].(string)] {
			t.Errorf("%s of %d bytes", row["id"], n)
		}
		names[row["id"].(string)] = true
	}
	if other, err := goShort(10, 6); err != nil || other[0]["id"] == short[0]["id"] {
		t.Errorf("of another seed: %v, %v", other, err)
	}
	if _, err := goShort(0, 0); err == nil {
		t.Error("no short texts were made")
	}
	if _, err := goPackages(0, 0); err == nil {
		t.Error("no rows were made")
	}
}
