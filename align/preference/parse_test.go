package preference

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/train/conversation"
)

// describe writes a comparison in one line: the prompt, the answers in the order of
// their numbers, the pairs.
func describe(c *Comparison) string {
	say := func(messages []chat.Message) string {
		var list []string
		for i := range messages {
			text := string(messages[i].Role[:1]) + ":" + textOf(&messages[i])
			for _, call := range messages[i].ToolCalls {
				text += "!" + call.Name
			}
			list = append(list, text)
		}
		return strings.Join(list, " ")
	}
	list := []string{say(c.Prompt.Messages)}
	for _, a := range c.Answers {
		list = append(list, say(a))
	}
	for _, p := range c.Pairs {
		text := fmt.Sprintf("%d>%d", p.Better, p.Worse)
		if p.Margin != 0 {
			text += fmt.Sprintf(" margin %v", p.Margin)
		}
		if p.Gap != 0 {
			text += fmt.Sprintf(" gap %v", p.Gap)
		}
		list = append(list, text)
	}
	if c.Ties > 0 {
		list = append(list, fmt.Sprintf("%d ties", c.Ties))
	}
	if c.Identical > 0 {
		list = append(list, fmt.Sprintf("%d identical", c.Identical))
	}
	return strings.Join(list, " | ")
}

