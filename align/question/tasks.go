package question

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

//go:embed task.yaml.tmpl
var taskSource string

var taskForm = template.Must(template.New("task").Parse(taskSource))

// taskRow is a line of a task's data.
type taskRow struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Section  Ask    `json:"section,omitempty"`
	Cluster  string `json:"cluster"`
	Kind     string `json:"kind,omitempty"`
	Origin   string `json:"origin,omitempty"`
}

// taskKinds are the tasks, and which items each has.
var taskKinds = []struct {
	name, title, grader string
	has                 func(*Item) bool
}{
	{"memory", "Told from memory", "f1", func(i *Item) bool { return i.Way == Memory && !i.exact() }},
	{"memory_exact", "Told from memory, exactly", "exact", func(i *Item) bool { return i.Way == Memory && i.exact() }},
	{"given", "Told from a text", "f1", func(i *Item) bool { return i.Way == Given && !i.exact() }},
	{"given_exact", "Told from a text, exactly", "exact", func(i *Item) bool { return i.Way == Given && i.exact() }},
	{"missing", "What does not exist", "missing", func(i *Item) bool { return i.Way == Missing }},
	{"absent", "What the text does not say", "missing", func(i *Item) bool { return i.Way == Absent }},
	{"refuse", "Refusing, and not refusing", "safety", func(i *Item) bool { return i.Way == Refuse }},
}

// fewWords is the number of words up to which a cell of a table must be told exactly.
const fewWords = 5

// exact reports whether the answer is one word for word.
func (i *Item) exact() bool {
	switch i.Entry.Ask {
	case AskSignature, AskWhere:
		return true
	case AskCell, AskField:
		return len(strings.Fields(i.Answer)) <= fewWords
	}
	return false
}

// WriteTasks writes what Each makes as tasks for examinations and rewards: for each kind
// of answer PREFIX_KIND.yaml with PREFIX_KIND.jsonl, into dir, which is made. The prefix
// is of small letters, digits and underscores. Answers are compared by words (f1), word
// for word (signatures, packages, cells), by whether they say that something is not
// there, and by the rubric's rules. It returns the paths of the tasks. Files that are
// there already are an error before anything is written.
func WriteTasks(dir, prefix string, s *Set, o Options) (tasks []string, r *Report, err error) {
	if prefix == "" || len(prefix) > 40 || strings.Trim(prefix, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return nil, nil, fmt.Errorf("the tasks' name %q: it has up to 40 small letters, digits and underscores", prefix)
	}
	for _, kind := range taskKinds {
		for _, ending := range []string{".yaml", ".jsonl"} {
			path := filepath.Join(dir, prefix+"_"+kind.name+ending)
			if _, err := os.Lstat(path); err == nil {
				return nil, nil, fmt.Errorf("%s exists: take another name, or remove it", path)
			}
		}
	}
	data := make([]bytes.Buffer, len(taskKinds))
	r, err = Each(s, o, func(item *Item) error {
		row := taskRow{Question: item.Prompt, Answer: item.Answer, Cluster: item.Group, Kind: string(item.Safety)}
		if item.Entry != nil {
			row.Section, row.Origin = item.Entry.Ask, item.Entry.Origin
		}
		for i := range taskKinds {
			if taskKinds[i].has(item) {
				return encode(&data[i], row)
			}
		}
		return fmt.Errorf("no task has questions of the way %s", item.Way)
	})
	if err != nil {
		return nil, r, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, r, err
	}
	for i := range taskKinds {
		if data[i].Len() == 0 {
			continue
		}
		path, err := writeTask(dir, prefix, i, o.Split, s.licenses(), data[i].Bytes())
		if err != nil {
			return nil, r, err
		}
		tasks = append(tasks, path)
	}
	return tasks, r, nil
}

// writeTask writes the data before the task that reads them.
func writeTask(dir, prefix string, i int, split Split, license string, rows []byte) (path string, err error) {
	kind := taskKinds[i]
	name := prefix + "_" + kind.name
	if _, err := atomicfile.WriteBytes(filepath.Join(dir, name+".jsonl"), rows); err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = taskForm.Execute(&b, map[string]any{
		"name": name, "title": kind.title, "grader": kind.grader, "split": split, "license": license, "safety": kind.grader == "safety",
	})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, name+".yaml")
	_, err = atomicfile.WriteBytes(path, b.Bytes())
	return path, err
}

func encode(b *bytes.Buffer, row taskRow) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return e.Encode(row)
}

// licenses are those that the sources give themselves.
func (s *Set) licenses() string {
	var list []string
	for i := range s.entries {
		if l := s.entries[i].License; l != "" {
			list = append(list, l)
		}
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) == 0 {
		return "that of the sources"
	}
	return "that of the sources: " + strings.Join(list, ", ")
}
