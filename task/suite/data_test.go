package suite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/task"
)

var update = os.Getenv("POLYMATH_UPDATE") != ""

// TestEveryItem loads all items of all tasks. Their numbers are those of the
// committed table, and nothing is wrong with them but the known faults of the data.
func TestEveryItem(t *testing.T) {
	data := os.Getenv("POLYMATH_DATA")
	if data == "" {
		t.Skip("POLYMATH_DATA is not set")
	}
	var table strings.Builder
	for _, name := range Names() {
		k := must(t, name)[0]
		if unlisted[name] || strings.HasPrefix(k.Data.Generator, "go_") {
			continue
		}
		items, err := k.Load(task.LoadOptions{DataDir: data, Generators: Generators, Shots: -1})
		if err != nil {
			t.Error(err)
			continue
		}
		faults := map[string][]string{}
		sections, clusters := map[string]bool{}, map[string]bool{}
		for i := range items {
			sections[items[i].Section], clusters[items[i].Cluster] = true, true
			for _, fault := range faultsOf(k, &items[i]) {
				faults[fault] = append(faults[fault], items[i].ID)
			}
		}
		fmt.Fprintf(&table, "%s\t%d items\t%d sections\t%d clusters", name, len(items), len(sections), len(clusters))
		for _, fault := range slices.Sorted(func(yield func(string) bool) {
			for f := range faults {
				if !yield(f) {
					return
				}
			}
		}) {
			fmt.Fprintf(&table, "\t%s: %d", fault, len(faults[fault]))
			t.Logf("%s: %s: %v", name, fault, faults[fault][:min(5, len(faults[fault]))])
		}
		table.WriteString("\n")
	}
	golden := filepath.Join("testdata", "items.tsv")
	if update {
		if err := os.WriteFile(golden, []byte(table.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(table.String(), "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i < len(got) && got[i] != line {
			t.Errorf("got  %s\nwant %s", got[i], line)
		}
	}
	if len(got) != strings.Count(string(want), "\n")+1 {
		t.Errorf("%d lines, want %d", len(got), strings.Count(string(want), "\n")+1)
	}
}

// faultsOf says what is wrong with an item of a task, in words that are the same for
// all items with the fault.
func faultsOf(k *task.Task, i *task.Item) (faults []string) {
	add := func(bad bool, fault string) {
		if bad {
			faults = append(faults, fault)
		}
	}
	text := i.Text()
	add(text != strings.TrimRight(text, " \t\n"), "prompt ends in white space")
	add(strings.Contains(text, "BENCHMARK DATA"), "canary in the prompt")
	options := i.Choices
	if len(i.Contexts) > 0 {
		options = i.Contexts
		add(len(i.Choices) != 1, "contexts need one choice")
	}
	if len(options) > 0 {
		add(i.Gold < 0 || i.Gold >= len(options), "gold is out of range")
		for at, o := range options {
			add(strings.TrimSpace(o) == "", "empty choice")
			if slices.Contains(options[:at], o) {
				add(true, "two equal choices")
				if i.Gold >= 0 && i.Gold < len(options) && o == options[i.Gold] {
					add(true, "two equal choices are right")
				}
				break
			}
		}
	} else if k.Method != task.MethodText {
		add(len(i.Answers) == 0 && i.Row["test"] == nil && i.Row["facts"] == nil && i.Row["label"] == nil, "no answer")
		for _, a := range i.Answers {
			add(strings.TrimSpace(a) == "", "empty answer")
		}
	}
	return faults
}

// TestCloneNeedsNoData loads the tasks that are made from a clone alone.
func TestCloneNeedsNoData(t *testing.T) {
	if _, err := goroot.Find(t.Context()); err != nil {
		t.Skip(err)
	}
	for _, k := range must(t, "clone,clone_written,drawn,problems,problems_train") {
		items, err := k.Load(task.LoadOptions{Generators: Generators, Shots: -1})
		if err != nil {
			t.Error(err)
			continue
		}
		want := k.Data.Number
		if k.Data.Where != "" { // of problems each task takes its share
			want /= shareOfProblems[k.Name]
		}
		if len(items) != want {
			t.Errorf("%s: %d items, want %d", k.Name, len(items), want)
		}
		for i := range items {
			for _, fault := range faultsOf(k, &items[i]) {
				t.Errorf("%s: %s: %s: %q %q", k.Name, items[i].ID, fault, items[i].Prompt, items[i].Choices)
			}
		}
		t.Logf("%s:\n%s\n%q %d %q", k.Name, items[7].Text(), items[7].Choices, items[7].Gold, items[7].Answers)
	}
}

// shareOfProblems says of the tasks with problems which part of the rows is theirs.
var shareOfProblems = map[string]int{
	"problems_arithmetic": 15, "problems_boolean": 15, "problems_ordering": 15, "problems_brackets": 15, "problems_cycle": 15,
	"problems_train": 3,
}
