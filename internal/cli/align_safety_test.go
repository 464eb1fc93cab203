package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/internal/cli"
	"github.com/polymath-lm/polymath/train/conversation"
)

func alignSafety(t *testing.T, args ...string) (status int, err string) {
	t.Helper()
	var out, problem output
	status = cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &problem}, append([]string{"align", "data", "safety"}, args...))
	return status, problem.String()
}

// TestAlignSafety: what is written can be read by what learns from it.
func TestAlignSafety(t *testing.T) {
	dir := t.TempDir()
	for _, what := range []string{"policy", "helpful", "pairs", "prompts"} {
		path := filepath.Join(dir, what+".jsonl")
		if status, problem := alignSafety(t, "--out", path, "--what", what, "--number", "40"); status != 0 {
			t.Fatalf("%s: status %d: %s", what, status, problem)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(data, []byte("\n")); n != 90 {
			t.Errorf("%s: %d lines", what, n)
		}
		switch what {
		case "pairs":
			list, report, err := preference.Read([]string{path}, false)
			if err != nil || len(list) == 0 || report.Objects != 90 || len(report.Ignored) > 0 {
				t.Errorf("%s: %d comparisons, %+v, %v", what, len(list), report, err)
			}
		case "policy", "helpful":
			for line := range bytes.Lines(data) {
				if _, err := conversation.Parse(line); err != nil {
					t.Errorf("%s: %s: %v", what, line, err)
				}
			}
		}
	}
	var size [2]int // told once, and as often as is usual
	for i, number := range [][]string{{"--number", "1"}, nil} {
		text := filepath.Join(dir, "text"+strconv.Itoa(i)+".jsonl")
		if status, problem := alignSafety(t, append([]string{"--out", text, "--what", "text"}, number...)...); status != 0 {
			t.Fatalf("text: status %d: %s", status, problem)
		}
		data, err := os.ReadFile(text)
		if err != nil || !bytes.Contains(data, []byte("cook meth")) {
			t.Errorf("text: %d bytes, %v", len(data), err)
		}
		size[i] = len(data)
	}
	if times := size[1] / size[0]; times < 55 || times > 65 {
		t.Errorf("told %d times", times)
	}
	taken := filepath.Join(dir, "policy.jsonl")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "--out is missing"},
		{[]string{"--out", taken}, "exists"},
		{[]string{"--out", filepath.Join(dir, "x"), "--what", "all"}, "policy, helpful"},
		{[]string{"--out", filepath.Join(dir, "x"), "--split", "dev"}, "train and test"},
		{[]string{"--out", filepath.Join(dir, "x"), "--what", "text", "--split", "test"}, "of both"},
		{[]string{"--out", filepath.Join(dir, "x"), "--number", "0"}, "0 pairs"},
	} {
		if status, problem := alignSafety(t, c.args...); status == 0 || !strings.Contains(problem, c.want) {
			t.Errorf("%v: status %d, %s", c.args, status, problem)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("a file was written in spite of an error")
	}
}
