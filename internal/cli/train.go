package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/train"
)

// peakTime is how long the machine's limit is measured, for MFU.
const peakTime = 500 * time.Millisecond

// trainFlags are the flags of polymath train.
type trainFlags struct {
	run            string
	resume, dryRun bool
	watch          string
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
	f := cmd.Flags()
	f.StringVar(&o.run, "run", "", "directory of the run (default: runs/ and the recipe's file name)")
	f.BoolVar(&o.resume, "resume", false, "go on from the newest checkpoint of the run")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what the run will take, and stop")
	f.StringVar(&o.watch, "watch", "", "serve the live run page; the address is optional: --watch=localhost:6006")
	f.Lookup("watch").NoOptDefVal = "localhost:6006"
	return cmd
}

func (a *app) train(ctx context.Context, path string, o trainFlags) error {
	recipe, err := train.ReadRecipe(path)
	if err != nil {
		return err
	}
	if o.run == "" {
		o.run = filepath.Join("runs", strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	}
	options := train.Options{RunDir: o.run, Resume: o.resume, Version: readVersion()}
	if !o.dryRun {
		options.PeakFLOPS = kernel.ComputePeak(peakTime)
	}
	screen := progress.NewScreen(a.Err)
	view := progress.NewTraining(screen, slog.New(slog.NewTextHandler(a.Err, nil)), recipe.TotalSteps())
	options.Observer = view
	trainer, err := train.New(recipe, options)
	if err != nil {
		return err
	}
	defer trainer.Close()
	printPlan(a.Err, trainer.Plan())
	if o.dryRun {
		return nil
	}
	if o.watch != "" {
		stop, err := a.serveRunPage(o.watch, o.run)
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
	return a.trained(result, shell.Command("train", path, "--run", o.run, "--resume"))
}

// printPlan writes what a run will take.
func printPlan(w io.Writer, p train.Plan) {
	fmt.Fprintf(w, "model     %s parameters, %s active per token\n", progress.Short(float64(p.Parameters)), progress.Short(float64(p.Active)))
	fmt.Fprintf(w, "data      %s tokens in %s steps", progress.Short(float64(p.Tokens)), progress.Count(int64(p.Steps)))
	if p.ShardTokens > 0 {
		fmt.Fprintf(w, ", %.2f times the shards' %s", float64(p.Tokens)/float64(p.ShardTokens), progress.Short(float64(p.ShardTokens)))
	}
	fmt.Fprintf(w, "\ncompute   %s floating-point operations, %s for each token\n", progress.Short(p.FLOPs), progress.Short(p.FLOPsPerToken))
	fmt.Fprintf(w, "memory    %s of %s\n", progress.Bytes(p.Memory.Total), progress.Bytes(p.Available))
	for _, part := range p.Memory.Parts {
		fmt.Fprintf(w, "          %-20s %10s  %s\n", part.Name, progress.Bytes(part.Bytes), part.Arithmetic)
	}
	free := "an unknown amount"
	if p.DiskFree >= 0 {
		free = progress.Bytes(p.DiskFree)
	}
	fmt.Fprintf(w, "disk      %s of %s free\n", progress.Bytes(p.DiskBytes), free)
}

// trained says how a run ended, and what to do next.
func (a *app) trained(r train.Result, resume string) error {
	if !r.Finished {
		fmt.Fprintf(a.Err, "interrupted after step %d; saved in %s\ngo on with: %s\n", r.Step, r.Checkpoint, resume)
		return errInterrupted
	}
	fmt.Fprintf(a.Out, "%s: %d steps, loss %.4f", r.ModelDir, r.Step, r.Loss)
	if r.Eval.Tokens > 0 {
		fmt.Fprintf(a.Out, ", held-out %.4f", r.Eval.Loss)
	}
	if r.Eval.BitsPerByte > 0 {
		fmt.Fprintf(a.Out, " (%.3f bits per byte)", r.Eval.BitsPerByte)
	}
	if r.Skipped > 0 {
		fmt.Fprintf(a.Out, ", %d steps skipped", r.Skipped)
	}
	fmt.Fprintln(a.Out)
	return nil
}

// serveRunPage serves the live page of a run until stop is called.
func (a *app) serveRunPage(address, run string) (stop func(), err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--watch: %w; give another address, such as --watch=localhost:0", err)
	}
	server := &http.Server{Handler: train.Watch(run), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintf(a.Err, "the run page ended: %v\n", err)
		}
	}()
	fmt.Fprintf(a.Err, "run page  http://%s\n", listener.Addr())
	return func() { _ = server.Close() }, nil
}
