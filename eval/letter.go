package eval

import (
	"strings"

	"github.com/polymath-lm/polymath/task"
)

// ByLetter returns the sheet of a task of choices as one in which an explanation is
// written and then a letter (task.MethodExplain), for models that give no
// log-probabilities, or to examine a model as GPT-4 was. The choices are listed behind
// the question, unless they are letters that stand there already; solved examples are
// left out, since they show another form. Tasks of other methods, and those whose
// choices are contexts, are returned as they are.
func ByLetter(s Sheet) Sheet {
	if s.Skip != "" || s.Task.Method != task.MethodChoice {
		return s
	}
	t := *s.Task
	t.Method, t.FewShot = task.MethodExplain, task.FewShot{}
	t.Generate = task.Generate{MaxTokens: explainTokens, Temperature: explainTemperature, Samples: t.Generate.Samples}
	items := make([]task.Item, len(s.Items))
	for i := range s.Items {
		item := s.Items[i]
		if len(item.Contexts) > 0 {
			return s
		}
		item.Shots, item.Lead = nil, ""
		item.Prompt = withChoices(item.Prompt, item.Choices)
		items[i] = item
	}
	return Sheet{Task: &t, Items: items, Hash: t.Hash(items)}
}

// withChoices lists the choices behind the question and before what asks for the
// answer.
func withChoices(prompt string, choices []string) string {
	named := true
	for i, c := range choices {
		named = named && strings.TrimSpace(c) == letter(i)
	}
	if named {
		return prompt
	}
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(strings.TrimSpace(prompt), "\nAnswer:"))
	for i, c := range choices {
		b.WriteString("\n" + letter(i) + ". " + strings.TrimSpace(c))
	}
	b.WriteString("\nExplain briefly which one is right.")
	return b.String()
}
