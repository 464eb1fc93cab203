package quickstart

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
)

// printCard writes what came of it, to the user and to a file.
func (s *session) printCard() error {
	var head, tail strings.Builder
	s.state.card(&head, s.spent(), s.Dir)
	s.state.samples(&tail)
	s.nextCommands(&tail)
	whole := func(picture func(*strings.Builder, string)) string {
		var b strings.Builder
		if s.state.Drawn != nil {
			s.answers(&b, picture)
		}
		if s.state.Asked != nil {
			s.state.Asked.conversations(&b)
		}
		return b.String()
	}
	file := head.String() + whole(named) + tail.String()
	if _, err := atomicfile.WriteBytes(s.path(cardName), []byte(file)); err != nil {
		return err
	}
	picture := named
	if profile := colors(s.Out); profile >= colorprofile.ANSI256 {
		picture = painted(profile)
	}
	_, err := io.WriteString(s.Out, "\n"+progress.Visible(head.String())+whole(picture)+progress.Visible(tail.String()))
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

// card is the summary of a finished quick start in a directory, without what the model
// writes.
func (s *state) card(b *strings.Builder, spent time.Duration, dir string) {
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
		s.Answers.card(b, s.Tokens.WholeFiles, filepath.Join(dir, reportName))
	}
	if s.Drawn != nil && s.Drawn.Scores != nil {
		s.Drawn.card(b, s.Sight.Eyes, filepath.Join(dir, sightName))
	}
	if s.Asked != nil && s.Asked.Scores != nil {
		s.Asked.card(b, filepath.Join(dir, assistantName))
	}
}

// samples are what the finished model writes.
func (s *state) samples(b *strings.Builder) {
	for _, sample := range s.Samples {
		fmt.Fprintf(b, "\nafter %q, at temperature %.1f, it writes:\n", sample.Prompt, sample.Temperature)
		b.WriteString(progress.Excerpt(sample.Text, 12, cardColumns))
	}
}

// facts are what the card begins with, and the report as well.
func (s *state) facts(spent time.Duration) []eval.CardLine {
	p, t := s.Plan, s.Training
	seconds := max(s.Work.Seconds, 1e-9)
	lines := []eval.CardLine{
		{Name: "model", Value: fmt.Sprintf("%s parameters, %s active per token: %s", progress.Short(float64(p.Parameters)), progress.Short(float64(p.Active)), p.Shape)},
		{Name: "text", Value: fmt.Sprintf("%s of %s in %s documents; left out: %s", progress.Bytes(s.Tokens.Bytes), s.Tokens.Root, progress.Count(int64(s.Tokens.Documents)), s.Tokens.LeftOut)},
		{Name: "learned", Value: fmt.Sprintf("%s tokens in %s steps, %.2f times the text", progress.Short(float64(t.Tokens)), progress.Count(int64(t.Steps)),
			float64(t.Tokens)/float64(s.Tokens.Tokens))},
		{Name: "speed", Value: fmt.Sprintf("%s tokens/s, MFU %.0f%% (%s of %s on %d threads, %s)",
			progress.Count(int64(float64(s.Work.Steps)*float64(p.Shape.StepTokens)/seconds)), 100*s.Work.FLOPs/max(s.Work.Limit, 1),
			progress.Rate(s.Work.FLOPs/seconds, "FLOP/s"), progress.Rate(s.Work.Limit/seconds, "FLOP/s"), s.Machine.Threads, s.Machine.CPU)},
	}
	if g := s.Sight; s.seeing() {
		seconds += g.Work.Seconds
		lines = append(lines, eval.CardLine{Name: "sees", Value: fmt.Sprintf("%s; learned afterwards from %s pictures and from text, %s tokens in %s steps",
			g.Eyes, progress.Count(int64(g.Pictures)), progress.Short(float64(g.Tokens)), progress.Count(int64(g.Steps)))})
	}
	if a := s.Assistant; s.talks() {
		seconds += a.Work.Seconds
		lines = append(lines, eval.CardLine{Name: "answers", Value: fmt.Sprintf("learned last from %s conversations made of %s things that the text says of names, and from text and pictures again, %s tokens in %s steps",
			progress.Count(int64(p.Talks.Number)), progress.Count(int64(p.Talks.Entries)), progress.Short(float64(a.Tokens)), progress.Count(int64(a.Steps)))})
	}
	return append(lines, eval.CardLine{Name: "time", Value: fmt.Sprintf("%s of %s, %s of it training steps", progress.Duration(spent),
		progress.Duration(time.Duration(s.Minutes*float64(time.Minute))), progress.Duration(time.Duration(seconds*float64(time.Second))))})
}

// reportCard is what the report says of the model.
func (s *state) reportCard(spent time.Duration) []eval.CardLine {
	lines := s.facts(spent)
	if s.Exam != nil {
		lines = append(lines, eval.CardLine{Name: "bits per byte", Value: s.Exam.summary()})
	}
	if s.Drawn != nil {
		for i := range s.Drawn.Scores {
			lines = append(lines, eval.CardLine{Name: s.Drawn.Scores[i].name(), Value: s.Drawn.Scores[i].summary()})
		}
	}
	if s.Asked != nil {
		s.Asked.rows(func(name, text string) { lines = append(lines, eval.CardLine{Name: name, Value: text}) })
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
	if d := s.state.Drawn; d != nil && len(d.Shown) > 0 {
		fmt.Fprintf(b, "  %s\n", shell.Command("chat", s.modelDir(), "--image", s.path(d.Shown[0].File)))
	}
	if s.state.talks() {
		fmt.Fprintf(b, "  %s\n", shell.Command("chat", s.modelDir()))
	}
	for _, arguments := range [][]string{
		append(slices.Clone(generate), "--temperature", "0.7", "--seed", "2"),
		append(slices.Clone(generate), "--logprobs", "3", "--max-tokens", "20"),
		{"serve", s.modelDir()},
		{"verify", s.Dir},
		longer,
	} {
		fmt.Fprintf(b, "  %s\n", shell.Command(arguments...))
	}
	curves := []string{filepath.Join(s.textRun(), "run.html")}
	if s.state.seeing() {
		curves = append(curves, filepath.Join(s.sightRun(), "run.html"))
	}
	if s.state.talks() {
		curves = append(curves, s.path(runDir, "run.html"))
	}
	fmt.Fprintf(b, "the training's curves are in %s\n", strings.Join(curves, " and "))
}
