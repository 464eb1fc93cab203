package chat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/chat/jinja"
)

func writeFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoad(t *testing.T) {
	hello := Conversation{Messages: []Message{Text(User, "hi")}}
	withTool := Conversation{Messages: hello.Messages, Tools: []Tool{{Name: "f"}}}
	for name, c := range map[string]struct {
		files       map[string]string
		want, tools string
		stops       []string
	}{
		"nothing": {nil, "<|im_start|>user\nhi<|im_end|>\n", "", []string{"<|im_end|>"}},
		"no template": {
			map[string]string{configFile: `{"bos_token": null, "eos_token": "</s>"}`},
			"<|im_start|>user\nhi<|im_end|>\n", "",
			[]string{"<|im_end|>"},
		},
		"text": {
			map[string]string{configFile: `{"chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}", "bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}}`},
			"<s>hi</s>", "<s>hi</s>",
			[]string{"</s>"},
		},
		"list": {
			map[string]string{configFile: `{"chat_template": [{"name": "tool_use", "template": "{{ tools[0].function.name }}"}, {"name": "default", "template": "D{{ unk_token }}"}], "unk_token": "?"}`},
			"D?", "f", nil,
		},
		"only one": {map[string]string{configFile: `{"chat_template": [{"name": "rag", "template": "R"}]}`}, "R", "R", nil},
		"json": {
			map[string]string{configFile: `{"chat_template": "C", "bos_token": "<s>"}`, jsonFile: `{"chat_template": "{{ bos_token }}J"}`},
			"<s>J", "<s>J", nil,
		},
		"jinja": {
			map[string]string{configFile: `{"chat_template": "C", "bos_token": "<s>"}`, jsonFile: `{"chat_template": "J"}`, jinjaFile: "{{ bos_token }}X\n"},
			"<s>X", "<s>X", nil,
		},
	} {
		tpl, err := Load(writeFiles(t, c.files))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for want, conversation := range map[string]Conversation{c.want: hello, c.tools: withTool} {
			if want == "" {
				continue
			}
			got, err := tpl.Render(conversation, RenderOptions{})
			if err != nil || joinSegments(got) != want {
				t.Errorf("%s: %q, %v; want %q", name, joinSegments(got), err, want)
			}
		}
		if !slices.Equal(tpl.Stops(), c.stops) {
			t.Errorf("%s: stops %q, want %q", name, tpl.Stops(), c.stops)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for name, c := range map[string]struct {
		file, content string
		want          string // beside the file's name
	}{
		"no JSON":        {configFile, "{", "unexpected end"},
		"number":         {configFile, `{"chat_template": 5}`, "neither text nor a list"},
		"item":           {configFile, `{"chat_template": [{"name": "default"}]}`, "item 0"},
		"several":        {configFile, `{"chat_template": [{"name": "a", "template": ""}, {"name": "b", "template": ""}]}`, "none is named default"},
		"token":          {configFile, `{"bos_token": {}}`, "no content"},
		"bad template":   {jinjaFile, "a\n{% if %}", ":2: expected a value"},
		"no end":         {jinjaFile, "{% for x in y %}\n", "ends before endfor"},
		"unknown filter": {jsonFile, `{"chat_template": "{{ x | frob }}"}`, `:1: the filter "frob"`},
		"too long":       {jinjaFile, strings.Repeat("x", jinja.MaxSource+1), "more than the limit"},
		"JSON list":      {jsonFile, `[]`, "cannot unmarshal"},
	} {
		_, err := Load(writeFiles(t, map[string]string{c.file: c.content}))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s: error %v, want %q and %s", name, err, c.want, c.file)
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, jinjaFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), jinjaFile) {
		t.Errorf("a directory in the place of the template: %v", err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), configFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(maxConfig + 1); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(filepath.Dir(f.Name())); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a file that is too large: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"chat_template": "{{ bos_token }}", "bos_token": {"content": "<s>"}, "eos_token": null}`))
	f.Add([]byte(`{"chat_template": [{"name": "default", "template": "x"}]}`))
	f.Add([]byte(`{"chat_template": [[]], "bos_token": 5}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig(data)
		if err == nil && !json.Valid(data) {
			t.Errorf("no JSON, and no error: %q", data)
		}
		if err == nil && c.Templates != nil {
			_, _ = Jinja(c.Templates["default"], c.options())
		}
	})
}
