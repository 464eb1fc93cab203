package constraint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// lay puts the sentences into the layout; the text is empty if there are too few.
func (c *composer) lay() string {
	r := c.random(stepLayout)
	for _, k := range layouts {
		a := c.of(k)
		if a == nil {
			continue
		}
		switch k {
		case JSON:
			return c.object(a, r)
		case Sections:
			return c.sections(a, r)
		case Bullets, Numbered:
			return c.items(a, r)
		}
		groups := c.groups(r, r.Between(2, 3))
		if groups == nil {
			return ""
		}
		half := r.Between(1, len(groups)-1)
		between := "\n\n" + separator + "\n\n"
		if c.spoils(TwoAnswers) {
			between = "\n\n"
		}
		return strings.Join(groups[:half], "\n\n") + between + strings.Join(groups[half:], "\n\n")
	}
	least, most := 1, 2
	if c.of(Paragraphs) != nil {
		most = 5
	}
	if a := c.of(ParagraphWord); a != nil {
		least, most = a.Number, a.Number+1
	}
	return strings.Join(c.groups(r, r.Between(least, most)), "\n\n")
}

// groups are n stretches of the sentences, nil if there are too few. The word that a
// paragraph must begin with is put there.
func (c *composer) groups(r *random.Source, n int) []string {
	if len(c.sentence) < n {
		return nil
	}
	cuts := make([]int, len(c.sentence)-1)
	for i := range cuts {
		cuts[i] = i + 1
	}
	cuts = random.Sample(r, cuts, n-1)
	slices.Sort(cuts)
	groups := make([]string, 0, n)
	from := 0
	for _, to := range append(cuts, len(c.sentence)) {
		groups = append(groups, joined(c.base, c.sentence[from:to]))
		from = to
	}
	if a := c.of(ParagraphWord); a != nil && a.Number <= n {
		s := opener(a.Text)
		if c.spoils(ParagraphWord) {
			s = "Indeed" + s[len(a.Text):]
		}
		groups[a.Number-1] = s + " " + groups[a.Number-1]
	}
	return groups
}

// joined joins sentences as the language does.
func joined(b *Base, sentences []string) string {
	if b.Language == "japanese" {
		return strings.Join(sentences, "")
	}
	return strings.Join(sentences, " ")
}

func (c *composer) object(a *Constraint, r *random.Source) string {
	groups := c.groups(r, len(a.Words))
	if groups == nil {
		return ""
	}
	keys := slices.Clone(a.Words)
	if c.spoils(JSON) {
		keys[r.Below(len(keys))] = "text"
	}
	return object(keys, groups)
}

func (c *composer) sections(a *Constraint, r *random.Source) string {
	groups := c.groups(r, a.Number)
	for i := range groups {
		n := i + 1
		if c.spoils(Sections) && i == len(groups)-1 {
			n++
		}
		groups[i] = a.Text + " " + strconv.Itoa(n) + "\n" + groups[i]
	}
	return strings.Join(groups, "\n\n")
}

// items makes a list of some sentences; those before are a paragraph, and so are those
// behind.
func (c *composer) items(a *Constraint, r *random.Source) string {
	if len(c.sentence) < a.Number {
		return ""
	}
	before := r.Between(0, len(c.sentence)-a.Number)
	lines := slices.Clone(c.sentence[before : before+a.Number])
	for i := range lines {
		mark, last := "- ", i == len(lines)-1
		switch {
		case a.Kind == Numbered && c.spoils(Numbered) && last:
			mark = strconv.Itoa(i+2) + ". "
		case a.Kind == Numbered:
			mark = strconv.Itoa(i+1) + ". "
		case c.spoils(Bullets) && last:
			mark = ""
		}
		lines[i] = mark + lines[i]
	}
	list := strings.Join(lines, "\n")
	var paragraphs []string
	if before > 0 {
		paragraphs = append(paragraphs, joined(c.base, c.sentence[:before]))
	}
	paragraphs = append(paragraphs, list)
	if rest := c.sentence[before+a.Number:]; len(rest) > 0 {
		paragraphs = append(paragraphs, joined(c.base, rest))
	}
	if w := c.of(ParagraphWord); w != nil {
		if len(paragraphs) < w.Number || paragraphs[w.Number-1] == list {
			return ""
		}
		s := opener(w.Text)
		if c.spoils(ParagraphWord) {
			s = "Indeed" + s[len(w.Text):]
		}
		paragraphs[w.Number-1] = s + " " + paragraphs[w.Number-1]
	}
	return strings.Join(paragraphs, "\n\n")
}
