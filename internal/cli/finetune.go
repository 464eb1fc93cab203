package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/internal/glob"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train"
	"github.com/polymath-lm/polymath/train/conversation"
)

// recipeName is the recipe in the directory of a run that finetune begins.
const recipeName = "recipe.yaml"

// finetuneFlags are the settings of one command line; those that are not given
// follow from the data.
type finetuneFlags struct {
	train                 trainFlags
	full, keepBad         bool
	rank, sequence, batch int
	rows                  int
	alpha, epochs, lr     float64
	heldOut               float64
	targets               []string
	tooLong               string
	seed                  uint64
	given                 func(flag string) bool
}

func (a *app) finetuneCommand() *cobra.Command {
	var o finetuneFlags
	cmd := &cobra.Command{
		Use:   "finetune MODEL DATA",
		Short: "Train a model on conversations or texts, by an adapter or fully",
		Long: `Finetune trains MODEL, a directory or a GGUF file, on DATA: a file of JSON
objects, one a line or in one list, each of them
  {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", ...}]}
  {"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", ...}]}
  {"instruction": "...", "input": "...", "output": "..."}
  {"prompt": "...", "completion": "..."}
  {"text": "..."}
or a Parquet table with such columns, or a directory of token shards, or one
that 'corpus draw' made, of which the files to train on are taken. Where MODEL
sees, messages may have pictures: parts of the type image_url whose url is a
file beside DATA or a data: URL, or "images" with "<image>" in the texts. Of
conversations the assistant's words are learned, as the model's chat template
marks them; every line is used, or counted and named with what is wrong with it.

By default an adapter (LoRA) is trained and the model stays as it is: it works
in 'generate', 'chat' and 'serve' with --adapter, in other programs as PEFT's
adapters do, and 'polymath lora merge' adds it to the model. --full trains all
weights, which takes several times the memory, and writes a new model.

The run's directory gets the recipe that it follows, for 'polymath train'.
Interrupted with ctrl-C it saves; --resume goes on and gives the same bits as a
run that was never interrupted.`,
		Example: `  polymath finetune MODEL chats.jsonl --dry-run
  polymath finetune MODEL chats.jsonl --lora 16 --epochs 3 --out runs/mine
  polymath generate MODEL 'Hello' --adapter runs/mine/adapter
  polymath finetune model.gguf chats.jsonl --full --out runs/mine`,
		Args: exactly("MODEL", "DATA"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.given = cmd.Flags().Changed
			return a.finetune(cmd.Context(), args[0], args[1], o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.rank, "lora", 16, "rank of the adapter")
	f.BoolVar(&o.full, "full", false, "train all weights instead of an adapter")
	f.Float64Var(&o.alpha, "alpha", 0, "scale of the adapter: alpha divided by its rank (default: twice the rank)")
	f.StringSliceVar(&o.targets, "targets", nil, "products that the adapter updates (default: "+strings.Join(model.AdapterTargets(), ", ")+")")
	f.StringVar(&o.train.run, "out", "", "directory of the run (default: runs/ and the name of DATA)")
	f.Float64Var(&o.epochs, "epochs", 3, "passes over the data")
	f.Float64Var(&o.lr, "lr", 0, "peak learning rate (default: 2e-4, or 2e-5 with --full)")
	f.IntVar(&o.sequence, "sequence", 0, "tokens of a row, and of the longest conversation (default: 1024, or the model's limit)")
	f.IntVar(&o.batch, "batch", 0, "tokens of a step (default: 1/20 of the data, 16384 at most)")
	f.IntVar(&o.rows, "rows", 0, "rows that are worked on at a time: less take less memory (default: 4 at most)")
	f.Float64Var(&o.heldOut, "held-out", 0.05, "share of the data that measures and is not trained on (default for little data: about ten examples)")
	f.StringVar(&o.tooLong, "too-long", conversation.Cut, "what becomes of conversations longer than a row: cut or drop")
	f.BoolVar(&o.keepBad, "skip-bad", false, "leave lines out that cannot be used, instead of refusing the file")
	f.Uint64Var(&o.seed, "seed", 1, "start of the adapter, and order of the data")
	f.BoolVar(&o.train.resume, "resume", false, "go on with the run in --out, by its recipe; other flags have no effect")
	f.BoolVar(&o.train.dryRun, "dry-run", false, "print what the run will take, and stop")
	f.StringVar(&o.train.watch, "watch", "", "serve the live run page; the address is optional: --watch=localhost:6006")
	f.Lookup("watch").NoOptDefVal = "localhost:6006"
	return cmd
}

func (a *app) finetune(ctx context.Context, base, data string, o finetuneFlags) error {
	for _, flag := range []string{"lora", "alpha", "targets"} {
		if o.full && o.given(flag) {
			return usagef("--full and --%s exclude each other", flag)
		}
	}
	if o.train.run == "" {
		o.train.run = filepath.Join("runs", strings.TrimSuffix(filepath.Base(data), filepath.Ext(data)))
	}
	path := filepath.Join(o.train.run, recipeName)
	if o.train.resume {
		recipe, err := train.ReadRecipe(path)
		if err != nil {
			return err
		}
		if on := recipe.Data.Conversations.String() + recipe.Data.Shards; recipe.Model.From != base || on != data && on != drawnFiles(data) {
			return fmt.Errorf("%s fine-tunes %s on %s: name these, or another --out", path, recipe.Model.From, on)
		}
		return a.follow(ctx, recipe, path, o.train)
	}
	recipe, err := o.recipe(base, data)
	if err != nil {
		return err
	}
	if err := recipe.Validate(); err != nil {
		return usageError{err}
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fmt.Errorf("%s holds a run already: go on with it by --resume, or name another --out", o.train.run)
		}
		return err
	}
	o.train.begin = func() error { return writeRecipe(path, recipe) }
	err = a.follow(ctx, recipe, path, o.train)
	if leavesNone(err) && !o.given("held-out") {
		fmt.Fprintf(a.Err, "nothing is held out: a share of %.2g leaves one side without documents; --held-out gives another\n", recipe.Data.HeldOut)
		recipe.Data.HeldOut = 0
		err = a.follow(ctx, recipe, path, o.train)
	}
	if err != nil || o.train.dryRun {
		return err
	}
	if !o.full {
		fmt.Fprintf(a.Err, "talk to it with: %s\n", shell.Command("chat", base, "--adapter", filepath.Join(o.train.run, "adapter")))
	}
	return nil
}

// recipe is what the flags and the data come to.
func (o *finetuneFlags) recipe(base, data string) (*train.Recipe, error) {
	cfg, err := readConfig(base)
	if err != nil {
		return nil, err
	}
	r := train.FinetuneRecipe(!o.full)
	r.Name, r.Seed, r.Epochs, r.Model.From = filepath.Base(base)+" on "+filepath.Base(data), o.seed, o.epochs, base
	if !o.full {
		r.Lora.Rank, r.Lora.Alpha = o.rank, o.alpha
		if len(o.targets) > 0 {
			r.Lora.Targets = o.targets
		}
	}
	if o.given("lr") {
		r.Optimizer.LR = o.lr
	}
	tokens, examples, err := o.chooseData(&r.Data, data, cfg.Vision)
	if err != nil {
		return nil, err
	}
	if r.Data.HeldOut = o.heldOut; !o.given("held-out") {
		r.Data.HeldOut = heldOutFor(examples, o.heldOut)
	}
	o.chooseBatch(&r.Batch, cfg, tokens)
	return r, nil
}

// chooseData names the data, and estimates how much it is; tower is nil where the model
// does not see.
func (o *finetuneFlags) chooseData(d *train.DataSpec, path string, tower *vision.Config) (tokens, examples int64, err error) {
	path = drawnFiles(path)
	files, err := train.Files{path}.Expand()
	if err != nil {
		return 0, 0, err
	}
	info, err := os.Stat(files[0])
	if err != nil {
		return 0, 0, err
	}
	if info.IsDir() {
		set, err := shard.OpenSet(path)
		if err != nil {
			return 0, 0, err
		}
		d.Shards = path
		return set.Tokens(), set.Docs(), set.Close()
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".txt", ".md", ".pdf", ".html", ".csv", ".docx":
		return 0, 0, fmt.Errorf("%s is no file of JSON objects: make one with {\"text\": ...} for each document, or token shards with 'polymath tokenizer encode MODEL/tokenizer.json FILE... --shards DIR'", path)
	}
	d.Conversations, d.TooLong, d.SkipBad = train.Files{path}, o.tooLong, o.keepBad
	if o.batch > 0 { // then nothing follows from the tokens, and pictures need not be looked at
		tower = nil
	}
	for _, file := range files {
		size, n, err := estimateObjects(file, tower)
		if err != nil {
			return 0, 0, err
		}
		tokens += size
		examples += n
	}
	return tokens, examples, nil
}

// drawnFiles is the pattern of the files to train on, where path is a directory of
// drawn pictures; else path.
func drawnFiles(path string) string {
	if _, err := os.Stat(filepath.Join(path, draw.ManifestName)); err != nil {
		return path
	}
	return filepath.Join(glob.Escape(path), "train-*.jsonl")
}

// heldOutFor is a share that leaves about ten examples to measure on where the
// usual one would leave less, and none where there are hardly ten.
func heldOutFor(examples int64, usual float64) float64 {
	const enough, most = 10, 0.2
	if examples < enough {
		return 0
	}
	return min(max(usual, enough/float64(examples)), most)
}

// leavesNone reports that the share of the data that is held out is none or all.
func leavesNone(err error) bool {
	var bad *recipe.ValueError
	return errors.As(err, &bad) && bad.Key == "data.held_out"
}

// chooseBatch sizes steps so that an epoch has about twenty.
func (o *finetuneFlags) chooseBatch(b *train.BatchSpec, cfg *model.Config, tokens int64) {
	const usualSequence, usualRows, most, stepsPerEpoch = 1024, 4, 16384, 20
	if b.Sequence = o.sequence; b.Sequence == 0 {
		b.Sequence = min(usualSequence, cfg.MaxPositions)
	}
	want := o.batch
	if want == 0 {
		want = int(min(tokens/stepsPerEpoch, most))
	}
	if b.Rows = o.rows; b.Rows == 0 {
		b.Rows = min(max(want/b.Sequence, 1), usualRows)
	}
	unit := b.Rows * b.Sequence
	b.Tokens = max(want/unit, 1) * unit
	if o.batch > 0 {
		b.Tokens = o.batch // whatever is wrong with it is for the check to say
	}
}

// writeRecipe keeps the recipe of a new run beside it.
func writeRecipe(path string, r *train.Recipe) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	text, err := r.YAML()
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(path, append([]byte("# Written by polymath finetune; 'polymath train' follows it.\n"), text...))
	return err
}
