package question

import (
	"slices"
	"strings"
	"unicode"
)

// table is rows with columns, as they stand in a file.
type table struct {
	name    string // as in "the table countries"
	columns []string
	known   map[string]bool // the columns
	rows    [][]string      // as many cells as columns
	at      []string        // the place of each row
	license string
	// ordered says that the order of columns is that of the file.
	ordered bool
}

// What columns of dictionaries are called.
var (
	termNames       = []string{"term", "word", "headword", "lemma", "entry", "acronym", "abbreviation", "phrase", "expression"}
	definitionNames = []string{"definition", "meaning", "gloss", "definitions", "explanation", "expansion", "sense", "description"}
)

// dictionary returns the columns of terms and of definitions; false if the table is
// none.
func (t *table) dictionary() (term, definition int, ok bool) {
	term, definition = t.named(termNames), t.named(definitionNames)
	return term, definition, term >= 0 && definition >= 0
}

// named is the first column that is called one of these, -1 if none is.
func (t *table) named(names []string) int {
	for _, name := range names {
		if i := slices.IndexFunc(t.columns, func(c string) bool { return strings.EqualFold(c, name) }); i >= 0 {
			return i
		}
	}
	return -1
}

// mostCells bounds the cells of a row that are asked about.
const mostCells = 100

// addTable adds what a table says of its rows.
func (c *collector) addTable(t *table) {
	if term, definition, ok := t.dictionary(); ok && c.sources.As != AsTable {
		c.addTerms(t.terms(term, definition), t.name, t.license)
		return
	}
	key := t.key(c.sources.Key)
	if key < 0 {
		c.leave(leftNoKey)
		return
	}
	at := c.place(Row, t.name)
	for i, column := range t.columns {
		if t.columns[i] = readable(column); i != key && t.columns[i] != "" {
			at.columns = append(at.columns, t.columns[i])
		}
	}
	for _, row := range t.rows {
		if row[key] != "" {
			c.name(at, row[key])
		}
	}
	for i, row := range t.rows {
		for j, cell := range row[:min(len(row), mostCells)] {
			if j == key || t.columns[j] == "" || cell == "" {
				continue
			}
			c.add(Entry{
				Kind: Row, Ask: asked(t.columns[j]), Subject: row[key], Attribute: t.columns[j], Within: t.name, Text: cell,
				Passage: t.passage(i, j, key, c.limits.Passage), Origin: t.at[i], License: t.license,
			})
		}
	}
}

// key is the column that names the rows: the given one, or the first whose texts all
// differ, nearly, and have letters; -1 if there is none.
func (t *table) key(given string) int {
	if given != "" {
		return t.named([]string{given})
	}
	order := make([]int, 0, len(t.columns))
	if !t.ordered {
		if i := t.named([]string{"name", "title", "id"}); i >= 0 {
			order = append(order, i)
		}
	}
	for i := range t.columns {
		order = append(order, i)
	}
	for _, i := range order {
		if t.columns[i] != "" && t.names(i) {
			return i
		}
	}
	return -1
}

// names reports whether a column names the rows.
func (t *table) names(i int) bool {
	const most, least = 80, 0.9
	seen := map[string]bool{}
	for _, row := range t.rows {
		if cell := row[i]; length(cell) <= most && strings.ContainsFunc(cell, unicode.IsLetter) && !strings.ContainsRune(cell, '\n') {
			seen[cell] = true
		}
	}
	return len(t.rows) > 1 && float64(len(seen)) >= least*float64(len(t.rows))
}

// readable is the name of a column as one says it: without underscores.
func readable(column string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(column, "_", " ")), " ")
}

// noNoun begin names of columns that no question can call "the ... of".
var noNoun = words("a an are at by can do does for from has have how if in is it makes many much needs not of on or " +
	"the these this to was what when where which who why will with")

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// asked is how a column is asked for: by its name where that seems to be a noun.
func asked(column string) Ask {
	list := strings.Fields(strings.ToLower(column))
	if len(list) > 3 || noNoun[list[0]] || noNoun[list[len(list)-1]] ||
		strings.ContainsFunc(column, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ' ' && r != '-' }) {
		return AskField
	}
	return AskCell
}

// around is how many rows stand before and behind one that is asked about.
const around = 2

// passage is a text that holds a cell: the row as a list of its cells, or by turns the
// rows around it as a table.
func (t *table) passage(i, j, key, most int) string {
	if i%2 == 1 {
		if text := t.cut(i); length(text) <= most {
			return text
		}
	}
	var b strings.Builder
	for k, cell := range t.rows[i] {
		if cell == "" || t.columns[k] == "" {
			continue
		}
		line := t.columns[k] + ": " + cell + "\n"
		if k != j && k != key && length(b.String())+length(line) > most/2 {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

// cut is a row with those around it, as Markdown has tables.
func (t *table) cut(i int) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + cell + " ")
		}
		b.WriteString("|\n")
	}
	line(t.columns)
	line(slices.Repeat([]string{"---"}, len(t.columns)))
	for _, row := range t.rows[max(0, i-around):min(len(t.rows), i+around+1)] {
		line(row)
	}
	return b.String()
}

// term is an entry of a dictionary.
type term struct{ name, definition, at string }

func (t *table) terms(name, definition int) []term {
	list := make([]term, 0, len(t.rows))
	for i, row := range t.rows {
		list = append(list, term{row[name], row[definition], t.at[i]})
	}
	return list
}

// addTerms adds the entries of a dictionary, each with its neighbors as a text to
// answer from. Entries of one name are one.
func (c *collector) addTerms(list []term, within, license string) {
	at := c.place(Term, within)
	list = c.joined(list)
	for i, t := range list {
		c.name(at, t.name)
		c.add(Entry{
			Kind: Term, Ask: AskMeaning, Subject: t.name, Within: within, Text: t.definition,
			Passage: glossary(list, i, c.limits.Passage), Origin: t.at, License: license,
		})
	}
}

// joined puts the meanings of one name behind each other, as many as fit, where its
// first one stands. Entries without a name are left out.
func (c *collector) joined(list []term) []term {
	first := make(map[string]int, len(list))
	out := make([]term, 0, len(list))
	for _, t := range list {
		t.name, t.definition = oneLine(t.name), shorten(oneLine(t.definition), c.limits.Answer)
		i, ok := first[t.name]
		switch {
		case t.name == "":
		case !ok:
			first[t.name] = len(out)
			out = append(out, t)
		case t.definition == "" || strings.Contains(out[i].definition, t.definition):
		case out[i].definition == "":
			out[i].definition = t.definition
		default:
			if both := strings.TrimSuffix(out[i].definition, ".") + "; " + t.definition; length(both) <= c.limits.Answer {
				out[i].definition = both
			}
		}
	}
	return out
}

// glossary is an entry with those around it that fit.
func glossary(list []term, i, most int) string {
	line := func(k int) string { return list[k].name + ": " + list[k].definition + "\n" }
	text := line(i)
	if before := i - 1; before >= 0 && list[before].definition != "" && length(line(before)+text) <= most {
		text = line(before) + text
	}
	if after := i + 1; after < len(list) && list[after].definition != "" && length(text+line(after)) <= most {
		text += line(after)
	}
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// shorten is a text that fits, or its first sentences that do.
func shorten(text string, most int) string {
	if length(text) <= most {
		return text
	}
	return beginning(text, most)
}
