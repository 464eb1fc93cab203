package question

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/goroot"
)

// library reads some packages of Go's library.
func library(t *testing.T) *Set {
	t.Helper()
	root, err := goroot.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, name := range []string{"strings", "bytes", "bufio", "errors", "sort", "path", "unicode/utf8"} {
		paths = append(paths, filepath.Join(root, "src", name, "*.go"))
	}
	s, err := Read(t.Context(), Sources{Paths: paths, Limits: DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLibrary(t *testing.T) {
	s := library(t)
	for _, want := range []Entry{
		{Ask: AskDoes, Subject: "strings.Cut", Text: "Cut slices s around the first instance of sep, returning the text before and after sep. The found result reports whether sep appears in s. If sep does not appear in s, cut returns s, \"\", false."},
		{Ask: AskSignature, Subject: "strings.Cut", Text: "func Cut(s, sep string) (before, after string, found bool)"},
		{Ask: AskDoes, Subject: "strings.Builder.Grow"},
		{Ask: AskIs, Subject: "strings.Builder"},
		{Ask: AskIs, Subject: "bufio.MaxScanTokenSize"},
		{Ask: AskIs, Subject: "package utf8"},
		{Ask: AskExample, Subject: "strings.ContainsRune"},
		{Ask: AskWhere, Subject: "RuneLen", Text: "unicode/utf8"},
	} {
		i := slices.IndexFunc(s.Entries(), func(e Entry) bool { return e.Ask == want.Ask && e.Subject == want.Subject })
		if i < 0 {
			t.Errorf("nothing is said of %s, %s", want.Subject, want.Ask)
			continue
		}
		if e := s.Entries()[i]; want.Text != "" && e.Text != want.Text {
			t.Errorf("%s is said to be %q", e.Subject, e.Text)
		}
	}
}

func TestWriteTwice(t *testing.T) {
	s := library(t)
	o := DefaultOptions()
	o.Number = 500
	for _, what := range []What{Conversations, Pairs} {
		var a, b bytes.Buffer
		for _, w := range []*bytes.Buffer{&a, &b} {
			if _, err := Write(w, s, o, what); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: the same options give other bytes", what)
		}
		for line := range strings.Lines(a.String()) {
			if !json.Valid([]byte(line)) {
				t.Fatalf("%s: no JSON: %s", what, line)
			}
		}
	}
}

// TestSides holds what training and test must not share against each other, and the
// promises of every item.
func TestSides(t *testing.T) {
	s := library(t)
	groups, forms := map[string]Split{}, map[string]Split{}
	for _, side := range []Split{Train, Test} {
		o := DefaultOptions()
		o.Number, o.Split, o.HeldOut = 1500, side, 0.3
		r, err := Each(s, o, func(item *Item) error {
			if item.Way == Refuse {
				return nil
			}
			if other, ok := groups[item.Group]; ok && other != side {
				t.Errorf("%s is on both sides", item.Group)
			}
			groups[item.Group] = side
			if item.Way == Given && !strings.Contains(item.Prompt, item.Answer) {
				t.Errorf("the text of %q does not hold %q", item.Prompt, item.Answer)
			}
			if item.Wrong == item.Answer {
				t.Errorf("right and wrong are both %q", item.Wrong)
			}
			if item.Way == Memory {
				form := strings.ReplaceAll(item.Prompt, item.Entry.Subject, "{}")
				if other, ok := forms[form]; ok && other != side {
					t.Errorf("%q is asked on both sides", form)
				}
				forms[form] = side
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range Ways {
			if r.Made[way] == 0 {
				t.Errorf("%s: nothing is asked in the way %s", side, way)
			}
		}
	}
}

// TestMissing holds the names that are said not to exist against the sources' text.
func TestMissing(t *testing.T) {
	s := library(t)
	root, err := goroot.Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for _, name := range []string{"strings", "bytes", "bufio", "errors", "sort", "path", "unicode/utf8"} {
		files, err := filepath.Glob(filepath.Join(root, "src", name, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			text[name] += string(content)
		}
	}
	o := DefaultOptions()
	o.Shares = map[Way]float64{Missing: 1}
	o.Number = 1000
	_, err = Each(s, o, func(item *Item) error {
		name := item.Entry.Subject[strings.LastIndexByte(item.Entry.Subject, '.')+1:]
		for _, declared := range []string{"func " + name + "(", "func " + name + "[", "type " + name + " ", ") " + name + "("} {
			if item.Entry.Ask != AskWhere && strings.Contains(text[item.Entry.Within], declared) {
				t.Errorf("%s is said not to exist, and %s declares it", item.Entry.Subject, item.Entry.Within)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
