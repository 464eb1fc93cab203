package task

import (
	"encoding/base64"
	"strings"
	"testing"
)

// TestPaths: files are rows by their names and are not read, below the data directory
// and beside the task's file.
func TestPaths(t *testing.T) {
	const source = `
method: generate
data: {files: ['FILES'], format: paths, id: '{{.folder}}/{{.file}}', section: '{{.folder}}'}
prompt: What is it?
images: ['{{.path}}']
answer: '{{.folder}}'
grader: exact
`
	data := dir(t, "set/cat/1.png", png, "set/cat/2.x.png", png, "set/dog/1.png", png, "set/dog/1.txt", "no picture")
	items := load(t, strings.ReplaceAll(source, "FILES", "set/*/*.png"), LoadOptions{DataDir: data})
	var ids []string
	for _, i := range items {
		ids = append(ids, i.ID)
		if i.Section != i.Answers[0] || len(i.Images) != 1 || !strings.HasPrefix(i.Images[0], data) {
			t.Errorf("%+v", i)
		}
	}
	if got := strings.Join(ids, " "); got != "cat/1 cat/2.x dog/1" {
		t.Errorf("IDs %s", got)
	}
	own := dir(t, "mine.yaml", strings.ReplaceAll(source, "FILES", "./set/*/*.png"), "set/cat/1.png", png)
	task, err := ReadFile(own + "/mine.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if items, err = task.Load(LoadOptions{}); err != nil || len(items) != 1 || items[0].ID != "cat/1" || !strings.HasPrefix(items[0].Images[0], own) {
		t.Errorf("%v: %+v", err, items)
	}
	if _, err := parsed(t, strings.ReplaceAll(source, "FILES", "set/*/*.txt")).Load(LoadOptions{DataDir: data}); err == nil || !strings.Contains(err.Error(), "no image of a known format") {
		t.Errorf("a file that is no picture: %v", err)
	}
}

// TestCopies: rows come so often, with their numbers, and those whose file is not there
// do not.
func TestCopies(t *testing.T) {
	data := dir(t, "w.jsonl", `{"n": "a"}`+"\n"+`{"n": "b"}`+"\n"+`{"n": "c"}`+"\n", "a-0.png", png, "a-1.png", png, "b-1.png", png)
	items := load(t, `
method: generate
data: {files: [w.jsonl], copies: 2, present: '{{.n}}-{{.copy}}.png', id: '{{.n}}{{.copy}}', cluster: '{{.n}}'}
prompt: What is it?
images: ['{{.n}}-{{.copy}}.png']
answer: '{{.n}}'
grader: exact
`, LoadOptions{DataDir: data})
	got := ""
	for _, i := range items {
		got += i.ID + " " + i.Cluster + ";"
	}
	if got != "a0 a;a1 a;b1 b;" {
		t.Error(got)
	}
	for text, want := range map[string]string{
		"copies: -1": "impossible", "copies: 5000": "impossible", "present: '../x'": "is not below the data directory", "present: '{{.none}}'": "none",
		"format: names": "entries, whole, paths",
	} {
		task, err := Parse("x.yaml", []byte("method: generate\ndata: {files: [w.jsonl], "+text+"}\nprompt: x\nanswer: x\ngrader: exact\n"))
		if err == nil {
			_, err = task.Load(LoadOptions{DataDir: data})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestImageInRow: a row may have its picture in itself.
func TestImageInRow(t *testing.T) {
	url := "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(png))
	source := strings.ReplaceAll(imageTask, "set/{{.picture}}", "{{.picture}}")
	data := dir(t, "set/w.jsonl", `{"picture": "`+url+`"}`+"\n")
	task := parsed(t, source)
	items, err := task.Load(LoadOptions{DataDir: data})
	if err != nil {
		t.Fatal(err)
	}
	c, err := items[0].Conversation()
	if err != nil || items[0].Images[0] != url || c.Messages[0].Content[0].Image.URL != url {
		t.Errorf("%v: %+v", err, c)
	}
	for picture, want := range map[string]string{
		"data:image/png;base64,iVBORw0KGgo": "illegal base64", "data:image/png;base64,AAAA": "no image of a known format",
		"data:image/png,x": "no data: URL with base64", "data:": "no data: URL with base64",
	} {
		data := dir(t, "set/w.jsonl", `{"picture": "`+picture+`"}`+"\n")
		if _, err := task.Load(LoadOptions{DataDir: data}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v", picture, err)
		}
	}
}

// TestSceneTask: facts that no grader can use are found before a model has written.
func TestSceneTask(t *testing.T) {
	source := func(grader string) string {
		return "method: generate\ndata: {files: [w.jsonl]}\nprompt: Describe it.\ngrader: {scene: " + grader + "}\n"
	}
	for grader, want := range map[string]string{
		"{}": "shown", "{shown: '{{.facts}}', facts: 2}": "facts", "{shown: '{{.facts}}', objects: -1}": "objects",
	} {
		if _, err := Parse("x.yaml", []byte(source(grader))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", grader, err)
		}
	}
	task := parsed(t, source("{shown: '{{json .facts}}'}"))
	if g := task.Grader.Scene; g.Facts != 0.85 || g.Objects != 0.7 {
		t.Errorf("%+v", g)
	}
	for row, want := range map[string]string{
		`{"facts": {"size": 64, "objects": [{"shape": "star"}]}}`: "", `{"facts": {"size": 64}}`: "no objects", `{"facts": "x"}`: "cannot unmarshal", `{}`: "facts",
	} {
		_, err := task.Load(LoadOptions{DataDir: dir(t, "w.jsonl", row)})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", row, err)
		}
	}
}
