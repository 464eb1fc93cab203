package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/plan/scaling"
	"github.com/polymath-lm/polymath/train"
)

// predictFlags are the flags of polymath predict.
type predictFlags struct {
	recipe, out, plot, check, verify, key string
	exams                                 []string
	task                                  string
	compute                               float64
	asJSON                                bool
}

func (a *app) predictCommand() *cobra.Command {
	var o predictFlags
	cmd := &cobra.Command{
		Use:   "predict RUN...",
		Short: "Foretell a larger run's loss from smaller runs",
		Long: `Predict fits the held-out losses of finished runs as L(C) = a C^b + c, and by
parameters and tokens where the runs allow it, and foretells the loss of a
larger run with its 95% interval: the run of a recipe, or any of that compute.
The prediction is written with its date, the hashes of all that it rests on,
and a signature. --check holds it against the run, which must have begun later;
--verify looks at the signature alone. RUN is a directory of polymath train;
the runs must share data, tokenizer, what is held out, and length of rows.`,
		Example: `  polymath predict runs/l1 runs/l2 runs/l3 runs/l4 --for recipes/big.yaml \
    --out prediction.json --plot prediction.html
  polymath predict --check prediction.json runs/big
  polymath predict --verify prediction.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case o.verify != "":
				return a.verifyPrediction(o, args)
			case o.check != "":
				return a.checkPrediction(o, args)
			}
			return a.predict(o, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.recipe, "for", "", "recipe of the run to foretell")
	f.Float64Var(&o.compute, "compute", 0, "compute of the run to foretell, in FLOP, such as 3e17")
	f.StringVar(&o.out, "out", "", "file of the prediction; it must not be there")
	f.StringVar(&o.plot, "plot", "", "file of an HTML page with the runs, the fit and the prediction")
	f.StringVar(&o.check, "check", "", "hold the prediction in this file against RUN")
	f.StringVar(&o.verify, "verify", "", "verify the signature of this file, and stop")
	f.StringSliceVar(&o.exams, "exams", nil, "directories of 'polymath eval', one for each RUN in its order: foretell pass rates too")
	f.StringVar(&o.task, "task", "", "task of the examinations, where they have several")
	f.StringVar(&o.key, "key", "", "file of the signing key; else prediction-key.pem in the configuration")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return cmd
}

// keyPath is where the signing key is.
func (o *predictFlags) keyPath() string {
	if o.key != "" {
		return o.key
	}
	return configDir(os.UserConfigDir, "prediction-key.pem")
}

func (a *app) predict(o predictFlags, args []string) error {
	switch {
	case len(args) == 0:
		return usagef("polymath predict needs RUN; see 'polymath predict --help'")
	case (o.recipe == "") == (o.compute == 0):
		return usagef("give one of --for RECIPE and --compute FLOP")
	case o.task != "" && len(o.exams) == 0:
		return usagef("--task chooses a task of examinations: name these by --exams")
	case o.key != "" && o.out == "":
		return usagef("--key signs the file that --out names: give both, or neither")
	}
	basis, conditions, err := readBasis(args)
	if err != nil {
		return err
	}
	target, err := predictTarget(o, conditions)
	if err != nil {
		return err
	}
	p, err := scaling.Predict(basis, target, describeConditions(conditions.Conditions, conditions.tokens), time.Now(), readVersion())
	if err != nil {
		return err
	}
	if len(o.exams) > 0 {
		if p.Capability, err = a.foretellExam(o, args, target.FLOPs); err != nil {
			return err
		}
	}
	if o.out != "" {
		key, made, err := scaling.LoadKey(o.keyPath())
		if err != nil {
			return err
		}
		if made {
			fmt.Fprintf(a.Err, "made a signing key: %s (%s)\n", o.keyPath(), key.Fingerprint())
		}
		if err := key.WriteFile(o.out, p); err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "prediction: %s, signed by %s\n", o.out, key.Fingerprint())
	}
	return a.showPrediction(o, p, nil)
}

// common is what all runs have in common, with the tokens that were measured.
type common struct {
	train.Conditions
	first  string // a run that has them
	tokens int64
}

// readBasis reads the runs and sees that they are comparable.
func readBasis(dirs []string) ([]scaling.Basis, common, error) {
	var basis []scaling.Basis
	var c common
	for i, dir := range dirs {
		f, err := train.ReadFinished(dir)
		if err != nil {
			return nil, c, err
		}
		if i == 0 {
			c = common{f.Conditions, dir, f.Eval.Tokens}
		}
		if d := f.Conditions.Differ(c.Conditions); d != "" {
			return nil, c, fmt.Errorf("%s and %s cannot be compared: %s", dir, c.first, d)
		}
		if f.Eval.Tokens != c.tokens {
			return nil, c, fmt.Errorf("%s and %s cannot be compared: their losses are of %d and %d held-out tokens", dir, c.first, f.Eval.Tokens, c.tokens)
		}
		if at := slices.IndexFunc(basis, func(b scaling.Basis) bool { return b.Metrics == f.Metrics }); at >= 0 {
			return nil, c, fmt.Errorf("%s and %s are one run, which would count twice: name it once", dirs[at], dir)
		}
		run, err := runOf(f)
		if err != nil {
			return nil, c, err
		}
		basis = append(basis, scaling.Basis{Run: run, Recipe: f.RecipeHash, Model: f.Model, Metrics: f.Metrics})
	}
	return basis, c, nil
}

// runOf is a finished run. Where the run does not say its compute, it is planned again.
func runOf(f *train.Finished) (scaling.Run, error) {
	run := scaling.Run{
		Name: filepath.Base(filepath.Clean(f.Dir)), FLOPs: f.FLOPs, Parameters: f.Parameters, Active: f.Active,
		Tokens: f.Tokens, Loss: f.Eval.Loss,
	}
	if run.FLOPs > 0 {
		return run, nil
	}
	t, err := train.New(f.Recipe, train.Options{RunDir: f.Dir, DryRun: true})
	if err != nil {
		return run, fmt.Errorf("%s does not say its compute, and it cannot be planned again: %w", f.Dir, err)
	}
	run.FLOPs = t.Plan().FLOPs
	return run, t.Close()
}

// predictTarget is the run to foretell, which must be under the runs' conditions.
func predictTarget(o predictFlags, c common) (scaling.Target, error) {
	if o.recipe == "" {
		return scaling.Target{FLOPs: o.compute}, nil
	}
	r, err := train.ReadRecipe(o.recipe)
	if err != nil {
		return scaling.Target{}, err
	}
	t, err := train.New(r, train.Options{DryRun: true})
	if err != nil {
		return scaling.Target{}, err
	}
	defer func() { _ = t.Close() }() // it was only read
	if d := t.Conditions().Differ(c.Conditions); d != "" {
		return scaling.Target{}, fmt.Errorf("%s and %s cannot be compared: %s", o.recipe, c.first, d)
	}
	p := t.Plan()
	name := r.Name
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(o.recipe), filepath.Ext(o.recipe))
	}
	return scaling.Target{Name: name, Recipe: r.Hash(), FLOPs: p.FLOPs, Parameters: p.Parameters, Active: p.Active, Tokens: p.Tokens}, nil
}

func describeConditions(c train.Conditions, tokens int64) map[string]string {
	return map[string]string{
		"corpus": c.Corpus, "tokenizer": c.Tokenizer, "held-out share": fmt.Sprint(c.HeldOut),
		"held-out rows": fmt.Sprint(c.EvalRows), "row length": fmt.Sprint(c.Sequence), "held-out tokens": fmt.Sprint(tokens),
	}
}

func (a *app) checkPrediction(o predictFlags, args []string) error {
	if len(args) != 1 || o.recipe != "" || o.compute != 0 || o.out != "" || o.task != "" || o.key != "" || len(o.exams) > 1 {
		return usagef("--check FILE takes one RUN, one directory of --exams at most, and none of --for, --compute, --task, --key and --out")
	}
	p, signer, err := scaling.ReadFile(o.check)
	if err != nil {
		return err
	}
	f, err := train.ReadFinished(args[0])
	if err != nil {
		return err
	}
	run, err := runOf(f)
	if err != nil {
		return err
	}
	var answers *scaling.Answers
	if len(o.exams) == 1 {
		if p.Capability == nil {
			return usagef("%s foretells no examination: leave out --exams", o.check)
		}
		if answers, err = readExamAnswers(o.exams[0], p.Capability.Task, run.FLOPs); err != nil {
			return err
		}
	}
	outcome, err := p.Check(scaling.Done{
		Run: run, Answers: answers, Recipes: []string{f.RecipeHash, f.Recipe.Hash()}, Began: f.Began,
		Conditions: describeConditions(f.Conditions, f.Eval.Tokens),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "signature: right, by %s\n", signer)
	return a.showPrediction(o, p, outcome)
}

func (a *app) verifyPrediction(o predictFlags, args []string) error {
	if len(args) > 0 || o.check != "" || o.recipe != "" || o.compute != 0 || o.out != "" || o.task != "" || o.key != "" || len(o.exams) > 0 {
		return usagef("--verify FILE takes nothing else but --plot and --json")
	}
	p, signer, err := scaling.ReadFile(o.verify)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "signature: right, by %s\n", signer)
	return a.showPrediction(o, p, nil)
}

// showPrediction prints, and draws where that is asked for; outcome may be nil.
func (a *app) showPrediction(o predictFlags, p *scaling.Prediction, outcome *scaling.Outcome) error {
	if o.plot != "" {
		page, err := p.Page(outcome)
		if err != nil {
			return err
		}
		if _, err := atomicfile.WriteBytes(o.plot, page); err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "page: %s\n", o.plot)
	}
	if o.asJSON {
		return json.NewEncoder(a.Out).Encode(struct {
			*scaling.Prediction
			Outcome *scaling.Outcome `json:"outcome,omitempty"`
		}{p, outcome})
	}
	printPrediction(a.Out, p, outcome)
	return nil
}
