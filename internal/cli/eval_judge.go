package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/exam"
	"github.com/polymath-lm/polymath/eval/judge"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// openJudge opens the model that judges by rubrics.
func (a *app) openJudge(ctx context.Context, g *graders, o *evalFlags) error {
	flags := o.subject
	flags.model, flags.adapter = o.judgeModel, ""
	s, err := a.openSubject(ctx, o.judge, &flags)
	if err != nil {
		return fmt.Errorf("--judge: %w", err)
	}
	g.judge, g.judgeName, g.options.Judge = s, judgeName(s.subject), judge.Model(s.subject)
	return nil
}

// checkJudgeName sees that a name given by --judge-model has a judge that is called so.
func checkJudgeName(judge, name string) error {
	switch {
	case name == "" || isEndpoint(judge):
		return nil
	case judge == "":
		return usagef("--judge-model names the judge at an address: give that by --judge")
	}
	return usagef("--judge-model names a judge at an address, and %s is none: that begins with http:// or https://", judge)
}

// judgeName says who judges, and with which weights.
func judgeName(s eval.Subject) string {
	info := s.Info()
	const digits = 16
	return strings.TrimSpace(info.Name + " " + info.Fingerprint[:min(digits, len(info.Fingerprint))])
}

func (a *app) evalJudgeCommand() *cobra.Command {
	var o evalFlags
	var address string
	cmd := &cobra.Command{
		Use:   "judge RUN",
		Short: "Judge free answers by their rubrics: on a page, or by a model",
		Long: `Judge opens a page on which you judge the answers of a run by the rubrics of its
tasks, one after the other; whose they are it does not show. Each judgment is
kept at once, and the same command goes on where you stopped. With --judge a
model judges all of them; what it has judged when it is interrupted, or cannot
be reached any more, is kept. Answers that are not judged now keep the verdict
that they have. Then the run's results and report are written anew.`,
		Example: `  polymath eval judge evals/mine-simpleqa --data ../data
  polymath eval judge evals/mine-simpleqa --judge ./judge-model`,
		Args: exactly("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.judge == "" && o.subject.model != "" {
				return usagef("--model names the judge at an address: give that by --judge")
			}
			if err := o.subject.check(o.judge); o.judge != "" && err != nil {
				return err
			}
			return a.judgeRun(cmd.Context(), args[0], address, &o)
		},
	}
	f := cmd.Flags()
	addEvalData(f, &o.data)
	f.StringVar(&o.judge, "judge", "", "model or address that judges, in place of a person")
	addEvalExams(f, &o.examFiles)
	f.StringVar(&address, "listen", "127.0.0.1:0", "address of the page")
	f.StringVar(&o.report, "report", "", "file of the report (default: report.html in the run's directory)")
	o.subject.add(f)
	return cmd
}

func (a *app) judgeRun(ctx context.Context, dir, address string, o *evalFlags) error {
	f, err := eval.OpenRun(dir)
	if err != nil {
		return err
	}
	if o.exams, err = judgeExams(f, o.examFiles); err != nil {
		return err
	}
	unlock, err := atomicfile.Lock(dir)
	if err != nil {
		return err
	}
	defer func() { _ = unlock() }() // the system has let go of it
	sheets, err := a.judgeSheets(f, o)
	if err != nil {
		return err
	}
	name, judged := "", 0
	if o.judge == "" {
		name = "people"
		judged, err = a.judgeByPeople(ctx, f, sheets, address)
	} else {
		name, judged, err = a.judgeByModel(ctx, f, sheets, o)
	}
	if err != nil && judged == 0 {
		return err
	}
	stopped := err // what was judged before is kept
	f.Result.Settings.Judge = judges(f, name, judged)
	eval.Summarize(f.Result, f.Records)
	f.Result.Exams = exam.Results(o.exams, f.Result)
	if err := f.Save(); err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "judged: %s\n", plural(int64(judged), "answer"))
	return errors.Join(stopped, a.conclude(f, f, nil, nil, o))
}

// judges names who gave the verdicts of a run: the last one, who judged that many, and
// those before whose verdicts are still there.
func judges(f *eval.Finished, last string, judged int) string {
	before, verdicts := f.Result.Settings.Judge, 0
	rubric := map[string]bool{}
	for i := range f.Result.Tasks {
		rubric[f.Result.Tasks[i].Task] = f.Result.Tasks[i].Grader == "rubric"
	}
	for i := range f.Records {
		if rubric[f.Records[i].Task] && f.Records[i].Error == "" {
			verdicts++
		}
	}
	switch {
	case before == "" || judged > 0 && judged == verdicts:
		return last
	case judged == 0:
		return before
	}
	others := slices.DeleteFunc(strings.Split(before, "; "), func(name string) bool { return name == last })
	return strings.Join(append([]string{last}, others...), "; ")
}

