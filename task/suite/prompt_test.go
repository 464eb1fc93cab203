package suite

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestPromptsOfOthers holds the tasks whose scores are compared with
// lm-evaluation-harness 0.4.13 against its templates, filled here from the same
// rows: what is scored is the prompt, a space, and the continuation.
func TestPromptsOfOthers(t *testing.T) {
	data := os.Getenv("POLYMATH_DATA")
	if data == "" {
		t.Skip("POLYMATH_DATA is not set")
	}
	type row struct {
		Query, Context, Continuation string
		Choices                      []string
		Gold                         int
		SentenceGood                 string `json:"sentence_good"`
		SentenceBad                  string `json:"sentence_bad"`
	}
	for _, c := range []struct {
		task, files string
		prompt      func(r row) string
		choices     func(r row) []string
	}{
		// "Question: {{question}}\nAnswer:"; the rows begin with "Question: ".
		{"arc_easy", "eval_foundry/world_knowledge/arc_easy.jsonl", func(r row) string { return r.Query + "\nAnswer:" }, nil},
		// "Question: {{goal}}\nAnswer:"; the rows are "Question: goal\n".
		{"piqa", "eval_foundry/commonsense_reasoning/piqa.jsonl", func(r row) string { return r.Query + "Answer:" }, nil},
		// "{{passage}}\nQuestion: {{question}}?\nAnswer:"; the rows begin with "Passage: ".
		{"boolq", "eval_foundry/reading_comprehension/boolq.jsonl", func(r row) string {
			return strings.Replace(r.Query, "Passage: ", "", 1) + "\nAnswer:"
		}, nil},
		// All but the last word, then a space and the last word.
		{"lambada", "eval_foundry/language_understanding/lambada_openai.jsonl", func(r row) string { return r.Context }, func(r row) []string {
			return []string{strings.TrimSpace(r.Continuation)}
		}},
		// An empty prompt and the sentences, each behind a space.
		{"blimp", "eval_blimp/data/*.jsonl", func(row) string { return "" }, func(r row) []string { return []string{r.SentenceGood, r.SentenceBad} }},
	} {
		k := must(t, c.task)[0]
		items, err := k.Load(task.LoadOptions{DataDir: data, Shots: -1})
		if err != nil {
			t.Error(err)
			continue
		}
		files, err := filepath.Glob(filepath.Join(data, filepath.FromSlash(c.files)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", c.files, err)
		}
		at := 0
		for _, name := range files {
			source, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(source)
			lines.Buffer(nil, 1<<20)
			for lines.Scan() {
				var r row
				if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
					t.Fatal(err)
				}
				if at == len(items) {
					t.Fatalf("%s has more rows than the %d items", c.task, at)
				}
				item := items[at]
				want, got := r.Choices, item.Choices
				if c.choices != nil {
					want = c.choices(r)
				}
				if len(item.Choices) == 0 {
					got = item.Answers
				} else if item.Gold != r.Gold {
					t.Errorf("%s %d: gold is %d, want %d", c.task, at, item.Gold, r.Gold)
				}
				before := item.Before
				if k.Method == task.MethodPair {
					before = "" // the texts of a pair are whole
				}
				scored, wanted := behind(before, got), behind(" ", want)
				if item.Text() != c.prompt(r) || !slices.Equal(scored, wanted) {
					t.Errorf("%s %d: %q %q\nwant %q %q", c.task, at, item.Text(), scored, c.prompt(r), wanted)
				}
				at++
			}
			if err := lines.Err(); err != nil {
				t.Fatal(err)
			}
			source.Close()
		}
		if at != len(items) {
			t.Errorf("%s: %d rows and %d items", c.task, at, len(items))
		}
	}
}

// behind puts a text before each.
func behind(before string, texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = before + text
	}
	return out
}
