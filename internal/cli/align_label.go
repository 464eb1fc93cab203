package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align/label"
	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/internal/localpage"
)

// labelFlags are the flags of polymath align label.
type labelFlags struct {
	db, prompts, answers    string
	export, classes, listen string
	overlap, limit          int
	seed                    uint64
	maxTokens               int
	temperature, topP       float64
	json                    bool
	subject                 subjectFlags
}

// maxLabelModels bounds the models of one command: each two of them are compared.
const maxLabelModels = 8

func (a *app) alignLabelCommand() *cobra.Command {
	var o labelFlags
	cmd := &cobra.Command{
		Use:   "label [MODEL...]",
		Short: "Let people compare answers on a page, and export what they prefer",
		Long: `Label opens a page on which people say which of two answers is better, and
whether one is unsafe or made up, with keys, undo and a queue for each. It keeps
what they say in the SQLite file --db, and the same command goes on. Labellers
are anonymous, and do not see whose answers they compare.

Models, on this machine or at addresses, answer --prompts in the background, two
drawn answers of one model, one of each of several. --answers adds answers made
elsewhere. Without either, the page is of what the file has. Ctrl-C ends it.

--export writes what is preferred for reward and dpo, --classes the classes of
answers for a safety rubric, and --json prints how much is labelled and how far
labellers agree; with these there is no page. At an address MODEL may end with
#NAME, the name of the model there.`,
		Example: `  polymath align label ./model --db labels.db --prompts prompts.jsonl
  polymath align label ./before ./after --db labels.db --prompts prompts.jsonl
  polymath align label --db labels.db --export pairs.jsonl`,
		Args: cobra.MaximumNArgs(maxLabelModels),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return err
			}
			return a.alignLabel(cmd.Context(), args, &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.db, "db", "", "file of labels, which is made if it does not exist")
	f.StringVar(&o.prompts, "prompts", "", "file of prompts that the models answer")
	f.StringVar(&o.answers, "answers", "", "file of prompts with answers that were made elsewhere")
	f.IntVar(&o.overlap, "overlap", 0, fmt.Sprintf("how many people label a comparison (default: %d, or what the file has)", label.DefaultOverlap))
	f.Uint64Var(&o.seed, "seed", 1, "what answers, order and sides follow from, in a new file")
	f.IntVar(&o.limit, "limit", 0, "answer only so many prompts (default: all)")
	f.IntVar(&o.maxTokens, "max-tokens", 512, "tokens of an answer")
	f.Float64Var(&o.temperature, "temperature", 1, "how freely answers are drawn")
	f.Float64Var(&o.topP, "top-p", 1, "draw from the likeliest tokens that make up this share")
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "address of the page")
	f.StringVar(&o.export, "export", "", "write comparisons to this file, which must not exist")
	f.StringVar(&o.classes, "classes", "", "write classes of answers to this file, which must not exist")
	f.BoolVar(&o.json, "json", false, "print the summary as JSON")
	o.subject.add(f)
	return cmd
}

// reports says that labels are to be written or counted, and no page is shown.
func (o *labelFlags) reports() bool { return o.export != "" || o.classes != "" || o.json }