// TestForms: every form of the same comparison is read as that.
func TestForms(t *testing.T) {
	const (
		two   = "u:hi | a:ho | a:no | 0>1"
		three = "u:hi | a:A | a:B | a:C"
		turns = "s:s u:hi a:yes u:and? | a:ho | a:no | 0>1"
	)
	for object, want := range map[string]string{
		`{"prompt": "hi", "chosen": "ho", "rejected": "no"}`:                                                                                                        two,
		`{"prompt": "hi", "chosen": "ho", "rejected": "no", "margin": 1.5}`:                                                                                         two + " margin 1.5",
		`{"prompt": "hi", "chosen": "ho", "rejected": "no", "margin": "2"}`:                                                                                         two + " margin 2",
		`{"question": "hi", "chosen": "ho", "rejected": "no", "system": "s"}`:                                                                                       "s:s " + two,
		`{"instruction": "hi", "input": "", "chosen": "ho", "rejected": "no"}`:                                                                                      two,
		`{"instruction": "hi\n", "input": "you", "history": [["a", "b"]], "system": "s", "chosen": "ho", "rejected": "no"}`:                                         "s:s u:a a:b u:hi\n\nyou | a:ho | a:no | 0>1",
		`{"prompt": [{"role": "user", "content": "hi"}], "chosen": [{"role": "assistant", "content": "ho"}], "rejected": [{"role": "assistant", "content": "no"}]}`: two,
		`{"prompt": "hi", "chosen": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}], "rejected": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}], "score_chosen": 8.5, "score_rejected": 7}`:                                                           two + " gap 1.5",
		`{"system": "s", "chosen": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}], "rejected": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}], "chosen-rating": 5, "rejected-rating": 1}`:                                                            "s:s " + two + " gap 4",
		`{"chosen_messages": [{"role": "user", "content": [{"type": "text", "value": "hi"}], "loss_weight": 0.0}, {"role": "assistant", "content": [{"type": "text", "value": "ho"}], "loss_weight": 1.0}], "rejected_messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}]}`: two,
		`{"conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}, {"from": "human", "value": "and?"}], "chosen": {"from": "gpt", "value": "ho"}, "rejected": {"from": "gpt", "value": "no"}}`:                                                   turns,
		`{"messages": [{"role": "user", "content": "hi"}], "chosen": {"role": "assistant", "content": "ho"}, "rejected": {"role": "assistant", "content": "no"}}`:                                                                                                                                              two,
		`{"chosen": "\n\nHuman: hi\n\nAssistant: ho", "rejected": "\n\nHuman: hi\n\nAssistant: no"}`:                                                                                                                                                                                                           two,
		`{"chosen": "Human: hi\n\nAssistant: ho", "rejected": "Human: hi\n\nAssistant: no\n"}`:                                                                                                                                                                                                                 two,
		`{"chosen": "\n\nHuman: hi\n\nAssistant: ", "rejected": "\n\nHuman: hi\n\nAssistant: no"}`:                                                                                                                                                                                                             "u:hi | a: | a:no | 0>1",
		`{"chosen": "\n\nHuman: hi\n\nAssistant: Human: ho", "rejected": "\n\nHuman: hi\n\nAssistant: no\n\nHuman: so\n\nAssistant: x"}`:                                                                                                                                                                       "u:hi | a:Human: ho | a:no u:so a:x | 0>1",
		`{"prompt": "\n\nHuman: hi\n\nAssistant:", "chosen": "ho", "rejected": "no"}`:                                                                                                                                                                                                                          two,
		`{"prompt": "\n\nHuman: hi\n\nAssistant: ", "answers": [{"answer": "B", "rank": 2.0}, {"answer": "A", "rank": 1.0}]}`:                                                                                                                                                                                  "u:hi | a:B | a:A | 1>0",
		`{"prompt": "hi", "answers": ["A", "B", "C"], "ranking": [2, 0, 1]}`:                                                                                                                                                                                                                                   three + " | 2>0 | 2>1 | 0>1",
		`{"prompt": "hi", "answers": ["A", "B", "C"], "ranking": [[2, 0], 1]}`:                                                                                                                                                                                                                                 three + " | 0>1 | 2>1 | 1 ties",
		`{"prompt": "hi", "completions": ["A", "B", "C"], "ranks": [2, 1, 2]}`:                                                                                                                                                                                                                                 three + " | 1>0 | 1>2 | 1 ties",
		`{"messages": [{"role": "user", "content": "hi"}], "responses": ["A", "B", "C"], "scores": [1, "4", 2.5]}`:                                                                                                                                                                                             three + " | 1>2 gap 1.5 | 1>0 gap 3 | 2>0 gap 1.5",
		`{"instruction": "hi", "completions": [{"response": "A", "overall_score": 1}, {"response": "B", "overall_score": null}, {"response": "C", "overall_score": 2}]}`:                                                                                                                                       three + " | 2>0 gap 1",
		`{"prompt": "hi", "answers": [[{"role": "assistant", "content": "A"}], {"role": "assistant", "content": "B"}], "ratings": [1, 0]}`:                                                                                                                                                                     "u:hi | a:A | a:B | 0>1 gap 1",
		`{"prompt": "hi", "answers": ["A", "A", "C"], "ranks": [1, 2, 3]}`:                                                                                                                                                                                                                                     "u:hi | a:A | a:C | 0>1 | 0>1 | 1 identical",
		`{"prompt": "hi", "response_0": "no", "response_1": "ho", "better_response_id": 1, "is_response_0_safe": true}`:                                                                                                                                                                                        "u:hi | a:no | a:ho | 1>0",
		`{"context": [{"role": "user", "content": "hi"}], "response1": "ho", "response2": "no", "overall_preference": -2}`:                                                                                                                                                                                     two + " gap 2",
		`{"context": [{"role": "user", "content": "hi"}], "response1": "ho", "response2": "no", "overall_preference": 0}`:                                                                                                                                                                                      "u:hi | a:ho | a:no | 1 ties",
		`{"question": "hi", "answer_0": "no", "answer_1": "ho", "score_0": -0.5, "score_1": 0.5}`:                                                                                                                                                                                                              "u:hi | a:no | a:ho | 1>0 gap 1",
		`{"prompt": "hi", "response_a": "ho", "response_b": "no", "winner": "model_a"}`:                                                                                                                                                                                                                        two,
		`{"conversation_a": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}], "conversation_b": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}], "winner": "model_b"}`:                                                                                  "u:hi | a:no | a:ho | 1>0",
		`{"prompt": "hi", "response_a": "ho", "response_b": "no", "winner": "tie (bothbad)"}`:                                                                                                                                                                                                                  "u:hi | a:ho | a:no | 1 ties",
		`{"prompt": "hi", "chosen": "ho", "rejected": "no", "score_chosen": 1, "score_rejected": 1}`:                                                                                                                                                                                                           "u:hi | a:ho | a:no | 1 ties",
		`{"prompt": "hi", "chosen": "ho", "rejected": "ho"}`:                                                                                                                                                                                                                                                   "u:hi | 1 identical",
		`{"prompt": [{"role": "user", "content": "hi"}], "tools": "[{\"name\": \"f\"}]", "chosen": [{"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": {}}}]}, {"role": "tool", "tool_call_id": "chosen[0].tool_calls[0]", "content": "2"}, {"role": "assistant", "content": "two"}], "rejected": "no"}`: "u:hi | a:!f t:2 a:two | a:no | 0>1",
	} {
		c, err := Parse([]byte(object))
		if err != nil {
			t.Errorf("%s: %v", object, err)
			continue
		}
		if got := describe(c); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", object, got, want)
		}
	}
}

