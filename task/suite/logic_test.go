package suite

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// logicRows makes puzzles of one kind. The tests read their texts, and nothing
// else, and solve them in another way than their makers did.
func logicRows(t *testing.T, section string) []task.Row {
	t.Helper()
	rows, err := logic(3000, 11)
	if err != nil {
		t.Fatal(err)
	}
	rows = slices.DeleteFunc(rows, func(row task.Row) bool { return row["section"] != section })
	if len(rows) < 400 {
		t.Fatalf("%d rows of %s", len(rows), section)
	}
	return rows
}

// TestOrderPuzzles places things by backtracking.
func TestOrderPuzzles(t *testing.T) {
	for _, row := range logicRows(t, "order") {
		question := text(t, row, "question")
		choices, gold := choicesOf(t, row)
		sentences := strings.Split(question, ". ")
		var clues []string
		for _, s := range sentences[1 : len(sentences)-1] {
			clues = append(clues, strings.ToLower(s))
		}
		words := map[string]bool{}
		for _, order := range solveOrder(t, nil, choices, clues) {
			words[order[askedPlace(t, sentences[len(sentences)-1], len(choices))]] = true
		}
		if len(words) != 1 || !words[choices[gold]] {
			t.Errorf("%s: solutions give %v, the answer is %s", question, words, choices[gold])
		}
		for i := range clues {
			if spared := slices.Delete(slices.Clone(clues), i, i+1); len(solveOrder(t, nil, choices, spared)) == 1 {
				t.Errorf("%s: clue %d can be spared", question, i)
			}
		}
	}
}

func askedPlace(t *testing.T, ask string, n int) int {
	for i, word := range []string{"first", "second", "third", "fourth", "fifth"} {
		if strings.Contains(ask, word) {
			return i
		}
	}
	switch {
	case regexp.MustCompile(`leftmost|lowest`).MatchString(ask):
		return 0
	case regexp.MustCompile(`rightmost|highest|last`).MatchString(ask):
		return n - 1
	}
	t.Fatalf("what does %q ask?", ask)
	return 0
}

func solveOrder(t *testing.T, placed, left, clues []string) [][]string {
	if len(left) == 0 {
		if slices.ContainsFunc(clues, func(c string) bool { return !clueHolds(t, c, placed) }) {
			return nil
		}
		return [][]string{slices.Clone(placed)}
	}
	var all [][]string
	for i := range left {
		rest := slices.Delete(slices.Clone(left), i, i+1)
		all = append(all, solveOrder(t, append(slices.Clone(placed), left[i]), rest, clues)...)
	}
	return all
}

func clueHolds(t *testing.T, clue string, order []string) bool {
	at := func(name string) int {
		i := slices.IndexFunc(order, func(o string) bool { return strings.ToLower(o) == name })
		if i < 0 {
			t.Fatalf("%q is nothing of %v", name, order)
		}
		return i
	}
	if name, what, ok := strings.Cut(clue, " is not "); ok {
		switch {
		case regexp.MustCompile(`leftmost|first|lowest`).MatchString(what):
			return at(name) != 0
		case regexp.MustCompile(`rightmost|last|highest`).MatchString(what):
			return at(name) != len(order)-1
		}
		t.Fatalf("clue %q", clue)
	}
	for _, next := range []string{"directly to the left of", "directly ahead of", "directly in front of", "directly below", "the one directly before"} {
		if a, b, ok := strings.Cut(clue, " is "+next+" "); ok {
			return at(a)+1 == at(b)
		}
	}
	for _, before := range []string{"to the left of", "ahead of", "in front of", "below", "earlier than"} {
		if a, b, ok := strings.Cut(clue, " is "+before+" "); ok {
			return at(a) < at(b)
		}
	}
	t.Fatalf("clue %q", clue)
	return false
}

// TestTruthPuzzles supposes each choice, and all other sets, in turn.
func TestTruthPuzzles(t *testing.T) {
	says := regexp.MustCompile(`(\w+) says: "([^"]*)\."`)
	for _, row := range logicRows(t, "truth tellers") {
		question := text(t, row, "question")
		choices, gold := choicesOf(t, row)
		var names, statements []string
		for _, m := range says.FindAllStringSubmatch(question, -1) {
			names, statements = append(names, m[1]), append(statements, m[2])
		}
		var fits []string
		for set := range 1 << len(names) {
			honest := map[string]bool{}
			var list []string
			for i, name := range names {
				if honest[name] = set&(1<<i) != 0; honest[name] {
					list = append(list, name)
				}
			}
			agree := true
			for i, name := range names {
				agree = agree && honest[name] == isTrue(t, statements[i], honest)
			}
			if agree {
				fits = append(fits, strings.Join(list, " "))
			}
		}
		plain := strings.NewReplacer(",", "", " and", "").Replace(choices[gold])
		if plain == "nobody" {
			plain = ""
		}
		if len(fits) != 1 || fits[0] != plain {
			t.Errorf("%s: %q fit, the answer is %s", question, fits, choices[gold])
		}
	}
}

