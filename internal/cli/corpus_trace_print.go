package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// printTraced writes the answer for people.
func printTraced(w io.Writer, c *corpus.Corpus, t *traced, o traceFlags) {
	for i := range t.Documents {
		if i > 0 {
			fmt.Fprintln(w)
		}
		printTrace(w, c, &t.Documents[i], o)
	}
	if more := t.Matches - len(t.Documents); more > 0 {
		fmt.Fprintf(w, "\nand %s more; name one as FILE#RECORD\n", progress.Count(int64(more)))
	}
	for i, n := range t.Nearest {
		if i == 0 {
			fmt.Fprintln(w, "nearly the same, by the share of their runs of words that both have:")
		}
		fmt.Fprintf(w, "  %5.1f%%  %s  %s\n", 100*n.Alike, n.ID, placeOf(n.Origin))
	}
}

func printTrace(w io.Writer, c *corpus.Corpus, d *tracedDoc, o traceFlags) {
	r := &d.Record
	if r.Bad == "" {
		line(w, "document", "%s", r.ID)
	}
	if r.Text != "" && r.Text != r.ID {
		line(w, "text", "%s", r.Text)
	}
	line(w, "source", "%s", d.Source)
	line(w, "found in", "%s", placeOf(r.Origin))
	if r.Origin.Offset >= 0 {
		line(w, "", "record %s, from byte %s on", progress.Count(r.Origin.Record), progress.Count(r.Origin.Offset))
	}
	if f := d.File; f != nil {
		if f.SHA256 != "" {
			line(w, "file", "SHA-256 %s", f.SHA256)
		}
		if f.Tag != "" {
			line(w, "", "version %s", f.Tag)
		}
	}
	for i, key := range slices.Sorted(maps.Keys(r.Meta)) {
		line(w, []string{"metadata", ""}[min(i, 1)], "%s: %s", key, r.Meta[key])
	}
	if r.Bad != "" {
		line(w, "unreadable", "%s", r.Bad)
		return
	}
	line(w, "format", "%s, %s of content", r.Format, progress.Bytes(r.Bytes))
	printMeasures(w, d)
	for _, cut := range r.Cuts {
		line(w, "cut out", "%s: %s, %s, %s%s", cut.Step, cut.Reason, places(cut.Count), progress.Bytes(cut.Bytes), at(cut.Spans))
	}
	for _, h := range r.Hits {
		line(w, "evaluation", "holds item %d of %s, by %s", h.Item, h.Set, h.Rule)
	}
	printFate(w, d)
	printShards(w, c, d, o)
	printAgain(w, d)
}

func printMeasures(w io.Writer, d *tracedDoc) {
	r := &d.Record
	if r.Language != "" {
		sure := ""
		if r.LanguageScore > 0 {
			sure = fmt.Sprintf(", sure to %.0f%%", 100*r.LanguageScore)
		}
		line(w, "language", "%s%s", r.Language, sure)
	}
	if r.Quality > 0 {
		line(w, "quality", "%.3f", r.Quality)
	}
	if r.Perplexity > 0 {
		line(w, "perplexity", "%.1f", r.Perplexity)
	}
}

func places(n int) string {
	if n == 1 {
		return "once"
	}
	return progress.Count(int64(n)) + " places"
}

// at lists the places of a cut.
func at(spans [][2]int) string {
	if len(spans) == 0 {
		return ""
	}
	var list []string
	for _, s := range spans {
		list = append(list, progress.Count(int64(s[0])))
	}
	return ", at byte " + strings.Join(list, ", ")
}

// printFate says whether the document stayed, and why not.
func printFate(w io.Writer, d *tracedDoc) {
	r := &d.Record
	switch {
	case r.Drop != nil:
		line(w, "fate", "%s", dropWords(r.Drop))
	case d.Stays != nil:
		line(w, "fate", "left out: %s document %s", map[string]string{"exact": "the same text as", "near": "nearly the same as"}[d.Stays.Kind], d.Stays.ID)
		line(w, "", "which stays, from %s", placeOf(d.Stays.Origin))
	default:
		line(w, "fate", "stays, with %s of text", progress.Bytes(r.TextBytes))
	}
	for i, s := range d.StandsFor {
		name := ""
		if i == 0 {
			name = "stands for"
		}
		line(w, name, "%s from %s (%s)", s.ID, placeOf(s.Origin), s.Kind)
	}
	if more := d.Others - int64(len(d.StandsFor)); more > 0 {
		line(w, "", "and %s others", progress.Count(more))
	}
}

