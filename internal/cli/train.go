package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/train"
	"github.com/polymath-lm/polymath/train/conversation"
)

// peakTime is how long the machine's limit is measured, for MFU.
const peakTime = 500 * time.Millisecond

// trainFlags are the flags of polymath train.
type trainFlags struct {
	run            string
	resume, dryRun bool
	watch          string
	begin          func() error // as train.Options has it
	command        []string     // what goes on with the run; nil = train
	carbon         float64
}

// addTo gives a command the flags that everything with a run has.
func (o *trainFlags) addTo(f *pflag.FlagSet) {
	f.StringVar(&o.run, "run", "", "directory of the run (default: runs/ and the recipe's file name)")
	f.BoolVar(&o.resume, "resume", false, "go on from the newest checkpoint of the run")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what the run will take, and stop")
}

// addWatchTo gives it the flag of the live page.
func (o *trainFlags) addWatchTo(f *pflag.FlagSet) {
	f.StringVar(&o.watch, "watch", "", "serve the live run page; the address is optional: --watch=localhost:6006")
	f.Lookup("watch").NoOptDefVal = "localhost:6006"
}

// runDir is the run's directory, which the file of the recipe names unless a flag
// does.
func (o *trainFlags) runDir(recipe string) string {
	if o.run != "" {
		return o.run
	}
	return filepath.Join("runs", strings.TrimSuffix(filepath.Base(recipe), filepath.Ext(recipe)))
}

func (a *app) trainCommand() *cobra.Command {
	var o trainFlags
	cmd := &cobra.Command{
		Use:   "train RECIPE",
		Short: "Train a model by a recipe",
		Long: `Train follows the recipe, a YAML file, and keeps everything of the run in one
directory: checkpoints, metrics.jsonl, the run page run.html, and at the end
the model. Interrupted with ctrl-C it saves; --resume goes on and gives the
same bits as a run that was never interrupted.`,
		Example: `  polymath train recipes/tiny.yaml
  polymath train recipes/tiny.yaml --resume --watch
  polymath train recipes/moe-226m.yaml --dry-run`,
		Args: exactly("RECIPE"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.train(cmd.Context(), args[0], o) },
	}
	o.addTo(cmd.Flags())
	o.addWatchTo(cmd.Flags())
	addCarbon(cmd.Flags(), &o.carbon)
	return cmd
}

func (a *app) train(ctx context.Context, path string, o trainFlags) error {
	recipe, err := train.ReadRecipe(path)
	if err != nil {
		return err
	}
	o.run = o.runDir(path)
	return a.follow(ctx, recipe, path, o)
}

// sayFresh says where there is no run to resume: with another name it would be
// another run.
func (a *app) sayFresh(o *trainFlags) {
	if _, err := os.Stat(o.run); o.resume && errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(a.Err, "there is no run in %s to go on from: it begins there\n", o.run)
	}
}

// follow trains by the recipe, which is in the file at path.
func (a *app) follow(ctx context.Context, recipe *train.Recipe, path string, o trainFlags) error {
	a.sayFresh(&o)
	screen := progress.NewScreen(a.Err)
	view := progress.NewTraining(screen, slog.New(slog.NewTextHandler(a.Err, nil)), recipe.TotalSteps())
	options := train.Options{
		RunDir: o.run, Resume: o.resume, DryRun: o.dryRun, Begin: o.begin, Version: readVersion(), Observer: view,
		PeakFLOPS: kernel.ComputePeak(peakTime), Meter: energy.Open(), Carbon: o.carbon,
		Preparing: func(share float64) error {
			screen.Show(fmt.Sprintf("reading conversations: %.0f%%", 100*share))
			return ctx.Err()
		},
	}
	trainer, err := train.New(recipe, options)
	screen.Clear()
	if err != nil {
		return err
	}
	defer trainer.Close()
	plan := trainer.Plan()
	view.SetSteps(plan.Steps)
	printPlan(a.Err, plan)
	printTime(a.Err, plan, options.PeakFLOPS)
	if o.dryRun {
		return nil
	}
	if o.watch != "" { // before anything is written: the port may be in use
		stop, err := a.serveRunPage(o.watch, train.Watch(o.run))
		if err != nil {
			return err
		}
		defer stop()
	}
	result, err := trainer.Run(ctx)
	screen.Clear()
	if err != nil {
		return err
	}
	again := o.command
	if again == nil {
		again = []string{"train"}
	}
	return a.trained(result, shell.Command(append(again, path, "--run", o.run, "--resume")...))
}