// TestBadObjects: what is wrong is named with its field.
func TestBadObjects(t *testing.T) {
	for object, want := range map[string]string{
		``:                                   "it is no JSON",
		`[1]`:                                "it is a list, not an object",
		"{\"prompt\": \"caf\xe9\"}":          "it is not UTF-8",
		`{"prompt": "x", "label": true}`:     "it is one answer with a label",
		`{"prompt": "x", "completion": "y"}`: "it has none of chosen and rejected",
		`{"prompt": "x", "chosen": "y"}`:     "rejected: it is missing",
		`{"chosen": "y", "rejected": "z"}`:   "prompt: it is missing",
		`{"prompt": "x", "chosen": 1, "rejected": "z"}`:                                                                         "chosen: it is a number, not a list",
		`{"prompt": "x", "chosen": [], "rejected": "z"}`:                                                                        "chosen: it has no message",
		`{"prompt": "x", "chosen": [{"role": "assistant"}, 3], "rejected": "z"}`:                                                "chosen[1]: it is a number",
		`{"prompt": "x", "chosen": {"from": "me", "value": "y"}, "rejected": "z"}`:                                              `chosen.from: nobody is called "me"`,
		`{"prompt": "x", "chosen": {"from": "human", "value": "y"}, "rejected": "z"}`:                                           "rejected: it begins as a whole conversation, or the others do",
		`{"prompt": "x", "chosen": "y", "rejected": "z", "margin": -1}`:                                                         "margin: it is less than 0",
		`{"prompt": "x", "chosen": "y", "rejected": "z", "margin": "big"}`:                                                      "margin: it is a text, not a number",
		`{"prompt": "x", "chosen": "y", "rejected": "z", "score_chosen": 1, "score_rejected": 2}`:                               "score_chosen: it is less than score_rejected",
		`{"prompt": "x", "chosen": "y", "rejected": "z", "group": 3}`:                                                           "group: it is a number, not a text",
		`{"prompt": "x", "chosen": "y", "rejected": "z", "system": 3}`:                                                          "system: it is a number, not a text",
		`{"prompt": "x", "chosen": "y", "rejected": "z", "tools": 3}`:                                                           "tools: it is a number, not a list",
		`{"instruction": "x", "history": [["a"]], "chosen": "y", "rejected": "z"}`:                                              "history: it is no list of pairs",
		`{"instruction": "\n\nAssistant:", "input": "a", "chosen": "y", "rejected": "z"}`:                                       "instruction: nobody says anything",
		`{"prompt": "Human: a\n\nAssistant: b", "chosen": "y", "rejected": "z"}`:                                                "prompt: it ends with the assistant's words",
		`{"chosen": "\n\nHuman: a\n\nAssistant: y", "rejected": "\n\nHuman: b\n\nAssistant: z"}`:                                "the answers are to different prompts",
		`{"chosen": "\n\nHuman: a\n\nAssistant: y", "rejected": "\n\nHuman: a\n\nAssistant: y\n\nHuman: b"}`:                    "chosen: it is the beginning of another answer",
		`{"chosen": "\n\nHuman: a\n\nAssistant: y", "rejected": "\n\nHuman: a\n\nAssistant: z\n\nHuman: b"}`:                    "rejected: it does not end with the assistant's words",
		`{"prompt": "x", "answers": ["a"], "ranks": [1]}`:                                                                       "answers: it has 1 elements",
		`{"prompt": "x", "answers": ["a", "b"]}`:                                                                                "answers: nothing says which answer is better",
		`{"prompt": "x", "answers": ["a", 1], "ranks": [1, 2]}`:                                                                 "answers[1]: it is a number",
		`{"prompt": "x", "answers": ["a", {"x": 1}], "ranks": [1, 2]}`:                                                          "answers[1]: it has none of the keys",
		`{"prompt": "x", "answers": ["a", {"text": 1}], "ranks": [1, 2]}`:                                                       "answers[1].text: it is a number",
		`{"prompt": "x", "answers": ["a", "b"], "ranks": [1]}`:                                                                  "ranks: it has 1 elements for 2 answers",
		`{"prompt": "x", "answers": ["a", "b"], "scores": [1.7e308, -1.7e308]}`:                                                 "scores[0]: 1.7e+308 is too large",
		`{"prompt": "x", "answers": ["a", "b"], "scores": [1, "good"]}`:                                                         "scores[1]: it is a text, not a number",
		`{"prompt": "x", "answers": ["a", "b"], "ranking": [1, 2]}`:                                                             "ranking: it is to have the number of each of the 2 answers once",
		`{"prompt": "x", "answers": ["a", "b"], "ranking": [1, 1]}`:                                                             "ranking: it is to have",
		`{"prompt": "x", "answers": ["a", "b"], "ranking": [1]}`:                                                                "ranking: it leaves out answer 0",
		`{"prompt": "x", "response_0": "a", "response_1": "b"}`:                                                                 "better_response_id: it is missing",
		`{"prompt": "x", "response_0": "a", "response_1": "b", "better_response_id": 2}`:                                        "better_response_id: it is neither 0 nor 1",
		`{"prompt": "x", "response_a": "a", "response_b": "b", "winner": "gpt"}`:                                                "winner: nobody is called so",
		`{"prompt": "x", "chosen": [{"role": "assistant", "content": [{"type": "image", "image": "x.png"}]}], "rejected": "z"}`: "chosen: a message has a picture",
	} {
		_, err := Parse([]byte(object))
		var field *conversation.FieldError
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &field) {
			t.Errorf("%s: %v, want %q", object, err, want)
		}
	}
}

