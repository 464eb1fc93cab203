package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align/grounding"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/cli/interrupt"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/task"
)

// rewriteFlags are the flags of polymath align data rewrites.
type rewriteFlags struct {
	subject        subjectFlags
	checker        checkerFlags
	prompts, tasks string
	data, out      string
	limit, rounds  int
	keep           float64
	temperature    float64
	maxTokens      int
	seed           uint64
	dryRun         bool
}

func (a *app) alignRewritesCommand() *cobra.Command {
	var o rewriteFlags
	cmd := &cobra.Command{
		Use:   "rewrites MODEL",
		Short: "Have a model mend answers that a text does not support",
		Long: `Rewrites puts questions on texts to MODEL, checks each statement of its answers
against the text, and has the model rewrite an answer without those that are not
supported, until none is left. What comes of it are comparisons for reward and
dpo: the rewrite is better than the first answer. An answer without a fault, one
that is not mended after all rounds, and a rewrite that says nothing or lost too
much of what was supported give none; they are counted.

MODEL is a directory, a GGUF file, or the address of an API. The statements are
checked by

  world  reading texts of made-up worlds exactly ('align data hallucination')
  judge  a model, --judge: any directory, GGUF file or address
  head   a reward model that learned from 'align data entailment', --head, with
         the calibration that 'align grounding --calibrate' writes into it

--prompts is a file of rows with source and question (or passage, context,
document; prompt, instruction, query), --tasks are tasks of 'polymath eval'
whose rows have them. The comparisons do not depend on how many are worked on at
a time. Interrupted, the same command goes on.`,
		Example: `  polymath align data rewrites MODEL --tasks halluc_closed_train --out r.jsonl
  polymath align data rewrites MODEL --prompts questions.jsonl --out r.jsonl \
      --checker judge --judge https://host/v1 --judge-model NAME
  polymath align data rewrites MODEL --prompts questions.jsonl --out r.jsonl \
      --checker head --head runs/head/model`,
		Args: exactly("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args[0]); err != nil {
				return err
			}
			return a.alignRewrites(cmd.Context(), args[0], &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.prompts, "prompts", "", "file of questions with their texts")
	f.StringVar(&o.tasks, "tasks", "", "tasks, suites or files of tasks, with commas between")
	addEvalData(f, &o.data)
	f.StringVar(&o.out, "out", "", "file to write, which must not exist")
	f.IntVar(&o.limit, "limit", 0, "questions of the file, or of each task; 0 is all")
	f.IntVar(&o.rounds, "rounds", 5, "rewrites of an answer at most")
	f.Float64Var(&o.keep, "keep", 0.5, "share of the supported statements that a rewrite must keep")
	f.Float64Var(&o.temperature, "temperature", 1, "of answers and rewrites; 0 takes the likeliest token")
	f.IntVar(&o.maxTokens, "max-tokens", 256, "tokens of an answer at most")
	f.Uint64Var(&o.seed, "seed", 1, "what is drawn follows from it")
	f.BoolVar(&o.dryRun, "dry-run", false, "check everything, print what would be done, and stop")
	o.checker.add(f)
	o.subject.add(f)
	complete(cmd, "checker", checkers)
	complete(cmd, "chat", []string{"auto", "on", "off"})
	return cmd
}

func (o *rewriteFlags) check(model string) error {
	switch {
	case (o.prompts == "") == (o.tasks == ""):
		return usagef("name the questions by --prompts or by --tasks, one of them")
	case o.out == "":
		return usagef("--out is missing: name the file to write")
	case o.limit < 0 || o.rounds < 1 || o.maxTokens < 1:
		return usagef("--limit is not below 0, and --rounds and --max-tokens are 1 at least")
	case !(o.keep >= 0 && o.keep <= 1):
		return usagef("--keep is a share from 0 to 1")
	case !(o.temperature >= 0 && o.temperature <= 2):
		return usagef("--temperature is from 0 to 2")
	}
	if err := o.checker.check(); err != nil {
		return err
	}
	return o.subject.check(model)
}

func (a *app) alignRewrites(ctx context.Context, model string, o *rewriteFlags) error {
	if _, err := os.Lstat(o.out); err == nil {
		return fmt.Errorf("%s exists: name another file, or remove it", o.out)
	}
	items, err := o.items()
	if err != nil {
		return err
	}
	checker, err := a.openChecker(ctx, &o.checker, &o.subject)
	if err != nil {
		return err
	}
	defer checker.close()
	s, err := a.openSubject(ctx, model, &o.subject)
	if err != nil {
		return err
	}
	defer s.close()
	info := s.subject.Info()
	if !info.Chat {
		return usagef("%s has no chat template, and rewriting is a conversation: --chat on puts it one all the same", model)
	}
	if o.dryRun {
		fmt.Fprintf(a.Out, "%s questions to %s, up to %s each; statements are checked by %s\n",
			progress.Count(int64(len(items))), info.Name, plural(int64(1+o.rounds), "answer"), checker.name)
		return nil
	}
	loop := &grounding.Loop{Answer: o.answerer(s.subject), Checker: checker, Rounds: o.rounds, Keep: o.keep, Seed: o.seed}
	tally, err := a.writeRewrites(ctx, loop, items, o, grounding.Options{
		Key:      strings.Join([]string{info.Name, info.Fingerprint, checker.name, fmt.Sprint(o.temperature, o.maxTokens)}, "\n"),
		Parallel: max(1, info.Parallel),
	})
	if err != nil {
		return a.rewritesEnded(ctx, err, o, model)
	}
	fmt.Fprint(a.Out, tallied(tally))
	if tally.Outcomes[grounding.Mended] == 0 { // an empty file would fail where it is learned from
		if err := os.Remove(o.out); err != nil {
			return err
		}
		return fmt.Errorf("no answer was mended, so there is no comparison to write to %s", o.out)
	}
	fmt.Fprintf(a.Out, "%s: %s\n", o.out, plural(int64(tally.Outcomes[grounding.Mended]), "comparison"))
	return nil
}

// writeRewrites runs the loop with progress.
func (a *app) writeRewrites(ctx context.Context, loop *grounding.Loop, items []grounding.Item, o *rewriteFlags, w grounding.Options) (*grounding.Tally, error) {
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	w.Observe = func(done int, t grounding.Tally) {
		screen.Show(fmt.Sprintf("  %s %d of %d questions, %d mended", progress.Bar(shareDone(done, len(items)), 40), done, len(items), t.Outcomes[grounding.Mended]))
	}
	return loop.Write(ctx, o.out, items, w)
}

// rewritesEnded says how to go on after an interruption.
func (a *app) rewritesEnded(ctx context.Context, err error, o *rewriteFlags, model string) error {
	if ctx.Err() != nil && (interrupt.Alone(err) || errors.Is(err, context.Cause(ctx))) {
		fmt.Fprintf(a.Err, "interrupted; what is done is kept in %s.part\ngo on with the same command: %s ...\n", o.out, shell.Command("align", "data", "rewrites", model))
		return errInterrupted
	}
	if errors.Is(err, eval.ErrUnavailable) {
		return fmt.Errorf("%w; what is done is kept: the same command goes on", err)
	}
	return err
}

// items are the questions, of a file or of tasks.
func (o *rewriteFlags) items() ([]grounding.Item, error) {
	if o.prompts == "" {
		return o.taskItems()
	}
	items, err := grounding.ReadItems(o.prompts)
	if o.limit > 0 && len(items) > o.limit {
		items = items[:o.limit]
	}
	return items, err
}

func (o *rewriteFlags) taskItems() ([]grounding.Item, error) {
	tasks, err := findTasks(o.tasks)
	if err != nil {
		return nil, usageError{err}
	}
	flags := evalFlags{data: o.data, limit: o.limit, shots: -1, seed: o.seed}
	var all []grounding.Item
	for _, t := range tasks {
		list, err := t.Load(loadOptions(&flags))
		if err != nil {
			return nil, err
		}
		for i := range list {
			item, err := groundedItem(t, &list[i])
			if err != nil {
				return nil, fmt.Errorf("task %s, item %s: %w", t.Name, list[i].ID, err)
			}
			all = append(all, item)
		}
	}
	return all, nil
}

// groundedItem is an item of a task as a question on a text, which the grader names, or
// else a field.
func groundedItem(t *task.Task, item *task.Item) (grounding.Item, error) {
	fields := map[string]any{"prompt": item.Prompt}
	for key, value := range item.Row {
		if key != "prompt" {
			fields[key] = value
		}
	}
	q, err := grounding.ItemOf(fields)
	if err != nil {
		return q, err
	}
	q.ID, q.System = t.Name+"/"+item.ID, item.System
	if t.Grader == nil || t.Grader.Grounded == nil {
		return q, nil
	}
	source, err := task.NewTemplate(t.Grader.Grounded.Source)
	if err != nil {
		return q, err
	}
	q.Source, err = source.Execute(item.Row)
	return q, err
}

// answerer lets the subject answer.
func (o *rewriteFlags) answerer(s eval.Subject) func(context.Context, []chat.Message, uint64) (string, error) {
	return func(ctx context.Context, messages []chat.Message, seed uint64) (string, error) {
		answer, err := s.Generate(ctx, eval.Request{
			Conversation: chat.Conversation{Messages: messages}, MaxTokens: o.maxTokens, Temperature: o.temperature, TopP: 1, Seed: seed,
		})
		if err == nil && answer.Cut > 0 {
			err = fmt.Errorf("the conversation is %d tokens too long for %s", answer.Cut, s.Info().Name)
		}
		return answer.Text, err
	}
}

// tallied says what became of the questions.
func tallied(t *grounding.Tally) string {
	var b strings.Builder
	for _, outcome := range grounding.Outcomes {
		if n := t.Outcomes[outcome]; n > 0 {
			fmt.Fprintf(&b, "%6d  %s", n, outcome)
			if outcome == grounding.Mended {
				b.WriteString(roundsOf(t))
			}
			b.WriteByte('\n')
		}
	}
	if t.Statements > 0 {
		fmt.Fprintf(&b, "of %d statements of first answers %.1f%% were not supported\n", t.Statements, 100*float64(t.Unsupported)/float64(t.Statements))
	}
	return b.String()
}

func roundsOf(t *grounding.Tally) string {
	var rounds []int
	for n := range t.Rounds {
		rounds = append(rounds, n)
	}
	slices.Sort(rounds)
	var parts []string
	for _, n := range rounds {
		parts = append(parts, fmt.Sprintf("%d in %s", t.Rounds[n], plural(int64(n), "round")))
	}
	return ": " + strings.Join(parts, ", ")
}
