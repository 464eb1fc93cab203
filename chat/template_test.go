package chat

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRaised checks that what a template refuses is a fault of the
// conversation, and what it cannot do is none.
func TestRaised(t *testing.T) {
	c := Conversation{Messages: []Message{Text(User, "hi")}}
	for source, raised := range map[string]bool{"\n{{ raise_exception('no') }}": true, "\n{{ q.a }}": false} {
		tpl, err := Jinja(source, JinjaOptions{Name: "t.jinja"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = tpl.Render(c, RenderOptions{})
		if err == nil || errors.Is(err, ErrConversation) != raised || !strings.Contains(err.Error(), "t.jinja:2: ") {
			t.Errorf("%q: %v", source, err)
		}
	}
}

// FuzzTemplate renders a conversation with any template: segments are not empty,
// and neighbors differ.
func FuzzTemplate(f *testing.F) {
	paths, _ := filepath.Glob("testdata/templates/*.jinja")
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(source))
	}
	f.Add("{{ messages[0].content }}{% generation %}{{ messages | tojson }}{% endgeneration %}")
	f.Add("{% for m in messages %}{{ m.role ~ m.content[::-1] }}{% endfor %}{{ tools | string }}")
	conversation := readConversations(f)["two calls"]
	f.Fuzz(func(t *testing.T, source string) {
		tpl, err := Jinja(source, JinjaOptions{Name: "t"})
		if err != nil {
			return
		}
		segments, err := tpl.Render(conversation, RenderOptions{})
		if err != nil && strings.Contains(err.Error(), "internal error") {
			t.Error(err)
		}
		for i, s := range segments {
			if s.Text == "" || (i > 0 && s.Control == segments[i-1].Control && s.Loss == segments[i-1].Loss) {
				t.Errorf("segment %d of %+v", i, segments)
			}
		}
	})
}
