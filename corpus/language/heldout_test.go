package language

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// core are the languages that the project promises.
var core = []string{"en", "de", "fr", "es", "it", "pt", "nl", "ru", "zh", "ja"}

// readSentences reads one sentence a line, those of 20 to 200 characters.
func readSentences(t testing.TB, path string) (list []string) {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		if n := utf8.RuneCountInString(lines.Text()); n >= 20 && n <= 200 {
			list = append(list, lines.Text())
		}
	}
	return list
}

// confusion counts guesses by true language and guess.
type confusion map[string]map[string]int

func (c confusion) add(truth, guess string) {
	if c[truth] == nil {
		c[truth] = map[string]int{}
	}
	c[truth][guess]++
}

func (c confusion) accuracy(languages []string) float64 {
	right, all := 0, 0
	for _, l := range languages {
		for guess, n := range c[l] {
			if all += n; guess == l {
				right += n
			}
		}
	}
	return float64(right) / float64(all)
}

func (c confusion) String() string {
	var b strings.Builder
	truths, columns := []string{}, slices.Clone(core)
	for l := range c {
		truths = append(truths, l)
	}
	slices.SortFunc(truths, func(a, b string) int {
		return 100*(rank(a)-rank(b)) + strings.Compare(a, b)
	})
	fmt.Fprintf(&b, "\n%5s %6s |", "truth", "right")
	for _, l := range columns {
		fmt.Fprintf(&b, "%5s", l)
	}
	fmt.Fprintf(&b, "%6s %6s\n", "other", "none")
	for _, truth := range truths {
		fmt.Fprintf(&b, "%5s %5.1f%% |", truth, 100*c.accuracy([]string{truth}))
		other := 0
		for guess, n := range c[truth] {
			if guess != "" && !slices.Contains(columns, guess) {
				other += n
			}
		}
		for _, l := range columns {
			fmt.Fprintf(&b, "%5d", c[truth][l])
		}
		fmt.Fprintf(&b, "%6d %6d\n", other, c[truth][""])
	}
	return b.String()
}

func rank(code string) int {
	if i := slices.Index(core, code); i >= 0 {
		return i
	}
	return len(core)
}

// reliability compares scores with how often guesses of that score are right.
type reliability [10]struct {
	n, right int
	sum      float64
}

func (r *reliability) add(score float32, right bool) {
	b := &r[min(int(score*10), 9)]
	b.n++
	b.sum += float64(score)
	if right {
		b.right++
	}
}

// gap is the mean distance between score and share, over all guesses.
func (r *reliability) gap() float64 {
	gap, all := 0.0, 0
	for _, b := range r {
		gap += max(b.sum-float64(b.right), float64(b.right)-b.sum)
		all += b.n
	}
	return gap / float64(all)
}

func (r *reliability) String() string {
	s := "\nscore: share right of how many\n"
	for _, b := range r {
		if b.n > 0 {
			s += fmt.Sprintf("%.3f: %.3f of %d\n", b.sum/float64(b.n), float64(b.right)/float64(b.n), b.n)
		}
	}
	return s
}

// TestHeldOut measures the model on sentences that it was not trained on. The
// variable names one or more directories with a file LANGUAGE.txt for each
// language, one sentence a line; `make language-model` writes one of the Debian
// handbook.
func TestHeldOut(t *testing.T) {
	dirs := os.Getenv("POLYMATH_SENTENCES")
	if dirs == "" {
		t.Skip("needs held-out sentences: make language-model, then set POLYMATH_SENTENCES to the directory it names")
	}
	for _, dir := range filepath.SplitList(dirs) {
		t.Run(filepath.Base(dir), func(t *testing.T) { testSentences(t, dir) })
	}
}

func testSentences(t *testing.T, dir string) {
	table := confusion{}
	var trust reliability
	for _, l := range Default().Languages() {
		path := filepath.Join(dir, l+".txt")
		if _, err := os.Stat(path); err != nil {
			continue
		}
		for _, s := range readSentences(t, path) {
			g := Identify([]byte(s))
			table.add(l, g.Language)
			if g.Language != "" {
				trust.add(g.Score, g.Language == l)
			}
		}
	}
	t.Log(table)
	t.Log(trust.String())
	known := table.accuracy(core)
	t.Logf("%.2f%% of the sentences of the ten languages are right, %.2f%% of all; calibration error %.3f",
		100*known, 100*table.accuracy(Default().Languages()), trust.gap())
	if known < 0.95 {
		t.Errorf("only %.2f%% of the sentences of the ten languages are right", 100*known)
	}
}
