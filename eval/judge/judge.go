// Package judge judges answers by rubrics: by a model, or by people on a local
// page. Both can judge a finished run again, without the model that was examined.
package judge

import (
	"context"
	"fmt"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/task/grade"
)

// maxTokens bounds a judgment: 50 criteria with a sentence for each.
const maxTokens = 4096

// Model makes a judge of a model: greedy, and held to the form of a judgment where
// the subject can be. A question that does not fit into the model's window is an
// error, for it would lose the instructions at its beginning.
func Model(subject eval.Subject) grade.Judge { return grade.ByModel(Ask(subject)) }

// Ask returns what has the model of subject write an answer to a prompt, without chance.
func Ask(subject eval.Subject) grade.AskFunc {
	return func(ctx context.Context, prompt, schema string) (string, error) {
		r := eval.Request{MaxTokens: maxTokens, TopP: 1, Schema: schema}
		if subject.Info().Chat {
			r.Conversation.Messages = []chat.Message{chat.Text(chat.User, prompt)}
		} else {
			r.Prompt = prompt
		}
		a, err := subject.Generate(ctx, r)
		switch {
		case err != nil:
			return "", err
		case a.Cut > 0:
			return "", fmt.Errorf("the question is %d tokens too long for %s", a.Cut, subject.Info().Name)
		}
		return a.Text, nil
	}
}
