package terminal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// pictures writes an image, one that the model refuses, and one that is too large,
// to a new working directory.
func pictures(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"a.png": "image", "b.heic": "heic"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create("big.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
}

// shape is the parts of a message.
func shape(m chat.Message) string {
	var parts []string
	for _, p := range m.Content {
		if p.Image != nil {
			parts = append(parts, "image")
		} else {
			parts = append(parts, p.Text)
		}
	}
	return strings.Join(parts, "|")
}

func TestImageCommand(t *testing.T) {
	pictures(t)
	m := &scripted{pieces: []string{"Yes."}, sees: true}
	s := newScreen(t, m, Options{Name: "toy", Settings: polymath.GenerateOptions{Temperature: 0.7}})
	for _, c := range []struct{ type_, want string }{
		{"/image", "wants FILE"},
		{"/image none.png", "none.png"},
		{"/image .", "directory"},
		{"/image b.heic", "b.heic: image not usable: HEIC"},
		{"/image big.png", "big.png: the file is too large"},
		{"/image a.png", "a.png (30 x 20 pixels, 1,234 tokens) goes with your next message"},
		{"/image -", "no image is attached"},
		{"Nothing?", "Yes."},
		{"/image a.png", "next message"},
		{"/image a.png", "next message"},
		{"What is this?", "Yes."},
		{"And now?", "Yes."},
		{"/regenerate", "Yes."},
		{"/save talk.json", "saved"},
		{"/clear", "new"},
		{"/load talk.json", "[image]"},
		{"More", "Yes."},
	} {
		if got := s.say(c.type_); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.type_, got, c.want)
		}
	}
	last := m.asked[len(m.asked)-1].Messages
	var shapes []string
	for _, message := range last {
		shapes = append(shapes, shape(message))
	}
	if want := []string{"Nothing?", "Yes.", "image|image|What is this?", "Yes.", "And now?", "Yes.", "More"}; !reflect.DeepEqual(shapes, want) {
		t.Errorf("%q, want %q", shapes, want)
	}
	// A message that was refused goes back to the input with its images.
	m.err, m.pieces = errors.New("broken"), nil
	s.say("/image a.png")
	s.say("Look")
	if n := len(s.u.session.images); n != 1 || s.u.input.Value() != "Look" {
		t.Errorf("%d images, %q", n, s.u.input.Value())
	}
	if line := s.u.statusLine(); !strings.Contains(line, "images attached: 1") {
		t.Errorf("%q", line)
	}
}

func TestPlainImages(t *testing.T) {
	pictures(t)
	m := &scripted{pieces: []string{"Yes."}, sees: true}
	var out bytes.Buffer
	same := func(s string) string { return s }
	o := Options{Images: []string{"a.png", "a.png"}, File: "talk.json"}
	if err := Plain(t.Context(), m, o, true, strings.NewReader("one\ntwo\n"), &out, same); err != nil {
		t.Fatal(err)
	}
	if first := shape(m.asked[0].Messages[0]); first != "image|image|one" || shape(m.asked[1].Messages[2]) != "two" {
		t.Errorf("%q, %+v", first, m.asked[1])
	}
	s := &session{}
	if err := s.load("talk.json"); err != nil || !reflect.DeepEqual(s.messages[:3], m.asked[1].Messages) {
		t.Errorf("%+v, %v", s.messages, err)
	}
	for path, want := range map[string]string{"b.heic": "b.heic: ", "none": "none", "big.png": "at most 20 MiB"} {
		if err := Plain(t.Context(), m, Options{Images: []string{path}}, false, strings.NewReader("x"), &out, same); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	m.sees = false
	if err := Plain(t.Context(), m, o, false, strings.NewReader("x"), &out, same); !errors.Is(err, errBlind) {
		t.Errorf("%v", err)
	}
}

// TestFileOfImages: what is too long to be read again is not written.
func TestFileOfImages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "talk.json")
	s := &session{images: []chat.Image{polymath.DataImage(make([]byte, 50<<20))}}
	s.say("x")
	if err := s.save(path); err == nil || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]string{
		`[{"type":"image_url","image_url":{"url":"u"},"text":"x"}]`: "part 0",
		`[{"type":"text","text":"x"},{"type":"video"}]`:             "part 1",
		`[{"type":"text","more":1}]`:                                "more",
		`7`:                                                         "number",
	} {
		file := `{"format":"polymath-chat","version":1,"messages":[{"role":"user","content":` + text + `}]}`
		if err := s.decode([]byte(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
