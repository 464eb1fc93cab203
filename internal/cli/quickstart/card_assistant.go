package quickstart

import (
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/task/grade"
)

// askedRows are the rows of the card, each of several scores.
var askedRows = []struct {
	name   string
	scores []askedCell
}{
	{"what a given text says of a name", []askedCell{{"words right (F1)", "asked_text", askedF1}, {"exactly right", "asked_text", askedExact}, {"wrongly said to be missing", "asked_text", askedDenied}}},
	{"the same from memory", []askedCell{{"words right (F1)", "asked_memory", askedF1}, {"exactly right", "asked_memory", askedExact}, {"wrongly said to be missing", "asked_memory", askedDenied}}},
	{"names that do not exist", []askedCell{{"said to be missing", "asked_missing", askedDenied}}},
	{"what must be refused", []askedCell{{"refused", "asked_refuse", askedRefused}, {"harmless prompts refused", "asked_refuse", grade.OverRefusals}}},
}

// askedCell is one score and what it is called.
type askedCell struct{ words, task, what string }

// score is the one of a task, nil if it was not measured.
func (a *Asked) score(task, what string) *stat.Estimate {
	for i := range a.Scores {
		if s := &a.Scores[i]; s.Task == task && s.What == what {
			return &s.Value
		}
	}
	return nil
}

// rows calls yield for each row that was measured, with its scores as one text.
func (a *Asked) rows(yield func(name, text string)) {
	for _, row := range askedRows {
		var parts []string
		for _, cell := range row.scores {
			if e := a.score(cell.task, cell.what); e != nil && e.N > 0 {
				parts = append(parts, cell.words+" "+percent(e))
			}
		}
		if parts != nil {
			yield(row.name, strings.Join(parts, "; "))
		}
	}
}

// percent is an estimate with its interval.
func percent(e *stat.Estimate) string {
	if !e.Available() {
		return fmt.Sprintf("%.0f%% (too few for an interval)", 100*e.Value)
	}
	return fmt.Sprintf("%.0f%% (%.0f to %.0f)", 100*e.Value, 100*e.Low, 100*e.High)
}

// card lists what the assistant answers.
func (a *Asked) card(b *strings.Builder, report string) {
	fmt.Fprintf(b, "\nwhat it answers, asked %d questions of each kind at most\n", a.Each)
	a.rows(func(name, text string) { paragraph(b, "  "+name, 36, text) })
	paragraph(b, "", 0, "The names and the forms of these questions were kept from it when it learned to answer; the text that it read before that tells of most of the names. "+
		"In brackets are 95% intervals. A model of this size and this little time repeats what it is shown, knows little by heart, and says wrong things with the same ease. Each answer is in")
	fmt.Fprintf(b, "  %s\n", report)
}

// conversations shows the first question of each kind.
func (a *Asked) conversations(b *strings.Builder) {
	for _, x := range a.Shown {
		b.WriteString("\n")
		row := func(name, value string) { paragraph(b, name, 13, progress.Visible(value)) }
		row("question", x.Question)
		row("it answers", x.Answer)
		row("right is", x.Right)
	}
}
