package constrain

import (
	"bufio"
	"encoding/base64"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// byteVocabulary has all bytes, some longer tokens and, last, an end.
func byteVocabulary(longer ...string) *Vocabulary {
	var tokens [][]byte
	for b := range 256 {
		tokens = append(tokens, []byte{byte(b)})
	}
	for _, t := range longer {
		tokens = append(tokens, []byte(t))
	}
	tokens = append(tokens, []byte("<|end|>"))
	end := int32(len(tokens) - 1)
	return NewVocabulary(tokens, func(id int32) bool { return id == end }, []int32{end})
}

// jsonTokens are tokens that a JSON grammar finds hard.
var jsonTokens = []string{
	"true", "null", "false", "name", `"`, `":`, `": "`, `","`, `",`, `"}`, `"},{"`, `{"`, "}}", "]]", "[[", `["`, `[]`, "{}",
	`":{"`, `"a":1`, `"a"`, "10", "100", "12345", "0.", "-1", "e10", "\n", "\n  ", "\n    ", " ", "  ", "   ", ", ", ": ", `\"`, `\n`, `\u00`, `\u0`,
	"é", "\xc3", "日本", "\xe6\x97", "\xa5", "the quick brown", "2024-01-", "-01T", "https://", "abc", "ab", "aa", "aaaa", "x", "\xf0\x9f", "😀",
	"<", "<t", "<tool>", "tool>{", "}</tool>", "<tool>{\"",
}

func testVocabulary() *Vocabulary { return byteVocabulary(jsonTokens...) }

// dataDir returns the directory that holds the unpacked data archives.
func dataDir(t testing.TB) string {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	return dir
}

// tiktokenVocabulary has the first limit tokens of a rank file, and an end.
func tiktokenVocabulary(t testing.TB, name string, limit int) *Vocabulary {
	f, err := os.Open(filepath.Join(dataDir(t), "io_tiktoken", "assets", name+".tiktoken"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var tokens [][]byte
	for lines := bufio.NewScanner(f); lines.Scan() && len(tokens) < limit; {
		text, _, _ := strings.Cut(lines.Text(), " ")
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, raw)
	}
	tokens = append(tokens, []byte("<|endoftext|>"))
	end := int32(len(tokens) - 1)
	return NewVocabulary(tokens, func(id int32) bool { return id == end }, []int32{end})
}

// accepts reports whether text is a sentence.
func accepts(g *Grammar, text string) bool {
	m := g.NewMask()
	m.acceptBytes([]byte(text))
	return m.Complete()
}

func must(g *Grammar, err error) func(testing.TB) *Grammar {
	return func(t testing.TB) *Grammar {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
}

// allowedIDs are the tokens that the mask leaves.
func allowedIDs(m *Mask, size int) []int32 {
	logits := make([]float32, size)
	m.Restrict(logits)
	var out []int32
	for id, x := range logits {
		if !math.IsInf(float64(x), -1) {
			out = append(out, int32(id))
		}
	}
	return out
}

// soon fails if more time has passed than a loaded machine with the race detector
// needs for work within its bounds; without them it is minutes.
func soon(t testing.TB, start time.Time) {
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}