// printPlan writes what a run will take.
func printPlan(w io.Writer, p train.Plan) {
	fmt.Fprintf(w, "model     %s parameters, %s active per token\n", progress.Short(float64(p.Parameters)), progress.Short(float64(p.Active)))
	if p.Trained != p.Parameters {
		what := "adapter"
		if len(p.Stages) > 0 {
			what = "stages"
		}
		fmt.Fprintf(w, "%-9s %s parameters are trained, %.2g%% of the model's\n", what, progress.Short(float64(p.Trained)), 100*float64(p.Trained)/float64(p.Parameters))
	}
	if p.Vision != nil {
		printSight(w, &p)
	}
	if p.Data != nil {
		printReport(w, p.Data)
	}
	fmt.Fprintf(w, "data      %s tokens in %s steps", progress.Short(float64(p.Tokens)), progress.Count(int64(p.Steps)))
	switch {
	case p.Data != nil:
		fmt.Fprintf(w, ", %.2f epochs; rows are %.0f%% full", float64(p.Tokens)/float64(p.RowTokens), 100*float64(p.ShardTokens)/float64(p.RowTokens))
	case p.ShardTokens > 0:
		fmt.Fprintf(w, ", %.2f times the shards' %s", float64(p.Tokens)/float64(p.ShardTokens), progress.Short(float64(p.ShardTokens)))
	}
	fmt.Fprintln(w)
	for i := range p.Stages {
		printStage(w, &p, i)
	}
	fmt.Fprintf(w, "compute   %s floating-point operations, %s for each token\n", progress.Short(p.FLOPs), progress.Short(p.FLOPsPerToken))
	printNeeds(w, p.Memory, p.Available, p.DiskBytes, p.DiskFree)
	if p.Advice != "" {
		fmt.Fprintf(w, "too much  %s.\n", p.Advice)
	}
}

// printStage writes what a stage takes. The share of time is that of the compute.
func printStage(w io.Writer, p *train.Plan, i int) {
	s := &p.Stages[i]
	fmt.Fprintf(w, "stage %-3d %s steps of %s x %s rows of %s tokens: %s tokens, %s of memory, %.0f%% of the time\n", i+1,
		progress.Count(int64(s.Steps)), progress.Count(int64(s.Batch.Tokens/(s.Batch.Rows*s.Batch.Sequence))), progress.Count(int64(s.Batch.Rows)),
		progress.Count(int64(s.Batch.Sequence)), progress.Short(float64(s.Tokens)), progress.Bytes(s.Memory), 100*(s.FLOPs+s.Again)/max(p.FLOPs+p.Again, 1))
	fmt.Fprintf(w, "          positions up to %s, rope_theta %s", progress.Count(int64(s.Context)), strconv.FormatFloat(s.RopeTheta, 'f', -1, 64))
	if s.RopeScaling != nil {
		fmt.Fprintf(w, ", %s by %g", s.RopeScaling.Type, s.RopeScaling.Factor)
	}
	if s.Batch.Recompute {
		fmt.Fprint(w, "; activations are computed again")
	}
	fmt.Fprintln(w)
	for _, d := range s.Sources {
		from := d.Shards
		if len(d.Conversations) > 0 {
			from = d.Conversations.String()
		}
		fmt.Fprintf(w, "          %3.0f%% of %s: %.2f times its %s tokens, rows %.0f%% full, %s documents held out\n", 100*d.Share, from,
			float64(d.Read)/float64(max(d.RowTokens, 1)), progress.Short(float64(d.Tokens)), 100*float64(d.Tokens)/float64(max(d.RowTokens, 1)), progress.Count(d.HeldOut))
		if d.Pictures > 0 {
			fmt.Fprintf(w, "          %s pictures an epoch\n", progress.Count(d.Pictures))
		}
		if d.Data != nil {
			printReport(w, d.Data)
		}
	}
}

// printSight writes what seeing takes.
func printSight(w io.Writer, p *train.Plan) {
	v := p.Vision
	fmt.Fprintf(w, "vision    %s parameters in the tower and %s in the projector", progress.Short(float64(v.Tower)), progress.Short(float64(v.Projector)))
	if v.MemoryBytes > 0 {
		fmt.Fprintf(w, ": %s of memory with activations, %s of each checkpoint", progress.Bytes(v.MemoryBytes), progress.Bytes(v.DiskBytes))
	}
	fmt.Fprintf(w, "\npictures  %s an epoch, in %s views: %s image tokens, %.0f%% of the rows\n", progress.Count(v.Pictures), progress.Count(v.Views),
		progress.Short(float64(v.ImageTokens)), 100*float64(v.ImageTokens)/float64(max(p.RowTokens, 1)))
}

