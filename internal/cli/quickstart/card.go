package quickstart

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
)

// printCard writes what came of it, to the user and to a file.
func (s *session) printCard() error {
	var b strings.Builder
	s.state.card(&b, s.spent(), s.path(reportName))
	s.nextCommands(&b)
	if _, err := atomicfile.WriteBytes(s.path(cardName), []byte(b.String())); err != nil {
		return err
	}
	_, err := io.WriteString(s.Out, "\n"+progress.Visible(b.String()))
	return err
}

// cardColumns is the width of the card's text.
const cardColumns = 80

// paragraph writes a text in lines that begin at a column but for the first, before
// which head stands.
func paragraph(b *strings.Builder, head string, column int, text string) {
	wrapped := ansi.Wordwrap(text, cardColumns-column, "")
	indent := "\n" + strings.Repeat(" ", column)
	fmt.Fprintf(b, "%-*s%s\n", column, head, strings.ReplaceAll(wrapped, "\n", indent))
}

// card is the summary of a finished quick start, whose report is at a path.
func (s *state) card(b *strings.Builder, spent time.Duration, report string) {
	row := func(name, value string) { paragraph(b, name, 13, value) }
	for _, line := range s.facts(spent) {
		row(line.Name, line.Value)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Skipped)) {
		row("skipped", name+": "+s.Skipped[name])
	}
	if s.Exam != nil {
		s.Exam.card(b, s.Tokens.WholeFiles)
	}
	if s.Answers != nil && s.Answers.Scores != nil {
		s.Answers.card(b, s.Tokens.WholeFiles, report)
	}
	for _, sample := range s.Samples {
		fmt.Fprintf(b, "\nafter %q, at temperature %.1f, it writes:\n", sample.Prompt, sample.Temperature)
		b.WriteString(progress.Excerpt(sample.Text, 12, cardColumns))
	}
}

// facts are what the card begins with, and the report as well.
func (s *state) facts(spent time.Duration) []eval.CardLine {
	p, t := s.Plan, s.Training
	seconds := max(s.Work.Seconds, 1e-9)
	return []eval.CardLine{
		{Name: "model", Value: fmt.Sprintf("%s parameters, %s active per token: %s", progress.Short(float64(p.Parameters)), progress.Short(float64(p.Active)), p.Shape)},
		{Name: "text", Value: fmt.Sprintf("%s of %s in %s documents; left out: %s", progress.Bytes(s.Tokens.Bytes), s.Tokens.Root, progress.Count(int64(s.Tokens.Documents)), s.Tokens.LeftOut)},
		{Name: "learned", Value: fmt.Sprintf("%s tokens in %s steps, %.2f times the text", progress.Short(float64(t.Tokens)), progress.Count(int64(t.Steps)),
			float64(t.Tokens)/float64(s.Tokens.Tokens))},
		{Name: "speed", Value: fmt.Sprintf("%s tokens/s, MFU %.0f%% (%s of %s on %d threads, %s)",
			progress.Count(int64(float64(s.Work.Steps)*float64(p.Shape.StepTokens)/seconds)), 100*s.Work.FLOPs/max(s.Work.Limit, 1),
			progress.Rate(s.Work.FLOPs/seconds, "FLOP/s"), progress.Rate(s.Work.Limit/seconds, "FLOP/s"), s.Machine.Threads, s.Machine.CPU)},
		{Name: "time", Value: fmt.Sprintf("%s of %s, %s of it training steps", progress.Duration(spent),
			progress.Duration(time.Duration(s.Minutes*float64(time.Minute))), progress.Duration(time.Duration(seconds*float64(time.Second))))},
	}
}

// reportCard is what the report says of the model.
func (s *state) reportCard(spent time.Duration) []eval.CardLine {
	lines := s.facts(spent)
	if s.Exam != nil {
		lines = append(lines, eval.CardLine{Name: "bits per byte", Value: s.Exam.summary()})
	}
	return lines
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
