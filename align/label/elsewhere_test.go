package label

import (
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/chat"
)

// TestAddElsewhere: texts of a source that has answered already are kept besides, and
// what is there is not there twice.
func TestAddElsewhere(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "labels.db"), Options{Create: true, Overlap: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := Prompt{Messages: []chat.Message{chat.Text(chat.User, "P")}}
	lines := [][]string{{"a", "b"}, {"c", "d"}, {"a", "d"}, {"e", "e"}, {"a", "b"}, {"e", "e"}}
	want := []Added{
		{Prompts: 1, Answers: 2, Comparisons: 1},
		{Answers: 2, Comparisons: 1},
		{Answers: 0, Comparisons: 1},
		{Answers: 2, Identical: 1},
		{},
		{Identical: 1},
	}
	for i, texts := range lines {
		var answers []Answer
		for _, text := range texts {
			answers = append(answers, Answer{Source: Source{Name: "x"}, Text: text})
		}
		added, err := s.AddElsewhere(t.Context(), p, answers)
		if err != nil || added != want[i] {
			t.Errorf("line %d, %q: %+v, %v, want %+v", i, texts, added, err, want[i])
		}
	}
	if list, err := s.Answers(t.Context(), p); err != nil || len(list) != 6 {
		t.Errorf("%+v, %v", list, err)
	}
}
