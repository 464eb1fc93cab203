package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align/grounding"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// groundingFlags are the flags of polymath align grounding.
type groundingFlags struct {
	checker   checkerFlags
	subject   subjectFlags
	labelled  string
	limit     int
	passage   int
	calibrate bool
	asJSON    bool
}

func (a *app) alignGroundingCommand() *cobra.Command {
	var o groundingFlags
	cmd := &cobra.Command{
		Use:   "grounding",
		Short: "Measure who checks whether a text supports statements",
		Long: `Grounding has statements checked of which it is known whether a text supports
them, and says how many are told right, by kind, with intervals, and how far the
probabilities can be believed. --labelled is a file of rows with source,
statement and supported, such as 'polymath align data entailment --labelled'
writes; label some of your own model's answers too.

With --calibrate half of the documents calibrate the head, whose file
grounding.json is then written into its directory, and the other half measures
it, beside the share of the statement's words that the text has, which needs no
model and is calibrated the same way.`,
		Example: `  polymath align grounding --labelled held.jsonl --checker head \
      --head runs/head/model --calibrate
  polymath align grounding --labelled held.jsonl --checker judge --judge MODEL`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return a.alignGrounding(cmd.Context(), &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.labelled, "labelled", "", "file of labelled statements")
	f.IntVar(&o.limit, "limit", 0, "statements of the file; 0 is all")
	f.BoolVar(&o.calibrate, "calibrate", false, "calibrate the head by half of the documents")
	f.IntVar(&o.passage, "passage", 500, "characters of a text that the head is shown at a time, with --calibrate")
	f.BoolVar(&o.asJSON, "json", false, "print the measurement as one JSON object")
	o.checker.add(f)
	o.subject.add(f)
	complete(cmd, "checker", checkers)
	complete(cmd, "chat", []string{"auto", "on", "off"})
	return cmd
}

func (o *groundingFlags) check() error {
	switch {
	case o.labelled == "":
		return usagef("--labelled is missing: name the file of labelled statements")
	case o.limit < 0:
		return usagef("--limit is not below 0")
	case o.calibrate && o.checker.kind != checkHead:
		return usagef("--calibrate is for --checker head")
	case o.passage < grounding.SmallestPassage:
		return usagef("--passage is %d at least", grounding.SmallestPassage)
	}
	if err := o.checker.check(); err != nil {
		return err
	}
	return o.subject.check(o.checker.judge)
}

// measured is what --json prints.
type measured struct {
	Checker     string                 `json:"checker"`
	Accuracy    *grounding.Accuracy    `json:"accuracy"`
	Calibration *grounding.Calibration `json:"calibration,omitempty"`
	// ByWords is the accuracy of the share of words, with --calibrate.
	ByWords *grounding.Accuracy `json:"by_words,omitempty"`
}

func (a *app) alignGrounding(ctx context.Context, o *groundingFlags) error {
	list, err := grounding.ReadLabelled(o.labelled)
	if err != nil {
		return err
	}
	if o.limit > 0 && len(list) > o.limit {
		list = list[:o.limit]
	}
	var m *measured
	if o.calibrate {
		m, err = a.calibrateHead(ctx, o, list)
	} else {
		m, err = a.measureChecker(ctx, o, list)
	}
	if err != nil {
		return err
	}
	if o.asJSON {
		return writeIndented(a.Out, m)
	}
	fmt.Fprintf(a.Out, "%s\n%s", m.Checker, m.Accuracy)
	if m.ByWords != nil {
		fmt.Fprintf(a.Out, "\nby the share of words alone\n%s\n%s: the calibration\n", m.ByWords, filepath.Join(o.checker.head, calibrationFile))
	}
	return nil
}

func (a *app) measureChecker(ctx context.Context, o *groundingFlags, list []grounding.Labelled) (*measured, error) {
	c, err := a.openChecker(ctx, &o.checker, &o.subject)
	if err != nil {
		return nil, err
	}
	defer c.close()
	accuracy, err := a.measure(ctx, c, list)
	return &measured{Checker: c.name, Accuracy: accuracy}, err
}

// measure has labelled statements checked, with progress.
func (a *app) measure(ctx context.Context, c grounding.Checker, list []grounding.Labelled) (*grounding.Accuracy, error) {
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	return grounding.Measure(ctx, c, list, showStatements(screen, "checked", len(list)))
}

func showStatements(screen *progress.Screen, what string, total int) func(done int) {
	return func(done int) {
		screen.Show(fmt.Sprintf("  %s %d of %d statements %s", progress.Bar(shareDone(done, total), 40), done, total, what))
	}
}

// calibrateHead calibrates a head by half of the statements, writes that down and
// measures by the other half.
func (a *app) calibrateHead(ctx context.Context, o *groundingFlags, list []grounding.Labelled) (*measured, error) {
	h, err := openHead(o.checker.head)
	if err != nil {
		return nil, fmt.Errorf("--head: %w", err)
	}
	defer h.close()
	fit, held := grounding.Halves(list)
	if len(fit) == 0 || len(held) == 0 {
		return nil, errors.New("--labelled: its statements are of too few documents to be halved: give those of more groups")
	}
	m := &measured{Checker: "the head " + h.hash}
	c, err := a.fit(ctx, h.score, o.passage, fit)
	if err != nil {
		return nil, err
	}
	m.Calibration = &c
	if m.Accuracy, err = a.measure(ctx, grounding.Entailment(h.score, c), held); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, err
	}
	if _, err := atomicfile.WriteBytes(filepath.Join(o.checker.head, calibrationFile), append(text, '\n')); err != nil {
		return nil, err
	}
	byWords, err := grounding.Fit(ctx, grounding.WordScore, o.passage, fit, nil)
	if err != nil {
		return nil, fmt.Errorf("by the share of words: %w", err)
	}
	m.ByWords, err = grounding.Measure(ctx, grounding.Entailment(grounding.WordScore, byWords), held, nil)
	return m, err
}

func (a *app) fit(ctx context.Context, score grounding.ScoreFunc, passage int, list []grounding.Labelled) (grounding.Calibration, error) {
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	return grounding.Fit(ctx, score, passage, list, showStatements(screen, "scored", len(list)))
}
