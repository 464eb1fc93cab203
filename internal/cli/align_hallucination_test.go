package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/internal/cli"
	"github.com/polymath-lm/polymath/train/conversation"
)

func alignHallucination(t *testing.T, args ...string) (status int, err string) {
	t.Helper()
	var out, problem output
	status = cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &problem}, append([]string{"align", "data", "hallucination"}, args...))
	return status, problem.String()
}

// TestAlignHallucination: what is written can be read by what learns from it.
func TestAlignHallucination(t *testing.T) {
	dir := t.TempDir()
	for _, what := range []string{"text", "sft", "baseline", "pairs", "rewriting", "prompts"} {
		path := filepath.Join(dir, what+".jsonl")
		if status, problem := alignHallucination(t, "--out", path, "--what", what, "--number", "30"); status != 0 {
			t.Fatalf("%s: status %d: %s", what, status, problem)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		switch what {
		case "pairs":
			list, report, err := preference.Read([]string{path}, false)
			if err != nil || len(list) != 30 || len(report.Ignored) > 0 {
				t.Errorf("%s: %d comparisons, %+v, %v", what, len(list), report, err)
			}
		case "prompts":
			if n := bytes.Count(data, []byte("\n")); n != 30 || !json.Valid(data[:bytes.IndexByte(data, '\n')]) {
				t.Errorf("%s: %d lines", what, n)
			}
		default:
			for line := range bytes.Lines(data) {
				if _, err := conversation.Parse(line); err != nil {
					t.Errorf("%s: %s: %v", what, line, err)
				}
			}
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "--out is missing"},
		{[]string{"--out", filepath.Join(dir, "text.jsonl")}, "exists"},
		{[]string{"--out", filepath.Join(dir, "x"), "--what", "all"}, "baseline"},
		{[]string{"--out", filepath.Join(dir, "x"), "--split", "dev"}, "rollout or test"},
		{[]string{"--out", filepath.Join(dir, "x"), "--domains", "half"}, "closed or open"},
		{[]string{"--out", filepath.Join(dir, "x"), "--what", "rewriting", "--domains", "open"}, "closed domain"},
		{[]string{"--out", filepath.Join(dir, "x"), "--number", "0"}, "0 questions"},
		{[]string{"--out", filepath.Join(dir, "x"), "--honest", "0.1"}, "only the baseline"},
	} {
		if status, problem := alignHallucination(t, c.args...); status == 0 || !strings.Contains(problem, c.want) {
			t.Errorf("%v: status %d, %s", c.args, status, problem)
		}
	}
}
