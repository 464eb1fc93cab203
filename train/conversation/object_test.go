package conversation

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestEach: packed files hold the objects that the file unpacked holds, at the
// same lines.
func TestEach(t *testing.T) {
	const text = "{\"text\": \"a\"}\n\n{\"text\": \"b\"}\n"
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"x.jsonl": []byte(text), "x.jsonl.gz": gz.Bytes(), "x.jsonl.zst": z.EncodeAll([]byte(text), nil),
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		var got []string
		collect := func(where string, object []byte) error {
			got = append(got, strings.TrimPrefix(where, path)+string(object))
			return nil
		}
		if err := Each(path, collect); err != nil || !slices.Equal(got, []string{`:1: {"text": "a"}`, `:3: {"text": "b"}`}) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		stop := errors.New("enough")
		if err := Each(path, func(string, []byte) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "x.jsonl" {
			continue
		}
		if err := os.WriteFile(path, data[:len(data)-6], 0o666); err != nil {
			t.Fatal(err)
		}
		if err := Each(path, collect); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s cut short: %v", name, err)
		}
	}
}

// TestWeights: what a message weighs is told where it is learned.
func TestWeights(t *testing.T) {
	const data = `{"messages": [{"role": "user", "content": [{"type": "text", "value": "a"}], "loss_weight": 0.0}, {"role": "assistant", "content": "b", "loss_weight": 1.0}]}`
	if learned, given := split(t, data); learned != "b<|im_end|>" || !strings.Contains(given, "user\na<|im_end|>") {
		t.Errorf("%q after %q", learned, given)
	}
	unlearned := strings.Replace(data, "1.0", "0.5", 1)
	if _, err := Parse([]byte(unlearned)); err == nil || !strings.Contains(err.Error(), "messages[1].loss_weight: it is 0.5") {
		t.Error(err)
	}
	o, err := ParseObject("", []byte(unlearned))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := o.Messages("messages"); err != nil || len(m) != 2 || m[1].Content[0].Text != "b" {
		t.Errorf("%v, %v", m, err)
	}
}
