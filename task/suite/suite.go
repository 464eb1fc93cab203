// Package suite has the ready tasks: a YAML file each below tasks, the suites
// that suites.yaml makes of them, and the generators of tasks that need no data.
package suite

import (
	"embed"
	"fmt"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/internal/spelling"
	"github.com/polymath-lm/polymath/task"
)

//go:embed tasks/*.yaml suites.yaml
var files embed.FS

// Suite is a list of tasks with a name.
type Suite struct {
	Name  string `yaml:"name"`
	Title string `yaml:"title"`
	// Tasks are names of tasks, each once, in order.
	Tasks []string `yaml:"tasks"`
	// Train are the tasks to learn from, of a suite that examines what these ask
	// otherwise: none of Tasks is to be learned from then.
	Train []string `yaml:"train"`
}

// Names returns the names of all ready tasks, sorted.
func Names() []string {
	entries, err := files.ReadDir("tasks")
	if err != nil {
		panic(err) // it is embedded
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = strings.TrimSuffix(entry.Name(), ".yaml")
	}
	slices.Sort(names)
	return names
}

// Suites returns the ready suites in the order in which they are listed.
func Suites() []Suite {
	suites, err := readSuites()
	if err != nil {
		panic(err) // it is embedded, and a test reads it
	}
	out := make([]Suite, len(suites))
	for i, s := range suites {
		out[i] = s
		out[i].Tasks, out[i].Train = slices.Clone(s.Tasks), slices.Clone(s.Train)
	}
	return out
}

var readSuites = sync.OnceValues(func() ([]Suite, error) {
	source, err := files.ReadFile("suites.yaml")
	if err != nil {
		return nil, err
	}
	var list struct {
		Suites []Suite `yaml:"suites"`
	}
	if _, err := recipe.Decode("suites.yaml", source, &list); err != nil {
		return nil, err
	}
	return expand(list.Suites, Names())
})

// expand replaces the names of suites by their tasks. A suite names only those
// above it, so there are no circles.
func expand(suites []Suite, tasks []string) ([]Suite, error) {
	above := map[string][]string{}
	for i := range suites {
		s := &suites[i]
		if above[s.Name] != nil || slices.Contains(tasks, s.Name) {
			return nil, fmt.Errorf("suites.yaml: the name %s is taken", s.Name)
		}
		var flat []string
		for _, name := range s.Tasks {
			members := above[name]
			if members == nil {
				if !slices.Contains(tasks, name) {
					return nil, fmt.Errorf("suites.yaml: suite %s: no task or suite above it is called %s", s.Name, name)
				}
				members = []string{name}
			}
			for _, m := range members {
				if !slices.Contains(flat, m) {
					flat = append(flat, m)
				}
			}
		}
		for _, name := range s.Train {
			if !slices.Contains(tasks, name) || slices.Contains(flat, name) {
				return nil, fmt.Errorf("suites.yaml: suite %s: no other task is called %s", s.Name, name)
			}
		}
		if len(flat) == 0 {
			return nil, fmt.Errorf("suites.yaml: suite %s has no tasks", s.Name)
		}
		s.Tasks, above[s.Name] = flat, flat
	}
	return suites, nil
}

// Find returns the tasks that a text names: a suite, a task, the path of a task's
// file (which has a separator or ends in .yaml or .yml, and a name that no ready
// task has), or several of them with commas between. A task that is named twice comes once. The error of an unknown
// name suggests the nearest.
func Find(text string) ([]*task.Task, error) {
	var found []*task.Task
	for _, name := range strings.Split(text, ",") {
		tasks, err := find(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		for _, t := range tasks {
			switch same := slices.IndexFunc(found, func(other *task.Task) bool { return other.Name == t.Name }); {
			case same < 0:
				found = append(found, t)
			case !reflect.DeepEqual(found[same], t):
				return nil, fmt.Errorf("two tasks are called %s: give the one of %s another name", t.Name, name)
			}
		}
	}
	return found, nil
}

func find(name string) ([]*task.Task, error) {
	if isPath(name) {
		t, err := task.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(Names(), t.Name) {
			return nil, fmt.Errorf("%s: a ready task is called %s too: give this one another name", name, t.Name)
		}
		return []*task.Task{t}, nil
	}
	suites, err := readSuites()
	if err != nil {
		return nil, err
	}
	names := []string{name}
	if at := slices.IndexFunc(suites, func(s Suite) bool { return s.Name == name }); at >= 0 {
		names = suites[at].Tasks
	}
	var tasks []*task.Task
	for _, n := range names {
		t, err := read(n)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// read reads the ready task of that name.
func read(name string) (*task.Task, error) {
	if !slices.Contains(Names(), name) {
		return nil, unknown(name)
	}
	file := path.Join("tasks", name+".yaml")
	source, err := files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return task.Parse(file, source)
}

// Examines returns the suite that asks the ready task of that name and must not be
// learned from, since it has others for that; nil where there is none.
func Examines(name string) *Suite {
	suites := Suites()
	for i := range suites {
		if s := &suites[i]; len(s.Train) > 0 && slices.Contains(s.Tasks, name) {
			return s
		}
	}
	return nil
}

func isPath(name string) bool {
	return strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

func unknown(name string) error {
	known := Names()
	for _, s := range Suites() {
		known = append(known, s.Name)
	}
	nearest, least := "", max(len(name)/3, 2)+1
	for _, k := range known {
		if d := spelling.Distance(name, k); d < least {
			nearest, least = k, d
		}
	}
	hint := "`polymath eval list` lists them; the path of a task's own file has a / or ends in .yaml"
	if nearest != "" {
		hint = fmt.Sprintf("did you mean %s?", nearest)
	}
	if _, err := os.Stat(name); err == nil {
		hint = fmt.Sprintf("the file of that name is ./%s", name)
	}
	return fmt.Errorf("no suite or task is called %q: %s", name, hint)
}
