package quality

import (
	"compress/gzip"
	"encoding/json"
	"html"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestData trains on novels, encyclopedia and news articles as good and on what
// surrounds articles on web pages as poor, and measures on others of both.
func TestData(t *testing.T) {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	texts := append(novels(t, dir), articles(t, dir)...)
	texts = append(texts, pages(t, dir)...)
	if len(texts) < 200 {
		t.Skip("no novels and web pages in POLYMATH_DATA")
	}
	var o TrainOptions
	o.SetDefaults()
	o.Bits, o.Held = 18, 0.2
	m, r := train(t, o, texts)
	t.Log("\n" + r.String())
	if r.AUC < 0.95 {
		t.Errorf("AUC %v", r.AUC)
	}
	held := 0.0 // of web articles alone, which share their subjects with the poor
	n := 0.0
	for _, c := range texts {
		if strings.HasPrefix(c.name, "body") {
			n++
			if score(m, c.text) > 0.5 {
				held++
			}
		}
	}
	t.Logf("%.1f%% of %v bodies of web articles score above 0.5", 100*held/n, n)
}

func novels(t *testing.T, dir string) (texts []text) {
	files, err := filepath.Glob(filepath.Join(dir, "pt_novels", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		texts = append(texts, text{f, readAll(t, f), true})
	}
	return texts
}

// articles splits the excerpt of WikiText-2 into articles of about 200 lines.
func articles(t *testing.T, dir string) (texts []text) {
	content := readAll(t, filepath.Join(dir, "pt_wikitext2_5k", "data", "wikitext2_train_5k.txt"))
	lines := strings.Split(content, "\n")
	for at := 0; at+40 <= len(lines); at += 40 {
		body := strings.ReplaceAll(strings.Join(lines[at:at+40], "\n"), " @-@ ", "-")
		texts = append(texts, text{"article " + body[:40], body, true})
	}
	return texts
}

var (
	silent = regexp.MustCompile(`(?is)<!--.*?-->|<(script|style|noscript|head)\b.*?</(script|style|noscript|head)>`)
	block  = regexp.MustCompile(`(?i)</?(p|div|li|ul|td|tr|h[1-6]|br|section|option|article|nav|header|footer|button|form)\b[^>]*>`)
	tag    = regexp.MustCompile(`<[^>]*>`)
)

// pages returns the articles of web pages as good, and the rest of the pages,
// line by line, as poor.
func pages(t *testing.T, dir string) (texts []text) {
	var truth map[string]struct{ ArticleBody string }
	root := filepath.Join(dir, "web_article_extraction")
	if err := json.Unmarshal([]byte(readAll(t, filepath.Join(root, "ground-truth.json"))), &truth); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(filepath.Join(root, "html"), func(path string, d fs.DirEntry, err error) error {
		name, ok := strings.CutSuffix(filepath.Base(path), ".html.gz")
		if err != nil || !ok {
			return err
		}
		body := truth[name].ArticleBody
		page := silent.ReplaceAllString(readAll(t, path), " ")
		page = tag.ReplaceAllString(block.ReplaceAllString(page, "\n"), " ")
		var rest strings.Builder
		for line := range strings.Lines(html.UnescapeString(page)) {
			if line = strings.Join(strings.Fields(line), " "); line != "" && !strings.Contains(body, line) {
				rest.WriteString(line + "\n")
			}
		}
		texts = append(texts, text{"body " + name, body, true}, text{"rest " + name, rest.String(), false})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func readAll(t *testing.T, path string) string {
	f, err := os.Open(path)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
