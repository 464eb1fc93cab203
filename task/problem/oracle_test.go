package problem

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// goValue is what Go makes of an expression of numbers or truth values.
func goValue(t *testing.T, source string) constant.Value {
	t.Helper()
	e, err := parser.ParseExpr(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	var value func(e ast.Expr) constant.Value
	value = func(e ast.Expr) constant.Value {
		switch e := e.(type) {
		case *ast.ParenExpr:
			return value(e.X)
		case *ast.BasicLit:
			return constant.MakeFromLiteral(e.Value, e.Kind, 0)
		case *ast.Ident:
			return constant.MakeBool(e.Name == "true")
		case *ast.UnaryExpr:
			return constant.UnaryOp(e.Op, value(e.X), 0)
		case *ast.BinaryExpr:
			return constant.BinaryOp(value(e.X), e.Op, value(e.Y))
		}
		t.Fatalf("%s has %T", source, e)
		return nil
	}
	return value(e)
}

// number reads the only number of a sentence.
func numberIn(t *testing.T, s string) int {
	t.Helper()
	all := regexp.MustCompile(`-?\d+`).FindAllString(s, -1)
	if len(all) != 1 {
		t.Fatalf("%q has %d numbers", s, len(all))
	}
	n, err := strconv.Atoi(all[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// reckon answers questions of arithmetic: expressions as Go reads them, what is told
// by its verbs.
func reckon(t *testing.T, question string) string {
	if m := regexp.MustCompile(`expression is ([^.]*)\.`).FindStringSubmatch(question); m != nil {
		return goValue(t, m[1]).String()
	}
	n, begun := 0, false
	for _, s := range strings.SplitAfter(question, ".") {
		if !strings.ContainsAny(s, "0123456789") {
			continue
		}
		with := numberIn(t, s)
		switch {
		case !begun:
			n, begun = with, true
		case strings.Contains(s, "Add") || strings.Contains(s, "more") || strings.Contains(s, " on."):
			n += with
		case strings.Contains(s, "Subtract") || strings.Contains(s, "away") || strings.Contains(s, " off."):
			n -= with
		case strings.Contains(s, "Multiply") || strings.Contains(s, "times as"):
			n *= with
		default:
			t.Fatalf("sentence %q", s)
		}
	}
	return strconv.Itoa(n)
}

// wrongSteps counts lines whose outcome is another than that of the line before, or of
// the question. A line begins with the step, which holds or does not as the outcome says;
// of what the question tells it has what is left behind its step.
func wrongSteps(t *testing.T, p *Problem, lines []string, outcome func(t *testing.T, text string) string, holds func(t *testing.T, step string) bool) (n int) {
	last := p.Question
	for i, line := range lines {
		step, left, _ := strings.Cut(line, ". ")
		sentences := strings.SplitAfter(left, ".")
		rest := strings.Join(sentences[len(sentences)-1-(p.Steps-1-i):], "")
		if !strings.Contains(p.Question, rest) {
			t.Fatalf("line %d is not what is left:\n%s\n%s", i+1, p.Question, line)
		}
		wrong := outcome(t, last) != outcome(t, left)
		if wrong == holds(t, step) {
			t.Fatalf("line %d says %q, and goes on with something else:\n%s", i+1, step, left)
		}
		if wrong {
			n++
		}
		last = left
	}
	return n
}

// sumHolds is of "3 + 4 = 7".
func sumHolds(t *testing.T, step string) bool {
	terms, result, _ := strings.Cut(step, " = ")
	return goValue(t, terms).String() == result
}

// moveHolds is of "August, 2 months later: October".
func moveHolds(t *testing.T, step string) bool {
	from, rest, _ := strings.Cut(step, ", ")
	move, to, _ := strings.Cut(rest, ": ")
	unit := strings.TrimSuffix(strings.Fields(move)[1], "s")
	if unit == "eighth" {
		unit = "wind"
	}
	return goRound(t, "The "+unit+" is "+from+". "+move+".") == to
}

// wrongSums counts equations that do not hold, and what is left that has not the
// value it should.
func wrongSums(t *testing.T, p *Problem, lines []string) (n int) {
	if len(lines) != p.Steps {
		t.Fatalf("%d lines of %d steps:\n%s", len(lines), p.Steps, strings.Join(lines, "\n"))
	}
	if !strings.Contains(p.Question, "expression") {
		return wrongSteps(t, p, lines, reckon, sumHolds)
	}
	last := ""
	for _, line := range lines {
		sum, left, more := strings.Cut(line, ", leaving ")
		terms, result, _ := strings.Cut(sum, " = ")
		if goValue(t, terms).String() != result {
			n++
		} else if more && last != "" && goValue(t, last).String() != goValue(t, left).String() {
			n++ // something else has changed
		}
		if last != "" && !more && goValue(t, last).String() != goValue(t, terms).String() {
			n++
		}
		last = left
	}
	return n
}

var goWords = strings.NewReplacer(" and ", " && ", " or ", " || ", " & ", " && ", " | ", " || ", "not ", "!")

// evaluate answers Boolean questions as Go reads them.
func evaluate(t *testing.T, question string) string {
	values := map[string]string{}
	for _, m := range regexp.MustCompile(`\b([pqr]) is (true|false)\.`).FindAllStringSubmatch(question, -1) {
		values[m[1]] = m[2]
	}
	var answers []string
	for _, m := range regexp.MustCompile(`\b([ABC]): ([^.]*)\.`).FindAllStringSubmatch(question, -1) {
		source := regexp.MustCompile(`\b[pqr]\b`).ReplaceAllStringFunc(m[2], func(v string) string { return values[v] })
		answers = append(answers, goValue(t, goWords.Replace(source)).String())
	}
	return strings.Join(answers, ", ")
}

// wrongReductions counts arrows over which a value changes.
func wrongReductions(t *testing.T, p *Problem, lines []string) (n int) {
	for i, line := range lines {
		_, chain, _ := strings.Cut(line, ": ")
		forms := strings.Split(chain, " -> ")
		if p.Form >= Forms/2 { // the first has variables with their values
			if bare := regexp.MustCompile(`\b[pqr]=`).ReplaceAllString(forms[0], ""); bare != forms[1] {
				t.Fatalf("%q is not %q", forms[1], forms[0])
			}
			bare := regexp.MustCompile(`=(true|false)`).ReplaceAllString(forms[0], "")
			if !strings.Contains(p.Question, letters[i]+": "+bare+".") {
				t.Fatalf("%q is not asked: %s", bare, p.Question)
			}
			forms = forms[1:]
		}
		if len(forms) != p.Steps+1 || !strings.HasPrefix(line, letters[i]) {
			t.Fatalf("%d forms of %d steps: %s", len(forms), p.Steps, line)
		}
		changed := false
		for k := 1; k < len(forms); k++ {
			a, b := goWords.Replace(forms[k-1]), goWords.Replace(forms[k])
			changed = changed || goValue(t, a).String() != goValue(t, b).String()
		}
		if changed {
			n++
		}
	}
	return n
}

var comparison = regexp.MustCompile(`(\w+) is (\w+) than (\w+)\.`)

// comparisons are the pairs of a question, with who has more first.
func comparisons(question string) (pairs [][2]string) {
	for _, m := range comparison.FindAllStringSubmatch(question, -1) {
		pair := [2]string{m[1], m[3]}
		if slices.Contains([]string{"shorter", "younger", "lighter", "slower"}, m[2]) {
			pair = [2]string{m[3], m[1]}
		}
		pairs = append(pairs, pair)
	}
	return pairs
}

// permute tries all orders; one fits.
func permute(t *testing.T, question string) string {
	pairs := comparisons(question)
	var people []string
	for _, pair := range pairs {
		for _, name := range pair {
			if !slices.Contains(people, name) {
				people = append(people, name)
			}
		}
	}
	var fits [][]string
	var try func(k int)
	try = func(k int) {
		if k == len(people) {
			if !slices.ContainsFunc(pairs, func(pair [2]string) bool {
				return slices.Index(people, pair[0]) > slices.Index(people, pair[1])
			}) {
				fits = append(fits, slices.Clone(people))
			}
			return
		}
		for i := k; i < len(people); i++ {
			people[k], people[i] = people[i], people[k]
			try(k + 1)
			people[k], people[i] = people[i], people[k]
		}
	}
	try(0)
	if len(fits) != 1 {
		t.Fatalf("%d orders fit: %s", len(fits), question)
	}
	order := fits[0]
	ask := question[strings.LastIndex(question, " than "):]
	switch {
	case strings.Contains(ask, "second"):
		return order[1]
	case strings.Contains(ask, "from the"):
		return strings.Join(order, ", ")
	case regexp.MustCompile(`shortest|youngest|lightest|slowest`).MatchString(ask):
		return order[len(order)-1]
	}
	return order[0]
}

// wrongComparisons counts lines that say otherwise than the question, and a last line in
// which somebody does not follow by what was said before.
func wrongComparisons(t *testing.T, p *Problem, lines []string) (n int) {
	told := comparison.FindAllString(p.Question, -1)
	if len(told) != p.Steps || len(lines) != p.Steps+2 {
		t.Fatalf("%d lines of %d comparisons", len(lines), len(told))
	}
	var said [][2]string
	for i, pair := range comparisons(p.Question) {
		line, rest, _ := strings.Cut(lines[i], ".")
		if want := strings.Join(told[i+1:], " "); strings.TrimSpace(rest) != want {
			t.Fatalf("line %d leaves %q, want %q", i+1, rest, want)
		}
		var more, less, again, above string
		if _, err := fmt.Sscanf(line, "%s > %s %s < %s", &more, &less, &again, &above); err != nil || less != again+"," || above != more {
			t.Fatalf("line %d: %q: %v", i+1, line, err)
		}
		if pair != [2]string{more, again} {
			n++
		}
		said = append(said, [2]string{more, again})
	}
	up := strings.Split(strings.TrimPrefix(lines[p.Steps], "Up: "), " < ")
	all := strings.Split(strings.TrimPrefix(lines[p.Steps+1], "All: "), " > ")
	follows := func(i int) bool { return slices.Contains(said, [2]string{all[i-1], all[i]}) }
	for i := 1; i < len(up); i++ {
		if !slices.Contains(said, [2]string{up[i], up[i-1]}) {
			t.Fatalf("%s is not said to be below %s", up[i-1], up[i])
		}
	}
	for i := 1; i < len(all); i++ {
		if !follows(i) {
			return n + 1
		}
	}
	if all[0] != up[len(up)-1] || n == 0 && len(all) != p.Steps+1 {
		t.Fatalf("%v is not what follows from %v", all, up)
	}
	return n
}

var pairsOf = map[string]string{
	"(": ")", "[": "]", "{": "}", "<": ">", "/*": "*/", "{{": "}}", "<a>": "</a>", "<b>": "</b>", "<i>": "</i>", "if": "fi", "do": "od", "case": "esac",
}

// cancel removes pairs that stand side by side until there are none.
func cancel(signs []string) []string {
	signs = slices.Clone(signs)
	for {
		at := -1
		for i := 1; i < len(signs); i++ {
			if pairsOf[signs[i-1]] == signs[i] {
				at = i - 1
				break
			}
		}
		if at < 0 {
			return signs
		}
		signs = slices.Delete(signs, at, at+2)
	}
}

func bracketsOf(t *testing.T, question string) []string {
	_, rest, ok := strings.Cut(question, "The brackets are ")
	rest, _, end := strings.Cut(rest, " .")
	if !ok || !end {
		t.Fatalf("no brackets in %q", question)
	}
	return strings.Fields(rest)
}

// rewrite answers by cancelling what is beside its partner.
func rewrite(t *testing.T, question string) string {
	signs := bracketsOf(t, question)
	if strings.Contains(question, balanced) {
		for n := 1; n <= len(signs); n++ {
			for _, left := range cancel(signs[:n]) {
				if pairsOf[left] == "" {
					return strconv.Itoa(n)
				}
			}
		}
		if len(cancel(signs)) > 0 {
			t.Fatalf("open at the end: %s", question)
		}
		return balanced
	}
	left := cancel(signs)
	slices.Reverse(left)
	for i, sign := range left {
		if left[i] = pairsOf[sign]; left[i] == "" {
			t.Fatalf("%s closes nothing: %s", sign, question)
		}
	}
	return strings.Join(left, " ")
}

// wrongBrackets counts lines that do not follow from the line before.
func wrongBrackets(t *testing.T, p *Problem, lines []string) (n int) {
	var open []string
	signs := bracketsOf(t, p.Question)
	for i, line := range lines {
		want := signs[i]
		if strings.Contains(p.Question, balanced) {
			want = strconv.Itoa(i+1) + " " + want
		}
		before := len(open)
		switch top := len(open) - 1; {
		case pairsOf[signs[i]] != "":
			open = append(open, signs[i])
			want += " leaves " + strings.Join(open, " ")
		case top >= 0 && (pairsOf[open[top]] == signs[i] || !strings.Contains(p.Question, balanced)):
			open = open[:top]
			want += " leaves " + strings.Join(open, " ")
			if top == 0 {
				want += "nothing"
			}
		default:
			want += " is wrong"
		}
		line, rest, more := strings.Cut(line, " then ")
		if more && rest != strings.Join(signs[i+1:], " ")+" ." || !more && i+1 < len(signs) && !strings.HasSuffix(line, "wrong") {
			t.Fatalf("line %d leaves %q of %v", i+1, rest, signs)
		}
		if line == want {
			continue
		}
		n++
		if _, said, ok := strings.Cut(line, " leaves "); ok {
			if open = strings.Fields(said); said == "nothing" {
				open = nil
			}
		} else {
			open = open[:max(0, before-1)]
		}
	}
	return n
}

// goRound asks package time, and counts eighths.
func goRound(t *testing.T, question string) string {
	at := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC) // a Sunday
	compass := []string{"north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"}
	turn := 0
	begin := regexp.MustCompile(`(day|month|hour|wind) is (?:from the )?(\w+)\.`).FindStringSubmatch(question)
	if begin == nil {
		t.Fatalf("no beginning in %q", question)
	}
	for i := 0; begin[2] != sayTime(at, begin[1]) && begin[1] != "wind"; i++ {
		at = step(at, begin[1], 1)
		if i > 30 {
			t.Fatalf("%s is no %s", begin[2], begin[1])
		}
	}
	turn = slices.Index(compass, begin[2])
	for _, m := range regexp.MustCompile(`(\d+) (\w+?)s? (later|earlier|to the right|to the left)\.`).FindAllStringSubmatch(question, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if m[3] == "earlier" || m[3] == "to the left" {
			n = -n
		}
		at, turn = step(at, m[2], n), turn+n
	}
	if begin[1] == "wind" {
		return compass[(turn%8+8)%8]
	}
	return sayTime(at, begin[1])
}

func step(at time.Time, unit string, n int) time.Time {
	switch unit {
	case "day":
		return at.AddDate(0, 0, n)
	case "month":
		return at.AddDate(0, n, 0)
	}
	return at.Add(time.Duration(n) * time.Hour)
}

func sayTime(at time.Time, unit string) string {
	switch unit {
	case "day":
		return at.Weekday().String()
	case "month":
		return at.Month().String()
	}
	return strconv.Itoa(at.Hour())
}

// wrongMoves counts moves that lead elsewhere.
func wrongMoves(t *testing.T, p *Problem, lines []string) (n int) {
	if len(lines) != p.Steps {
		t.Fatalf("%d lines of %d steps", len(lines), p.Steps)
	}
	return wrongSteps(t, p, lines, goRound, moveHolds)
}
