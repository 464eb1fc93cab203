package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// planEval says what a run will take, after trying a few items of each task.
func (a *app) planEval(ctx context.Context, s eval.Subject, sheets []eval.Sheet, settings *eval.Settings) error {
	costs, err := eval.Estimate(ctx, s, sheets, settings)
	if err != nil {
		return err
	}
	rows := [][]string{{"task", "items", "answers", "tokens read", "written at most", "time"}}
	var all eval.TaskCost
	var notes []string
	for _, c := range costs {
		if c.Skipped != "" {
			notes = append(notes, fmt.Sprintf("%s cannot be run: %s", c.Task, progress.Visible(c.Skipped)))
			continue
		}
		rows = append(rows, costRow(c.Task, &c))
		all.Items += c.Items
		all.Answers += c.Answers
		all.ReadTokens += c.ReadTokens
		all.WriteTokens += c.WriteTokens
		all.Took += c.Took
	}
	table(a.Out, append(rows, costRow("together", &all)))
	for _, note := range notes {
		fmt.Fprintln(a.Out, note)
	}
	fmt.Fprintln(a.Out, "Times are estimates from a few items of each task.")
	return nil
}

func costRow(name string, c *eval.TaskCost) []string {
	return []string{
		name, progress.Count(int64(c.Items)), progress.Count(int64(c.Answers)),
		progress.Short(float64(c.ReadTokens)), progress.Short(float64(c.WriteTokens)), "about " + progress.Duration(max(c.Took, time.Second)),
	}
}
