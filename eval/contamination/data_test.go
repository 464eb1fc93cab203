package contamination

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/suite"
)

// TestReadyTasks holds the texts of the ready tasks' items against each other: a
// phrase that is the task's and not the item's would make every item dirty in a
// corpus that has it anywhere.
func TestReadyTasks(t *testing.T) {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	o := rules()
	for _, name := range suite.Names() {
		tasks, err := suite.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		items, err := tasks[0].Load(task.LoadOptions{DataDir: dir, Generators: suite.Generators, Limit: 200, Shots: 0})
		if errors.Is(err, task.ErrNoData) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkable, shared, example := sharedItems(t, tasks[0], items, o)
		if shared > len(items)/4 && name != "bigbench_strange_stories" { // a few stories with many questions each
			t.Errorf("%s: %d of %d items have words in common with others: %q", name, shared, len(items), example)
		}
		t.Logf("%-28s %4d items, %3d%% long enough, %3d in common %q", name, len(items), checkable*100/len(items), shared, example)
	}
}

// sharedItems counts the items that can be looked for, and those whose text is found
// in that of five items of other clusters.
func sharedItems(t *testing.T, of *task.Task, items []task.Item, o decontaminate.Options) (checkable, shared int, example string) {
	t.Helper()
	var set decontaminate.Loaded
	var owners []int
	set.Name = of.Name
	for i, texts := range textsOf(of, items, &o) {
		n := len(owners)
		for _, text := range texts {
			if o.Checkable(text) {
				set.Items, owners = append(set.Items, text), append(owners, i)
			}
		}
		if len(owners) > n {
			checkable++
		}
	}
	if len(owners) == 0 {
		return 0, 0, ""
	}
	T, err := decontaminate.NewItems([]decontaminate.Loaded{set}, o)
	if err != nil {
		t.Fatal(err)
	}
	w := T.NewWorker()
	others := make([]map[string]bool, len(items))
	for i, text := range set.Items {
		var d document.Document
		d.Reset([]byte(text))
		for _, h := range w.Find(nil, &d) {
			a, b := owners[h.Item], owners[i]
			if items[a].Cluster != items[b].Cluster {
				if others[a] == nil {
					others[a] = map[string]bool{}
				}
				others[a][items[b].Cluster] = true
			}
		}
	}
	for i, names := range others {
		if len(names) >= 5 {
			shared++
			example = strings.Join(textsOf(of, items, &o)[i], " | ")
			example = example[:min(len(example), 150)]
		}
	}
	return checkable, shared, example
}
