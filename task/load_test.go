package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/polymath-lm/polymath/chat"
)

// dir is a directory with files: names and contents in turn.
func dir(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func parsed(t testing.TB, source string) *Task {
	t.Helper()
	task, err := Parse("x.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func load(t testing.TB, source string, o LoadOptions) []Item {
	t.Helper()
	items, err := parsed(t, source).Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// The tasks below are one of each method. Data and questions are invented.
const (
	choiceTask = `
name: colors
title: Colors
data:
  files: [colors.jsonl]
  id: '{{.id}}'
  section: '{{.kind}}'
  cluster: '{{.passage}}'
method: choice
prompt: |
  {{.passage}}
  Question: {{.q}}
  Answer:
choice: {from: deep.options, each: '{{.text}}', norm: bytes}
answer: '{{.gold}}'
few_shot: {number: 1, same: true, intro: 'About {{.kind}}s.'}
`
	colors = `{"id": 1, "kind": "fruit", "passage": "A plum.", "q": "Which color?", "deep": {"options": [{"text": "blue "}, {"text": "red"}]}, "gold": 0}
{"id": 2, "kind": "fruit", "passage": "A plum.", "q": "Which taste?", "deep": {"options": [{"text": "sour"}, {"text": "sweet"}, {"text": ""}]}, "gold": "B"}
{"id": 3, "kind": "stone", "passage": "A ruby.", "q": "Which color?", "deep": {"options": [{"text": "red"}, {"text": "blue"}]}, "gold": "red"}
{"id": 4, "kind": "fruit", "passage": "A lime.", "q": "Which color?", "deep": {"options": [{"text": "green"}, {"text": "red"}]}, "gold": 0}
{"id": 5, "kind": "stone", "passage": "Jade.", "q": "Which color?", "deep": {"options": [{"text": "pink"}, {"text": "green"}]}, "gold": "(b)"}
`
)

func TestChoice(t *testing.T) {
	o := LoadOptions{DataDir: dir(t, "colors.jsonl", colors), Shots: -1}
	items := load(t, choiceTask, o)
	if len(items) != 5 {
		t.Fatalf("%d items", len(items))
	}
	want := Item{
		Task: "colors", ID: "2", Number: 1, Section: "fruit", Cluster: "A plum.", Lead: "About fruits.", Separator: "\n\n",
		Shots:  []Shot{{Prompt: "A lime.\nQuestion: Which color?\nAnswer:", Answer: "green"}}, // row 1 is of the same passage
		Prompt: "A plum.\nQuestion: Which taste?\nAnswer:", Before: " ", Choices: []string{"sour", "sweet"}, Gold: 1, Answers: []string{"sweet"},
	}
	if diff := cmp.Diff(want, items[1], cmpopts.IgnoreFields(Item{}, "Row"), cmpopts.IgnoreUnexported(Item{})); diff != "" {
		t.Error(diff)
	}
	if items[1].Row["file"] != "colors" || items[1].Row["number"] != 1 || items[1].Row["id"] != json.Number("2") {
		t.Errorf("the row is %v", items[1].Row)
	}
	const text = "About fruits.\n\nA lime.\nQuestion: Which color?\nAnswer: green\n\nA plum.\nQuestion: Which taste?\nAnswer:"
	if items[1].Text() != text {
		t.Errorf("%q", items[1].Text())
	}
	for i, gold := range []int{0, 1, 0, 0, 1} {
		if items[i].Gold != gold {
			t.Errorf("item %d: gold is %d", i, items[i].Gold)
		}
	}
	if items[2].Shots[0].Answer != "green" || items[4].Shots[0].Answer != "red" { // the other one of the section
		t.Errorf("%v %v", items[2].Shots, items[4].Shots)
	}
	if got := parsed(t, choiceTask).Guess(items); got != 0.5 {
		t.Errorf("guessing gives %g", got)
	}
	o.Shots = 0
	if item := load(t, choiceTask, o)[1]; item.Shots != nil || item.Lead != "About fruits." || item.Preface() != "About fruits.\n\n" {
		t.Errorf("%+v", item)
	}
}

func TestContexts(t *testing.T) {
	const source = `
method: choice
data: {files: [w.jsonl]}
choice: {contexts: begin, list: ['{{.end}}']}
answer: '{{.gold}}'
few_shot: {number: 1, same: true}
`
	const rows = `{"begin": ["Ann met Eve, but Ann", "Ann met Eve, but Eve"], "end": "fled.", "gold": 1}
{"begin": ["The cup hit the plate and the cup ", "The cup hit the plate and the plate"], "end": "broke.", "gold": 0}
`
	items := load(t, source, LoadOptions{DataDir: dir(t, "w.jsonl", rows), Shots: -1})
	got := items[0]
	if got.Prompt != "" || got.Gold != 1 || got.Contexts[1] != "Ann met Eve, but Eve" || len(got.Choices) != 1 || got.Answers[0] != got.Contexts[1] {
		t.Errorf("%+v", got)
	}
	if p := got.Preface(); p != "The cup hit the plate and the cup broke.\n\n" {
		t.Errorf("%q", p)
	}
	if _, err := got.Conversation(); err == nil {
		t.Error("an item without a prompt is a conversation")
	}
}

func TestExplain(t *testing.T) {
	const source = `
method: explain
system: Think.
data: {files: [w.csv], no_header: true}
prompt: |-
  {{.c1}}
  {{letters ._choices}}
choice: {list: ['{{.c2}}', '{{.c3}}', '{{.c4}}'], shuffle: true, answer_is: index}
answer: '{{add .c5 -1}}'
few_shot:
  number: 1
  data: {files: [dev.csv], no_header: true}
  answer: 'It is {{._answer}}, number {{._gold}}. ({{._letter}}) of {{len ._choices}}'
`
	const rows = "One and one?,1,2,3,2\nOne and two?,4,2,3,3\n"
	o := LoadOptions{DataDir: dir(t, "w.csv", rows, "dev.csv", "None?,0,1,2,1\n"), Shots: -1}
	task := parsed(t, source)
	if task.Generate.MaxTokens != 512 || task.Generate.Temperature != 0.3 || task.Name != "x" {
		t.Errorf("%+v", task)
	}
	moved := false
	for _, item := range load(t, source, o) {
		want := item.Row["c"+fmt.Sprint(item.Number+3)]
		if item.Answers[0] != want || item.Choices[item.Gold] != want {
			t.Errorf("%+v", item)
		}
		moved = moved || item.Choices[0] != item.Row["c2"]
		if !strings.HasSuffix(item.Prompt, "?\nA. "+item.Choices[0]+"\nB. "+item.Choices[1]+"\nC. "+item.Choices[2]) {
			t.Errorf("%q", item.Prompt)
		}
		shot := item.Shots[0]
		if !strings.HasPrefix(shot.Answer, "It is 0, number ") || !strings.HasSuffix(shot.Answer, " of 3") {
			t.Errorf("%q", shot.Answer)
		}
		at := strings.Index("ABC", shot.Answer[strings.Index(shot.Answer, "(")+1:][:1])
		if line := strings.Split(shot.Prompt, "\n")[at+1]; line[3:] != "0" {
			t.Errorf("%q has the answer %q", shot.Prompt, shot.Answer)
		}
	}
	if !moved {
		t.Error("nothing is shuffled")
	}
	o.Shots = 0
	plain := strings.Replace(source, "few_shot:\n  number: 1\n", "few_shot:\n  number: 1\n  same: true\n", 1)
	a, b := load(t, source, o), load(t, plain, o)
	if diff := cmp.Diff(a, b, cmpopts.IgnoreUnexported(Item{})); diff != "" {
		t.Error("the order of choices hangs on more than the ID", diff)
	}
}

func TestCloze(t *testing.T) {
	const source = `
method: cloze
data: {files: [w.json], items: data.rows}
prompt: '{{.begin}} '
answer: '{{.word}}'
accepted_from: others
choice: {before: ""}
`
	const rows = `{"data": {"rows": [{"begin": "Two times one is", "word": 2.50, "others": ["two", 2.50, "two", ""]}]}}`
	item := load(t, source, LoadOptions{DataDir: dir(t, "w.json", rows)})[0]
	if item.Prompt != "Two times one is" || item.Before != "" || item.Gold != -1 || !cmp.Equal(item.Answers, []string{"2.50", "two"}) {
		t.Errorf("%+v", item)
	}
}

func TestPairAndText(t *testing.T) {
	data := dir(t, "w.tsv", "good\tbad\nIt is.\tIt are.\n", "w.txt", "One.\nTwo. \n\nThree.")
	pair := load(t, "method: pair\ndata: {files: [w.tsv]}\nchoice: {list: ['{{.good}}', '{{.bad}}']}\nanswer: '0'", LoadOptions{DataDir: data, Shots: 5})
	if len(pair) != 1 || pair[0].Prompt != "" || pair[0].Choices[1] != "It are." || pair[0].Gold != 0 || pair[0].Shots != nil {
		t.Errorf("%+v", pair)
	}
	text := load(t, "method: text\ndata: {files: [w.txt]}\nprompt: '{{.text}}'", LoadOptions{DataDir: data})
	if len(text) != 2 || text[0].Prompt != "One.\nTwo. \n" || text[0].Answers != nil {
		t.Errorf("%+v", text)
	}
}

func TestGenerate(t *testing.T) {
	const source = `
method: generate
system: Be brief.
data: {files: [./w.jsonl], where: '{{gt .n 1}}'}
prompt: 'Is {{.n}} even?'
turns: ['Why?  ', 'Are you sure about {{.n}}?']
answer: '{{.even}}'
grader: exact
few_shot: {file: '{{.shots}}.txt', after: "---\n", intro: Numbers.}
`
	rows := `{"n": 1, "even": "no", "shots": "a"}` + "\n" + `{"n": 2, "even": "yes", "shots": "a"}` + "\n"
	own := dir(t, "x.yaml", source, "w.jsonl", rows)
	data := dir(t, "a.txt", "secret\n---\nIs 3 even?\r\nno\n\n")
	task, err := ReadFile(filepath.Join(own, "x.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	items, err := task.Load(LoadOptions{DataDir: data, Shots: -1})
	if err != nil {
		t.Fatal(err)
	}
	item := items[0]
	if len(items) != 1 || item.Text() != "Numbers.\n\nIs 3 even?\nno\n\nIs 2 even?" || item.Answers[0] != "yes" {
		t.Errorf("%q", item.Text())
	}
	if !cmp.Equal(item.Turns, []string{"Why?", "Are you sure about 2?"}) {
		t.Errorf("%q", item.Turns)
	}
	conversation, err := item.Conversation()
	want := chat.Conversation{Messages: []chat.Message{
		chat.Text(chat.System, "Be brief."), chat.Text(chat.User, "Numbers.\n\nIs 3 even?\nno\n\nIs 2 even?"),
	}}
	if diff := cmp.Diff(want, conversation); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if items, err = task.Load(LoadOptions{DataDir: data}); err != nil || items[0].Text() != "Numbers.\n\nIs 2 even?" {
		t.Errorf("without examples: %q, %v", items[0].Text(), err)
	}
}

func TestCodeKeepsSpace(t *testing.T) {
	const source = `
method: generate
data: {files: [w.jsonl]}
prompt: '{{.prompt}}'
answer: '{{.solution}}'
grader: {code: {language: python, program: "{{.prompt}}{{.answer}}"}}
few_shot: {number: 1, same: true}
`
	const rows = `{"prompt": "def f():\n", "solution": "    return 1\n"}` + "\n" + `{"prompt": "def g():\n", "solution": "    return 2\n"}`
	item := load(t, source, LoadOptions{DataDir: dir(t, "w.jsonl", rows), Shots: -1})[0]
	if item.Text() != "def g():\n    return 2\n\ndef f():\n" || item.Before != "" || item.Answers[0] != "    return 1" {
		t.Errorf("%q %+v", item.Text(), item)
	}
}

func TestVerbatim(t *testing.T) {
	const source = `
method: choice
data: {files: [w.jsonl]}
prompt: '{{.p}}'
choice: {from: lines, verbatim: true, before: "\n"}
answer: '{{.gold}}'
`
	const rows = `{"p": "if x {\n", "lines": ["\treturn", "return"], "gold": "\treturn"}`
	item := load(t, source, LoadOptions{DataDir: dir(t, "w.jsonl", rows)})[0]
	if item.Prompt != "if x {" || item.Before != "\n" || item.Choices[0] != "\treturn" || item.Gold != 0 {
		t.Errorf("%+v", item)
	}
}

func TestShotsAreTurns(t *testing.T) {
	item := Item{
		System: "S", Lead: "L", Separator: "|", Before: " ", Shots: []Shot{{"q1", "a1"}, {"q2", "a2"}}, Prompt: "q3",
	}
	got, err := item.Conversation()
	want := chat.Conversation{Messages: []chat.Message{
		chat.Text(chat.System, "S"), chat.Text(chat.User, "L|q1"), chat.Text(chat.Assistant, "a1"),
		chat.Text(chat.User, "q2"), chat.Text(chat.Assistant, "a2"), chat.Text(chat.User, "q3"),
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if item.Text() != "L|q1 a1|q2 a2|q3" {
		t.Errorf("%q", item.Text())
	}
}

func TestGenerator(t *testing.T) {
	const source = `
method: generate
data: {generator: sums, number: 3, seed: 7, cluster: 'c{{.a}}'}
prompt: '{{.a}}+{{.a}} ({{.file}} {{.number}})'
answer: '{{.sum}}'
grader: numeric
few_shot: {number: 1, data: {generator: sums, number: 2, seed: 9}}
`
	sums := func(n int, seed uint64) (rows []Row, err error) {
		for i := range n {
			rows = append(rows, Row{"a": int(seed) + i, "sum": 2 * float64(int(seed)+i)})
		}
		return rows, nil
	}
	o := LoadOptions{Generators: map[string]Generator{"sums": sums}, Shots: -1}
	items := load(t, source, o)
	if len(items) != 3 || items[2].Prompt != "9+9 (sums 2)" || items[2].Answers[0] != "18" || items[2].Cluster != "c9" {
		t.Errorf("%+v", items)
	}
	// The question of the last item is among the examples, but for its number.
	if items[2].Shots[0].Prompt == items[2].Prompt {
		t.Errorf("%+v", items[2].Shots)
	}
	sums = func(int, uint64) ([]Row, error) { return nil, errors.New("broken") }
	o.Generators["sums"] = sums
	if _, err := parsed(t, source).Load(o); err == nil || !strings.Contains(err.Error(), "x.yaml:3:19: data.generator: sums: broken") {
		t.Error(err)
	}
}

func TestIDs(t *testing.T) {
	const source = "method: text\ndata: {files: ['*.jsonl']}\nprompt: '{{.q}}'"
	rows := `{"q": "a", "x": 1}` + "\n" + `{"x": 1, "q": "a"}` + "\n" + `{"q": "b"}` + "\n"
	items := load(t, source, LoadOptions{DataDir: dir(t, "a.jsonl", rows, "b.jsonl", rows)})
	var ids []string
	for i, item := range items {
		ids = append(ids, item.ID)
		if item.Number != i || item.Cluster != item.ID {
			t.Errorf("%+v", item)
		}
	}
	a, b := ids[0], ids[2]
	if want := []string{a, a + "-2", b, a + "-3", a + "-4", b + "-2"}; !cmp.Equal(ids, want) || len(a) != 16 {
		t.Errorf("%q", ids)
	}
	other := load(t, source, LoadOptions{DataDir: dir(t, "z.jsonl", `{"q": "b"}`)})
	if other[0].ID != b {
		t.Error("the ID hangs on more than the row")
	}
}

func TestHash(t *testing.T) {
	data := dir(t, "colors.jsonl", colors)
	task := parsed(t, choiceTask)
	hash := func(source string, o LoadOptions) string {
		o.DataDir = data
		return parsed(t, source).Hash(load(t, source, o))
	}
	base := hash(choiceTask, LoadOptions{Shots: -1})
	if base != hash(choiceTask, LoadOptions{Shots: -1}) || len(base) != 64 {
		t.Error("the hash is not the same twice")
	}
	if base != hash(strings.Replace(choiceTask, "title: Colors", "title: Other", 1), LoadOptions{Shots: -1}) {
		t.Error("the title changes the hash")
	}
	for change, with := range map[string]string{"norm: bytes": "norm: none", "Answer:": "A:", "same: true": "same: true, separator: x"} {
		if base == hash(strings.Replace(choiceTask, change, with, 1), LoadOptions{Shots: -1}) {
			t.Errorf("%s does not change the hash", with)
		}
	}
	if base == hash(choiceTask, LoadOptions{Shots: 0}) || base == hash(choiceTask, LoadOptions{Shots: -1, Limit: 3}) {
		t.Error("other items have the same hash")
	}
	if base == task.Hash(nil) {
		t.Error("no items have the same hash")
	}
}

// TestShared says that goroutines may load one task and read its items together.
func TestShared(t *testing.T) {
	task := parsed(t, choiceTask)
	o := LoadOptions{DataDir: dir(t, "colors.jsonl", colors), Shots: -1}
	hashes := make([]string, 8)
	var group sync.WaitGroup
	for i := range hashes {
		group.Go(func() {
			items, err := task.Load(o)
			if err != nil {
				t.Error(err)
			}
			hashes[i] = task.Hash(items)
		})
	}
	group.Wait()
	for _, hash := range hashes {
		if hash != hashes[0] {
			t.Errorf("%s and %s", hash, hashes[0])
		}
	}
}
