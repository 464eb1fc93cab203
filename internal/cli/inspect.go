package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
)

func (a *app) inspectCommand() *cobra.Command {
	var asJSON, tensors bool
	cmd := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "Say what a model is: shape, sizes, memory, license, tokenizer",
		Long: `Inspect describes the model in a directory or a GGUF file without running it:
its architecture and parameters, the formats and sizes of its parts, the memory
it takes, its files with their hashes, what it says of its license, its
tokenizer and chat template. Where there is a manifest, its hashes are checked.
Nothing of the license is.`,
		Example: `  polymath inspect polymath-quickstart/run/model
  polymath inspect mixtral.gguf --tensors`,
		Args: exactly("MODEL"),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := modelfile.Inspect(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.Out).Encode(inspectionOf(d, tensors))
			}
			printInspection(a.Out, d)
			if tensors {
				printTensors(a.Out, d.Tensors)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&tensors, "tensors", false, "list every tensor")
	return cmd
}

// inspection is what --json prints.
type inspection struct {
	*modelfile.Description
	Tensors []tensorJSON `json:"tensors,omitempty"` // with --tensors
}

type tensorJSON struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
}

func inspectionOf(d *modelfile.Description, tensors bool) inspection {
	out := inspection{Description: d}
	if tensors {
		for _, t := range d.Tensors {
			out.Tensors = append(out.Tensors, tensorJSON{t.Name, t.Role.String(), string(t.DType), t.Shape})
		}
	}
	return out
}

// line writes one field, its text made safe for a terminal.
func line(w io.Writer, name, format string, args ...any) {
	fmt.Fprintf(w, "%-14s %s\n", name, progress.Visible(fmt.Sprintf(format, args...)))
}

func printInspection(w io.Writer, d *modelfile.Description) {
	c := d.Config
	fmt.Fprintln(w, progress.Visible(fmt.Sprintf("%s (%s)", d.Path, d.Kind)))
	if d.Name != "" {
		line(w, "name", "%s", d.Name)
	}
	if d.Reward {
		line(w, "gives", "a text one number, as a reward model or critic; it does not speak")
	}
	line(w, "architecture", "%s, %s, width %d", c.ModelType, plural(int64(c.NumLayers), "layer"), c.HiddenSize)
	line(w, "attention", "%d heads, %d of keys and values, of %d numbers", c.NumHeads, c.NumKVHeads, headDim(c))
	if c.NumExperts > 0 {
		line(w, "experts", "%d of width %d, %d for each token", c.NumExperts, c.MoEIntermediateSize, c.NumExpertsPerTok)
	}
	if v := c.Vision; v != nil {
		line(w, "sees", "views of %dx%d pixels as %s, through %s of width %d", v.ImageSize, v.ImageSize,
			plural(int64(v.Patches()), "token"), plural(int64(v.NumLayers), "layer"), v.HiddenSize)
	}
	line(w, "parameters", "%s, %s for each token", progress.Short(float64(d.Parameters)), progress.Short(float64(d.ActiveParameters)))
	line(w, "window", "%s tokens%s", progress.Count(int64(c.MaxPositions)), slidingNote(c))
	line(w, "rope", "%s", ropeNote(c))
	line(w, "weights", "%s", progress.Bytes(d.WeightBytes))
	for _, p := range d.Parts {
		fmt.Fprintf(w, "  %-14s %8s  %-18s %10s\n", p.Role, progress.Short(float64(p.Weights)), p.Formats, progress.Bytes(p.Bytes))
	}
	if d.Reward {
		line(w, "memory", "%s of weights", progress.Bytes(d.Memory.Weights))
	} else {
		line(w, "memory", "%s of weights, and for keys and values", progress.Bytes(d.Memory.Weights))
		line(w, "", "%s a token, %s a full window", progress.Bytes(d.Memory.CachePerToken), progress.Bytes(d.Memory.CacheWindow))
	}
	printText(w, d)
	printOrigin(w, d)
	printFiles(w, d)
}

