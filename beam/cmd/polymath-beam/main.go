// Polymath-beam builds a corpus on many machines: it runs the recipe of
// polymath corpus build as an Apache Beam pipeline.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"

	"github.com/polymath-lm/polymath/beam/pipeline"
)

var (
	out       = flag.String("out", "", "directory on this machine for the shards (required)")
	work      = flag.String("work", "", "directory that all machines share for what they write: a path, gs://BUCKET/DIR or s3://BUCKET/DIR (default: in --out)")
	rounds    = flag.Int("rounds", pipeline.DefaultRounds, "how often clusters of near duplicates are brought together; too few are an error")
	runBytes  = flag.Int64("run_bytes", pipeline.DefaultRunBytes, "about how much text a machine sorts at a time")
	decisions = flag.Int("decisions", pipeline.DefaultDecisions, "number of files of decisions; a machine sorts one at a time")
)

func main() {
	flag.Usage = usage
	// The name of the recipe may come first; a machine of a cluster is started with
	// flags alone.
	args := os.Args[1:]
	recipe := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		recipe, args = args[0], args[1:]
	}
	_ = flag.CommandLine.Parse(args) // ends the program on an error
	beam.Init()                      // does not return on a machine of a cluster
	if recipe == "" {
		recipe = flag.Arg(0)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, recipe); err != nil {
		fmt.Fprintln(os.Stderr, "polymath-beam:", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(flag.CommandLine.Output(), "usage: polymath-beam RECIPE --out DIR [--runner prism|direct|flink|spark|dataflow] [flags]")
	flag.PrintDefaults()
}

func run(ctx context.Context, path string) error {
	switch {
	case path == "":
		return errors.New("name a recipe: polymath-beam RECIPE --out DIR")
	case *out == "":
		return errors.New("name a directory with --out")
	case *jobopts.Async:
		return errors.New("--async: the results are brought when the job has ended; leave it out")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	job := pipeline.Job{
		Name: filepath.Base(path), Recipe: string(text), Work: *work,
		Rounds: *rounds, RunBytes: *runBytes, Decisions: *decisions,
	}
	// What an earlier job left must not get into this one's results.
	name := "beam-" + time.Now().UTC().Format("20060102-150405.000")
	if job.Work == "" {
		if job.Work, err = filepath.Abs(filepath.Join(*out, name)); err != nil {
			return err
		}
	} else {
		job.Work = strings.TrimSuffix(job.Work, "/") + "/" + name
	}
	return build(ctx, job)
}

// build runs the pipeline and brings its results.
func build(ctx context.Context, job pipeline.Job) error {
	p, s := beam.NewPipelineWithRoot()
	if err := pipeline.Build(s, job); err != nil {
		return err
	}
	if err := pipeline.Begin(job); err != nil {
		return err
	}
	if err := beamx.Run(ctx, p); err != nil {
		return err
	}
	m, err := pipeline.Finish(ctx, job, *out)
	if err != nil {
		return err
	}
	if err := pipeline.Clean(ctx, job); err != nil {
		return fmt.Errorf("the corpus is complete, but %s is still there: %w", job.Work, err)
	}
	for _, s := range m.Sources {
		fmt.Printf("%s: %d records, %d kept by the filters, %d left of duplicates\n",
			s.Name, s.Report.Funnel.Read.Docs, s.Report.Funnel.Kept.Docs, s.Left.Docs)
	}
	fmt.Printf("%d tokens of %d documents in %s\n", m.Mixed.Manifest.Tokens, m.Mixed.Manifest.Docs, filepath.Join(*out, "shards"))
	return nil
}
