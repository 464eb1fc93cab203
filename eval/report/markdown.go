package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Markdown writes the report without drawings and items.
func Markdown(w io.Writer, d *Data) error {
	p := newPage(d)
	m := &markdown{}
	m.line("# %s", p.Heading)
	m.line("%s", p.Date)
	var facts []string
	for _, f := range p.Facts {
		facts = append(facts, f.Name+": "+f.Value+parenthesis(f.Note))
	}
	m.line("%s", strings.Join(facts, " · "))
	m.scores(p)
	m.comparison(p.Comparison)
	m.exams("Examinations", p.Exams)
	m.exams("Beside GPT-4", p.Benchmarks)
	m.calibration(p)
	m.long(p)
	for _, s := range p.Sections {
		m.heading("Sections of %s", s.Task)
		m.scoreTable("section", s.Table, p.Models)
	}
	m.contamination(p)
	for _, c := range p.Cards {
		m.heading("Model: %s", c.Title)
		m.pairs(c.Model)
		m.pairs(c.Settings)
		m.pairs(c.Made)
	}
	_, err := io.WriteString(w, m.String())
	return err
}

type markdown struct{ strings.Builder }

// safe makes a text one line that is nothing but text in Markdown.
func safe(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if strings.ContainsRune("\\`*_{}[]<>#|~!&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func parenthesis(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func (m *markdown) line(format string, texts ...string) {
	args := make([]any, len(texts))
	for i, t := range texts {
		args[i] = safe(t)
	}
	fmt.Fprintf(m, format+"\n\n", args...)
}

func (m *markdown) heading(format string, texts ...string) { m.line("## "+format, texts...) }

// table writes a table whose columns after the first are on the right.
func (m *markdown) table(head []string, rows [][]string) {
	line := func(cells []string) {
		m.WriteString("|")
		for _, c := range cells {
			m.WriteString(" " + safe(c) + " |")
		}
		m.WriteString("\n")
	}
	line(head)
	m.WriteString("|:--" + strings.Repeat("|--:", len(head)-1) + "|\n")
	for _, r := range rows {
		line(r)
	}
	m.WriteString("\n")
}

func (m *markdown) pairs(list []pair) {
	for _, p := range list {
		m.WriteString("- " + safe(p.Name) + ": " + safe(p.Value) + "\n")
	}
	m.WriteString("\n")
}

func (m *markdown) scores(p *page) {
	m.heading("Scores")
	for _, t := range p.Scores {
		if len(p.Scores) > 1 {
			m.line("### %s", t.Title+parenthesis(t.Note))
		}
		m.scoreTable("task", t, p.Models)
	}
	if len(p.Skipped) > 0 {
		m.line("Not run:")
		m.pairs(p.Skipped)
	}
}

func (m *markdown) scoreTable(name string, t scoreTable, models []string) {
	head := []string{name, "score"}
	if len(models) > 1 {
		head = append([]string{name}, models...)
	}
	guessed := slices.ContainsFunc(t.Rows, func(r scoreRow) bool { return r.Chance != "" })
	if guessed {
		head = append(head, "chance")
	}
	head = append(head, "items")
	var rows [][]string
	for _, r := range t.Rows {
		row := []string{r.Name + parenthesis(r.Note)}
		var of []string // items of each run, if not all have as many
		for _, v := range r.Values {
			row = append(row, v.Score+parenthesis(v.Interval))
			if n := strings.TrimSuffix(strings.TrimSuffix(v.N, "s"), " item"); n != "" && !slices.Contains(of, n) {
				of = append(of, n)
			}
		}
		if guessed {
			row = append(row, r.Chance)
		}
		rows = append(rows, append(row, strings.Join(of, " / ")))
	}
	m.table(head, rows)
}

func (m *markdown) comparison(c *comparison) {
	if c == nil {
		return
	}
	m.heading("Comparison: %s less %s", c.B, c.A)
	for _, t := range c.Tables {
		m.differences(&t, c.A, c.B)
	}
	if len(c.Skipped) > 0 {
		m.line("Not compared:")
		m.pairs(c.Skipped)
	}
}

// differences writes a table of differences, b less a.
func (m *markdown) differences(t *differenceTable, a, b string) {
	m.line("%s", t.Title+parenthesis(t.Note))
	var rows [][]string
	for _, r := range t.Rows {
		rows = append(rows, []string{r.Name + parenthesis(r.Note), r.Difference + parenthesis(r.Interval), r.P, r.Holm, r.Detectable, r.Pairs, r.OnlyA, r.OnlyB})
	}
	m.table([]string{"task", "difference", "p", "p, corrected (Holm)", "detectable", "items", "right in " + a + " only", "right in " + b + " only"}, rows)
}

func (m *markdown) exams(title string, list []examRow) {
	if len(list) == 0 {
		return
	}
	m.heading("%s", title)
	for _, e := range list {
		m.line("### %s", e.Title)
		if e.Note != "" {
			m.line("%s", e.Note)
		}
		var rows [][]string
		for _, s := range e.Scores {
			percentile := s.Percentile
			if s.Why != "" {
				percentile = "not available: " + s.Why
			}
			rows = append(rows, []string{s.Model + parenthesis(s.Setting), s.Score + parenthesis(s.Detail), percentile})
		}
		m.table([]string{"model", "score", "percentile"}, rows)
		if e.Table != "" {
			m.line("Tables: %s.", e.Table)
		}
		if e.Source != "" {
			m.line("Published scores: %s.", e.Source)
		}
	}
}

func (m *markdown) calibration(p *page) {
	if len(p.Calibration) == 0 {
		return
	}
	m.heading("Calibration")
	for _, c := range p.Calibration {
		var rows [][]string
		add := func(name string, values []string) { rows = append(rows, append([]string{name}, values...)) }
		values := func(list []scoreValue) (out []string) {
			for _, v := range list {
				out = append(out, v.Score+parenthesis(v.Interval))
			}
			return out
		}
		for _, m := range c.Measures {
			add(m.Name, values(m.Values))
		}
		for _, s := range c.Selective {
			add("accuracy, surest "+s.Coverage, s.Accuracy)
		}
		head := append([]string{c.Task}, p.Models...)
		if c.Compared {
			head = append(head, "difference")
		}
		m.table(head, rows)
	}
}

func (m *markdown) contamination(p *page) {
	m.heading("Contamination")
	if p.NotChecked != "" {
		m.line("Not checked: %s. Whether the model has seen these items is not known.", p.NotChecked)
	}
	var rows [][]string
	for _, c := range p.Contamination {
		rows = append(rows, []string{
			c.Task + parenthesis(c.Model), c.Documents, c.Items, c.Checkable, c.Dirty + parenthesis(c.Share), c.Rules,
			c.Full.Score + parenthesis(c.Full.Interval), c.Clean.Score + parenthesis(c.Clean.Interval),
		})
	}
	if len(rows) > 0 {
		m.table([]string{"task", "documents", "items", "long enough to look for", "found", "by rule", "score, all", "score, clean"}, rows)
	}
}
