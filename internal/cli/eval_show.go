package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/task"
)

func (a *app) evalShowCommand() *cobra.Command {
	o := evalFlags{}
	var asChat bool
	cmd := &cobra.Command{
		Use:   "show TASK",
		Short: "Show items of a task as a model reads them",
		Long: `Show prints what a task is and some of its items: what a model reads, the
choices or accepted answers, and what is right. TASK is a name of
'polymath eval list', or the file of a task of your own.`,
		Example: `  polymath eval show go_stdlib
  polymath eval show mine.yaml --shots 0 --chat`,
		Args: exactly("TASK"),
		RunE: func(_ *cobra.Command, args []string) error { return a.showTasks(args[0], &o, asChat) },
	}
	f := cmd.Flags()
	addEvalData(f, &o.data)
	addEvalShots(f, &o.shots)
	addEvalLengths(f, &o.lengths)
	f.IntVar(&o.limit, "limit", 3, "how many items")
	f.Uint64Var(&o.seed, "seed", 0, "of which items, and examples")
	f.BoolVar(&asChat, "chat", false, "as a model that chats reads them")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object for each item")
	cmd.ValidArgsFunction = completeSuite
	return cmd
}

func (a *app) showTasks(name string, o *evalFlags, asChat bool) error {
	tasks, err := findTasks(name)
	if err != nil {
		return usageError{err}
	}
	if o.long.Lengths, err = parseLengths(o.lengths); err != nil {
		return err
	}
	for _, t := range tasks {
		if !o.asJSON {
			printTask(a.Out, t)
		}
		items, err := t.Load(loadOptions(o))
		if errors.Is(err, task.ErrNoData) {
			return fmt.Errorf("%w%s", err, whereData(o.data, tasks))
		}
		if err != nil {
			return err
		}
		for i := range items {
			if o.asJSON {
				err = json.NewEncoder(a.Out).Encode(&items[i])
			} else {
				err = printItem(a.Out, t, &items[i], asChat)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// shownImage is the path of an image, or the beginning of one that is in its row.
func shownImage(path string) string {
	if strings.HasPrefix(path, "data:") {
		kind, content, _ := strings.Cut(path, ",")
		return fmt.Sprintf("%s, %d bytes", kind, len(content)*3/4)
	}
	return path
}

func printTask(w io.Writer, t *task.Task) {
	line(w, "task", "%s", t.Name)
	for _, l := range []struct{ name, text string }{
		{"title", t.Title}, {"about", t.About}, {"license", t.License}, {"source", t.Source},
	} {
		if l.text != "" {
			line(w, l.name, "%s", l.text)
		}
	}
	norm := ""
	if t.Method == task.MethodChoice {
		norm = string(t.Choice.Norm)
	}
	line(w, "method", "%s%s%s", t.Method, around(", graded by ", t.Grader.Name()), around(", normed by ", norm))
	if t.Grader != nil && t.Grader.Rubric != nil {
		for _, c := range t.Grader.Rubric.Criteria {
			line(w, "criterion", "%s, %g: %s", c.Name, c.Points, c.Text)
		}
	}
}

// printItem prints what is read, and what is right.
func printItem(w io.Writer, t *task.Task, item *task.Item, asChat bool) error {
	fmt.Fprintf(w, "\n--- item %d, %s%s\n", item.Number, progress.Visible(item.ID), progress.Visible(around(", section ", item.Section)))
	text := item.Text()
	if asChat && item.Prompt != "" {
		c, err := item.Conversation()
		if err != nil {
			return err
		}
		text = eval.Transcript(c)
	}
	for _, path := range item.Images {
		fmt.Fprintf(w, "(image %s)\n", progress.Visible(shownImage(path)))
	}
	if text != "" {
		fmt.Fprintln(w, progress.Visible(text))
	}
	for _, turn := range item.Turns {
		fmt.Fprintf(w, "(the answer)\n%s\n", progress.Visible(turn))
	}
	fmt.Fprintln(w, "---")
	options := item.Choices
	if len(item.Contexts) > 0 {
		fmt.Fprintf(w, "continued by %q:\n", item.Choices[0])
		options = item.Contexts
	}
	for i, o := range options {
		mark := " "
		if i == item.Gold {
			mark = "*"
		}
		fmt.Fprintf(w, "%s %q\n", mark, o)
	}
	if t.Method == task.MethodGenerate || t.Method == task.MethodCloze {
		for _, answer := range item.Answers {
			fmt.Fprintf(w, "* %q\n", answer)
		}
	}
	return nil
}
