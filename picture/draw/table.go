package draw

import (
	"slices"
	"strconv"
)

// tables are what tables tell of: names of rows, and columns with what is in
// their cells: numbers up to a limit, or words.
var tables = []struct {
	head    string
	rows    []string
	columns []tableColumn
}{
	{"Item", []string{"Tea", "Milk", "Rice", "Salt", "Soap", "Bread", "Honey", "Apple", "Sugar", "Paper"}, []tableColumn{{"Price", 99, nil}, {"Sold", 60, nil}, {"Left", 40, nil}}},
	{"Name", []string{"Ann", "Ben", "Eva", "Ida", "Leo", "Max", "Tom", "Nina", "Otto", "Paul", "Rosa"}, []tableColumn{{"Age", 90, nil}, {"Team", 0, []string{"A", "B", "C", "D"}}, {"Goals", 20, nil}}},
	{"City", []string{"Rome", "Oslo", "Lima", "Bern", "Cairo", "Paris", "Tokyo", "Delhi"}, []tableColumn{{"Sun", 24, nil}, {"Rain", 80, nil}, {"Zone", 0, []string{"N", "S", "E", "W"}}}},
	{"Day", []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}, []tableColumn{{"In", 50, nil}, {"Out", 50, nil}, {"Shift", 0, []string{"early", "late", "night"}}}},
	{"Pet", []string{"Cat", "Dog", "Hen", "Fox", "Owl", "Cow", "Goat", "Duck"}, []tableColumn{{"Legs", 9, nil}, {"Kg", 99, nil}, {"Color", 0, []string{"red", "gray", "black", "white"}}}},
}

// tableColumn is a column: numbers from 1 to most, or words.
type tableColumn struct {
	name  string
	most  int
	words []string
}

// table is one being drawn.
type table struct {
	*work
	*TableFacts
	kinds []tableColumn // of the columns after the first
}

