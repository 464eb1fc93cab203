package suite

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestEveryTask reads and checks all embedded tasks.
func TestEveryTask(t *testing.T) {
	for _, name := range Names() {
		found, err := Find(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(found) != 1 {
			t.Errorf("%s: Find gives %d tasks", name, len(found))
			continue
		}
		k := found[0]
		if k.Name != name {
			t.Errorf("%s.yaml has the name %s", name, k.Name)
		}
		if k.Title == "" || k.About == "" || k.License == "" || k.Source == "" {
			t.Errorf("%s: title, about, license or source is missing", name)
		}
		if g := k.Data.Generator; g != "" && Generators[g] == nil {
			t.Errorf("%s: there is no generator %s", name, g)
		}
		if !slices.ContainsFunc(Suites(), func(s Suite) bool { return slices.Contains(s.Tasks, name) }) && !unlisted[name] {
			t.Errorf("%s is in no suite", name)
		}
	}
}

// unlisted tasks are in no suite: their data is the user's, or a part of another's, or
// is to train on.
var unlisted = map[string]bool{"problems_train": true, "instructions_train": true, "halluc_closed_train": true, "halluc_open_train": true, "safety_train": true, "mmlu_test": true, "gsm8k_test": true, "simpleqa": true, "simpleqa_match": true, "drop": true, "nlvr_held_out": true, "nlvr_train": true}

func TestSuites(t *testing.T) {
	for _, s := range Suites() {
		found, err := Find(s.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		var names []string
		for _, k := range found {
			names = append(names, k.Name)
		}
		if !slices.Equal(names, s.Tasks) || s.Title == "" {
			t.Errorf("%s: %q, tasks %v, Find gives %v", s.Name, s.Title, s.Tasks, names)
		}
		for _, name := range s.Tasks {
			if unlisted[name] {
				t.Errorf("suite %s has %s, whose data the project does not have", s.Name, name)
			}
		}
	}
	for _, k := range must(t, "clone,clone_written,problems,instructions,drawn") {
		if k.Data.Generator == "" {
			t.Errorf("%s needs data", k.Name)
		}
	}
}

func must(t *testing.T, text string) []*task.Task {
	t.Helper()
	found, err := Find(text)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	source, err := files.ReadFile("tasks/arc_easy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	mine := strings.Replace(string(source), "name: arc_easy", "name: mine", 1)
	if err := os.WriteFile(file, []byte(mine), 0o666); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range must(t, "quick, arc_easy,bbh, "+file) {
		names = append(names, k.Name)
	}
	if want := []string{"arc_easy", "piqa", "copa", "lambada", "boolq", "wsc", "bbh", "mine"}; !slices.Equal(names, want) {
		t.Errorf("Find gives %v, want %v", names, want)
	}

	for text, want := range map[string]string{
		"arc_esay":       "did you mean arc_easy?",
		"knowlege":       "did you mean knowledge?",
		"zzzzzzzzz":      "polymath eval list",
		"arc_easy,":      `""`,
		"./nothing.yaml": "nothing.yaml",
	} {
		if _, err := Find(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%q): %v; want it to say %q", text, err, want)
		}
	}

	// A file may not take the name of another task.
	other := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(other, []byte(strings.Replace(mine, "about:", "chance: 0.3\nabout:", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(file + "," + other); err == nil || !strings.Contains(err.Error(), "two tasks are called mine") {
		t.Errorf("two tasks of one name: %v", err)
	}
	if err := os.WriteFile(file, source, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(file); err == nil || !strings.Contains(err.Error(), "a ready task is called arc_easy too") {
		t.Errorf("a task with the name of a ready one: %v", err)
	}
}

func TestExpandRefuses(t *testing.T) {
	for want, suites := range map[string][]Suite{
		"no task or suite above it is called c": {{Name: "a", Tasks: []string{"c"}}},
		"the name t is taken":                   {{Name: "t", Tasks: []string{"t"}}},
		"the name a is taken":                   {{Name: "a", Tasks: []string{"t"}}, {Name: "a", Tasks: []string{"t"}}},
		"has no tasks":                          {{Name: "a"}},
		"is called b":                           {{Name: "a", Tasks: []string{"b"}}, {Name: "b", Tasks: []string{"a"}}},
	} {
		if _, err := expand(suites, []string{"t"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %q", suites, err, want)
		}
	}
}

// TestExamines: what examines names what to learn from, which examines nothing.
func TestExamines(t *testing.T) {
	for name, want := range map[string]string{
		"problems_cycle": "problems_train", "instructions_test": "instructions_train", "safety_boundary": "safety_train", "halluc_open": "halluc_open_train",
	} {
		if s := Examines(name); s == nil || !slices.Contains(s.Train, want) || Examines(want) != nil {
			t.Errorf("%s: %+v, and %s: %+v", name, s, want, Examines(want))
		}
	}
	if s := Examines("arithmetic"); s != nil {
		t.Errorf("%+v", s)
	}
	for _, train := range []string{"none", "b"} {
		if _, err := expand([]Suite{{Name: "s", Tasks: []string{"a", "b"}, Train: []string{train}}}, []string{"a", "b"}); err == nil || !strings.Contains(err.Error(), "no other task is called "+train) {
			t.Errorf("%s: %v", train, err)
		}
	}
}
