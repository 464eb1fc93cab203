package align

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/chat"
)

// TestOrder: every question comes once before any comes again, each time in another
// order, and the order is a function of seed and place alone.
func TestOrder(t *testing.T) {
	const n = 7
	o := order{seed: 3, n: n}
	var first, second []int
	for i := range n {
		first, second = append(first, o.at(i)), append(second, o.at(n+i))
	}
	again := order{seed: 3, n: n}
	for i := range second {
		if again.at(n+i) != second[i] || again.at(i) != first[i] {
			t.Errorf("place %d has two questions", i)
		}
	}
	if slices.Equal(first, second) {
		t.Error("two rounds have one order")
	}
	other := order{seed: 4, n: n}
	if slices.EqualFunc(first, []int{0, 1, 2, 3, 4, 5, 6}, func(a, i int) bool { return other.at(i) == a }) {
		t.Error("two seeds have one order")
	}
	slices.Sort(first)
	if !slices.Equal(first, []int{0, 1, 2, 3, 4, 5, 6}) {
		t.Errorf("the first round has %v", first)
	}
}

// TestSplit: groups stay together, and what is held out is about the share.
func TestSplit(t *testing.T) {
	var all []*question
	for i := range 100 {
		all = append(all, &question{name: fmt.Sprint(i), group: fmt.Sprint(i / 4)})
	}
	train, held := split(all, 0.2)
	if len(train)+len(held) != 100 || len(held) != 20 {
		t.Errorf("%d and %d", len(train), len(held))
	}
	for _, q := range held {
		if slices.ContainsFunc(train, func(o *question) bool { return o.group == q.group }) {
			t.Errorf("group %s is on both sides", q.group)
		}
	}
	large := append([]*question{{name: "alone", group: "alone"}}, all...)
	for i, q := range large[1:] {
		large[i+1] = &question{name: q.name, group: fmt.Sprint(i / 25)}
	}
	if _, held := split(large, 0.2); len(held) < 15 || len(held) > 26 {
		t.Errorf("of large groups %d are held", len(held))
	}
	if train, held := split(all, 0); len(held) != 0 || len(train) != 100 {
		t.Errorf("without a share: %d and %d", len(train), len(held))
	}
}

// TestSome: of a task a sample is kept, the same whatever stands beside it, in its order.
func TestSome(t *testing.T) {
	make100 := func(task string) []*question {
		list := make([]*question, 100)
		for i := range list {
			list[i] = &question{name: fmt.Sprintf("%s/%d", task, i), task: task}
		}
		return list
	}
	names := func(list []*question) []string {
		var all []string
		for _, q := range list {
			all = append(all, q.name)
		}
		return all
	}
	alone, err := some(make100("a"), map[string]int{"a": 10})
	if err != nil {
		t.Fatal(err)
	}
	beside, err := some(append(make100("b"), make100("a")...), map[string]int{"a": 10})
	if err != nil {
		t.Fatal(err)
	}
	kept := names(alone)
	if len(kept) != 10 || slices.Equal(kept, names(make100("a")[:10])) || !slices.Equal(kept, names(beside)[100:]) || len(beside) != 110 {
		t.Errorf("%v, and of %d %v", kept, len(beside), names(beside)[100:])
	}
	if !slices.IsSortedFunc(alone, func(a, b *question) int { return len(a.name) - len(b.name) }) {
		t.Errorf("%v are not in their order", kept)
	}
	if all, err := some(make100("a"), nil); err != nil || len(all) != 100 {
		t.Errorf("%d of all, %v", len(all), err)
	}
}

