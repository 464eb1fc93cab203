package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// printOverview writes all numbers.
func printOverview(w io.Writer, m *corpus.Manifest, o *corpus.Overview, bad []corpus.BadReason) {
	f := &o.Funnel
	line(w, "corpus", "%s%s", m.Name, around(", source ", o.Source))
	line(w, "files", "%s", progress.Count(o.Files))
	fmt.Fprintln(w)
	row := func(indent, what string, c corpus.Count, of int64) {
		fmt.Fprintf(w, "%-40s %14s %7s %10s\n", indent+progress.Visible(what), progress.Count(c.Docs), share(c.Docs, of), progress.Bytes(c.Bytes))
	}
	row("", "read", f.Read, f.Read.Docs)
	for _, s := range o.Stages {
		if s.Dropped.Docs == 0 {
			continue
		}
		row("− ", corpus.StageWords(s.Name), s.Dropped, f.Read.Docs)
		for _, r := range s.Rules {
			row("    ", r.Rule, r.Count, f.Read.Docs)
		}
	}
	row("", "left", o.Left, f.Read.Docs)
	printSkipped(w, f)
	if o.Source == "" {
		printSources(w, m)
	}
	printOutcomes(w, "languages", f.Languages)
	printOutcomes(w, "formats", f.Formats)
	printCuts(w, o.Cuts)
	printBadReasons(w, bad)
	if o.Source == "" {
		printClusters(w, &m.Clusters)
		printMixture(w, m)
		printEvaluation(w, m)
	}
}

func share(n, of int64) string { return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(max(of, 1))) }

func printSkipped(w io.Writer, f *corpus.Funnel) {
	for _, reason := range slices.Sorted(maps.Keys(f.Skipped)) {
		fmt.Fprintf(w, "%-40s %14s\n", "no document: "+progress.Visible(reason), progress.Count(f.Skipped[reason]))
	}
}

func printSources(w io.Writer, m *corpus.Manifest) {
	if len(m.Sources) < 2 {
		return
	}
	fmt.Fprintf(w, "\n%-24s %14s %14s %7s %10s\n", "source", "records", "left", "", "text left")
	for i := range m.Sources {
		s := &m.Sources[i]
		fmt.Fprintf(w, "%-24s %14s %14s %7s %10s\n", progress.Visible(s.Name), progress.Count(s.Funnel.Read.Docs),
			progress.Count(s.After.Left.Docs), share(s.After.Left.Docs, s.Funnel.Read.Docs), progress.Bytes(s.After.Left.Bytes))
	}
}

func printOutcomes(w io.Writer, what string, by map[string]corpus.Outcome) {
	if len(by) == 0 {
		return
	}
	docs := func(name string) int64 { return by[name].Kept.Docs + by[name].Dropped.Docs }
	names := slices.Sorted(maps.Keys(by))
	slices.SortStableFunc(names, func(a, b string) int { return int(docs(b) - docs(a)) })
	fmt.Fprintf(w, "\n%-24s %14s %14s\n", what, "documents", "kept")
	for _, name := range names {
		shown := name
		if shown == "" {
			shown = "(not known)"
		}
		fmt.Fprintf(w, "  %-22s %14s %14s %7s\n", progress.Visible(shown), progress.Count(docs(name)), progress.Count(by[name].Kept.Docs), share(by[name].Kept.Docs, docs(name)))
	}
}

func printCuts(w io.Writer, cuts map[string]map[string]corpus.CutCount) {
	if len(cuts) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-40s %14s %14s %10s\n", "cut out", "documents", "places", "")
	for _, step := range slices.Sorted(maps.Keys(cuts)) {
		for _, reason := range slices.Sorted(maps.Keys(cuts[step])) {
			c := cuts[step][reason]
			fmt.Fprintf(w, "  %-38s %14s %14s %10s\n", step+": "+progress.Visible(reason), progress.Count(c.Docs), progress.Count(c.Places), progress.Bytes(c.Bytes))
		}
	}
}

func printBadReasons(w io.Writer, bad []corpus.BadReason) {
	if len(bad) == 0 {
		return
	}
	const shown = 10
	fmt.Fprintln(w, "\nunreadable records")
	for _, r := range bad[:min(len(bad), shown)] {
		fmt.Fprintf(w, "  %8s  %s\n            the first: %s\n", progress.Count(r.Count), progress.Visible(r.Reason), placeOf(r.Origin))
	}
	if len(bad) > shown {
		fmt.Fprintf(w, "  and %d other reasons\n", len(bad)-shown)
	}
}

