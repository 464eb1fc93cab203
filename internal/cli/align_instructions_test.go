package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/internal/cli"
	"github.com/polymath-lm/polymath/train/conversation"
)

func alignInstructions(t *testing.T, args ...string) (status int, out, err string) {
	t.Helper()
	var o, problem output
	status = cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &o, Err: &problem}, append([]string{"align", "data", "instructions"}, args...))
	return status, o.String(), problem.String()
}

// TestAlignInstructions: what is written can be read by what learns from it.
func TestAlignInstructions(t *testing.T) {
	dir := t.TempDir()
	single, pairs := filepath.Join(dir, "made", "sft.jsonl"), filepath.Join(dir, "pairs.jsonl")
	if status, out, problem := alignInstructions(t, "--out", single, "--number", "50"); status != 0 || !strings.Contains(out, "50 requests with answers that meet them") {
		t.Fatalf("status %d: %s%s", status, out, problem)
	}
	made, err := os.ReadFile(single)
	if err != nil || bytes.Count(made, []byte("\n")) != 50 {
		t.Errorf("%d lines, %v", bytes.Count(made, []byte("\n")), err)
	}
	for line := range bytes.Lines(made) {
		if _, err := conversation.Parse(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if status, out, problem := alignInstructions(t, "--out", pairs, "--number", "50", "--pairs"); status != 0 || !strings.Contains(out, "50 pairs of answers") {
		t.Fatalf("status %d: %s%s", status, out, problem)
	}
	if list, report, err := preference.Read([]string{pairs}, false); err != nil || len(list) != 50 || len(report.Ignored) > 0 {
		t.Errorf("%d pairs, %+v, %v", len(list), report, err)
	}
	again := filepath.Join(dir, "again.jsonl")
	if status, _, problem := alignInstructions(t, "--out", again, "--number", "50"); status != 0 {
		t.Fatal(problem)
	}
	if b, err := os.ReadFile(again); err != nil || !bytes.Equal(made, b) {
		t.Errorf("the same flags give other bytes: %v", err)
	}
	for want, args := range map[string][]string{
		"--out is missing": nil,
		"exists":           {"--out", again},
		"0 requests":       {"--out", filepath.Join(dir, "x"), "--number", "0"},
	} {
		if status, _, problem := alignInstructions(t, args...); status == 0 || !strings.Contains(problem, want) {
			t.Errorf("%v: status %d, %s", args, status, problem)
		}
	}
}