// judgeExams finds the examinations of a run, which are scored anew when its answers
// have been judged.
func judgeExams(f *eval.Finished, files []string) ([]*exam.Exam, error) {
	exams, err := examsOf(files)
	if err != nil {
		return nil, err
	}
	for _, had := range f.Result.Exams {
		if !slices.ContainsFunc(exams, func(e *exam.Exam) bool { return e.Name == had.Name }) {
			return nil, fmt.Errorf("%s has the examination %s, whose score changes with what is judged: name its file by --exam", f.Dir, had.Name)
		}
	}
	return exams, nil
}

// judgeSheets loads the tasks of a run that have a rubric, with the items that it had.
func (a *app) judgeSheets(f *eval.Finished, o *evalFlags) ([]judge.Sheet, error) {
	s := f.Result.Settings
	o.limit, o.shots, o.seed = s.Limit, s.Shots, s.Seed
	tasks, err := findTasks(suiteOf(f.Result))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Dir, err)
	}
	hashes := map[string]string{}
	for i := range f.Result.Tasks {
		if t := &f.Result.Tasks[i]; t.Skipped == "" && t.Grader == "rubric" {
			hashes[t.Task] = t.TaskHash
		}
	}
	if len(hashes) == 0 {
		return nil, fmt.Errorf("%s has no answers that are judged by a rubric", f.Dir)
	}
	var sheets []judge.Sheet
	for _, t := range tasks {
		hash, ok := hashes[t.Name]
		if !ok {
			continue
		}
		items, err := t.Load(loadOptions(o))
		if err != nil {
			return nil, err
		}
		if t.Hash(items) != hash {
			return nil, fmt.Errorf("task %s has other items now than in %s: its data or its file has changed", t.Name, f.Dir)
		}
		sheets = append(sheets, judge.Sheet{Task: t, Items: items})
	}
	return sheets, nil
}

// judgeByModel has a model judge.
func (a *app) judgeByModel(ctx context.Context, f *eval.Finished, sheets []judge.Sheet, o *evalFlags) (name string, judged int, err error) {
	s, err := a.openSubject(ctx, o.judge, &o.subject)
	if err != nil {
		return "", 0, fmt.Errorf("--judge: %w", err)
	}
	defer s.close()
	screen := progress.NewScreen(a.Err)
	var failed []error
	defer func() {
		screen.Clear()
		if len(failed) > 0 {
			fmt.Fprintf(a.Err, "%s failed, the first: %v\n", plural(int64(len(failed)), "judgment"), failed[0])
		}
	}()
	show := func(done, total int) {
		screen.Show(fmt.Sprintf("  %s %d of %d judged", progress.Bar(shareDone(done, total), 40), done, total))
	}
	judged, err = judge.Apply(ctx, f.Records, sheets, judge.Model(s.subject), judge.Options{
		Parallel: s.subject.Info().Parallel, Progress: show, Failed: func(err error) { failed = append(failed, err) },
	})
	return judgeName(s.subject), judged, err
}

// judgmentsFile keeps what people judged, in the run's directory.
const judgmentsFile = "judgments.jsonl"

// judgeByPeople serves the page until its reader has finished or interrupts.
func (a *app) judgeByPeople(ctx context.Context, f *eval.Finished, sheets []judge.Sheet, address string) (int, error) {
	questions, err := judge.Questions(f.Records, sheets)
	if err != nil {
		return 0, err
	}
	path := filepath.Join(f.Dir, judgmentsFile)
	page, err := judge.NewPage(path, questions, f.Result.Settings.Seed)
	if err != nil {
		return 0, err
	}
	done, total := page.Progress()
	fmt.Fprintf(a.Err, "%d of %s judged; ctrl-C ends, what is judged is kept\n", done, plural(int64(total), "answer"))
	err = page.Serve(ctx, address, func(url string) { fmt.Fprintf(a.Out, "the page is at %s\n", url) })
	if err != nil && !errors.Is(err, ctx.Err()) {
		return 0, err
	}
	people, err := judge.File(path)
	if err != nil {
		return 0, err
	}
	// The judgments are there, however the page ended.
	return judge.Apply(context.WithoutCancel(ctx), f.Records, sheets, people, judge.Options{})
}
