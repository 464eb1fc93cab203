package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/align/question"
	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
	"github.com/polymath-lm/polymath/train/conversation"
)

// goPackages reads some packages of Go's library.
func goPackages(t *testing.T) *question.Set {
	t.Helper()
	root, err := goroot.Find(t.Context())
	if err != nil {
		t.Skip(err)
	}
	sources := question.Sources{Limits: question.DefaultLimits()}
	for _, name := range []string{"strings", "bytes", "bufio", "errors", "sort", "path"} {
		sources.Paths = append(sources.Paths, filepath.Join(root, "src", name, "*.go"))
	}
	set, err := question.Read(t.Context(), sources)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestCorpusLines reads what is written as the trainers do.
func TestCorpusLines(t *testing.T) {
	set, o := goPackages(t), question.DefaultOptions()
	o.Number = 300
	var talks, pairs bytes.Buffer
	if _, err := question.Write(&talks, set, o, question.Conversations); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(talks.Bytes()) {
		e, err := conversation.Parse(bytes.TrimSpace(line))
		if err != nil || len(e.Conversation.Messages) != 2 || e.Group == "" {
			t.Fatalf("%s: %+v, %v", line, e, err)
		}
	}
	if _, err := question.Write(&pairs, set, o, question.Pairs); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pairs.jsonl")
	if err := os.WriteFile(path, pairs.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	list, _, err := preference.Read([]string{path}, false)
	if err != nil || len(list) < 290 || len(list[0].Pairs) != 1 {
		t.Errorf("%d comparisons, %v", len(list), err)
	}
}

// TestCorpusTasks grades right and wrong answers of the tasks that a corpus gives.
func TestCorpusTasks(t *testing.T) {
	set := goPackages(t)
	o := question.DefaultOptions()
	o.Split, o.Number, o.HeldOut = question.Test, 600, 0.3
	paths, _, err := question.WriteTasks(t.TempDir(), "lib", set, o)
	if err != nil {
		t.Fatal(err)
	}
	wrong := map[string]string{}
	_, err = question.Each(set, o, func(i *question.Item) error { wrong[i.Prompt] = i.Wrong; return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		gradeBoth(t, path, wrong)
	}
}

// gradeBoth grades the right and the wrong answers of a task.
func gradeBoth(t *testing.T, path string, wrong map[string]string) {
	t.Helper()
	k, err := task.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	items, err := k.Load(task.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := grade.New(k, grade.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range items {
		text, right := items[i].Row["question"].(string), items[i].Row["answer"].(string)
		if v, err := g.Grade(t.Context(), &items[i], right); err != nil || !v.Right {
			t.Errorf("%s: %q to %q: %+v, %v", k.Name, right, text, v, err)
		}
		w := wrong[text]
		if w == "" {
			continue
		}
		v, err := g.Grade(t.Context(), &items[i], w)
		declines := strings.HasPrefix(w, "There is no ") || w == "The text does not say."
		if err != nil || v.Right || declines && !v.Abstained {
			t.Errorf("%s: %q to %q: %+v, %v", k.Name, w, text, v, err)
		}
	}
}
