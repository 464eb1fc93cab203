package grade

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// maxSpans bounds the spans of an answer.
const maxSpans = 100

// dropF1 returns the F1 that DROP's script (drop_eval.py, get_metrics) computes:
// spans are matched one to one so that their F1 is greatest, and it is rounded to
// two places. exact says that the spans are the same ones.
func dropF1(answer, gold []string) (score float64, exact bool) {
	a, aTexts := dropBags(answer)
	g, gTexts := dropBags(gold)
	exact = len(a) == len(g) && equalSets(aTexts, gTexts)
	scores := make([][]float64, len(g))
	for i := range g {
		scores[i] = make([]float64, len(a))
		for j := range a {
			if numbersAgree(g[i], a[j]) {
				scores[i][j] = bagF1(a[j], g[i])
			}
		}
	}
	mean := assign(scores) / float64(max(len(a), len(g), 1))
	return math.RoundToEven(mean*100) / 100, exact
}

// dropBags returns the words of each span, and its normalized text.
func dropBags(spans []string) (bags []map[string]bool, texts map[string]bool) {
	texts = map[string]bool{}
	for _, span := range spans {
		text := dropNormalize(span)
		texts[text] = true
		bag := map[string]bool{}
		for _, word := range fieldsPython(text) {
			bag[word] = true
		}
		bags = append(bags, bag)
	}
	return bags, texts
}

func equalSets(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for element := range a {
		if !b[element] {
			return false
		}
	}
	return true
}

// dropNormalize treats each part between spaces and hyphens by itself: numbers
// become floating-point ones.
func dropNormalize(text string) string {
	var parts []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '-' }) {
		part = lowerPython(part)
		if _, number := floatPython(part); !number {
			part = dropASCIIPunctuation(part)
		}
		if value, number := floatPython(part); number {
			part = reprPython(value)
		}
		part = strings.Join(fieldsPython(dropArticles(part)), " ")
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

func bagF1(answer, gold map[string]bool) float64 {
	common := 0
	for word := range answer {
		if gold[word] {
			common++
		}
	}
	precision, recall := 1.0, 1.0
	if len(answer) > 0 {
		precision = float64(common) / float64(len(answer))
	}
	if len(gold) > 0 {
		recall = float64(common) / float64(len(gold))
	}
	if precision == 0 && recall == 0 {
		return 0
	}
	return float64(2*precision*recall) / (precision + recall)
}

// numbersAgree reports whether a span has one of the gold one's numbers, if that
// has any.
func numbersAgree(gold, answer map[string]bool) bool {
	any := false
	for word := range gold {
		if _, number := floatPython(word); number {
			if answer[word] {
				return true
			}
			any = true
		}
	}
	return !any
}

// floatPython reads what Python's float() reads, in any digits.
func floatPython(text string) (float64, bool) {
	text = strings.Map(asciiDigit, strings.Join(fieldsPython(text), " "))
	if strings.ContainsAny(text, "xXpP") { // hexadecimal is Go's
		return 0, false
	}
	if strings.Contains(text, "_") {
		for i := range len(text) {
			if text[i] == '_' && !(isDigit(text, i-1) && isDigit(text, i+1)) {
				return 0, false
			}
		}
		text = strings.ReplaceAll(text, "_", "")
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(value, 0) {
		return 0, false
	}
	return value, true
}

// asciiDigit turns the decimal digits of any script into those of ASCII. Their
// ranges begin with a zero and are as long as a multiple of ten.
func asciiDigit(r rune) rune {
	if r <= unicode.MaxASCII || !unicode.IsDigit(r) {
		return r
	}
	for _, block := range unicode.Nd.R16 {
		if rune(block.Lo) <= r && r <= rune(block.Hi) {
			return '0' + (r-rune(block.Lo))%10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if rune(block.Lo) <= r && r <= rune(block.Hi) {
			return '0' + (r-rune(block.Lo))%10
		}
	}
	return r
}

// reprPython writes a number as Python's str() does.
func reprPython(value float64) string {
	switch {
	case math.IsNaN(value):
		return "nan"
	case math.IsInf(value, 1):
		return "inf"
	case math.IsInf(value, -1):
		return "-inf"
	}
	if size := math.Abs(value); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.FormatFloat(value, 'e', -1, 64)
	}
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// assign returns the greatest sum of scores with at most one of each row and
// column (Kuhn 1955, Munkres 1957, by shortest augmenting paths).
func assign(scores [][]float64) float64 {
	n := len(scores)
	for _, row := range scores {
		n = max(n, len(row))
	}
	cost := func(i, j int) float64 {
		if i < len(scores) && j < len(scores[i]) {
			return -scores[i][j]
		}
		return 0
	}
	u, v := make([]float64, n+1), make([]float64, n+1)
	rowOf, way := make([]int, n+1), make([]int, n+1) // of columns, from 1
	for i := 1; i <= n; i++ {
		rowOf[0] = i
		column := 0
		least, used := make([]float64, n+1), make([]bool, n+1)
		for j := range least {
			least[j] = math.Inf(1)
		}
		for rowOf[column] != 0 {
			used[column] = true
			row, delta, next := rowOf[column], math.Inf(1), 0
			for j := 1; j <= n; j++ {
				if used[j] {
					continue
				}
				if reduced := cost(row-1, j-1) - u[row] - v[j]; reduced < least[j] {
					least[j], way[j] = reduced, column
				}
				if least[j] < delta {
					delta, next = least[j], j
				}
			}
			for j := 0; j <= n; j++ {
				if used[j] {
					u[rowOf[j]] += delta
					v[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			column = next
		}
		for column != 0 {
			rowOf[column] = rowOf[way[column]]
			column = way[column]
		}
	}
	sum := 0.0
	for j := 1; j <= n; j++ {
		sum -= cost(rowOf[j]-1, j-1)
	}
	return sum
}
