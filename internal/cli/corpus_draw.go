package cli

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/picture/draw"
)

// drawFlags are the flags of polymath corpus draw.
type drawFlags struct {
	out, sheet     string
	kinds          string
	texts          []string
	textField      string
	dryRun, asJSON bool
	set            draw.SetOptions
}

func (a *app) corpusDrawCommand() *cobra.Command {
	o := drawFlags{kinds: strings.Join(kindNames(), ",")}
	cmd := &cobra.Command{
		Use:   "draw --out DIR",
		Short: "Draw pictures whose content is known, with questions and answers",
		Long: `Draw makes pictures of shapes, charts, tables, clocks, maps, text and diagrams,
each with questions whose answers are certain, descriptions of which every
sentence is true, and the facts as JSON. The same seed gives the same files, on
every machine.

The directory gets JSON lines, train-00000.jsonl and held-out-00000.jsonl and so
on, with a conversation for each picture, and the pictures as PNG files, or with
--inline in the lines. About a tenth is held out: which ones is decided by what
is shown, so that the same things in another order or at other places are on the
same side. Interrupted, the same command goes on; with a larger --number it
adds.`,
		Example: `  polymath corpus draw --out drawn --number 20000
  polymath corpus draw --sheet sheet.png
  polymath corpus draw --out lines --kinds text --text src --text-max 40`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.corpusDraw(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "directory to write")
	f.StringVar(&o.kinds, "kinds", o.kinds, "what to draw, with commas between the kinds")
	f.IntVar(&o.set.Number, "number", 1000, "pictures that the directory shall have")
	f.Uint64Var(&o.set.Seed, "seed", 1, "starts the choice of what is drawn")
	f.IntVar(&o.set.Size, "size", 128, "side of the pictures in pixels")
	f.IntVar(&o.set.Questions, "questions", 6, "questions for each picture at most")
	f.StringVar(&o.set.ChartType, "chart-type", "", "the only type of chart: bar, line or pie (default any)")
	f.StringArrayVar(&o.texts, "text", nil, "render lines of these documents instead of words of its own; may be given several times")
	f.StringVar(&o.textField, "text-field", "", "field of JSONL and Parquet that holds the text (default text)")
	f.IntVar(&o.set.TextMax, "text-max", 24, "characters of a rendered text at most")
	f.BoolVar(&o.set.Inline, "inline", false, "put the pictures into the lines")
	f.StringVar(&o.sheet, "sheet", "", "write a sheet of samples to this PNG file, also without --out")
	f.BoolVar(&o.dryRun, "dry-run", false, "check everything, print what the set will take, and stop")
	f.BoolVar(&o.asJSON, "json", false, "print the manifest as JSON")
	return cmd
}

func kindNames() []string {
	var names []string
	for _, k := range draw.Kinds() {
		names = append(names, string(k))
	}
	return names
}

func (a *app) corpusDraw(ctx context.Context, o drawFlags) (err error) {
	if o.out == "" && o.sheet == "" && !o.dryRun {
		return usagef("name the directory to write with --out, or a file for samples with --sheet")
	}
	if o.set.Kinds, err = draw.ParseKinds(o.kinds); err != nil {
		return usagef("--kinds: %v", err)
	}
	for name, n := range map[string]int{"number": o.set.Number, "size": o.set.Size, "questions": o.set.Questions, "text-max": o.set.TextMax} {
		if n < 1 {
			return usagef("--%s must be at least 1", name)
		}
	}
	for _, k := range o.set.Kinds {
		check := o.set.Options
		check.Kind = k
		if err := check.Check(); err != nil {
			return usagef("%v", err)
		}
	}
	if o.set.ChartType != "" && !slices.Contains(o.set.Kinds, draw.Chart) {
		return usagef("--chart-type is for the kind chart, which --kinds leaves out")
	}
	if len(o.texts) > 0 {
		if !slices.Contains(o.set.Kinds, draw.Text) {
			return usagef("--text is for the kind text, which --kinds leaves out")
		}
		if o.set.Texts, err = a.drawTexts(ctx, o); err != nil {
			return err
		}
	}
	if o.dryRun {
		return a.drawPlan(&o)
	}
	if o.sheet != "" {
		if err := writeSheet(&o); err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "written: %s\n", o.sheet)
	}
	if o.out == "" {
		return nil
	}
	return a.drawSet(ctx, o)
}

// planPictures is how many pictures are made to tell what a set takes.
const planPictures = 64

