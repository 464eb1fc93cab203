package chat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The time and the variables of testdata/golden.py.
var (
	goldenNow       = time.Date(2025, 3, 9, 14, 5, 7, 0, time.UTC)
	goldenVariables = map[string]string{"unk_token": "<unk>", "functions": "[]", "datetime": "2025-03-09"}
)

func goldenOptions(name string) JinjaOptions {
	return JinjaOptions{
		Name: name, BOS: "<s>", EOS: "</s>", Variables: goldenVariables,
		Now: func() time.Time { return goldenNow },
	}
}

func readJSONFile(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// wireConversation is a conversation as the OpenAI API has it.
type wireConversation struct {
	Name     string
	Messages []struct {
		Role       Role
		Content    *string
		Name       string
		ToolCallID string `json:"tool_call_id"`
		ToolCalls  []struct {
			ID       string
			Function struct {
				Name      string
				Arguments json.RawMessage
			}
		} `json:"tool_calls"`
	}
	Tools []struct{ Function Tool }
}

func (w *wireConversation) conversation(t testing.TB) Conversation {
	t.Helper()
	var c Conversation
	for _, m := range w.Messages {
		to := Message{Role: m.Role, Name: m.Name, ToolCallID: m.ToolCallID}
		if m.Content != nil {
			to.Content = []Part{{Text: *m.Content}}
		}
		for _, call := range m.ToolCalls {
			to.ToolCalls = append(to.ToolCalls, ToolCall{
				ID: call.ID, Name: call.Function.Name,
				// As Python's json.dumps has it, for templates that want text.
				Arguments: string(call.Function.Arguments),
			})
		}
		c.Messages = append(c.Messages, to)
	}
	for _, tool := range w.Tools {
		c.Tools = append(c.Tools, tool.Function)
	}
	return c
}

func readConversations(t testing.TB) map[string]Conversation {
	t.Helper()
	var wire []wireConversation
	readJSONFile(t, "testdata/conversations.json", &wire)
	all := map[string]Conversation{}
	for i := range wire {
		all[wire[i].Name] = wire[i].conversation(t)
	}
	return all
}

func readTemplate(t testing.TB, path string) *Template {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := Jinja(string(source), goldenOptions(filepath.Base(path)))
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func joinSegments(segments []Segment) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString(s.Text)
	}
	return b.String()
}

// TestGolden compares rendered conversations with those of transformers.
func TestGolden(t *testing.T) {
	conversations := readConversations(t)
	var golden []struct {
		Template, Conversation, Text, Error string
		Prompt                              bool
		Spans                               [][2]int
	}
	readJSONFile(t, "testdata/golden.json", &golden)
	templates := map[string]*Template{}
	for _, g := range golden {
		path := "testdata/templates/" + g.Template
		if g.Template == "default.jinja" {
			path = g.Template
		}
		if templates[g.Template] == nil {
			templates[g.Template] = readTemplate(t, path)
		}
		t.Run(g.Template+"/"+g.Conversation+"/"+strconv.FormatBool(g.Prompt), func(t *testing.T) {
			segments, err := templates[g.Template].Render(conversations[g.Conversation], RenderOptions{Prompt: g.Prompt})
			checkGolden(t, joinSegments(segments), err, g.Text, g.Error)
			if err == nil && len(g.Spans) > 0 {
				checkSpans(t, segments, g.Text, g.Spans)
			}
		})
	}
}

func checkGolden(t *testing.T, text string, err error, want, wantError string) {
	t.Helper()
	switch {
	case wantError != "" && err == nil:
		t.Errorf("gives %q; transformers: %s", text, wantError)
	case wantError == "" && err != nil:
		t.Error(err)
	case wantError == "" && text != want:
		t.Errorf("gives\n%q, transformers\n%q", text, want)
	}
}

// checkSpans compares Loss with what generation tags enclosed, in characters.
func checkSpans(t *testing.T, segments []Segment, text string, spans [][2]int) {
	t.Helper()
	want := make([]bool, len([]rune(text)))
	for _, s := range spans {
		for i := s[0]; i < s[1]; i++ {
			want[i] = true
		}
	}
	i := 0
	for _, s := range segments {
		for _, r := range s.Text {
			if s.Loss != want[i] {
				t.Fatalf("character %d (%q) has loss %v, transformers says %v", i, r, s.Loss, want[i])
			}
			i++
		}
	}
}

// dataDir returns the directory that holds the unpacked data archives.
func dataDir(t testing.TB) string {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	return dir
}

// TestDataTemplates renders with the templates of the data archives, and
// compares hashes of what transformers rendered (testdata/golden.py DATA).
func TestDataTemplates(t *testing.T) {
	dir := filepath.Join(dataDir(t), "io_llamacpp/models/templates")
	conversations := readConversations(t)
	golden, err := os.ReadFile("testdata/data_golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	templates := map[string]*Template{}
	for line := range bytes.Lines(golden) {
		f := strings.Split(strings.TrimSpace(string(line)), "\t")
		if len(f) != 4 {
			continue
		}
		if templates[f[0]] == nil {
			templates[f[0]] = readTemplate(t, filepath.Join(dir, f[0]))
		}
		t.Run(strings.Join(f[:3], "/"), func(t *testing.T) {
			segments, err := templates[f[0]].Render(conversations[f[1]], RenderOptions{Prompt: f[2] == "true"})
			sum := sha256.Sum256([]byte(joinSegments(segments)))
			switch {
			case f[3] == "error" && err == nil:
				t.Errorf("gives %q; transformers has an error", joinSegments(segments))
			case f[3] != "error" && err != nil:
				t.Error(err)
			case f[3] != "error" && hex.EncodeToString(sum[:]) != f[3]:
				t.Errorf("gives other text than transformers: %q", joinSegments(segments))
			}
		})
	}
	if len(templates) < 11 {
		t.Errorf("%d templates", len(templates))
	}
}
