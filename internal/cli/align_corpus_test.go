package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/question"
	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// TestCorpusTasks grades right and wrong answers of the tasks that a corpus gives.
func TestCorpusTasks(t *testing.T) {
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
