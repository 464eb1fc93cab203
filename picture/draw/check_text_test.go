package draw_test

import (
	"strconv"
	"strings"
)

var textQuestions = []rule{
	is(`What does the text say\?|Read the text\.|Which text is in the picture\?|Write down the text in the picture\.`, func(f *facts, _ []string) string {
		return strings.Join(f.Text.Lines, " ")
	}),
	is(`What is the (first|last) word, .*\?`, func(f *facts, m []string) string {
		words := strings.Split(f.Text.Text, " ")
		return map[string]string{"first": words[0], "last": words[len(words)-1]}[m[1]]
	}),
	is(`What color is the text\?`, func(f *facts, _ []string) string { return f.Text.Color }),
	is(`How many lines of text are there\?`, func(f *facts, _ []string) string { return num(len(f.Text.Lines)) }),
	is(`How many words are there, as parted by spaces\?`, func(f *facts, _ []string) string { return num(1 + strings.Count(f.Text.Text, " ")) }),
	is(`Does the text contain (".*")\?`, func(f *facts, m []string) string {
		word, err := strconv.Unquote(m[1])
		if err != nil {
			return bad("it is not quoted")
		}
		return yes(strings.Contains(f.Text.Text, word))
	}),
}

var textSentences = []rule{
	is(`(?:The picture shows text in|Its color is) (\w+)\.`, func(f *facts, m []string) string { return yes(f.Text.Color == m[1]) }),
	is(`The text has (\d+) words? in (\d+) lines?\.`, func(f *facts, m []string) string {
		return yes(num(1+strings.Count(f.Text.Text, " ")) == m[1] && num(len(f.Text.Lines)) == m[2])
	}),
	is(`The text reads: (.*)`, func(f *facts, m []string) string { return yes(f.Text.Text == m[1]) }),
}