func headDim(c *model.Config) int {
	if c.HeadDim > 0 {
		return c.HeadDim
	}
	return c.HiddenSize / c.NumHeads
}

func slidingNote(c *model.Config) string {
	slide := 0
	for l := range c.NumLayers {
		if c.Window(l) > 0 {
			slide++
		}
	}
	see := fmt.Sprintf("each sees %s before it", progress.Count(int64(c.SlidingWindow)))
	switch slide {
	case 0:
		return ""
	case c.NumLayers:
		return ", " + see
	}
	return fmt.Sprintf(", in %d of %d layers %s", slide, c.NumLayers, see)
}

func ropeNote(c *model.Config) string {
	note := fmt.Sprintf("theta %g", c.RopeTheta)
	if s := c.RopeScaling; s != nil {
		note += fmt.Sprintf(", %s scaling by %g", s.Type, s.Factor)
	}
	if c.SlidingRopeTheta > 0 {
		note += fmt.Sprintf("; sliding: theta %g", c.SlidingRopeTheta)
	}
	return note
}

// printText describes the tokenizer and the template.
func printText(w io.Writer, d *modelfile.Description) {
	t := d.Tokenizer
	if t.Problem != "" {
		line(w, "tokenizer", "%s", t.Problem)
	} else {
		line(w, "tokenizer", "%s, %s tokens", t.Kind, progress.Count(int64(t.Size)))
		if t.BOS != "" || t.EOS != "" {
			line(w, "", "%s", strings.TrimSpace(around("begins with ", t.BOS)+" "+around("ends with ", t.EOS)))
		}
	}
	switch {
	case d.Template.Problem != "":
		line(w, "chat template", "%s", d.Template.Problem)
	case d.Template.Tools:
		line(w, "chat template", "yes, and one for tools")
	case d.Template.Present:
		line(w, "chat template", "yes")
	default:
		line(w, "chat template", "none; ChatML is used")
	}
}

func around(word, text string) string {
	if text == "" {
		return ""
	}
	return word + text
}

// printOrigin says what the model states of its license and origin.
func printOrigin(w io.Writer, d *modelfile.Description) {
	l := d.License
	stated := strings.TrimSpace(l.ID + " " + l.Name)
	switch {
	case stated != "":
		line(w, "license", "%s (%s)", stated, l.From)
	case len(l.Files) == 0:
		line(w, "license", "not stated")
	}
	if l.Link != "" {
		line(w, "", "%s", l.Link)
	}
	for _, name := range l.Files {
		line(w, "license text", "%s", name)
	}
	p := d.Provenance
	if p == nil {
		return
	}
	for _, from := range []struct{ name, text string }{
		{"made by", p.Version},
		{"corpus", p.Corpus},
		{"recipe", p.Recipe},
		{"parent", p.Parent},
	} {
		if from.text != "" {
			line(w, from.name, "%s", from.text)
		}
	}
}

func printFiles(w io.Writer, d *modelfile.Description) {
	state := "no hashes to check them by"
	if d.Verified {
		state = "all as the manifest's hashes say"
	}
	line(w, "files", "%d, %s", len(d.Files), state)
	for _, f := range d.Files {
		hash := f.SHA256
		if len(hash) > 16 {
			hash = hash[:16]
		}
		fmt.Fprintf(w, "  %10s  %16s  %s\n", progress.Bytes(f.Bytes), hash, progress.Visible(f.Name))
	}
}

func printTensors(w io.Writer, list []model.TensorInfo) {
	fmt.Fprintf(w, "%-14s %d\n", "tensors", len(list))
	for _, t := range list {
		fmt.Fprintf(w, "  %-5s %-14s %s\n", t.DType, strings.Trim(strings.ReplaceAll(fmt.Sprint(t.Shape), " ", "x"), "[]"), t.Name)
	}
}
