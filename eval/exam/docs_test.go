package exam

import (
	"os"
	"strings"
	"testing"
)

// TestDocs reads the example of docs/exams.md.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/exams.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```yaml\n")
	example, _, ok := strings.Cut(example, "```")
	if exams := parse(t, example); !ok || len(exams) != 1 || len(exams[0].Sections) != 2 {
		t.Errorf("%d examinations are read from\n%s", len(exams), example)
	}
}
