package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/suite"
)

// dataDir is the directory that the flag or the environment names.
func dataDir(flag string) string {
	if flag != "" {
		return flag
	}
	return os.Getenv(dataVariable)
}

// loadSheets finds the tasks of the suite and makes their items. Tasks whose data are not
// there are left out and named; if that is all of them, it is an error.
func (a *app) loadSheets(ctx context.Context, o *evalFlags) ([]eval.Sheet, error) {
	tasks, err := findTasks(o.suite)
	if err != nil {
		return nil, usageError{err}
	}
	if o.data != "" {
		if _, err := os.Stat(o.data); err != nil {
			return nil, fmt.Errorf("--data: %w", err)
		}
	}
	sheets := make([]eval.Sheet, 0, len(tasks))
	var first error
	missing := 0
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	for i, t := range tasks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		screen.Show(fmt.Sprintf("  reading the items of %s, task %d of %d", t.Name, i+1, len(tasks)))
		items, err := t.Load(loadOptions(o))
		if errors.Is(err, task.ErrNoData) {
			missing++
			if first == nil {
				first = err
			}
			sheets = append(sheets, eval.Sheet{Task: t, Skip: err.Error()})
			continue
		}
		if err != nil {
			return nil, err
		}
		sheet := eval.Sheet{Task: t, Items: items, Hash: t.Hash(items)}
		if o.byLetter {
			sheet = eval.ByLetter(sheet)
		}
		sheets = append(sheets, sheet)
	}
	if missing == len(tasks) {
		return nil, fmt.Errorf("%w%s", first, whereData(o.data, tasks))
	}
	screen.Clear()
	for i := range sheets {
		if sheets[i].Skip != "" {
			fmt.Fprintf(a.Err, "polymath: %s is left out: %s\n", sheets[i].Task.Name, sheets[i].Skip)
		}
	}
	return sheets, nil
}

// whereData says what to do about data that are not there.
func whereData(data string, tasks []*task.Task) string {
	hint := "\nname the directory that has them by --data or " + dataVariable
	if dir := dataDir(data); dir != "" {
		hint = "\nit was looked for in " + dir
	}
	if source := tasks[0].Source; source != "" {
		hint += "; they are from " + source
	}
	return hint
}

func loadOptions(o *evalFlags) task.LoadOptions {
	o.long.Books = longBooks(dataDir(o.data))
	return task.LoadOptions{
		DataDir: dataDir(o.data), Generators: suite.WithLong(o.long), Limit: o.limit, Shots: o.shots, Seed: o.seed,
	}
}
