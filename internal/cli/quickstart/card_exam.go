package quickstart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/cli/progress"
)

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
	fmt.Fprintf(b, "\nbits per byte on %s bytes of %d held-out documents\n", progress.Count(e.Bytes), e.Documents)
	if e.Cut > 0 {
		fmt.Fprintf(b, "(of %d of them only the first %s tokens)\n", e.Cut, progress.Count(int64(e.DocTokens)))
	}
	for _, l := range lines {
		paragraph(b, fmt.Sprintf("  %-12s %6.3f", l.name, l.bits), 23, l.setting)
	}
	paragraph(b, "", 0, fmt.Sprintf("The model predicts every token and the end of every whole document, each document by itself, "+
		"from at most %d tokens before it. It learned from other documents of the same text beforehand, "+
		"and its own %s bytes are not counted. The compressors begin knowing nothing: they take all "+
		"these documents as one stream, their container included.", e.Window, progress.Count(e.Model)))
	if wholeFiles {
		paragraph(b, "", 0, "Neither the model nor its tokenizer saw these files; others may resemble them.")
	} else {
		paragraph(b, "", 0, "Some files hold several documents, or were cut into parts: of the files of those that "+
			"are held out the model learned other parts.")
	}
	if xz := e.baseline("xz"); xz > 0 {
		verdict := "The model needs %.1f%% more than xz.\n"
		if e.Bits < xz {
			verdict = "The model needs %.1f%% less than xz.\n"
		}
		fmt.Fprintf(b, verdict, 100*math.Abs(e.Bits/xz-1))
	}
}

// summary is the card's list as one line.
func (e *Exam) summary() string {
	text := fmt.Sprintf("%.3f on %s bytes of %d held-out documents", e.Bits, progress.Count(e.Bytes), e.Documents)
	for _, c := range e.Baselines {
		text += fmt.Sprintf(", %s %.3f", c.Name, c.Bits)
	}
	return text
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

// card lists the scores of the answers.
func (a *Answers) card(b *strings.Builder, wholeFiles bool, report string) {
	fmt.Fprintf(b, "\nright answers to %s questions about held-out documents\n", progress.Count(int64(a.Asked)))
	for _, s := range a.Scores {
		interval := "too few for an interval"
		if s.Accuracy.Available() {
			interval = fmt.Sprintf("%.1f to %.1f", 100*s.Accuracy.Low, 100*s.Accuracy.High)
		}
		fmt.Fprintf(b, "  %-27s %5.1f%%  (%s; guessing: %.0f%%)\n", s.Title, 100*s.Accuracy.Value, interval, 100*s.Chance)
	}
	from := "documents, and the model did not learn from them."
	if !wholeFiles {
		from = "parts of files, of which the model learned other parts."
	}
	seen := ""
	if a.Seen > 0 {
		seen = fmt.Sprintf(" %s of them stand in other documents too, from which it did learn: shown is the lower score, of all or without these.",
			progress.Count(int64(a.Seen)))
	}
	paragraph(b, "", 0, "All are made of these held-out "+from+seen+" In brackets are 95% intervals. Each question with the answer is in the report:")
	fmt.Fprintf(b, "  %s\n", report)
}
