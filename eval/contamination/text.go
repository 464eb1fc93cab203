package contamination

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/task"
)

// textsOf are what is looked for of each item of a task: its question, without the
// words that all items of its section begin or end with, which are the task's and
// not the item's; with the right answer, where the question alone is too short to
// look for; of items whose choices make the text, that text.
func textsOf(t *task.Task, items []task.Item, o *decontaminate.Options) [][]string {
	common := commonOf(items)
	texts := make([][]string, len(items))
	for i := range items {
		texts[i] = textsOfItem(t, &items[i], common[items[i].Section], o)
	}
	return texts
}

func textsOfItem(t *task.Task, item *task.Item, c affixes, o *decontaminate.Options) []string {
	right := rightAnswer(item)
	switch {
	case t.Method == task.MethodPair:
		return item.Choices
	case t.Method == task.MethodCloze:
		return []string{item.Prompt + item.Before + right}
	case len(item.Contexts) > 0:
		if item.Gold < 0 || item.Gold >= len(item.Contexts) {
			return item.Contexts
		}
		return []string{item.Contexts[item.Gold] + item.Before + strings.Join(item.Choices, " ")}
	}
	question := strings.Join(append([]string{c.cut(item.Prompt)}, item.Turns...), "\n")
	if !o.Checkable(question) && right != "" {
		question += " " + right
	}
	return []string{question}
}

// rightAnswer is "" if the item has none.
func rightAnswer(item *task.Item) string {
	switch {
	case item.Gold >= 0 && item.Gold < len(item.Choices):
		return item.Choices[item.Gold]
	case len(item.Answers) > 0:
		return item.Answers[0]
	}
	return ""
}

// affixes are what prompts have in common: bytes at the beginning and at the end,
// up to the border of a word.
type affixes struct {
	before, after string
}

// commonOf finds them for each section. A section of one item has none.
func commonOf(items []task.Item) map[string]affixes {
	common, seen := map[string]affixes{}, map[string]int{}
	for i := range items {
		section, prompt := items[i].Section, items[i].Prompt
		c := common[section]
		if seen[section] == 0 {
			c = affixes{prompt, prompt}
		} else {
			c.before = c.before[:sharedBytes(c.before, prompt)]
			c.after = c.after[len(c.after)-sharedEnd(c.after, prompt):]
		}
		common[section] = c
		seen[section]++
	}
	for section, c := range common {
		if seen[section] == 1 {
			c = affixes{}
		}
		common[section] = affixes{
			before: c.before[:strings.LastIndexFunc(c.before, unicode.IsSpace)+1],
			after:  c.after[max(0, afterSpace(c.after)):],
		}
	}
	return common
}

// afterSpace is where the first whole word of an end begins.
func afterSpace(end string) int {
	at := strings.IndexFunc(end, unicode.IsSpace)
	if at < 0 {
		return len(end)
	}
	_, size := utf8.DecodeRuneInString(end[at:])
	return at + size
}

func sharedBytes(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func sharedEnd(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[len(a)-1-i] != b[len(b)-1-i] {
			return i
		}
	}
	return n
}

// cut takes what is common off a prompt.
func (c affixes) cut(prompt string) string {
	rest := strings.TrimPrefix(prompt, c.before)
	return strings.TrimSuffix(rest, c.after)
}