func (o *labelFlags) check(models []string) error {
	switch {
	case o.db == "":
		return usagef("--db is missing: name the file of labels")
	case len(models) > 0 && o.prompts == "":
		return usagef("--prompts is missing: name the file of what the models are asked")
	case len(models) == 0 && o.prompts != "":
		return usagef("--prompts is for models to answer: name one; for answers made elsewhere use --answers")
	case len(models) > 0 && o.reports():
		return usagef("--export, --classes and --json show no page, and so wait for no model: leave MODEL out")
	case len(models) == 1 && o.temperature <= 0:
		return usagef("--temperature is 0: both answers of one model would be the same")
	case o.temperature < 0, o.topP <= 0 || o.topP > 1, o.maxTokens < 1, o.limit < 0, o.overlap < 0:
		return usagef("--temperature, --limit and --overlap are not negative, --top-p is above 0 and at most 1, --max-tokens 1 or more")
	case len(models) > 1 && o.subject.adapter != "":
		return usagef("--adapter is for one model: merge it, and name the merged one")
	}
	for _, m := range models {
		address, name, _ := strings.Cut(m, "#")
		flags := o.subject
		flags.model = cmp.Or(name, flags.model)
		if !isEndpoint(m) {
			address, flags.model = m, ""
		}
		if err := flags.check(address); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) alignLabel(ctx context.Context, models []string, o *labelFlags) (err error) {
	w, err := a.labelWriter(ctx, models, o)
	if err != nil {
		return err
	}
	defer w.close()
	if o.answers != "" { // before a file of labels is made for nothing
		if _, err := os.Stat(o.answers); err != nil {
			return err
		}
	}
	s, err := label.Open(ctx, o.db, label.Options{Create: len(models) > 0 || o.answers != "", Seed: o.seed, Overlap: o.overlap})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	w.store = s
	if o.answers != "" {
		if err := a.addAnswers(ctx, s, o.answers); err != nil {
			return err
		}
	}
	if !o.reports() {
		if err := a.labelPage(ctx, w); err != nil {
			return err
		}
	}
	ctx = context.WithoutCancel(ctx) // the page may have been ended by ctrl-C
	if err := a.exportLabels(ctx, s, o); err != nil {
		return err
	}
	sum, err := s.Summary(ctx)
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(a.Out).Encode(sum)
	}
	_, err = io.WriteString(a.Out, sum.String())
	return err
}

// addAnswers adds answers made elsewhere.
func (a *app) addAnswers(ctx context.Context, s *label.Store, path string) error {
	var total label.Added
	err := label.Each(path, func(p label.Prompt, answers []label.Answer) error {
		if len(answers) < 2 {
			return errors.New("answers: two or more are needed to compare")
		}
		added, err := s.AddElsewhere(ctx, p, answers)
		total.Prompts += added.Prompts
		total.Comparisons += added.Comparisons
		total.Identical += added.Identical
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "%s: %s, %s; %d of identical answers left out\n",
		path, plural(int64(total.Prompts), "new prompt"), plural(int64(total.Comparisons), "new comparison"), total.Identical)
	return nil
}

func (a *app) exportLabels(ctx context.Context, s *label.Store, o *labelFlags) error {
	if o.export != "" {
		var e label.Exported
		err := writeNew(o.export, func(w io.Writer) (err error) {
			e, err = s.WritePairs(ctx, w)
			if err == nil && e.Written == 0 {
				err = fmt.Errorf("%s is not written: no comparison is decided; left out: %s", o.export, leftOut(&e))
			}
			return err
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "%s: %s; left out: %s\n", o.export, plural(int64(e.Written), "comparison"), leftOut(&e))
	}
	if o.classes != "" {
		n := 0
		err := writeNew(o.classes, func(w io.Writer) (err error) {
			n, err = s.WriteClasses(ctx, w, rubric.Default())
			if err == nil && n == 0 {
				err = fmt.Errorf("%s is not written: no labelled answer is to a prompt of a kind", o.classes)
			}
			return err
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "%s: %s with a class\n", o.classes, plural(int64(n), "answer"))
	}
	return nil
}

// leftOut says which comparisons are not among those that are written.
func leftOut(e *label.Exported) string {
	return fmt.Sprintf("%d without labels, %d undecided, %d whose better answer is unsafe or made up", e.Unlabelled, e.Tied, e.Flagged)
}

// labelPage shows the page until it is interrupted, while models write answers.
func (a *app) labelPage(ctx context.Context, w *labelWriter) error {
	address := w.flags.listen
	elsewhere := localpage.CheckAddress(address) != nil
	page := label.NewPage(w.store, elsewhere)
	page.Coming(len(w.subjects) > 0)
	written := make(chan error, 1)
	writing, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		err := w.run(writing)
		page.Coming(false)
		written <- err
	}()
	served := page.Serve(ctx, address, func(url string) {
		fmt.Fprintf(a.Out, "the page is at %s\n", url)
		fmt.Fprintln(a.Err, "ctrl-C ends; what is labelled is kept")
		if elsewhere {
			fmt.Fprintln(a.Err, "other machines reach it by this one's name in place of the address; the path is all that guards it, and nothing is encrypted")
		}
	})
	stop()
	err := <-written
	if ctx.Err() == nil {
		err = errors.Join(served, err)
	}
	return err
}