func (a *app) drawPlan(o *drawFlags) error {
	left := o.set.Number
	if o.out != "" {
		there, err := o.set.Begun(o.out)
		if err != nil {
			return err
		}
		left -= there.Pictures
	}
	n := min(planPictures, o.set.Number)
	begun := time.Now()
	bytes, questions, held := 0, 0, 0
	for i := range n {
		d, err := o.set.Picture(i)
		if err != nil {
			return err
		}
		data, err := d.PNG()
		if err != nil {
			return err
		}
		bytes += len(data)
		questions += len(d.Questions)
		if d.HeldOut {
			held++
		}
	}
	each := time.Since(begun) / time.Duration(n)
	fmt.Fprintf(a.Out, "kinds     %s\n", strings.Join(strings.Split(o.kinds, ","), ", "))
	fmt.Fprintf(a.Out, "pictures  %s of %d x %d pixels, with about %s\n", progress.Count(int64(o.set.Number)), o.set.Size, o.set.Size,
		plural(int64(questions)*int64(o.set.Number)/int64(n), "question"))
	if len(o.set.Texts) > 0 {
		fmt.Fprintf(a.Out, "texts     %s\n", plural(int64(len(o.set.Texts)), "line"))
	}
	if left < o.set.Number {
		fmt.Fprintf(a.Out, "there     %s of them in %s\n", progress.Count(int64(o.set.Number-left)), o.out)
	}
	if o.sheet != "" {
		fmt.Fprintf(a.Out, "sheet     %s with %d samples, which a dry run does not write\n", o.sheet, perKind*len(o.set.Kinds))
	}
	fmt.Fprintf(a.Out, "size      about %s of pictures\n", progress.Bytes(int64(bytes)*int64(left)/int64(n)))
	fmt.Fprintf(a.Out, "time      about %s of one core, without the disk\n", progress.Duration(each*time.Duration(left)))
	return nil
}

// perKind is how many samples of each kind a sheet has, one row for a kind.
const perKind = 8

func writeSheet(o *drawFlags) error {
	var pictures []*image.NRGBA
	for i := range o.set.Kinds {
		for k := range perKind {
			d, err := o.set.Picture(i + k*len(o.set.Kinds))
			if err != nil {
				return err
			}
			pictures = append(pictures, d.Image)
		}
	}
	_, err := atomicfile.Write(o.sheet, func(w io.Writer) error { return png.Encode(w, draw.Sheet(pictures, perKind)) })
	return err
}

func (a *app) drawSet(ctx context.Context, o drawFlags) error {
	screen := progress.NewScreen(a.Err)
	begun := time.Now()
	first := -1
	o.set.Observe = func(done int) {
		if first < 0 {
			first = done
		}
		line := fmt.Sprintf("%s of %s pictures", progress.Count(int64(done)), progress.Count(int64(o.set.Number)))
		if s := time.Since(begun).Seconds(); s > 0 && done > first {
			line += ", " + progress.Rate(float64(done-first)/s, "pictures/s")
		}
		screen.Show(fmt.Sprintf("  %s %s", progress.Bar(float64(done)/float64(o.set.Number), 24), line))
	}
	m, err := draw.Write(ctx, o.out, o.set)
	screen.Clear()
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
			fmt.Fprintf(a.Err, "interrupted; what is done is saved in %s\ngo on with: %s\n", o.out, shell.Command(drawAgain(o)...))
			return errInterrupted
		}
		return err
	}
	if o.asJSON {
		return writeIndented(a.Out, m)
	}
	var train, held int
	for _, s := range m.Shards {
		train += s.Train.Pictures
		held += s.HeldOut.Pictures
	}
	fmt.Fprintf(a.Out, "%s: %s pictures, %s to train on and %s held out, in %s\n", filepath.Join(o.out, draw.ManifestName),
		progress.Count(int64(m.Pictures)), progress.Count(int64(train)), progress.Count(int64(held)), plural(int64(len(m.Shards)), "shard"))
	return nil
}

// drawAgain is the command line that goes on.
func drawAgain(o drawFlags) []string {
	args := []string{
		"corpus", "draw", "--out", o.out, "--kinds", o.kinds, "--number", fmt.Sprint(o.set.Number),
		"--seed", fmt.Sprint(o.set.Seed), "--size", fmt.Sprint(o.set.Size), "--questions", fmt.Sprint(o.set.Questions), "--text-max", fmt.Sprint(o.set.TextMax),
	}
	if o.set.ChartType != "" {
		args = append(args, "--chart-type", o.set.ChartType)
	}
	for _, t := range o.texts {
		args = append(args, "--text", t)
	}
	if o.textField != "" {
		args = append(args, "--text-field", o.textField)
	}
	if o.set.Inline {
		args = append(args, "--inline")
	}
	return args
}