func makeTable(w *work) {
	topic := pick(w.random, tables)
	facts := &TableFacts{Columns: []string{topic.head}}
	w.facts.Table = facts
	t := table{work: w, TableFacts: facts, kinds: sample(w.random, topic.columns, w.between(1, 3))}
	rows := sample(w.random, topic.rows, w.between(2, min(6, 2+w.Size/40)))
	f := newFace(regular, small(w.Size)*21/20)
	t.kinds = t.kinds[:min(len(t.kinds), max(1, (w.Size*unit-2*unit)/(f.size*5/2)-1))]
	for _, k := range t.kinds {
		t.Columns = append(t.Columns, k.name)
	}
	for _, name := range rows {
		row := []string{name}
		for _, k := range t.kinds {
			if k.words != nil {
				row = append(row, pick(w.random, k.words))
			} else {
				row = append(row, number(w.between(1, k.most)))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	for !t.paint(f) {
		f.size -= unit / 4
	}
	t.askAll()
	t.describeAll()
}

// paint draws the table, or nothing where the font is too large for it.
func (t *table) paint(f face) bool {
	lines := append([][]string{t.Columns}, t.Rows...)
	widths := make([]int, len(t.Columns))
	sum := 0
	head := face{fonts()[bold], f.size, f.buf}
	for i := range widths {
		for j, line := range lines {
			in := f
			if j == 0 {
				in = head
			}
			widths[i] = max(widths[i], in.width(line[i])/unit+1)
		}
		sum += widths[i]
	}
	room := (t.Size - 2 - sum) / len(widths)
	if room < 4 && f.size > unit*7 {
		return false
	}
	room = min(room, f.size/unit*2)
	high := min((t.Size-2)/len(lines), f.height()*9/5)
	x0 := (t.Size - sum - room*len(widths)) / 2
	y0 := (t.Size - high*len(lines)) / 2
	t.canvas.ground(pick(t.random, grounds))
	tint := light(pick(t.random, paints[:7]).rgb, 65)
	full := Box{x0, y0, x0 + sum + room*len(widths), y0 + high*len(lines)}
	t.canvas.fill(full.path(), none)
	t.canvas.fill(Box{full[0], full[1], full[2], full[1] + high}.path(), tint)
	for i := range len(lines) + 1 {
		t.canvas.fill(Box{full[0], full[1] + i*high, full[2] + 1, full[1] + i*high + 1}.path(), gray)
	}
	x := x0
	for i, wide := range widths {
		t.canvas.fill(Box{x, full[1], x + 1, full[3]}.path(), gray)
		for j, line := range lines {
			in := f
			if j == 0 {
				in = head
			}
			middle := point{(2*x + wide + room + 1) * unit / 2, (2*(y0+j*high) + high + 1) * unit / 2}
			t.canvas.center(in, line[i], middle, ink)
		}
		x += wide + room
	}
	t.canvas.fill(Box{x, full[1], x + 1, full[3] + 1}.path(), gray)
	return true
}

func (t *table) askAll() {
	for range rounds + 1 {
		i, row := 1+t.below(len(t.kinds)), pick(t.random, t.Rows)
		column := t.Columns[i]
		t.askAny(Value, row[i], []string{"What is in the column %s for %s?", "What does the table say under %s for %s?"}, column, row[0])
		t.askNumeric(i)
		t.askWhich(i)
	}
	name := pick(t.random, t.Rows)[0]
	if t.chance(50) {
		name = pick(t.random, pick(t.random, tables).rows)
	}
	t.ask(YesNo, yesNo(t.holds(name)), "Is the word %s in the table?", name)
	t.askAny(Count, number(len(t.Rows)), []string{"How many rows does the table have, without the head?", "How many rows are below the head of the table?"})
	t.ask(Count, number(len(t.Columns)), "How many columns does the table have?")
	i := t.below(len(t.Columns))
	t.ask(ReadOut, t.Columns[i], "What is the head of column %d?", i+1)
	j := t.below(len(t.Rows))
	t.ask(ReadOut, t.Rows[j][0], "What is the first word of row %d below the head?", j+1)
}

// holds tells whether a word is anywhere in the table.
func (t *table) holds(word string) bool {
	return slices.Contains(t.Columns, word) || slices.ContainsFunc(t.Rows, func(row []string) bool { return slices.Contains(row, word) })
}

// askNumeric compares the numbers of a column.
func (t *table) askNumeric(column int) {
	if t.kinds[column-1].words != nil {
		return
	}
	name := t.Columns[column]
	value := func(row []string) int {
		n, err := strconv.Atoi(row[column])
		if err != nil {
			panic(err) // such columns hold numbers
		}
		return n
	}
	sorted := slices.Clone(t.Rows)
	slices.SortStableFunc(sorted, func(a, b []string) int { return value(a) - value(b) })
	n := len(sorted)
	if value(sorted[n-1]) > value(sorted[n-2]) {
		t.ask(Comparison, sorted[n-1][0], "Which %s has the highest number under %s?", t.Columns[0], name)
	}
	if value(sorted[0]) < value(sorted[1]) {
		t.ask(Comparison, sorted[0][0], "Which %s has the lowest number under %s?", t.Columns[0], name)
	}
	two := sample(t.random, t.Rows, 2)
	if a, b := value(two[0]), value(two[1]); a != b {
		t.ask(Comparison, yesNo(a > b), "Under %s, does %s have a higher number than %s?", name, two[0][0], two[1][0])
		t.ask(Value, number(a+b), "What is the sum of %s for %s and %s?", name, two[0][0], two[1][0])
	}
}

// askWhich asks for the row of a cell that no other row has.
func (t *table) askWhich(column int) {
	row := pick(t.random, t.Rows)
	same := 0
	for _, other := range t.Rows {
		if other[column] == row[column] {
			same++
		}
	}
	if same == 1 {
		t.ask(Attribute, row[0], "Which %s has under %s the entry %s?", t.Columns[0], t.Columns[column], row[column])
	}
	if t.kinds[column-1].words != nil {
		t.ask(Count, number(same), "How many rows have under %s the entry %s?", t.Columns[column], row[column])
	}
}

func (t *table) describeAll() {
	head := []string{
		sentence("this is a table with " + counted(len(t.Columns), "column") + " and " + counted(len(t.Rows), "row") + " below the head"),
		sentence("the columns are " + list(t.Columns)),
	}
	var cells, names []string
	for _, row := range t.Rows {
		var parts []string
		for i, cell := range row[1:] {
			parts = append(parts, t.Columns[i+1]+" "+cell)
		}
		cells = append(cells, sentence(row[0]+" has "+list(parts)))
		names = append(names, row[0])
	}
	t.describe(append(head, cells...)...)
	t.describe(append(head, sentence("the rows are "+list(names)))...)
	t.describe(cells...)
}