// printShards says where the text is and when it is read.
func printShards(w io.Writer, c *corpus.Corpus, d *tracedDoc, o traceFlags) {
	if len(d.Copies) == 0 {
		return
	}
	total := 0
	var stages []string
	for _, s := range d.Copies {
		total += s.Copies
		if s.Copies > 0 {
			stages = append(stages, fmt.Sprintf("%s in stage %s", places2(s.Copies), s.Stage))
		}
	}
	if total == 0 {
		line(w, "shards", "in none: the mixture takes less of this source than there is")
		return
	}
	if len(d.Copies) > 1 || total > 1 {
		line(w, "mixture", "read in each epoch: %s", strings.Join(stages, ", "))
	}
	for _, l := range d.Shards {
		line(w, "shard", "%s, document %s of the file, %s tokens", l.File, progress.Count(l.Doc), progress.Count(l.Tokens))
	}
	if d.Run != nil {
		printReading(w, d, o)
	}
}

func places2(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func printReading(w io.Writer, d *tracedDoc, o traceFlags) {
	r := d.Run
	switch {
	case r.HeldOut:
		line(w, "training", "%s holds it out, to measure", o.run)
		return
	case len(r.Steps) == 0:
		line(w, "training", "%s does not come to it in its %s steps", o.run, progress.Count(int64(r.Total)))
		return
	}
	var seen, ahead []int
	for _, s := range r.Steps {
		if s <= r.Done {
			seen = append(seen, s)
		} else {
			ahead = append(ahead, s)
		}
	}
	if len(seen) > 0 {
		line(w, "training", "%s has seen it at step %s", o.run, listed(seen))
	}
	if len(ahead) > 0 {
		line(w, "training", "%s will see it at step %s of %s", o.run, listed(ahead), progress.Count(int64(r.Total)))
	}
}

// listed writes numbers, not too many of them.
func listed(numbers []int) string {
	const most = 20
	var parts []string
	for _, n := range numbers[:min(len(numbers), most)] {
		parts = append(parts, progress.Count(int64(n)))
	}
	text := strings.Join(parts, ", ")
	if more := len(numbers) - most; more > 0 {
		text += fmt.Sprintf(" and %d others", more)
	}
	return text
}

// printAgain shows what the steps did to the record when it was read again.
func printAgain(w io.Writer, d *tracedDoc) {
	if d.Gone != "" {
		line(w, "read again", "not possible: %s", d.Gone)
	}
	a := d.Again
	if a == nil {
		return
	}
	same := "as when the corpus was built"
	if !a.Same {
		same = "but not with the same result as when the corpus was built: a list, a model or the program has changed"
	}
	line(w, "read again", "through the pipeline %s, %s", a.Pipeline, same)
	for _, s := range a.Steps {
		fmt.Fprintf(w, "  %-20s %10s -> %s\n", s.Name, progress.Bytes(s.Before), progress.Bytes(s.After))
		for _, cut := range s.Cuts {
			text := cut.Text
			if text == "" {
				text = fmt.Sprintf("%d bytes", cut.Length)
			}
			fmt.Fprintf(w, "    %s at byte %s\n      %s[-%s-]%s\n", cut.Reason, progress.Count(int64(cut.Offset)), oneLine(cut.Before), oneLine(text), oneLine(cut.After))
		}
		if s.Drop != nil {
			fmt.Fprintf(w, "    %s\n", dropWords(s.Drop))
		}
	}
	fmt.Fprintln(w, indented(a.Text, "  | ", 12))
}

// oneLine shows line feeds as a sign.
func oneLine(text string) string {
	return progress.Visible(strings.ReplaceAll(text, "\n", "⏎"))
}
