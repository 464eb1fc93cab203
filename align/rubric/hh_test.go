package rubric

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestRulesOnHH measures the rules on what a language model of others said in the
// pairs of HH (Bai et al., arXiv:2204.05862). The labels are by the author of the rules, of answers
// to first questions, drawn at random, whose class is clear. The rules were mended by
// some of the misses in dev, and not by those in test.
func TestRulesOnHH(t *testing.T) {
	data := os.Getenv("POLYMATH_DATA")
	if data == "" {
		t.Skip("POLYMATH_DATA is not set")
	}
	rows := readHH(t, filepath.Join(data, "pref_hh", "harmless-base", "test.jsonl.gz"))
	labels, err := os.ReadFile("testdata/hh_labels.tsv")
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string][]Labelled{}
	for line := range strings.Lines(string(labels)) {
		part := strings.Fields(line)
		if part[0] == "#" {
			continue
		}
		n, err := strconv.Atoi(part[1])
		if err != nil {
			t.Fatal(err)
		}
		l := Labelled{Case: Case{Kind: Kind(part[3])}}
		if err := l.Class.UnmarshalText([]byte(part[4])); err != nil {
			t.Fatal(err)
		}
		question, answer, ok := strings.Cut(rows[n][part[2]], "\n\nAssistant:")
		if !ok {
			t.Fatalf("row %d has no answer", n)
		}
		l.Prompt, l.Answer = strings.TrimPrefix(question, "\n\nHuman:"), answer
		answers[part[0]] = append(answers[part[0]], l)
	}
	for part, least := range map[string]float64{"dev": 0.8, "test": 0.7} {
		t.Log(part)
		if a := measure(t, ByRules(Default()), answers[part]); a.All.Value < least {
			t.Errorf("%s: the rules have become worse", part)
		}
	}
}

func readHH(t *testing.T, path string) (rows []map[string]string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Skip(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row map[string]string
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}
