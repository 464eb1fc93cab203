package eval

import (
	"context"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestByLetter: a task of choices can be sat by a model that gives no log-probabilities.
func TestByLetter(t *testing.T) {
	sheets := exam(6)
	var by []Sheet
	for i := range sheets {
		by = append(by, ByLetter(sheets[i]))
	}
	one := by[0]
	if one.Task.Method != task.MethodExplain || sheets[0].Task.Method != task.MethodChoice || one.Hash == sheets[0].Hash || len(one.Items[0].Shots) > 0 {
		t.Errorf("%+v", one.Task)
	}
	item := one.Items[2]
	want := "\nA. " + item.Choices[0] + "\nB. " + item.Choices[1] + "\nC. " + item.Choices[2] + "\n"
	if !strings.HasPrefix(item.Prompt, sheets[0].Items[2].Prompt) || !strings.Contains(item.Prompt, want) {
		t.Errorf("%q", item.Prompt)
	}
	if got := withChoices("Which?\nA. x\nB. y\nAnswer:", []string{"A", "B"}); got != "Which?\nA. x\nB. y\nAnswer:" {
		t.Errorf("letters that are there: %q", got)
	}
	if got := withChoices("Which?\nAnswer:", []string{"x", "y"}); strings.Contains(got, "Answer:") {
		t.Errorf("%q", got)
	}
	for i := 1; i < len(by); i++ { // contexts, and other methods
		if by[i].Hash != sheets[i].Hash {
			t.Errorf("%s was changed", by[i].Task.Name)
		}
	}
	f, err := Run(t.Context(), mute{&fake{}}, by[:1], Options{})
	if err != nil || f.Result.Tasks[0].Skipped != "" || f.Result.Tasks[0].NumItems != 6 || f.Result.Tasks[0].Chance != 1./3 {
		t.Errorf("%+v, %v", f, err)
	}
}

// teller answers with the text of the second choice.
type teller struct{ *fake }

func (teller) Generate(context.Context, Request) (Answer, error) {
	return Answer{Text: "The correct answer is: Oslo."}, nil
}

// TestToldByText: a model in a conversation may give the choice and not its letter.
func TestToldByText(t *testing.T) {
	item := task.Item{Task: "t", ID: "1", Prompt: "Capital of Norway?", Choices: []string{"Bergen", "Oslo"}, Gold: 1}
	sheet := Sheet{Task: &task.Task{Name: "t", Method: task.MethodExplain}, Items: []task.Item{item}}
	f, err := Run(t.Context(), teller{&fake{info: SubjectInfo{Chat: true}}}, []Sheet{sheet}, Options{})
	if err != nil || !f.Records[0].Verdict.Right || f.Records[0].Verdict.Extracted != "B" {
		t.Errorf("%+v, %v", f, err)
	}
}
