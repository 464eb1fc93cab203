package contamination

import (
	"strings"

	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/task"
)

// textsOf are what is looked for of each item of a task: its question, without what
// is the task's and not the item's: the words that all prompts of its section begin
// or end with, and passages, such as headers, that many items have; with the right answer, where the question alone is too short to look
// for; of items whose choices make the text, that text. What is left in several
// pieces is looked for by pieces. An item without texts is too short.
func textsOf(t *task.Task, items []task.Item, o *decontaminate.Options) [][]string {
	whole := make([][]string, len(items))
	affixes := commonOf(items)
	common := newPassages(len(items))
	for i := range items {
		whole[i] = wholeTexts(t, &items[i], affixes[items[i].Section])
		common.count(items[i].Cluster, whole[i])
	}
	texts := make([][]string, len(items))
	for i := range items {
		right := ""
		if isQuestion(t, &items[i]) {
			right = rightAnswer(&items[i])
		}
		for _, text := range whole[i] {
			texts[i] = append(texts[i], choose(common.without(text), right, o)...)
		}
	}
	return texts
}

// isQuestion says that an item's text does not hold its answer.
func isQuestion(t *task.Task, item *task.Item) bool {
	return t.Method != task.MethodPair && t.Method != task.MethodCloze && t.Method != task.MethodText && len(item.Contexts) == 0
}

// wholeTexts are an item's texts with common passages.
func wholeTexts(t *task.Task, item *task.Item, c affixes) []string {
	switch {
	case t.Method == task.MethodPair:
		return item.Choices
	case t.Method == task.MethodCloze:
		return []string{item.Prompt + item.Before + rightAnswer(item)}
	case len(item.Contexts) > 0 && item.Gold >= 0 && item.Gold < len(item.Contexts):
		return []string{item.Contexts[item.Gold] + item.Before + strings.Join(item.Choices, " ")}
	case len(item.Contexts) > 0:
		return item.Contexts
	}
	return []string{strings.Join(append([]string{c.cut(item.Prompt)}, item.Turns...), "\n")}
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

// choose takes of the pieces of a text those that can be looked for. A piece beside
// others must be as long as a rule looks for, for a few words are in many texts; one
// that is all there is counts as the item as a whole.
func choose(pieces []string, right string, o *decontaminate.Options) []string {
	long := *o
	long.MinLength, long.MinWords = substringLength, gramWords
	var chosen []string
	for _, piece := range pieces {
		if long.Checkable(piece) || len(pieces) == 1 && o.Checkable(piece) {
			chosen = append(chosen, piece)
		}
	}
	if len(chosen) > 0 {
		return chosen
	}
	if text := strings.TrimSpace(strings.Join(pieces, " ") + " " + right); right != "" && o.Checkable(text) {
		return []string{text}
	}
	return nil
}
