package task

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestWriteConversations: what is asked, with its pictures as seen from the rows' file,
// and the first answer.
func TestWriteConversations(t *testing.T) {
	dir := t.TempDir()
	items := []Item{
		{Task: "t", ID: "1", Cluster: "a", Lead: "Add.", Separator: "\n\n", Prompt: "What is <1> & 1?", Answers: []string{"two", "2"}},
		{Task: "t", ID: "2", Cluster: "a", System: "Be brief.", Prompt: "Which?", Answers: []string{"x"}, Images: []string{filepath.Join(dir, "pictures", "a.png"), "data:image/png;base64,YQ=="}},
	}
	var b bytes.Buffer
	if err := WriteConversations(&b, items, filepath.Join(dir, "rows")); err != nil {
		t.Fatal(err)
	}
	want := `{"id":"1","group":"a","messages":[{"role":"user","content":"Add.\n\nWhat is <1> & 1?"},{"role":"assistant","content":"two"}]}
{"id":"2","group":"a","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"image_url","image_url":{"url":"../pictures/a.png"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,YQ=="}},{"type":"text","text":"Which?"}]},{"role":"assistant","content":"x"}]}
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	for _, bad := range []Item{
		{Task: "t", ID: "3", Prompt: "?"},
		{Task: "t", ID: "3", Prompt: "?", Answers: []string{"x"}, Turns: []string{"And?"}},
	} {
		if err := WriteConversations(&b, []Item{bad}, dir); err == nil || !strings.Contains(err.Error(), "t, item 3: it ") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