// placeOf names a place as corpus trace takes it.
func placeOf(o document.Origin) string {
	return progress.Visible(fmt.Sprintf("%s#%d", o.File, o.Record))
}

func printClusters(w io.Writer, c *corpus.Clusters) {
	for _, kind := range []struct {
		name  string
		sizes []int64
	}{{"the same", c.Exact}, {"nearly the same", c.Near}} {
		var all int64
		var parts []string
		for i, n := range kind.sizes {
			if all += n; n > 0 {
				parts = append(parts, fmt.Sprintf("%s of %s", progress.Count(n), clusterSize(i)))
			}
		}
		if all > 0 {
			fmt.Fprintf(w, "\nduplicates, %s: %s documents went, by how many are alike\n  %s\n", kind.name, progress.Count(all), strings.Join(parts, ", "))
		}
	}
}

// clusterSize names a bin of corpus.Clusters.
func clusterSize(i int) string {
	if i <= 1 {
		return "2 to 3"
	}
	return fmt.Sprintf("%s to %s", progress.Count(1<<i), progress.Count(1<<(i+1)-1))
}

func printMixture(w io.Writer, m *corpus.Manifest) {
	if m.Plan == nil {
		return
	}
	fmt.Fprintf(w, "\nmixture: %s tokens in %s documents of the shards\n", progress.Count(m.Tokens), progress.Count(m.ShardDocs))
	for s, stage := range m.Plan.Stages {
		if s >= len(m.Mixed.Tokens) {
			break
		}
		var all int64
		for _, n := range m.Mixed.Tokens[s] {
			all += n
		}
		fmt.Fprintf(w, "  %-22s %14s %7s %10s\n", "stage "+progress.Visible(stage), "tokens", "", "read")
		for i, src := range m.Plan.Sources {
			n := m.Mixed.Tokens[s][i]
			if n == 0 {
				continue
			}
			read := 0.0
			if src.Docs > 0 {
				read = float64(m.Mixed.Docs[s][i]) / float64(src.Docs)
			}
			fmt.Fprintf(w, "    %-20s %14s %7s %9.2fx\n", progress.Visible(src.Name), progress.Count(n), share(n, all), read)
		}
	}
	if len(m.Plan.Short) > 0 {
		fmt.Fprintf(w, "  of %s there is less than the weights ask for; others fill up\n", progress.Visible(strings.Join(m.Plan.Short, ", ")))
	}
}

func printEvaluation(w io.Writer, m *corpus.Manifest) {
	if len(m.Evaluation) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-24s %10s %10s %14s\n", "evaluation set", "items", "found", "in documents")
	for _, pipeline := range slices.Sorted(maps.Keys(m.Evaluation)) {
		for _, r := range m.Evaluation[pipeline] {
			fmt.Fprintf(w, "  %-22s %10s %10s %14s  in %s\n", progress.Visible(r.Set), progress.Count(int64(r.Items)), progress.Count(int64(r.Touched)), progress.Count(r.Documents), pipeline)
		}
	}
}

func printSamples(w io.Writer, samples corpus.Samples) {
	for _, key := range slices.Sorted(maps.Keys(samples)) {
		for _, s := range samples[key] {
			fmt.Fprintf(w, "\n%s  %s  %s\n", progress.Visible(key), s.ID, placeOf(s.Origin))
			if s.Drop != nil {
				fmt.Fprintf(w, "  %s\n", dropWords(s.Drop))
			}
			text := s.After
			if text == "" {
				text = s.Before
			}
			fmt.Fprintln(w, indented(text, "  | ", 12))
		}
	}
}

// dropWords says what was measured beside the limit.
func dropWords(d *document.Drop) string {
	text := fmt.Sprintf("dropped by %s: %s is %s, the limit is %s", d.Filter, d.Rule, numberOf(d.Value), numberOf(d.Limit))
	if d.Note != "" {
		text += " (" + d.Note + ")"
	}
	return progress.Visible(text)
}

func numberOf(v float64) string {
	if v == float64(int64(v)) {
		return progress.Count(int64(v))
	}
	return fmt.Sprintf("%.4g", v)
}

// indented is the beginning of a text, safe for a terminal, each line behind a
// mark.
func indented(text, mark string, lines int) string {
	const columns = 100
	var out []string
	for l := range strings.Lines(progress.Visible(text)) {
		for _, part := range strings.Split(ansi.Wrap(strings.TrimRight(l, "\n"), columns, ""), "\n") {
			if len(out) == lines {
				return strings.Join(append(out, mark+"…"), "\n")
			}
			out = append(out, mark+part)
		}
	}
	return strings.Join(out, "\n")
}