func isTrue(t *testing.T, statement string, honest map[string]bool) bool {
	words := strings.Fields(statement)
	switch {
	case strings.HasPrefix(statement, "Either "):
		return honest[words[1]] == honest[words[3]]
	case strings.HasPrefix(statement, "Of "):
		return !honest[words[1]] || !honest[words[3]]
	case strings.HasSuffix(statement, " lies"):
		return !honest[words[0]]
	case strings.HasSuffix(statement, " tells the truth"):
		return honest[words[0]]
	}
	t.Fatalf("statement %q", statement)
	return false
}

// The 24 valid forms, by figure (where the middle term stands in the premises).
var validForms = map[int]string{
	1: "AAA EAE AII EIO AAI EAO",
	2: "EAE AEE EIO AOO EAO AEO",
	3: "AAI IAI AII EAO OAO EIO",
	4: "AAI AEE IAI EAO EIO AEO",
}

// TestSyllogisms holds each choice against Aristotle's list.
func TestSyllogisms(t *testing.T) {
	for _, row := range logicRows(t, "syllogism") {
		question := text(t, row, "question")
		choices, gold := choicesOf(t, row)
		sentences := strings.Split(question, ". ")
		p, q := parseProposition(t, sentences[0]), parseProposition(t, sentences[1])
		for i, choice := range choices {
			c := parseProposition(t, strings.TrimSuffix(choice, "."))
			if got := isValid(p, q, c); got != (i == gold) {
				t.Errorf("%s %s: valid is %v", question, choice, got)
			}
		}
	}
}

type parsed struct {
	form             string
	subject, another string
}

func parseProposition(t *testing.T, s string) parsed {
	words := strings.Fields(s)
	switch {
	case words[0] == "All":
		return parsed{"A", words[1], words[3]}
	case words[0] == "No":
		return parsed{"E", words[1], words[3]}
	case words[0] == "Some" && words[3] == "not":
		return parsed{"O", words[1], words[4]}
	case words[0] == "Some":
		return parsed{"I", words[1], words[3]}
	}
	t.Fatalf("proposition %q", s)
	return parsed{}
}

func isValid(p, q, conclusion parsed) bool {
	major, minor := p, q // the major premise has the predicate of the conclusion
	if p.subject != conclusion.another && p.another != conclusion.another {
		major, minor = q, p
	}
	figure := 1
	switch {
	case major.another == minor.another:
		figure = 2
	case major.subject == minor.subject:
		figure = 3
	case major.another == minor.subject:
		figure = 4
	}
	return slices.Contains(strings.Fields(validForms[figure]), major.form+minor.form+conclusion.form)
}

// TestSequences goes on by the rule that the text names.
func TestSequences(t *testing.T) {
	for _, row := range logicRows(t, "sequence") {
		question := text(t, row, "question")
		choices, gold := choicesOf(t, row)
		rule, list, _ := strings.Cut(question, ". What comes next: ")
		var n []int
		for _, s := range strings.Split(strings.TrimSuffix(list, "?"), ", ") {
			v, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			n = append(n, v)
		}
		next := 0
		switch {
		case strings.HasSuffix(rule, "before plus the same number"), strings.HasSuffix(rule, "before minus the same number"):
			next = n[4] + (n[1] - n[0])
		case strings.HasSuffix(rule, "before times the same number"):
			next = n[4] * (n[1] / n[0])
		case strings.Contains(rule, "before times "):
			factor, _ := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(rule))
			next = n[4]*factor + (n[1] - n[0]*factor)
		case strings.Contains(rule, "sum of the two"):
			next = n[3] + n[4]
		case strings.Contains(rule, "grows"):
			next = n[4] + (n[4] - n[3]) + (n[2] - n[1]) - (n[1] - n[0])
		default:
			t.Fatalf("rule %q", rule)
		}
		if choices[gold] != strconv.Itoa(next) {
			t.Errorf("%s: %d, the answer is %s", question, next, choices[gold])
		}
	}
}

func TestParity(t *testing.T) {
	for _, row := range logicRows(t, "parity") {
		question := text(t, row, "question")
		choices, gold := choicesOf(t, row)
		changes := len(regexp.MustCompile(`turns it over\.|presses its only switch|pushes it to the other side|turns it upside down`).FindAllString(question, -1))
		first := regexp.MustCompile(`heads|lamp is on|stands open|stands upright`).FindString(question)
		state := first[strings.LastIndex(first, " ")+1:]
		if (choices[gold] == state) != (changes%2 == 0) {
			t.Errorf("%s: %d changes, the answer is %s", question, changes, choices[gold])
		}
	}
	for _, row := range logicRows(t, "negation") {
		question := text(t, row, "question")
		choices, gold := choicesOf(t, row)
		negations := strings.Count(strings.ToLower(question), "it is not true that") + strings.Count(strings.ToLower(question), "it is false that")
		denies := strings.Contains(choices[gold], " not ")
		if denies != (negations%2 == 1) {
			t.Errorf("%s: %d negations, the answer is %s", question, negations, choices[gold])
		}
	}
}
