package terminal

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

func TestPlain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "talk.json")
	m := &scripted{pieces: []string{"Yes", " \x1b\n"}}
	var out bytes.Buffer
	same := func(s string) string { return s }
	o := Options{File: file, Settings: polymath.GenerateOptions{TopK: 4, Seed: 1<<64 - 1}}
	if err := Plain(t.Context(), m, o, false, strings.NewReader("one\ntwo\n"), &out, same); err != nil {
		t.Fatal(err)
	}
	if out.String() != "Yes \x1b\n" || textOf(m.asked[0].Messages[0]) != "one\ntwo" {
		t.Errorf("wrote %q, asked %+v", out.String(), m.asked)
	}
	out.Reset()
	m.pieces = []string{"No"}
	if err := Plain(t.Context(), m, Options{File: file}, true, strings.NewReader("three\r\n\nfour"), &out, strings.ToUpper); err != nil {
		t.Fatal(err)
	}
	if out.String() != "NO\nNO\n" || len(m.asked) != 3 || len(m.asked[2].Messages) != 5 || textOf(m.asked[2].Messages[2]) != "three" {
		t.Errorf("wrote %q, asked %+v", out.String(), m.asked)
	}
	if last := m.options[2]; last.TopK != 4 || last.Seed != 1<<64-1 {
		t.Errorf("the settings of the file: %+v", last)
	}
	m.pieces, m.err = []string{"Ha"}, errors.New("broken")
	out.Reset()
	if err := Plain(t.Context(), m, Options{}, false, strings.NewReader("x"), &out, same); err != m.err || out.String() != "Ha\n" {
		t.Errorf("wrote %q: %v", out.String(), err)
	}
	if err := Plain(t.Context(), m, Options{}, false, strings.NewReader("\n"), &out, same); err == nil {
		t.Error("an empty input is taken")
	}
}

func TestFileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:   "no saved",
		`[]`: "no saved",
		`{"format":"polymath-chat","version":2,"messages":[]}`:                                             `"version"`,
		`{"format":"polymath-chat","version":1,"messages":[],"more":1}`:                                    `"more"`,
		`{"format":"polymath-chat","version":1,"messages":[]} x`:                                           "more after",
		`{"format":"polymath-chat","version":1,"messages":[{"role":"assistant","content":"x"}]}`:           `message 0: role "assistant" where "user"`,
		`{"format":"polymath-chat","version":1,"messages":[{"role":"user"},{"role":"system"}]}`:            `message 1`,
		`{"format":"polymath-chat","version":1,"messages":[],"settings":{"temperature":-1}}`:               "temperature -1",
		`{"format":"polymath-chat","version":1,"messages":[],"settings":{"color":1}}`:                      `"color"`,
		`{"format":"polymath-chat","version":1,"messages":[],"settings":{"top-k":1e300}}`:                  "whole number",
		`{"format":"polymath-chat","version":1,"messages":[{"role":"user","content":[{"type":"image"}]}]}`: "no saved",
	} {
		s := &session{system: "kept"}
		if err := s.decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || s.system != "kept" {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := newSession(&scripted{}, Options{File: t.TempDir()}); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory: %v", err)
	}
}

// FuzzFile: what can be read is the same when it was written and read again.
func FuzzFile(f *testing.F) {
	f.Add([]byte(`{"format":"polymath-chat","version":1,"model":"m","settings":{"temperature":0.7,"seed":18446744073709551615},` +
		`"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}`))
	f.Add([]byte(`{"format":"polymath-chat","version":1,"messages":[{"role":"user","content":"\ud800"}]}`))
	f.Add([]byte(`{"format":"polymath-chat","version":1,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,x"}},{"type":"text","text":"u"}]}]}`))
	f.Add([]byte(`{"format":"polymath-chat","version":1,"messages":[{"role":"user","content":[{"type":"text","text":"u"},{"type":"text","text":"v"}]}]}`))
	path := filepath.Join(f.TempDir(), "chat.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		a := &session{}
		if a.decode(data) != nil {
			return
		}
		if err := a.save(path); err != nil {
			t.Fatal(err)
		}
		b := &session{}
		if err := b.load(path); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a.conversation(), b.conversation()) || !reflect.DeepEqual(a.settings, b.settings) {
			t.Errorf("%+v, then %+v", a, b)
		}
	})
}

func TestUnsay(t *testing.T) {
	s := &session{}
	if _, ok := s.unsay(); ok || s.again() {
		t.Error("nothing was said")
	}
	s.say("a")
	if err := s.answered("b"); err != nil {
		t.Fatal(err)
	}
	for choice := 1; choice < 4; choice++ {
		if !s.again() || s.settings.Choice != choice || !reflect.DeepEqual(s.messages, []chat.Message{chat.Text(chat.User, "a")}) {
			t.Errorf("choice %d: %+v", choice, s)
		}
		if err := s.answered("c"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHistoryFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(path, []byte("\"a\"\nnonsense\n\"\"\n\"b\\nc\"\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := readHistory(path)
	if err != nil || !reflect.DeepEqual(h.entries, []string{"a", "b\nc"}) {
		t.Errorf("%q, %v", h.entries, err)
	}
	for range 3 {
		if err := h.add("d"); err != nil {
			t.Fatal(err)
		}
	}
	if h, err = readHistory(path); err != nil || !reflect.DeepEqual(h.entries, []string{"a", "b\nc", "d"}) {
		t.Errorf("%q, %v", h.entries, err)
	}
	big := strings.Repeat("x", 10000)
	for i := range 600 {
		if err := h.add(big + string(rune('a'+i%2))); err != nil {
			t.Fatal(err)
		}
	}
	if h, err = readHistory(path); err != nil || len(h.entries) != 603 {
		t.Fatalf("%d entries, %v", len(h.entries), err)
	}
	h.entries = h.entries[600:]
	if err := h.shrink(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 40000 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestHistoryIsWhole: whatever fails while the file is written anew, it is the old one or
// the new one, and where it is linked it stays so.
func TestHistoryIsWhole(t *testing.T) {
	dir := t.TempDir()
	path, target := filepath.Join(dir, "history"), filepath.Join(dir, "elsewhere")
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	older := `"` + strings.Repeat("x", 1<<16) + "\"\n"
	old, shrunk := strings.Repeat(older, maxHistoryBytes>>17)+"\"last\"\n", older+"\"last\"\n"
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	shrink := func() error {
		t.Helper()
		if err := os.WriteFile(target, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		h, err := readHistory(path)
		if err != nil {
			t.Fatal(err)
		}
		h.entries = h.entries[len(h.entries)-2:]
		return h.shrink()
	}
	if err := shrink(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(target); err != nil || string(data) != shrunk {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	ops := disk.Ops()
	if ops == 0 {
		t.Fatal("it is written in place")
	}
	for op := range ops {
		disk.FailOp(op, syscall.ENOSPC)
		if err := shrink(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("operation %d: %v", op, err)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != old && string(data) != shrunk {
			t.Errorf("operation %d leaves %d bytes, %v", op, len(data), err)
		}
	}
	if to, err := os.Readlink(path); err != nil || to != target {
		t.Errorf("the link is gone: %v", err)
	}
}
