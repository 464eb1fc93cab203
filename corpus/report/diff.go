package report

import (
	"html"
	"html/template"
	"slices"
	"strings"
	"unicode"

	"github.com/polymath-lm/polymath/internal/visible"
)

// marked returns two texts in which what only one of them has is marked: whole
// lines, and within lines that are alike words. With cut both are the beginnings of
// longer texts, and the second is the first less something: a line that only the
// second has is not marked, because it stands further on in the first.
func marked(before, after string, cut bool) (a, b template.HTML) {
	x, y := slices.Collect(strings.Lines(before)), slices.Collect(strings.Lines(after))
	inX, inY := common(x, y)
	for i, j := 0, 0; i < len(x) || j < len(y); {
		if i < len(x) && j < len(y) && inX[i] && inY[j] {
			a, b = a+escaped(x[i]), b+escaped(y[j])
			i, j = i+1, j+1
			continue
		}
		fromX, fromY := i, j
		for i < len(x) && !inX[i] {
			i++
		}
		for j < len(y) && !inY[j] {
			j++
		}
		p, q := hunk(strings.Join(x[fromX:i], ""), strings.Join(y[fromY:j], ""), cut)
		a, b = a+p, b+q
	}
	return a, b
}

// alike is the share of a text that another must have for its words to be
// compared.
const alike = 0.5

// hunk marks what differs between two runs of lines.
func hunk(before, after string, cut bool) (a, b template.HTML) {
	x, y := pieces(before), pieces(after)
	inX, inY := common(x, y)
	same := 0
	for i, piece := range x {
		if inX[i] && strings.TrimSpace(piece) != "" {
			same += len(piece)
		}
	}
	if float64(same) < alike*float64(len(strings.Join(strings.Fields(before), ""))) {
		clear(inX)
		clear(inY)
	}
	if cut {
		for i := len(y) - 1; i >= 0 && !inY[i]; i-- {
			inY[i] = true
		}
	}
	return mark(x, inX, "del"), mark(y, inY, "ins")
}

// pieces parts a text into words and the space between them, each line feed by
// itself.
func pieces(text string) []string {
	var out []string
	start, space := 0, false
	for i, r := range text {
		s := unicode.IsSpace(r)
		if i > start && (s != space || r == '\n' || text[i-1] == '\n') {
			out = append(out, text[start:i])
			start = i
		}
		space = s
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

// maxPieces bounds the table of common: a sample's text has fewer pieces.
const maxPieces = 2000

// common finds a longest sequence that both have.
func common(x, y []string) (inX, inY []bool) {
	inX, inY = make([]bool, len(x)), make([]bool, len(y))
	n, m := min(len(x), maxPieces), min(len(y), maxPieces)
	length := make([][]uint16, n+1) // of the rests from i and j on
	for i := range length {
		length[i] = make([]uint16, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if x[i] == y[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case x[i] == y[j]:
			inX[i], inY[j] = true, true
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return inX, inY
}

// mark puts a tag around the pieces that are not common.
func mark(list []string, common []bool, tag string) template.HTML {
	for i := 1; i+1 < len(list); i++ { // space between two words that are marked
		if !common[i-1] && !common[i+1] && strings.TrimSpace(list[i]) == "" {
			common[i] = false
		}
	}
	var b strings.Builder
	for i := 0; i < len(list); {
		j := i
		for j < len(list) && common[j] == common[i] {
			j++
		}
		text := string(escaped(strings.Join(list[i:j], "")))
		if common[i] {
			b.WriteString(text)
		} else {
			b.WriteString("<" + tag + ">" + text + "</" + tag + ">")
		}
		i = j
	}
	return template.HTML(b.String())
}

func escaped(text string) template.HTML { return template.HTML(html.EscapeString(visible.Text(text))) }
