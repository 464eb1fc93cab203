package draw_test

import (
	"slices"
	"strconv"
	"strings"
)

// column returns the cells below a head, and names those of the rows.
func column(f *facts, head string) (cells []string, ok bool) {
	at := slices.Index(f.Table.Columns, head)
	if at < 0 {
		return nil, false
	}
	for _, row := range f.Table.Rows {
		cells = append(cells, row[at])
	}
	return cells, true
}

func cell(f *facts, head, name string) string {
	cells, ok := column(f, head)
	names, _ := column(f, f.Table.Columns[0])
	at := slices.Index(names, name)
	if !ok || at < 0 {
		return bad("there is no such cell")
	}
	return cells[at]
}

func cellNumber(f *facts, head, name string) int {
	n, err := strconv.Atoi(cell(f, head, name))
	if err != nil {
		return -1 << 30
	}
	return n
}

var tableQuestions = []rule{
	is(`(?:What is in the column|What does the table say under) (\w+) for (\w+)\?`, func(f *facts, m []string) string { return cell(f, m[1], m[2]) }),
	is(`Is the word (\w+) in the table\?`, func(f *facts, m []string) string {
		return yes(slices.Contains(slices.Concat(append(f.Table.Rows, f.Table.Columns)...), m[1]))
	}),
	is(`How many rows does the table have, without the head\?|How many rows are below the head of the table\?`, func(f *facts, _ []string) string { return num(len(f.Table.Rows)) }),
	is(`How many columns does the table have\?`, func(f *facts, _ []string) string { return num(len(f.Table.Columns)) }),
	is(`What is the head of column (\d)\?`, func(f *facts, m []string) string { return f.Table.Columns[value(m[1])-1] }),
	is(`What is the first word of row (\d) below the head\?`, func(f *facts, m []string) string { return f.Table.Rows[value(m[1])-1][0] }),
	is(`Which (\w+) has the (highest|lowest) number under (\w+)\?`, func(f *facts, m []string) string {
		names, ok := column(f, m[1])
		if !ok || m[1] != f.Table.Columns[0] {
			return bad("no rows of that name")
		}
		for _, a := range names {
			first := true
			for _, b := range names {
				d := cellNumber(f, m[3], a) - cellNumber(f, m[3], b)
				first = first && (a == b || d > 0 && m[2] == "highest" || d < 0 && m[2] == "lowest")
			}
			if first {
				return a
			}
		}
		return bad("none has")
	}),
	is(`Under (\w+), does (\w+) have a higher number than (\w+)\?`, func(f *facts, m []string) string {
		a, b := cellNumber(f, m[1], m[2]), cellNumber(f, m[1], m[3])
		if a == b || a < 0 || b < 0 {
			return bad("neither has")
		}
		return yes(a > b)
	}),
	is(`What is the sum of (\w+) for (\w+) and (\w+)\?`, func(f *facts, m []string) string {
		return num(cellNumber(f, m[1], m[2]) + cellNumber(f, m[1], m[3]))
	}),
	is(`Which (\w+) has under (\w+) the entry (\w+)\?`, func(f *facts, m []string) string {
		names, _ := column(f, f.Table.Columns[0])
		var having []string
		for _, name := range names {
			if cell(f, m[2], name) == m[3] {
				having = append(having, name)
			}
		}
		if len(having) != 1 || f.Table.Columns[0] != m[1] {
			return bad("not one has")
		}
		return having[0]
	}),
	is(`How many rows have under (\w+) the entry (\w+)\?`, func(f *facts, m []string) string {
		cells, _ := column(f, m[1])
		n := 0
		for _, c := range cells {
			if c == m[2] {
				n++
			}
		}
		return num(n)
	}),
}

var tableSentences = []rule{
	is(`This is a table with (\d) columns and (\d) rows? below the head\.`, func(f *facts, m []string) string {
		return yes(num(len(f.Table.Columns)) == m[1] && num(len(f.Table.Rows)) == m[2])
	}),
	is(`The columns are (.*)\.`, func(f *facts, m []string) string { return yes(slices.Equal(items(m[1]), f.Table.Columns)) }),
	is(`The rows are (.*)\.`, func(f *facts, m []string) string {
		names, _ := column(f, f.Table.Columns[0])
		return yes(slices.Equal(items(m[1]), names))
	}),
	is(`(\w+) has (.*)\.`, func(f *facts, m []string) string {
		told := items(m[2])
		for _, item := range told {
			head, entry, _ := strings.Cut(item, " ")
			if cell(f, head, m[1]) != entry {
				return bad("under %s it has %s", head, cell(f, head, m[1]))
			}
		}
		return yes(len(told) == len(f.Table.Columns)-1)
	}),
}
