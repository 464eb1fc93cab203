package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/modelfile"
)

func (a *app) generateCommand() *cobra.Command {
	var o polymath.GenerateOptions
	var asJSON bool
	var weights byteSize
	var adapter string
	var format formatFlags
	var images []string
	cmd := &cobra.Command{
		Use:   "generate MODEL PROMPT",
		Short: "Continue a text",
		Long: `Generate continues PROMPT with MODEL, a directory or a GGUF file, and writes
the completion as it comes. A PROMPT of "-" is read from the standard input,
less a line feed at its end. The same model, prompt and flags give the same text
on every machine.

A model that sees is shown images with --image, in JPEG, PNG, GIF or WebP: where
PROMPT has <image>, or else before it.`,
		Example: `  polymath generate polymath-quickstart/run/model 'func main() {'
  polymath generate MODEL 'Once upon' --temperature 0.8 --top-p 0.95 --seed 7
  polymath generate MODEL 'A person: ' --schema person.json
  polymath generate MODEL 'A clock: <image>' --image clock.png`,
		Args: exactly("MODEL", "PROMPT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("max-tokens") {
				o.ShrinkToWindow = true // the default gives way
			}
			var err error
			if o.Format, err = format.read(); err != nil {
				return err
			}
			return a.generate(cmd.Context(), args[0], args[1], o, images, adapter, weights, asJSON)
		},
	}
	f := cmd.Flags()
	addSampling(f, &o, 200, 0)
	format.add(f)
	f.StringArrayVar(&o.Stop, "stop", nil, "end before this text; may be given several times")
	f.IntVar(&o.TopLogprobs, "logprobs", -1, "list each token's log-probability and those of this many alternatives")
	addWeightsMemory(f, &weights)
	addAdapter(f, &adapter)
	addImages(cmd, &images, "show the model this image; may be given several times")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (a *app) generate(ctx context.Context, dir, prompt string, o polymath.GenerateOptions, images []string, adapter string, weights byteSize, asJSON bool) error {
	if prompt == "-" {
		text, err := io.ReadAll(a.In)
		if err != nil {
			return fmt.Errorf("reading the prompt: %w", err)
		}
		prompt = strings.TrimSuffix(string(text), "\n")
	}
	if o.Logprobs = o.TopLogprobs >= 0; !o.Logprobs {
		o.TopLogprobs = 0
	}
	m, err := polymath.Open(dir, polymath.WithWeightsMemory(int64(weights)), polymath.WithAdapter(adapter))
	if err != nil {
		return err
	}
	defer m.Close()
	tellWeights(a.Err, dir, m)
	if o.Images, err = readImages(ctx, m, images); err != nil {
		return err
	}
	if asJSON {
		return a.generateJSON(ctx, m, prompt, o)
	}
	seen, err := a.generateText(ctx, m, prompt, o)
	if err == nil && !seen && len(images) > 0 {
		return a.hintChat(dir, images, adapter)
	}
	return err
}

// hintChat says how a model that was trained on conversations, which may have
// nothing to add to a bare prompt, is asked about images.
func (a *app) hintChat(dir string, images []string, adapter string) error {
	template, err := modelfile.Template(dir)
	if err != nil || template.IsDefault() {
		return err
	}
	command := []string{"chat", dir}
	for _, path := range images {
		command = append(command, "--image", path)
	}
	if adapter != "" {
		command = append(command, "--adapter", adapter)
	}
	fmt.Fprintf(a.Err, "polymath: nothing was written; the model has a chat template, so ask it with: %s\n", shell.Command(command...))
	return nil
}

// wrongSetting tells a wrong flag from a failure.
func wrongSetting(err error) error {
	if errors.Is(err, polymath.ErrSampling) || errors.Is(err, polymath.ErrStop) || errors.Is(err, polymath.ErrFormat) {
		return usageError{err}
	}
	return err
}

