package filter

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// sample is a text and where it is from.
type sample struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// TestDatatrove holds the decisions on public data against datatrove's, filter by
// filter. POLYMATH_DATA names the data archives, POLYMATH_PYTHON a Python with
// datatrove 0.10.1, and POLYMATH_TEXTS, if it is set, more texts: JSON lines of
// {"id", "text"}. Differences are allowed for texts with characters that are words
// of their own here, and explained in docs/corpus-datatrove.md.
func TestDatatrove(t *testing.T) {
	root, python := os.Getenv("POLYMATH_DATA"), os.Getenv("POLYMATH_PYTHON")
	if root == "" || python == "" {
		t.Skip("needs the data archives in POLYMATH_DATA and a Python with datatrove in POLYMATH_PYTHON")
	}
	if out, err := exec.Command(python, "-c", "import datatrove, spacy").CombinedOutput(); err != nil { //nolint:gosec // the caller's
		t.Skipf("POLYMATH_PYTHON has no datatrove: %s", out)
	}
	samples := collect(t, root)
	if len(samples) < 100 {
		t.Skipf("there are %d texts in POLYMATH_DATA", len(samples))
	}
	theirs := askDatatrove(t, python, samples)
	steps := published(t)
	ideographs := map[string]int{}
	sources := map[string][3]int{}
	for i, s := range samples {
		got, want := decide(t, steps, s.ID, s.Text), theirs[i]
		source, _, _ := strings.Cut(s.ID, ":")
		n := sources[source]
		n[0]++
		if got != want {
			n[1]++
			if strings.ContainsFunc(s.Text, standsAlone) {
				n[2]++
				count(ideographs, got, want)
				t.Logf("%s has ideographs:\n got %+v\nwant %+v", s.ID, got, want)
			} else {
				t.Errorf("%s:\n got %+v\nwant %+v", s.ID, got, want)
			}
		}
		sources[source] = n
	}
	for _, source := range slices.Sorted(mapKeys(sources)) {
		t.Logf("%-24s %5d texts, %d differ, %d of them with ideographs", source, sources[source][0], sources[source][1], sources[source][2])
	}
	for _, what := range slices.Sorted(mapKeys(ideographs)) {
		t.Logf("%3d %s", ideographs[what], what)
	}
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// standsAlone reports whether package words makes a word of the character.
func standsAlone(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }

// count counts what one filter says and the other one says.
func count(into map[string]int, got, want decision) {
	for _, p := range [][3]string{
		{"gopher_quality", got.Quality, want.Quality},
		{"gopher_repetition", got.Repetition, want.Repetition},
		{"fineweb", got.FineWeb, want.FineWeb},
		{"c4", got.C4 + got.C4Text, want.C4 + want.C4Text},
	} {
		if p[1] != p[2] {
			into[fmt.Sprintf("%s: %q here, %q there", p[0], p[1], p[2])]++
		}
	}
}

// askDatatrove returns the decisions of bench/peers/corpus_datatrove.py.
func askDatatrove(t *testing.T, python string, samples []sample) []decision {
	t.Helper()
	name := filepath.Join(t.TempDir(), "texts.jsonl")
	f, err := os.Create(name) //nolint:gosec // in the test's own directory
	if err != nil {
		t.Fatal(err)
	}
	w := json.NewEncoder(f)
	for _, s := range samples {
		if err := w.Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "../../bench/peers/corpus_datatrove.py", "decide", name) //nolint:gosec // the caller's
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []decision
	for line := range strings.Lines(string(out)) {
		var d decision
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	if len(all) != len(samples) {
		t.Fatalf("datatrove decided on %d of %d texts", len(all), len(samples))
	}
	return all
}

// The most texts of one file, and bytes of one text.
const (
	mostTexts = 150
	mostBytes = 30_000
)

// collect returns texts of the data archives, the same ones each time.
func collect(t *testing.T, root string) []sample {
	t.Helper()
	var all []sample
	add := func(source, path string, texts []string) {
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		step := max(1, len(texts)/mostTexts)
		for i := 0; i < len(texts); i += step {
			text := strings.ToValidUTF8(texts[i], "\ufffd")
			if len(text) > mostBytes {
				text = strings.ToValidUTF8(text[:mostBytes], "")
			}
			all = append(all, sample{fmt.Sprintf("%s:%s:%d", source, name, i), text})
		}
	}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		base := filepath.Base(path)
		switch {
		case err != nil || e.IsDir():
			return err
		case strings.Contains(path, "pt_debian_docs") && strings.HasSuffix(path, ".jsonl"):
			add("debian_docs", path, records(t, path, "text"))
		case strings.Contains(path, "pt_asp_stories") && strings.HasSuffix(path, ".md"):
			add("stories", path, []string{readText(t, path)})
		case strings.Contains(path, "pt_wikitext2") && strings.HasSuffix(path, ".txt"):
			add("wikitext", path, strings.Split(readText(t, path), "\n = "))
		case strings.Contains(path, "web_dolma_tests") && strings.HasPrefix(base, "cc_en_") && strings.HasSuffix(base, ".jsonl"):
			add("web_common_crawl", path, records(t, path, "text"))
		case strings.Contains(path, "web_dolma_tests") && strings.Contains(path, "documents") && strings.HasSuffix(base, ".json.gz"):
			add("web_dolma", path, records(t, path, "text"))
		case base == "ground-truth.json":
			add("web_articles", path, groundTruth(t, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if more := os.Getenv("POLYMATH_TEXTS"); more != "" {
		add("more", more, records(t, more, "text"))
	}
	return all
}

func readText(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path) //nolint:gosec // of the data archives
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// records returns a field of each JSON line.
func records(t *testing.T, path, field string) []string {
	t.Helper()
	f, err := os.Open(path) //nolint:gosec // of the data archives
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var r io.Reader = bufio.NewReader(f)
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatal(err)
		}
	}
	var texts []string
	for d := json.NewDecoder(r); ; {
		var record map[string]any
		if err := d.Decode(&record); err == io.EOF { //nolint:errorlint // Decode returns it bare
			return texts
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if text, ok := record[field].(string); ok {
			texts = append(texts, text)
		}
	}
}

func groundTruth(t *testing.T, path string) []string {
	t.Helper()
	var truth map[string]struct {
		Body string `json:"articleBody"`
	}
	if err := json.Unmarshal([]byte(readText(t, path)), &truth); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, id := range slices.Sorted(mapKeys(truth)) {
		texts = append(texts, truth[id].Body)
	}
	return texts
}