// printTime writes about how long a run will take on a machine of that limit.
func printTime(w io.Writer, p train.Plan, peak float64) {
	if peak > 0 {
		took := time.Duration((p.FLOPs + p.Again) / (train.UsualMFU() * peak) * float64(time.Second))
		fmt.Fprintf(w, "time      about %s, if %.0f%% of the measured %sFLOP/s go into the model\n", progress.Duration(took), 100*train.UsualMFU(), progress.Short(peak))
	}
}

// printReport writes what became of a file of conversations.
func printReport(w io.Writer, r *conversation.Report) {
	fmt.Fprintf(w, "examples  %s of %s objects: %s tokens, %s of them learned\n", progress.Count(int64(r.Examples)), progress.Count(int64(r.Objects)),
		progress.Short(float64(r.Tokens)), progress.Short(float64(r.Learned)))
	if r.CutShort > 0 {
		fmt.Fprintf(w, "          %s are longer than a row and cut at its end\n", progress.Count(int64(r.CutShort)))
	}
	if r.Split > 0 {
		fmt.Fprintf(w, "          %s texts are longer than a row and go on in others\n", progress.Count(int64(r.Split)))
	}
	if r.Dropped > 0 {
		fmt.Fprintf(w, "          %s are left out: longer than a row, or no answer within one\n", progress.Count(int64(r.Dropped)))
	}
	printUnused(w, r.Ignored, r.Bad, r.BadLines)
}

// printUnused writes what in a file has no meaning, or cannot be used.
func printUnused(w io.Writer, ignored map[string]int, bad int, lines []string) {
	if len(ignored) > 0 {
		var keys []string
		for _, key := range slices.Sorted(maps.Keys(ignored)) {
			keys = append(keys, fmt.Sprintf("%q (%s)", key, progress.Count(int64(ignored[key]))))
		}
		fmt.Fprintf(w, "          keys without a meaning here, and how many objects have them: %s\n", strings.Join(keys, ", "))
	}
	if bad > 0 {
		fmt.Fprintf(w, "          %s cannot be used and are skipped:\n", progress.Count(int64(bad)))
		for _, line := range lines {
			fmt.Fprintf(w, "          %s\n", line)
		}
	}
}

// lossAndBits is a loss with its bits per byte, if they are known.
func lossAndBits(loss, bits float64) string {
	if bits == 0 {
		return fmt.Sprintf("%.4f", loss)
	}
	return fmt.Sprintf("%.4f (%.3f bits per byte)", loss, bits)
}

// trained says how a run ended, and what to do next.
func (a *app) trained(r train.Result, resume string) error {
	if !r.Finished {
		fmt.Fprintf(a.Err, "interrupted after step %d; saved in %s\ngo on with: %s\n", r.Step, r.Checkpoint, resume)
		return errInterrupted
	}
	fmt.Fprintf(a.Out, "%s: %d steps, loss %.4f", r.ModelDir, r.Step, r.Loss)
	if r.Eval.Tokens > 0 {
		fmt.Fprintf(a.Out, ", held-out %s", lossAndBits(r.Eval.Loss, r.Eval.BitsPerByte))
	}
	if s := r.Eval.Stage; s != nil {
		fmt.Fprintf(a.Out, ", on the last stage's %s", lossAndBits(s.Loss, s.BitsPerByte))
	}
	if r.Eval.SwappedLoss > 0 {
		fmt.Fprintf(a.Out, ", with other pictures %.4f", r.Eval.SwappedLoss)
	}
	if r.Skipped > 0 {
		fmt.Fprintf(a.Out, ", %d steps skipped", r.Skipped)
	}
	fmt.Fprintln(a.Out)
	if e := r.Energy; e != nil && e.Known() {
		fmt.Fprintf(a.Out, "energy    %s; %s a token\n", e, energy.Text(e.Joules/float64(max(r.Tokens, 1))))
	} else if e != nil {
		fmt.Fprintf(a.Err, "energy    %s\n", e)
	}
	return nil
}

// addCarbon gives a command the flag of the electricity's carbon.
func addCarbon(f *pflag.FlagSet, intensity *float64) {
	f.Float64Var(intensity, "carbon", 0, "grams of carbon dioxide per kWh of the electricity")
}

// serveRunPage serves the live page of a run until stop is called.
func (a *app) serveRunPage(address string, page http.Handler) (stop func(), err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--watch: %w; give another address, such as --watch=localhost:0", err)
	}
	server := &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintf(a.Err, "the run page ended: %v\n", err)
		}
	}()
	fmt.Fprintf(a.Err, "run page  http://%s\n", listener.Addr())
	return func() { _ = server.Close() }, nil
}
