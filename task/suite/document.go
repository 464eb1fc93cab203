package suite

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/task"
)

// Document is a text that questions are made of.
type Document struct {
	// Name is the questions' cluster. No two documents have the same.
	Name, Text string
}

// mostRounds is how often a document is asked about at most.
const mostRounds = 400

// NextLines makes up to n questions of which of four lines of a document comes next,
// like those of the generator go_cloze, after at most shown bytes of what is before.
// Documents are asked about in turn. Rows have the fields that those of Generators
// have; the same documents give the same rows.
func NextLines(documents []Document, shown, n int, seed uint64) []task.Row {
	lines := make([][]string, len(documents))
	return inTurn(documents, n, seed, func(r *random.Source, i int) (question, int) {
		if lines[i] == nil {
			lines[i] = linesOf(documents[i].Text)
		}
		return lineQuestion(r, lines[i], shown)
	})
}

// WordOrders makes up to n questions of which of two passages is the document's: in
// the other the last two words have changed places. A passage has shown bytes at
// most, before the two. Otherwise it is like NextLines.
func WordOrders(documents []Document, shown, n int, seed uint64) []task.Row {
	return inTurn(documents, n, seed, func(r *random.Source, i int) (question, int) {
		return orderQuestion(r, documents[i].Text, shown)
	})
}

// inTurn asks about each document once, then again. ask returns where in the document
// its question is, which is asked about once, or a negative number if it has none.
func inTurn(documents []Document, n int, seed uint64, ask func(r *random.Source, i int) (question, int)) []task.Row {
	order := make([]int, len(documents))
	seeds := make([]uint64, len(documents))
	randoms := make([]*random.Source, len(documents))
	asked := make([]map[int]bool, len(documents))
	for i := range documents {
		order[i], seeds[i], asked[i] = i, nameHash(documents[i].Name, seed), map[int]bool{}
		randoms[i] = random.New(seeds[i])
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(seeds[a], seeds[b]), strings.Compare(documents[a].Name, documents[b].Name))
	})
	var rows []task.Row
	for range mostRounds {
		for _, i := range order {
			if len(rows) >= n {
				return rows
			}
			q, at := ask(randoms[i], i)
			if at < 0 || asked[i][at] {
				continue
			}
			asked[i][at], q.cluster = true, documents[i].Name
			rows = append(rows, q.row(randoms[i]))
		}
	}
	return rows
}

// mostWord is the length of a word at most, in bytes.
const mostWord = 40

// orderQuestion asks about two words with a space between them at a place that r
// chooses.
func orderQuestion(r *random.Source, text string, shown int) (q question, at int) {
	for range 40 {
		if text == "" {
			break
		}
		at := r.Below(len(text))
		first, last, ok := wordsAround(text, at)
		if !ok {
			continue
		}
		passage := text[passageStart(text, at-len(first), shown) : at-len(first)]
		if strings.TrimSpace(passage) == "" || !utf8.ValidString(passage) {
			continue
		}
		wrong := passage + last + " " + first
		if strings.Contains(text, wrong) {
			continue
		}
		return question{choices: []string{passage + first + " " + last, wrong}}, at
	}
	return question{}, -1
}

// wordsAround returns the words before and after the space at a place. They differ,
// and one has a letter at least.
func wordsAround(text string, at int) (first, last string, ok bool) {
	if text[at] != ' ' {
		return "", "", false
	}
	from := strings.LastIndexAny(text[:at], " \t\n\r") + 1
	first, last = text[from:at], text[at+1:]
	if end := strings.IndexAny(last, " \t\n\r"); end >= 0 {
		last = last[:end]
	}
	ok = first != "" && last != "" && first != last && len(first) <= mostWord && len(last) <= mostWord &&
		strings.ContainsFunc(first+last, unicode.IsLetter) && utf8.ValidString(first+last)
	return first, last, ok
}

// passageStart returns where the first line begins that fits before a place, or the
// first word.
func passageStart(text string, at, shown int) int {
	from := max(at-shown, 0)
	if from == 0 {
		return 0
	}
	for _, breaks := range []string{"\n", " \t\n\r"} {
		if i := strings.IndexAny(text[from:at], breaks); i >= 0 && from+i+1 < at {
			return from + i + 1
		}
	}
	return at
}
