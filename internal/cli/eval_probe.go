package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/eval/probe"
	"github.com/polymath-lm/polymath/internal/cli/interrupt"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
)

// probeFolders are where the pictures are below the data directory.
const probeFolders = "vis_cifar10/train"

// probeFlags are the flags of polymath eval probe.
type probeFlags struct {
	data, pictures string
	limit          int
	asJSON         bool
}

func (a *app) evalProbeCommand() *cobra.Command {
	var o probeFlags
	cmd := &cobra.Command{
		Use:   "probe MODEL",
		Short: "Measure a vision tower by a linear classifier of pictures",
		Long: `Probe tells classes of pictures apart by a plane through what MODEL's vision
tower makes of them, averaged over the patches of one view: CIFAR-10 in --data,
or --pictures, a directory with a folder of pictures for each class. About a
fifth of the pictures, always the same, measure; the rest train the classifier,
a ridge regression, which is not kept. Beside it stands what the same classifier
makes of the mean colors of an 8 by 8 grid, and the difference in pairs.`,
		Example: `  polymath eval probe MODEL --data ../data
  polymath eval probe MODEL --pictures photos --limit 200`,
		Args: exactly("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.limit < 0 {
				return usagef("--limit is a number from 1 on, or 0 for all")
			}
			return a.evalProbe(cmd.Context(), args[0], &o)
		},
	}
	f := cmd.Flags()
	addEvalData(f, &o.data)
	f.StringVar(&o.pictures, "pictures", "", "directory with a folder of pictures for each class (default: "+probeFolders+" in the data)")
	f.IntVar(&o.limit, "limit", 0, "pictures of each class, the same ones in every run; 0 is all")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return cmd
}

func (a *app) evalProbe(ctx context.Context, path string, o *probeFlags) error {
	dir := o.pictures
	if dir == "" {
		data := dataDir(o.data)
		if data == "" {
			return usagef("name the pictures by --pictures, or the data directory by --data or %s", dataVariable)
		}
		dir = filepath.Join(data, filepath.FromSlash(probeFolders))
	}
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	m, err := model.Load(path, false)
	if err != nil {
		return err
	}
	shown := -1
	r, err := probe.Run(ctx, m, probe.Options{Dir: dir, Limit: o.limit, Observe: func(done, all int) {
		if tenth := 10 * done / all; tenth > shown {
			shown = tenth
			fmt.Fprintf(a.Err, "%s of %s pictures seen\n", progress.Count(int64(done)), progress.Count(int64(all)))
		}
	}})
	switch {
	case err != nil && ctx.Err() != nil && interrupt.Alone(err):
		return errInterrupted
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case o.asJSON:
		return json.NewEncoder(a.Out).Encode(r)
	}
	a.printProbe(r)
	return nil
}

func (a *app) printProbe(r *probe.Result) {
	percentOf := func(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }
	table(a.Out, [][]string{
		{"linear probe", "accuracy", "95% interval", "pictures"},
		{fmt.Sprintf("tower, %d features", r.Width), percentOf(r.Accuracy.Value), intervalText(r.Accuracy), progress.Count(int64(r.Test))},
		{"colors of a grid", percentOf(r.Pixels.Value), intervalText(r.Pixels), progress.Count(int64(r.Test))},
	})
	d := r.Difference
	fmt.Fprintf(a.Out, "difference %+.1f points", 100*d.Value)
	if d.Available() {
		fmt.Fprintf(a.Out, ", %+.1f to %+.1f", 100*d.Low, 100*d.High)
	}
	fmt.Fprintf(a.Out, "; chance %s; %s: %s; trained on %s\n", percentOf(r.Chance), fmt.Sprintf("%d classes", len(r.Classes)),
		strings.Join(r.Classes, ", "), plural(int64(r.Train), "picture"))
}
