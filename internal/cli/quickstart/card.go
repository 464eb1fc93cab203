package quickstart

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
)

// printCard writes what came of it, to the user and to a file.
func (s *session) printCard() error {
	var b strings.Builder
	s.state.card(&b, s.spent())
	s.nextCommands(&b)
	if _, err := atomicfile.WriteBytes(s.path(cardName), []byte(b.String())); err != nil {
		return err
	}
	_, err := io.WriteString(s.Out, "\n"+progress.Visible(b.String()))
	return err
}

// card is the summary of a finished quick start.
func (s *state) card(b *strings.Builder, spent time.Duration) {
	p, t := s.Plan, s.Training
	row := func(name, format string, args ...any) {
		fmt.Fprintf(b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("model", "%s parameters, %s active per token: %s", progress.Short(float64(p.Parameters)), progress.Short(float64(p.Active)), p.Shape)
	row("text", "%s of %s in %s documents; left out: %s", progress.Bytes(s.Tokens.Bytes), s.Tokens.Root, progress.Count(int64(s.Tokens.Documents)), s.Tokens.LeftOut)
	row("learned", "%s tokens in %s steps, %.2f times the text", progress.Short(float64(t.Tokens)), progress.Count(int64(t.Steps)),
		float64(t.Tokens)/float64(s.Tokens.Tokens))
	seconds := max(s.Work.Seconds, 1e-9)
	row("speed", "%s tokens/s, MFU %.0f%% (%s of %s on %d threads, %s)",
		progress.Count(int64(float64(s.Work.Steps)*float64(p.Shape.StepTokens)/seconds)), 100*s.Work.FLOPs/max(s.Work.Limit, 1),
		progress.Rate(s.Work.FLOPs/seconds, "FLOP/s"), progress.Rate(s.Work.Limit/seconds, "FLOP/s"), s.Machine.Threads, s.Machine.CPU)
	row("time", "%s of %s, %s of it training steps", progress.Duration(spent),
		progress.Duration(time.Duration(s.Minutes*float64(time.Minute))), progress.Duration(time.Duration(seconds*float64(time.Second))))
	if s.Exam != nil {
		s.Exam.card(b, s.Tokens.WholeFiles)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Skipped)) {
		row("skipped", "%s: %s", name, s.Skipped[name])
	}
	for _, sample := range s.Samples {
		fmt.Fprintf(b, "\nafter %q, at temperature %.1f, it writes:\n", sample.Prompt, sample.Temperature)
		b.WriteString(progress.Excerpt(sample.Text, 12, 100))
	}
}

// card lists bits per byte, the best first.
func (e *Exam) card(b *strings.Builder, wholeFiles bool) {
	type line struct {
		name, setting string
		bits          float64
	}
	lines := []line{{"this model", fmt.Sprintf("loss %.3f per token", e.Loss), e.Bits}}
	for _, c := range e.Baselines {
		lines = append(lines, line{c.Name, c.Setting, c.Bits})
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(a.bits, b.bits) })
	fmt.Fprintf(b, "\nbits per byte on %s bytes of %d held-out documents", progress.Count(e.Bytes), e.Documents)
	if e.Cut > 0 {
		fmt.Fprintf(b, ", of %d only the first %s tokens", e.Cut, progress.Count(int64(e.DocTokens)))
	}
	b.WriteString("\n")
	for _, l := range lines {
		fmt.Fprintf(b, "  %-12s %6.3f  %s\n", l.name, l.bits, l.setting)
	}
	fmt.Fprintf(b, "The model predicts every token and the end of every whole document, each document by itself,\n"+
		"from at most %d tokens before it. It learned from other documents of the same text beforehand,\n"+
		"and its own %s bytes are not counted. The compressors begin knowing nothing: they take all\n"+
		"these documents as one stream, their container included.\n", e.Window, progress.Count(e.Model))
	if wholeFiles {
		b.WriteString("Neither the model nor its tokenizer saw these files; others may resemble them.\n")
	} else {
		b.WriteString("Some files hold several documents, or were cut into parts: of the files of those that\nare held out the model learned other parts.\n")
	}
	if xz := e.baseline("xz"); xz > 0 {
		verdict := "The model needs %.1f%% more than xz.\n"
		if e.Bits < xz {
			verdict = "The model needs %.1f%% less than xz.\n"
		}
		fmt.Fprintf(b, verdict, 100*max(e.Bits/xz-1, 1-e.Bits/xz))
	}
}

// baseline returns a compressor's bits per byte, 0 if it was not measured.
func (e *Exam) baseline(name string) float64 {
	for _, c := range e.Baselines {
		if c.Name == name {
			return c.Bits
		}
	}
	return 0
}

// nextCommands lists what can be done with the model, ready for a shell.
func (s *session) nextCommands(b *strings.Builder) {
	generate := []string{"generate", s.modelDir(), s.state.Tokens.Prompts[0]}
	longer := []string{"quickstart", "--minutes", "60", "--dir", filepath.Clean(s.Dir) + "-hour"}
	if s.Text != "" {
		longer = append(longer, "--text", s.Text)
	}
	b.WriteString("\nnext:\n")
	for _, arguments := range [][]string{
		append(slices.Clone(generate), "--temperature", "0.7", "--seed", "2"),
		append(slices.Clone(generate), "--logprobs", "3", "--max-tokens", "20"),
		{"serve", s.modelDir()},
		{"verify", s.Dir},
		longer,
	} {
		fmt.Fprintf(b, "  %s\n", shell.Command(arguments...))
	}
	fmt.Fprintf(b, "the training's curves are in %s\n", s.path(runDir, "run.html"))
}