// TestIgnored: keys without a meaning are told.
func TestIgnored(t *testing.T) {
	c, err := Parse([]byte(`{"prompt": "x", "chosen": "y", "rejected": "z", "source": 1, "id": 2, "margin": 1}`))
	if err != nil || !slices.Equal(c.Ignored, []string{"id", "source"}) {
		t.Errorf("%v, %v", c.Ignored, err)
	}
}

// TestGroup: the turns of one conversation are one group, and so are objects that
// say so.
func TestGroup(t *testing.T) {
	group := func(object string) string {
		t.Helper()
		c, err := Parse([]byte(object))
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Group) != 64 {
			t.Fatalf("group %q", c.Group)
		}
		return c.Group
	}
	first := group(`{"prompt": "x", "chosen": "y", "rejected": "z"}`)
	later := group(`{"prompt": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}, {"role": "user", "content": "w"}], "chosen": "1", "rejected": "2"}`)
	other := group(`{"prompt": "X", "chosen": "y", "rejected": "z"}`)
	if first != later || first == other {
		t.Errorf("groups %s, %s, %s", first, later, other)
	}
	if group(`{"prompt": "x", "chosen": "y", "rejected": "z", "group": "g"}`) != group(`{"prompt": "v", "chosen": "y", "rejected": "z", "group": "g"}`) {
		t.Error("the same group by name is another")
	}
	held := 0
	for i := range 1000 {
		c := &Comparison{Group: group(fmt.Sprintf(`{"prompt": "%d", "chosen": "y", "rejected": "z"}`, i))}
		if c.HeldOut(0.05) && !c.HeldOut(0.1) {
			t.Error("a smaller share has a group that a larger one has not")
		}
		if c.HeldOut(0.1) {
			held++
		}
	}
	if held < 70 || held > 130 { // 100 with a deviation of 9.5
		t.Errorf("%d of 1000 are held out", held)
	}
}

// FuzzParse: what is read can be learned from, and nothing panics.
func FuzzParse(f *testing.F) {
	for _, object := range []string{
		`{"prompt": "hi", "chosen": "ho", "rejected": "no", "margin": 1, "tools": []}`,
		`{"chosen": "\n\nHuman: hi\n\nAssistant: ho", "rejected": "\n\nHuman: hi\n\nAssistant:"}`,
		`{"messages": [{"role": "user", "content": "a"}], "answers": ["A", {"text": "B"}, [{"role": "assistant", "content": "C"}]], "ranking": [[2, 0], 1]}`,
		`{"instruction": "x", "input": "y", "history": [["a", "b"]], "completions": [{"response": "A", "rating": "1"}, {"response": "B", "rating": "N/A"}]}`,
		`{"chosen_messages": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "rejected_messages": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "{\"name\": \"f\"}"}]}`,
		`{"context": [], "response1": "ho", "response2": "no", "overall_preference": -2, "group": "g"}`,
		`{"prompt": "Human: x\n\nAssistant:", "response_a": "a", "response_b": "b", "winner": "tie"}`,
	} {
		f.Add([]byte(object))
	}
	e := testEncoder()
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			var field *conversation.FieldError
			if !errors.As(err, &field) {
				t.Fatalf("%v is no FieldError", err)
			}
			return
		}
		for _, p := range c.Pairs {
			if p.Better == p.Worse || p.Better >= len(c.Answers) || p.Worse >= len(c.Answers) || p.Margin < 0 || p.Gap < 0 {
				t.Fatalf("a pair is %+v of %d answers", p, len(c.Answers))
			}
		}
		if len(c.Pairs) == 0 {
			return
		}
		if x, err := e.Encode(c); err == nil && x != nil {
			checkEncoded(t, &e, x)
		}
	})
}
