package contamination

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestTextsOf takes off what is the task's, and nothing of an item.
func TestTextsOf(t *testing.T) {
	o := rules()
	header := text(invent(100, 20))
	var items []task.Item
	for i := range 30 {
		own := text(invent(200+uint64(i), 20))
		items = append(items, task.Item{
			ID: fmt.Sprint(i), Cluster: fmt.Sprint(i), Gold: -1,
			Prompt: fmt.Sprintf("Q%d: %s\n%s.\n%s", i, text(invent(300+uint64(i), 15)), header, own),
		})
	}
	for i, texts := range textsOf(&task.Task{Method: task.MethodGenerate}, items, &o) {
		want := []string{fmt.Sprintf("Q%d: %s", i, text(invent(300+uint64(i), 15))), text(invent(200+uint64(i), 20))}
		if !reflect.DeepEqual(texts, want) {
			t.Fatalf("item %d: %q, want %q", i, texts, want)
		}
	}
	// Ten items of the thirty share a passage: it may be a story of which they ask.
	for i := range items {
		items[i].Prompt = text(invent(200+uint64(i), 20))
		if i < 10 {
			items[i].Prompt = header + "\n" + items[i].Prompt
		}
	}
	for i, texts := range textsOf(&task.Task{Method: task.MethodGenerate}, items, &o) {
		if !reflect.DeepEqual(texts, []string{items[i].Prompt}) {
			t.Fatalf("item %d: %q, want %q", i, texts, items[i].Prompt)
		}
	}
}

// TestTextsOfMethods says what of an item is looked for.
func TestTextsOfMethods(t *testing.T) {
	o := rules()
	sentence := text(invent(1, 12))
	for _, c := range []struct {
		name   string
		method task.Method
		item   task.Item
		want   []string
	}{
		{"a long question", task.MethodChoice, task.Item{Prompt: sentence, Choices: []string{"x", "y"}, Gold: 1}, []string{sentence}},
		{"a short question with its answer", task.MethodChoice, task.Item{Prompt: "Why?", Choices: []string{"x", sentence}, Gold: 1}, []string{"Why? " + sentence}},
		{"a written answer", task.MethodGenerate, task.Item{Prompt: "Why?", Answers: []string{sentence}, Gold: -1}, []string{"Why? " + sentence}},
		{"too short", task.MethodGenerate, task.Item{Prompt: "Why?", Answers: []string{"no"}, Gold: -1}, nil},
		{"no answer", task.MethodGenerate, task.Item{Prompt: "Why?", Gold: -1}, nil},
		{"a cloze", task.MethodCloze, task.Item{Prompt: sentence, Before: " ", Answers: []string{"end"}, Gold: -1}, []string{sentence + " end"}},
		{"a pair", task.MethodPair, task.Item{Choices: []string{sentence + " a", sentence + " b"}}, []string{sentence + " a", sentence + " b"}},
		{"contexts", task.MethodChoice, task.Item{Contexts: []string{"no", sentence}, Before: " ", Choices: []string{"end"}, Gold: 1}, []string{sentence + " end"}},
		{"turns", task.MethodGenerate, task.Item{Prompt: sentence, Turns: []string{"And then?"}, Gold: -1}, []string{sentence + "\nAnd then?"}},
	} {
		got := textsOf(&task.Task{Method: c.method}, []task.Item{c.item}, &o)[0]
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := textsOf(&task.Task{}, nil, &o); len(got) != 0 {
		t.Errorf("of no items %q", got)
	}
}

// TestAffixes cuts at the borders of words only.
func TestAffixes(t *testing.T) {
	prompts := []string{"Is it so that über is long?\nAnswer: yes or no", "Is it so that übung is long?\nAnswer: yes or no", "Is it so that üble is long?\nAnswer: yes or no"}
	var items []task.Item
	for _, p := range prompts {
		items = append(items, task.Item{Prompt: p})
	}
	c := commonOf(items)[""]
	var cut []string
	for _, p := range prompts {
		cut = append(cut, strings.TrimSpace(c.cut(p)))
	}
	if want := []string{"über", "übung", "üble"}; !reflect.DeepEqual(cut, want) {
		t.Errorf("%q, want %q", cut, want)
	}
}
