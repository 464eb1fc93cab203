package task

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(choiceTask))
	f.Add([]byte(imageTask))
	f.Add([]byte(wholeTask))
	f.Add([]byte("method: pair\ndata: {generator: g, number: 3}\nchoice: {list: ['{{.a}}', b]}\nanswer: '0'\n"))
	f.Add([]byte(wholeTask + "few_shot: {data: {files: [x]}, number: 3, same: true, seed: 18446744073709551615, answer: '{{._gold}}'}\n"))
	f.Add([]byte(strings.Replace(wholeTask, "grader: exact", "grader: {rubric: {criteria: [{name: a, text: '{{.q}}', points: -1}, {name: b, text: c}], pass: 0.1}}", 1)))
	f.Fuzz(func(t *testing.T, source []byte) {
		task, err := Parse("x.yaml", source)
		if err != nil {
			_ = err.Error()
			return
		}
		if err := task.Check(); err != nil {
			t.Fatalf("a task that was parsed is impossible: %v", err)
		}
		if _, err := task.Load(LoadOptions{Shots: -1}); err == nil {
			t.Fatal("there are items without data")
		}
	})
}

// FuzzLoad says that whatever the rows are, what is loaded makes sense.
func FuzzLoad(f *testing.F) {
	const header = "data: {files: [w.%]}\n"
	tasks := []string{
		header + "method: choice\nprompt: '{{.q}}'\nchoice: {from: c}\nanswer: '{{.a}}'\nfew_shot: {number: 1}",
		header + "method: explain\nprompt: '{{letters ._choices}}'\nchoice: {from: c, shuffle: true}\nanswer: '{{.a}}'",
		header + "method: choice\nchoice: {contexts: c, list: ['{{.q}}']}\nanswer: '{{.a}}'",
		header + "method: cloze\nprompt: '{{.q}}'\nanswer: '{{.a}}'\naccepted_from: c",
		header + "method: text\nprompt: '{{if has \"text\" .}}{{.text}}{{else}}{{json .q}}{{end}}'",
	}
	endings := []string{"jsonl", "json", "csv", "txt"}
	parsedTasks := map[string]*Task{}
	for _, ending := range endings {
		for i, source := range tasks {
			parsedTasks[ending+string(rune('0'+i))] = parsed(f, strings.Replace(source, "%", ending, 1))
		}
	}
	row := `{"q": "Why? ", "c": ["x", "y", 3.50], "a": 1}`
	for i := range tasks {
		f.Add([]byte(row+"\n"+strings.Replace(row, "Why", "How", 1)), uint8(0), uint8(i))
		f.Add([]byte("["+row+", "+row+"]"), uint8(1), uint8(i))
	}
	f.Add([]byte("q,a,c\n1,2,3\n4,5\n"), uint8(2), uint8(3))
	f.Add([]byte("one\n\ntwo"), uint8(3), uint8(4))
	f.Add([]byte(`{"q": "\ud800", "c": [null, {}], "a": -1e999}`), uint8(0), uint8(1))
	data := f.TempDir()
	f.Fuzz(func(t *testing.T, rows []byte, ending, which uint8) {
		end := endings[int(ending)%len(endings)]
		path := filepath.Join(data, "w."+end)
		if err := os.WriteFile(path, rows, 0o600); err != nil {
			t.Fatal(err)
		}
		task := parsedTasks[end+string(rune('0'+int(which)%len(tasks)))]
		items, err := task.Load(LoadOptions{DataDir: data, Shots: -1})
		if err != nil {
			if !strings.Contains(err.Error(), "x.yaml") {
				t.Fatalf("%v does not name the task's file", err)
			}
			return
		}
		seen := map[string]bool{}
		for i := range items {
			item := &items[i]
			options := item.options()
			if seen[item.ID] || item.Number != i {
				t.Fatalf("%+v is not itself", item)
			}
			seen[item.ID] = true
			if len(options) > 0 && (item.Gold < 0 || item.Answers[0] != options[item.Gold]) || len(options) == 0 && item.Gold != -1 {
				t.Fatalf("%+v has no right choice", item)
			}
			if task.Method != MethodText && (item.Prompt != trimEnd(item.Prompt) || item.Prompt == "" && item.Contexts == nil) {
				t.Fatalf("%+v ends in a space", item)
			}
			if len(item.Shots) > 0 && item.Shots[0].Prompt == item.Prompt {
				t.Fatalf("%+v is its own example", item)
			}
		}
		if len(items) == 0 || len(task.Hash(items)) != 64 {
			t.Fatalf("%d items", len(items))
		}
	})
}
