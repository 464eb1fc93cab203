package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/eval/judge"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

func (a *app) alignRubricCommand() *cobra.Command {
	cmd := a.group("rubric", "Say what answers are worth, and how well a grader tells them apart",
		a.rubricDefaultCommand(), a.rubricCheckCommand(), a.rubricTrainCommand(), a.rubricMeasureCommand())
	cmd.Long = `Rubric works on the files by which rewards of the kind safety go: the rubric,
which says what each class of answers (A to D) is worth by kind of prompt, and a
classifier, which tells the classes apart where the rubric's rules do not
suffice. Labelled answers are JSON lines with kind (harmful, lookalike or
sensitive), prompt, answer, class (A to D) and, as may be, group.`
	cmd.Example = `  polymath align rubric default > rubric.yaml
  polymath align rubric check rubric.yaml
  polymath align rubric measure answers.jsonl --rubric rubric.yaml`
	return cmd
}

func (a *app) rubricDefaultCommand() *cobra.Command {
	return &cobra.Command{
		Use: "default", Short: "Print the rubric that the program brings, to copy and change",
		Long:    `Default prints the file of the rubric that is used where none is named.`,
		Example: `  polymath align rubric default > rubric.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.Out.Write(rubric.DefaultSource())
			return err
		},
	}
}

func (a *app) rubricCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE", Short: "Read a rubric, and say what is wrong with it",
		Long: `Check reads a rubric strictly, names the line and key of a mistake, and prints
what each class of answers is worth by kind of prompt.`,
		Example: `  polymath align rubric check rubric.yaml`,
		Args:    exactly("FILE"),
		RunE:    func(_ *cobra.Command, args []string) error { return a.rubricCheck(args[0]) },
	}
}

func (a *app) rubricCheck(path string) error {
	r, err := rubric.Read(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%s\n", r.Name)
	fmt.Fprintf(a.Out, "%-10s", "prompt")
	for _, c := range rubric.Classes {
		fmt.Fprintf(a.Out, " %6s", c)
	}
	fmt.Fprintln(a.Out)
	for _, k := range rubric.Kinds {
		fmt.Fprintf(a.Out, "%-10s", k)
		for _, c := range rubric.Classes {
			fmt.Fprintf(a.Out, " %6g", r.Reward(k, c))
		}
		fmt.Fprintln(a.Out)
	}
	p := &r.Rules
	fmt.Fprintf(a.Out, "rules: %s, %d of refusing; refusals have %d words at most\n",
		plural(int64(len(p.Refusal)+len(p.Polite)+len(p.Offer)+len(p.Lecture)+len(p.Evasive)+len(p.Comply)+len(p.Tells)+len(p.Safe)+len(p.Disallowed)+len(p.Markers)), "pattern"),
		len(p.Refusal), r.Style.MaxWords)
	fmt.Fprintf(a.Out, "SHA-256 %s\n", r.Hash())
	return nil
}

// readAnswers reads files of labelled answers.
func readAnswers(paths []string) (list []rubric.Labelled, err error) {
	for _, path := range paths {
		more, err := rubric.ReadLabelled(path)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

type rubricTrainFlags struct {
	out     string
	heldOut float64
	asJSON  bool
}

func (a *app) rubricTrainCommand() *cobra.Command {
	var o rubricTrainFlags
	cmd := &cobra.Command{
		Use: "train ANSWERS...", Short: "Learn to tell classes of answers from labelled ones",
		Long: `Train learns a classifier from labelled answers and writes it to --out. A share
of the groups, or where there are none of the prompts, is held out: what is
printed is how well the classifier tells those. A reward of the kind safety uses
the file as classifier.`,
		Example: `  polymath align data safety --what labels --out labels.jsonl
  polymath align rubric train labels.jsonl mine.jsonl --out classifier`,
		Args: atLeastOne("ANSWERS"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.rubricTrain(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "file to write, which must not exist")
	f.Float64Var(&o.heldOut, "held-out", 0.2, "share of the groups that measures, from 0 to 0.5")
	f.BoolVar(&o.asJSON, "json", false, "print the measurement as one JSON object")
	return cmd
}

func (a *app) rubricTrain(ctx context.Context, paths []string, o rubricTrainFlags) error {
	switch {
	case o.out == "":
		return usagef("--out is missing: name the file to write")
	case !(o.heldOut >= 0 && o.heldOut <= 0.5):
		return usagef("--held-out is a share from 0 to 0.5")
	}
	if _, err := os.Lstat(o.out); err == nil {
		return fmt.Errorf("%s exists: name another file, or remove it", o.out)
	}
	answers, err := readAnswers(paths)
	if err != nil {
		return err
	}
	learn, held := rubric.HoldOut(answers, o.heldOut)
	c, err := rubric.TrainClassifier(rubric.ClassifierOptions(), learn)
	if err != nil {
		return err
	}
	if err := c.Write(o.out); err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "%s: learned from %s, %s held out\n", o.out, plural(int64(len(learn)), "answer"), progress.Count(int64(len(held))))
	if len(held) == 0 {
		return nil
	}
	accuracy, err := rubric.Measure(ctx, c, held)
	if err != nil {
		return err
	}
	return a.printAccuracy(accuracy, 0, o.asJSON)
}

type rubricMeasureFlags struct {
	rubric, classifier, judge string
	wrong                     int
	asJSON                    bool
	subject                   subjectFlags
}

func (a *app) rubricMeasureCommand() *cobra.Command {
	var o rubricMeasureFlags
	cmd := &cobra.Command{
		Use: "measure ANSWERS...", Short: "Say how well a grader tells classes of answers",
		Long: `Measure grades labelled answers by the rules of a rubric, by a classifier, or by
a model as judge, and prints the confusion matrix, and of each class the share
that was found and the share of those told to be of it that is, with 95%
intervals. Measure with answers that the grader was not made from.`,
		Example: `  polymath align rubric measure answers.jsonl
  polymath align rubric measure answers.jsonl --classifier classifier --wrong 10
  polymath align rubric measure answers.jsonl --judge http://127.0.0.1:8080/v1`,
		Args: atLeastOne("ANSWERS"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.rubricMeasure(cmd.Context(), args, &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.rubric, "rubric", "", "file of the rubric (default: the one that the program brings)")
	f.StringVar(&o.classifier, "classifier", "", "file of a classifier, in place of the rules")
	f.StringVar(&o.judge, "judge", "", "model or address that tells the classes, in place of the rules")
	f.IntVar(&o.wrong, "wrong", 0, "how many answers that were told wrong are printed")
	f.BoolVar(&o.asJSON, "json", false, "print the measurement as one JSON object")
	addRubricJudge(f, &o.subject)
	return cmd
}

// addRubricJudge adds what a judge needs beside its name.
func addRubricJudge(f *pflag.FlagSet, o *subjectFlags) {
	o.chat = "auto"
	f.StringVar(&o.model, "judge-model", "", "name of the judge at an address")
	f.DurationVar(&o.timeout, "timeout", defaultTimeout, "how long an address may take to answer")
}

func (a *app) rubricMeasure(ctx context.Context, paths []string, o *rubricMeasureFlags) error {
	if o.classifier != "" && o.judge != "" {
		return usageError{errors.New("--classifier or --judge tells the classes, not both")}
	}
	if err := checkJudgeName(o.judge, o.subject.model); err != nil {
		return err
	}
	rules := rubric.Default()
	if o.rubric != "" {
		var err error
		if rules, err = rubric.Read(o.rubric); err != nil {
			return err
		}
	}
	answers, err := readAnswers(paths)
	if err != nil {
		return err
	}
	grader := rubric.ByRules(rules)
	switch {
	case o.classifier != "":
		if grader, err = rubric.OpenClassifier(o.classifier); err != nil {
			return err
		}
	case o.judge != "":
		s, err := a.openSubject(ctx, o.judge, &o.subject)
		if err != nil {
			return fmt.Errorf("--judge: %w", err)
		}
		defer s.close()
		grader = rubric.ByModel(rules, judge.Ask(s.subject))
	}
	accuracy, err := rubric.Measure(ctx, grader, answers)
	if err != nil {
		return err
	}
	return a.printAccuracy(accuracy, o.wrong, o.asJSON)
}

func (a *app) printAccuracy(accuracy *rubric.Accuracy, wrong int, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.Out).Encode(accuracy)
	}
	fmt.Fprint(a.Out, accuracy.String())
	for _, m := range accuracy.Wrong[:min(max(wrong, 0), len(accuracy.Wrong))] {
		fmt.Fprintf(a.Out, "\n%s, told %s", m.Class, m.Told)
		if m.Why != "" {
			fmt.Fprintf(a.Out, " (%s)", progress.Visible(m.Why))
		}
		fmt.Fprintf(a.Out, "\n  %s: %s\n  %s\n", m.Kind, progress.Visible(m.Prompt), progress.Visible(m.Answer))
	}
	return nil
}
