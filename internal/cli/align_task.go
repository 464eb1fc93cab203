package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/suite"
)

func (a *app) alignTaskCommand() *cobra.Command {
	var out, data string
	cmd := &cobra.Command{
		Use:   "task TASK[,TASK...]",
		Short: "Write a task's questions with their answers to train on",
		Long: `Task writes the questions of tasks with their first accepted answer as
conversations for sft, one a line; pictures are named by paths relative to the
file. A task is one of 'polymath eval list' or a file, and must ask for an
answer that is written. What a suite examines while other tasks are there to
learn from is refused, and the error names those. Whoever learns from questions
cannot be examined by them.`,
		Example: `  polymath align data task nlvr_train --data DIR --out nlvr.jsonl
  polymath align data task mine.yaml --out mine.jsonl`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.alignTask(args[0], dataDir(data), out) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return suite.Names(), cobra.ShellCompDirectiveDefault
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "file to write, which must not exist")
	addEvalData(f, &data)
	return cmd
}

func (a *app) alignTask(names, data, out string) error {
	tasks, err := findTasks(names)
	if err != nil {
		return usageError{err}
	}
	if err := checkNew(out); err != nil { // before items are made, which may take a while
		return err
	}
	var items []task.Item
	for _, t := range tasks {
		if of := suite.Examines(t.Name); of != nil {
			return usagef("%s examines, in the suite %s, what is not to be learned from: name %s", t.Name, of.Name, strings.Join(of.Train, " or "))
		}
		if t.Method != task.MethodGenerate {
			return usagef("%s is a task of the method %s: only answers that are written can be learned from", t.Name, t.Method)
		}
		more, err := t.Load(task.LoadOptions{DataDir: data, Generators: suite.Generators})
		if err != nil {
			return err
		}
		items = append(items, more...)
	}
	if err := writeNew(out, func(w io.Writer) error { return task.WriteConversations(w, items, filepath.Dir(out)) }); err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%s: %s questions with their answers\n", out, progress.Count(int64(len(items))))
	return nil
}
