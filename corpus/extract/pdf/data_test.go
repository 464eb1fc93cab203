package pdf

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPeer reads the PDFs below POLYMATH_PDF whose text as another reader has it
// lies beside them (testdata/peer.py writes it), and compares the words.
func TestPeer(t *testing.T) {
	root := os.Getenv("POLYMATH_PDF")
	if root == "" {
		t.Skip("POLYMATH_PDF names no directory of PDFs")
	}
	files, err := filepath.Glob(filepath.Join(root, "*.pdf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no PDFs in %s (%v)", root, err)
	}
	if _, err := shared().start(); err != nil {
		t.Fatal(err)
	}
	var bytes, out int
	var took time.Duration
	var scores []float64
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		text, _, err := shared().Text(t.Context(), content)
		took += time.Since(begin)
		bytes += len(content)
		out += len(text)
		want, peerErr := os.ReadFile(file + ".txt")
		if err != nil || peerErr != nil {
			t.Logf("%s: ours %v, peer %v", filepath.Base(file), err, peerErr)
			continue
		}
		f1 := wordsInCommon(string(text), leaders.ReplaceAllString(string(want), "..."))
		t.Logf("%s: F1 by words %.4f, %d bytes of text", filepath.Base(file), f1, len(text))
		scores = append(scores, f1)
	}
	slices.Sort(scores)
	if len(scores) == 0 || scores[len(scores)/2] < 0.95 {
		t.Errorf("the middle one of the scores %v is below 0.95", scores) // single ones are the peer's spaces, and formulas
	}
	t.Logf("%d files, %.1f MB of PDF/s, %.1f MB of text/s", len(files), float64(bytes)/took.Seconds()/1e6, float64(out)/took.Seconds()/1e6)
}

// wordsInCommon is F1 over the bags of words, those divided at line ends joined.
func wordsInCommon(a, b string) float64 {
	count := func(text string) map[string]int {
		words := map[string]int{}
		for _, word := range strings.Fields(strings.ReplaceAll(text, "-\n", "")) {
			words[strings.ReplaceAll(word, "-", "")]++
		}
		return words
	}
	of, in := count(a), count(b)
	common, all := 0, 0
	for word, n := range of {
		common += min(n, in[word])
		all += n
	}
	for _, n := range in {
		all += n
	}
	return 2 * float64(common) / float64(max(all, 1))
}
