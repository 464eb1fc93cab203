package suite

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestFormats loads the tasks whose data the user supplies from data of our own in
// the shape that their text describes.
func TestFormats(t *testing.T) {
	data := filepath.Join("testdata", "formats")
	load := func(name string) []task.Item {
		t.Helper()
		items, err := must(t, name)[0].Load(task.LoadOptions{DataDir: data, Shots: -1})
		if err != nil {
			t.Fatal(err)
		}
		return items
	}

	for _, name := range []string{"simpleqa", "simpleqa_match"} {
		items := load(name)
		if len(items) != 2 || items[1].Prompt != "Question: Who, in the same tale, \"tamed\" the tin whale?\nAnswer:" || items[1].Answers[0] != "Marta Quill" {
			t.Errorf("%s: %+v", name, items)
		}
	}

	drop := load("drop")
	if len(drop) != 5 || drop[0].Cluster != drop[1].Cluster || drop[1].Cluster == drop[2].Cluster {
		t.Errorf("drop: %+v", drop)
	}
	if !slices.Equal(drop[0].Answers, []string{"5", "five"}) || len(drop[0].Shots) != 3 || drop[0].Shots[0].Answer != "pears, plums" {
		t.Errorf("drop: answers %q, examples %q", drop[0].Answers, drop[0].Shots)
	}

	mmlu := load("mmlu_test")
	if len(mmlu) != 2 || mmlu[1].Section != "marketing" || mmlu[1].Gold != 2 || len(mmlu[1].Shots) != 5 {
		t.Fatalf("mmlu_test: %+v", mmlu)
	}
	text := mmlu[1].Text()
	for _, want := range []string{
		"The following are multiple choice questions (with answers) about marketing.\n\nExample 1 of marketing, with a comma\nA. one\n",
		"D. four\nAnswer: A\n\nWhich of these is invented\nfor marketing?\nA. this\nB. that\nC. both\nD. neither\nAnswer:",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("mmlu_test lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "astronomy") {
		t.Errorf("mmlu_test has examples of another subject:\n%s", text)
	}

	gsm := load("gsm8k_test")
	if len(gsm) != 1 || gsm[0].Answers[0] != "1,200" || len(gsm[0].Shots) != 8 || !strings.HasSuffix(gsm[0].Shots[7].Answer, "\n#### 16") {
		t.Errorf("gsm8k_test: %+v", gsm)
	}

	_, err := must(t, "arc_easy")[0].Load(task.LoadOptions{DataDir: data, Shots: -1})
	if !errors.Is(err, task.ErrNoData) || !strings.Contains(err.Error(), "arc_easy.jsonl") {
		t.Errorf("data that are not there: %v", err)
	}
}

func TestCloneWithoutGo(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("GOROOT", empty)
	t.Setenv("PATH", empty)
	_, err := must(t, "go_cloze")[0].Load(task.LoadOptions{Generators: Generators, Shots: -1})
	if err == nil {
		t.Skip("Go is in one of the usual places")
	}
	if !errors.Is(err, task.ErrNoData) || !strings.Contains(err.Error(), "go.dev/dl") {
		t.Errorf("without Go: %v", err)
	}
}