// generateText streams the completion, and reports whether there is something in
// it to see.
func (a *app) generateText(ctx context.Context, m *polymath.Model, prompt string, o polymath.GenerateOptions) (seen bool, err error) {
	show := func(text string) string { return text }
	if isTerminal(a.Out) {
		show = progress.Visible
	}
	var tokens []polymath.Token
	ended := false // the output, with a line end
	finish := ""
	var start time.Time // the first token
	reading := progress.NewPrompt(a.Err)
	defer reading.Clear()
	showRead := showReading(reading)
	o.Progress = true
	for chunk, err := range m.Stream(ctx, prompt, o) {
		showRead(chunk.Progress)
		if chunk.Text != "" {
			ended = strings.HasSuffix(chunk.Text, "\n")
			seen = seen || strings.TrimSpace(chunk.Text) != ""
			if _, err := io.WriteString(a.Out, show(chunk.Text)); err != nil {
				return seen, err // the reader of the pipe has gone
			}
		}
		if chunk.Finish != "" {
			finish = chunk.Finish
		}
		if chunk.Token != nil {
			if start.IsZero() {
				start = time.Now()
			}
			tokens = append(tokens, *chunk.Token)
		}
		if err != nil {
			if len(tokens) > 0 && !ended {
				fmt.Fprintln(a.Out)
			}
			return seen, wrongSetting(err)
		}
	}
	if !ended {
		fmt.Fprintln(a.Out)
	}
	if finish == "length" && o.Format.Kind != polymath.FormatText {
		fmt.Fprintf(a.Err, "polymath: %d tokens were not enough: the text is cut off and does not keep to its format; see --max-tokens\n", len(tokens))
	}
	if o.Logprobs {
		printLogprobs(a.Out, tokens)
	}
	if isTerminal(a.Err) && len(tokens) > 1 {
		rate := float64(len(tokens)-1) / time.Since(start).Seconds()
		fmt.Fprintf(a.Err, "\n%d tokens, %.0f tokens/s\n", len(tokens), rate)
	}
	return seen, nil
}

func printLogprobs(w io.Writer, tokens []polymath.Token) {
	fmt.Fprintln(w)
	for _, t := range tokens {
		fmt.Fprintf(w, "%9.4f  %-20q", t.Logprob, t.Bytes)
		for _, alternative := range t.Top {
			fmt.Fprintf(w, "  %q %.4f", alternative.Bytes, alternative.Logprob)
		}
		fmt.Fprintln(w)
	}
}

// completionJSON is the output of generate --json.
type completionJSON struct {
	Prompt           string      `json:"prompt"`
	Text             string      `json:"text"`
	Finish           string      `json:"finish"`
	PromptTokens     int         `json:"prompt_tokens"`
	ImageTokens      int         `json:"image_tokens,omitempty"`
	CompletionTokens int         `json:"completion_tokens"`
	Seed             uint64      `json:"seed"`
	Tokens           []tokenJSON `json:"tokens,omitempty"`
}

type tokenJSON struct {
	ID      int         `json:"id"`
	Text    string      `json:"text"`
	Bytes   []int       `json:"bytes"`
	Logprob *float64    `json:"logprob,omitempty"`
	Top     []tokenJSON `json:"top,omitempty"`
}

func newTokenJSON(id int, text []byte, logprob float64) tokenJSON {
	t := tokenJSON{ID: id, Text: string(text), Logprob: &logprob, Bytes: []int{}}
	for _, b := range text {
		t.Bytes = append(t.Bytes, int(b))
	}
	return t
}

func (a *app) generateJSON(ctx context.Context, m *polymath.Model, prompt string, o polymath.GenerateOptions) error {
	r, err := m.Generate(ctx, prompt, o)
	if err != nil {
		return wrongSetting(err)
	}
	out := completionJSON{
		Prompt: prompt, Text: r.Text, Finish: r.Finish, PromptTokens: r.PromptTokens, ImageTokens: r.Usage.ImageTokens,
		CompletionTokens: len(r.Tokens), Seed: o.Seed,
	}
	if o.Logprobs {
		for _, t := range r.Tokens {
			token := newTokenJSON(t.ID, t.Bytes, t.Logprob)
			for _, top := range t.Top {
				token.Top = append(token.Top, newTokenJSON(top.ID, top.Bytes, top.Logprob))
			}
			out.Tokens = append(out.Tokens, token)
		}
	}
	encoder := json.NewEncoder(a.Out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