// TestPrompts: files of conversations, with and without the answers that others gave.
func TestPrompts(t *testing.T) {
	_, s := openPolicy(t, smallModel(t, dense), false)
	path := filepath.Join(t.TempDir(), "prompts.jsonl")
	text := `{"messages": [{"role": "system", "content": "be short"}, {"role": "user", "content": "say a letter"}, {"role": "assistant", "content": "a"}]}
{"messages": [{"role": "user", "content": "say a digit"}]}
{"prompt": "say a digit", "chosen": "1", "rejected": "a"}
{"conversations": [{"from": "human", "value": "say a digit"}]}
{"instruction": "say a digit", "output": "3"}
`
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	source := questionSource{speaker: s, room: 100}
	list, err := source.conversations(files{path})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 5 {
		t.Fatalf("%d prompts", len(list))
	}
	if got := s.text.Decode(list[0].prompt); strings.Contains(got, "assistant\na") || !strings.Contains(got, "be short") || !strings.HasSuffix(got, "<|im_start|>assistant\n") {
		t.Errorf("prompt %q", got)
	}
	for _, q := range list[2:] {
		if !slices.Equal(q.prompt, list[1].prompt) || q.group != list[1].group {
			t.Errorf("%s: prompt %q and not %q", q.name, s.text.Decode(q.prompt), s.text.Decode(list[1].prompt))
		}
	}
	for text, want := range map[string]string{
		`{"text": "a"}`:                                "bad.jsonl:1: it is a text, not a prompt",
		`{"messages": [{"role": "user"}]}`:             "bad.jsonl:1: bad conversation: message 0",
		`{"prompt": [{"role": "user", "content": "a"}`: "bad.jsonl:1",
		`{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]}`: "bad.jsonl:1",
	} {
		bad := filepath.Join(t.TempDir(), "bad.jsonl")
		if err := os.WriteFile(bad, []byte(text+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := source.conversations(files{bad}); err == nil || !strings.Contains(err.Error(), "rollout.prompts") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

type files []string

func (f files) Expand() ([]string, error) { return f, nil }

// TestQuestionErrors: what cannot be asked is an error that names the key.
func TestQuestionErrors(t *testing.T) {
	dir := smallModel(t, dense)
	code := filepath.Join(t.TempDir(), "code.yaml")
	source := "name: code_task\ndata: {files: [./rows.jsonl]}\nmethod: generate\nprompt: '{{.question}}'\nanswer: x\ngrader: {code: {language: python, program: '{{.answer}}', tests: '{{.test}}'}}\n"
	for name, text := range map[string]string{"code.yaml": source, "rows.jsonl": `{"question": "write it"}` + "\n"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(code), name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		change func(r *Recipe)
		want   string
	}{
		{func(r *Recipe) { r.Rollout.Tasks = []string{"arithmetics"} }, "rollout.tasks"},
		{func(r *Recipe) { r.Eval.Tasks = []string{"nothing"} }, "eval.tasks"},
		{func(r *Recipe) { r.Eval.Tasks = r.Rollout.Tasks }, "eval.tasks"},
		{func(r *Recipe) { r.Rollout.Tasks = []string{code} }, "rollout.tasks: code_task: code is not run without a sandbox"},
		{func(r *Recipe) { r.Rollout.MaxTokens = 120 }, "rollout.max_tokens"},
		{func(r *Recipe) { r.Rollout.Items = map[string]int{"arithmetics": 1} }, "rollout.items: arithmetics is none of the tasks of rollout.tasks"},
		{func(r *Recipe) { r.Rollout.Items = map[string]int{"letters": 0} }, "rollout.items.letters: 0"},
		{func(r *Recipe) { r.Rollout.Items = map[string]int{"letters": 1000} }, "rollout.items.letters: 1000"},
		{func(r *Recipe) { r.Rewards[0].Tasks = []string{"second"} }, "rewards[0].tasks[0]: second is none of the tasks that are asked"},
		{func(r *Recipe) { r.Rollout.HeldOut = 0.001 }, "rollout.held_out"},
		{func(r *Recipe) { r.Batch.Prompts = 41 }, "batch.prompts"},
		{func(r *Recipe) { r.Rollout.Prompts = []string{"nowhere.jsonl"} }, "rollout.prompts"},
	} {
		r := lettersRun(t, dir, false)
		test.change(r)
		run, err := New(t.Context(), r, Options{RunDir: t.TempDir()})
		if err == nil {
			run.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("error %v does not begin with %s", err, test.want)
		}
	}
}

// TestReadTranscript: a prompt that is a transcript is its turns, up to the one that the
// policy takes.
func TestReadTranscript(t *testing.T) {
	q, err := readPrompt([]byte(`{"prompt": "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:"}`))
	want := []chat.Message{chat.Text(chat.User, "a"), chat.Text(chat.Assistant, "b"), chat.Text(chat.User, "c")}
	if err != nil || !reflect.DeepEqual(q.conversation.Messages, want) {
		t.Errorf("%+v, %v", q, err)
	}
}

// TestPromptSystem: a system message that stands beside a prompt is the first message,
// unless the prompt has one of its own.
func TestPromptSystem(t *testing.T) {
	const first = `{"role": "system", "content": "S"}, `
	want := []chat.Message{chat.Text(chat.System, "S"), chat.Text(chat.User, "a")}
	for _, object := range []string{
		`{"system": "S", "prompt": "a"}`, `{"system": "S", "messages": [{"role": "user", "content": "a"}]}`,
		`{"system": "S", "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}`,
		`{"system": "T", "messages": [` + first + `{"role": "user", "content": "a"}]}`,
	} {
		q, err := readPrompt([]byte(object))
		if err != nil || !reflect.DeepEqual(q.conversation.Messages, want) {
			t.Errorf("%s: %+v, %v", object, q, err)
		}
	}
	if _, err := readPrompt([]byte(`{"system": 1, "prompt": "a"}`)); err == nil {
		t.Error("a number is a system message")
	}
}

// TestPromptsOfOneDialogue: the turns of one dialogue are of one group, whatever came
// behind its first message, and others are not.
func TestPromptsOfOneDialogue(t *testing.T) {
	group := func(object string) string {
		t.Helper()
		q, err := readPrompt([]byte(object))
		if err != nil {
			t.Fatal(err)
		}
		return q.group
	}
	const first = `{"messages": [{"role": "user", "content": "a"}]}`
	want := group(first)
	for object, same := range map[string]bool{
		`{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]}`: true,
		`{"prompt": "\n\nHuman: a\n\nAssistant: x\n\nHuman: c\n\nAssistant:"}`:                                                      true,
		`{"prompt": "a", "kind": "harmful"}`: true,
		`{"prompt": "b"}`:                    false,
		`{"prompt": "a", "group": "one"}`:    false,
		`{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}]}`: false,
	} {
		if got := group(object); got != want == same {
			t.Errorf("%s: group %s, that of the first message %s", object, got, want)
		}
	}
	if group(`{"prompt": "b", "group": "one"}`) != group(`{"prompt": "a", "group": "one"}`) {
		t.Error("two prompts of one group have two")
	}
	if _, err := readPrompt([]byte(`{"prompt": "a", "group": 3}`)); err == nil {
		t.Error("a group that is a number")
	}
}

// FuzzReadPrompt: whatever an object says, the policy is asked and not answered for.
func FuzzReadPrompt(f *testing.F) {
	for _, seed := range []string{
		`{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}`,
		`{"prompt": "a"}`, `{"prompt": [{"role": "user", "content": "a"}], "tools": []}`,
		`{"conversations": [{"from": "human", "value": "a"}]}`, `{"instruction": "a", "output": "b"}`, `{"text": "a"}`, `[]`, `{"messages": {}}`,
		`{"prompt": "\n\nHuman: a\n\nAssistant: b\n\nAssistant:"}`, `{"prompt": "\n\nAssistant:"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		q, err := readPrompt(object)
		if err != nil {
			return
		}
		m := q.conversation.Messages
		if n := len(m); n > 1 && m[n-1].Role == chat.Assistant && m[n-2].Role != chat.Assistant {
			t.Errorf("%q: the assistant has the last word", object)
		}
		if len(q.group) != 64 {
			t.Errorf("%q: group %q", object, q.group)
		}
	})
}

// TestAllGraded: a prompt of a file between those of tasks has no right answer.
func TestAllGraded(t *testing.T) {
	with, without := &question{grader: grading(nil)}, &question{}
	for _, list := range [][]*question{{with, without, with}, {without}, {with, without}} {
		if allGraded(list) {
			t.Errorf("%v: what has no grader is graded", list)
		}
	}
	if !allGraded([]*question{with, with}) {
		t.Error("what has graders is not graded")
	}
}
