package exam

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestTasks: every section of real items has a task, which reads a file as the
// package's documentation describes it.
func TestTasks(t *testing.T) {
	byName := map[string]*task.Task{}
	for _, at := range Tasks() {
		if byName[at.Name] != nil {
			t.Errorf("two tasks are called %s", at.Name)
		}
		byName[at.Name] = at
	}
	for _, e := range All() {
		for _, s := range e.Sections {
			if (e.Items == "real") != (byName[s.Task] != nil) {
				t.Errorf("%s: the section %s has a task: %v", e.Name, s.Name, byName[s.Task] != nil)
			}
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "exams"), 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "exams", name+".jsonl"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("lsat_6lsn68", `{"question": "Which follows?", "choices": ["This.", "That.", "Neither."], "answer": "B", "passage": "All is so.", "section": "two"}
{"question": "And which?", "choices": ["One.", "Two."], "answer": 0}
`)
	items, err := byName["lsat_6lsn68"].Load(task.LoadOptions{DataDir: dir, Shots: -1})
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 2 || items[0].Gold != 1 || items[1].Gold != 0 || items[0].Section != "two" || items[1].Section != "" || len(items[0].Choices) != 3 {
		t.Fatalf("got %+v", items)
	}
	if want := "All is so.\n\nWhich follows?\nA. This.\nB. That.\nC. Neither.\nAnswer:"; items[0].Prompt != want {
		t.Errorf("the prompt is %q, want %q", items[0].Prompt, want)
	}
	if items[0].Cluster == items[0].ID || items[1].Cluster != items[1].ID {
		t.Errorf("clusters %q of %q, %q of %q", items[0].Cluster, items[0].ID, items[1].Cluster, items[1].ID)
	}
	write("mee", `{"question": "Discuss.", "rubric": ["names the rule", "applies it"]}`+"\n")
	items, err = byName["mee"].Load(task.LoadOptions{DataDir: dir, Shots: -1})
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 1 || items[0].Prompt != "Discuss." || byName["mee"].Grader.Rubric == nil {
		t.Fatalf("got %+v", items)
	}
	if _, err := byName["mbe"].Load(task.LoadOptions{DataDir: dir, Shots: -1}); err == nil || !strings.Contains(err.Error(), "mbe.jsonl") {
		t.Errorf("a file that is not there: %v", err)
	}
}
