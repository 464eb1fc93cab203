package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/eval/exam"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/suite"
)

// listedTask is a line of polymath eval list.
type listedTask struct {
	Name    string      `json:"name"`
	Title   string      `json:"title"`
	Method  task.Method `json:"method"`
	Grader  string      `json:"grader,omitempty"`
	Items   int         `json:"items"`
	License string      `json:"license"`
	Source  string      `json:"source"`
	Suites  []string    `json:"suites"`
	Missing string      `json:"missing,omitempty"` // why its data cannot be used
}

func (a *app) evalListCommand() *cobra.Command {
	var data string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List suites and tasks, and whether their data are there",
		Long: `List names the ready suites and tasks: what 'polymath eval' takes for --suite,
apart from files of tasks of your own. Tasks without items lack their data.`,
		Example: "  polymath eval list --data ../data",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			tasks, err := listTasks(data)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.Out).Encode(tasks)
			}
			a.printTasks(tasks)
			return nil
		},
	}
	addEvalData(cmd.Flags(), &data)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON list")
	return cmd
}

func listTasks(data string) ([]listedTask, error) {
	names := suite.Names()
	list, errs := make([]listedTask, len(names)), make([]error, len(names))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0)) // loading takes a while
	var wg sync.WaitGroup
	for i, name := range names {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			list[i], errs[i] = listTask(name, data)
		})
	}
	wg.Wait()
	return list, errors.Join(errs...)
}

func listTask(name, data string) (listedTask, error) {
	found, err := suite.Find(name)
	if err != nil {
		return listedTask{}, err
	}
	t := found[0]
	l := listedTask{
		Name: t.Name, Title: t.Title, Method: t.Method, Grader: t.Grader.Name(), License: t.License, Source: t.Source, Suites: []string{},
	}
	for _, s := range suite.Suites() {
		if slices.Contains(s.Tasks, name) {
			l.Suites = append(l.Suites, s.Name)
		}
	}
	if suite.Drawn(t.Data.Generator) {
		l.Items = t.Data.Number
		return l, nil
	}
	items, err := t.Load(loadOptions(&evalFlags{data: data, shots: -1}))
	switch {
	case errors.Is(err, task.ErrNoData):
		l.Missing = task.ErrNoData.Error()
	case err != nil:
		l.Missing = err.Error()
	}
	l.Items = len(items)
	return l, nil
}

func (a *app) printTasks(tasks []listedTask) {
	rows := [][]string{{"suite", "tasks", "what it is"}}
	for _, s := range suite.Suites() {
		rows = append(rows, []string{s.Name, fmt.Sprint(len(s.Tasks)), s.Title})
	}
	rows = append(rows, []string{examSuite, fmt.Sprint(len(exam.Tasks())), "real examinations, whose items are yours: see docs/exams.md"})
	table(a.Out, rows)
	fmt.Fprintln(a.Out)
	rows = [][]string{{"task", "items", "method", "license"}}
	missing := 0
	for _, t := range tasks {
		items := progress.Count(int64(t.Items))
		if t.Missing != "" {
			items = "-"
			missing++
		}
		rows = append(rows, []string{t.Name, items, strings.TrimSuffix(string(t.Method)+" "+t.Grader, " "), t.License})
	}
	table(a.Out, rows)
	if missing > 0 {
		fmt.Fprintf(a.Out, "%s lack their data: name the directory that has them by --data or %s;\n'polymath eval show TASK' says where they are from.\n",
			plural(int64(missing), "task"), dataVariable)
	}
}
