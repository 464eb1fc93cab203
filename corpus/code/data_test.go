package code

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPeer compares languages with those that linguist-js, a port of
// github-linguist with its data, finds in the same files. testdata/peer.js
// writes them:
//
//	npm install linguist-js@2 && node peer.js DIR DIR.json
//	POLYMATH_TREE=DIR go test ./corpus/code -run TestPeer -v
func TestPeer(t *testing.T) {
	root := os.Getenv("POLYMATH_TREE")
	if root == "" {
		t.Skip("POLYMATH_TREE names no tree")
	}
	content, err := os.ReadFile(root + ".json")
	if err != nil {
		t.Skipf("the peer has not been asked: %v", err)
	}
	var peer map[string]string
	if err := json.Unmarshal(content, &peer); err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	same, both, ours, theirs := 0, 0, 0, 0
	stripped, right := map[string]int{}, map[string]int{}
	differ := map[string][]string{}
	begin, files, size := time.Now(), 0, 0
	var asking time.Duration
	_, results := all(t, root, TreeOptions{KeepVendored: true, KeepIgnored: true}, 0)
	reading := time.Since(begin)
	for name, r := range results {
		if r.file == nil {
			continue
		}
		files++
		size += len(r.file.Content)
		begin := time.Now()
		got, _ := Language(name, r.file.Content)
		Generated(name, r.file.Content)
		asking += time.Since(begin)
		want := peer[filepath.Join(absolute, name)]
		switch {
		case got == want || sameGroup(got, want):
			same++
			both++
		case got == "":
			theirs++
		case want == "":
			ours++
		default:
			both++
			differ[want+" -> "+got] = append(differ[want+" -> "+got], name)
		}
		if got != "" && got == want {
			stripped[got]++
			if bare, _ := Language("file", r.file.Content); bare == got {
				right[got]++
			}
		}
	}
	t.Logf("%d files, %d MB: read in %v, languages and rules in %v", files, size>>20, reading.Round(time.Millisecond), asking.Round(time.Millisecond))
	t.Logf("the same %d of %d (%.2f%%); only we know %d, only the peer %d", same, both, 100*float64(same)/float64(max(both, 1)), ours, theirs)
	for _, pair := range byCount(differ) {
		t.Logf("%4d %s, as %s", len(differ[pair]), pair, differ[pair][0])
	}
	for _, language := range []string{"C", "C++", "Go", "Python", "JavaScript", "TypeScript", "Java", "Rust", "Ruby", "Perl", "Shell"} {
		t.Logf("without a name: %s %d of %d", language, right[language], stripped[language])
	}
	if float64(same) < 0.97*float64(both) {
		t.Error("less than 97% are the same")
	}
}

// sameGroup says whether two names are of languages that we do not tell apart.
func sameGroup(ours, peers string) bool {
	group := map[string]string{
		"HTML+ERB": "ERB", "JSON with Comments": "JSON", "GNU As": "Assembly", "Unix Assembly": "Assembly", "TeX": "LaTeX", "C2hs Haskell": "Haskell", "Roff Manpage": "Roff",
		"Go Checksums": "Go Checksums", "Nasal": "NASL", "Option List": "Ignore List",
	}
	name := func(language string) string {
		if of, ok := group[language]; ok {
			return of
		}
		return language
	}
	return name(ours) == name(peers)
}

func byCount(differ map[string][]string) []string {
	var pairs []string
	for pair, names := range differ {
		slices.Sort(names)
		pairs = append(pairs, pair)
	}
	slices.SortFunc(pairs, func(a, b string) int {
		if c := len(differ[b]) - len(differ[a]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return pairs[:min(len(pairs), 40)]
}
