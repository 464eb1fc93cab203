package corpus

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"github.com/polymath-lm/polymath/corpus/segment"
)

// TestPrivateDataStaysOut: neither samples, wherever their excerpts are cut, nor
// records hold what the pipeline replaces.
func TestPrivateDataStaysOut(t *testing.T) {
	dir := t.TempDir()
	f := &fixture{dir: filepath.Join(dir, "in")}
	const mail, card = "straddle.person@straddle-mail.org", "4111 1111 1111 1111"
	key := "-----BEGIN RSA PRIVATE KEY-----\n" + strings.Repeat("MIIEstraddleQ29kZXg7bW9uZQ\n", 40) + "-----END RSA PRIVATE KEY-----\n"
	sources, long := "", prose(9, 3000)
	for name, text := range map[string]string{
		"mail":   prose(1, 500)[:excerptBytes-20] + " " + mail + " " + prose(2, 200),
		"card":   prose(3, 500)[:excerptBytes-10] + " " + card + " " + prose(4, 200),
		"key":    prose(5, 500)[:excerptBytes-200] + "\n" + key + prose(6, 200),
		"margin": prose(7, 500)[:1000] + strings.Repeat(" "+mail, 100) + long[:excerptBytes+concealMargin-1000-100*(len(mail)+1)-20] + " " + mail + " " + prose(8, 200),
	} {
		line, err := json.Marshal(map[string]string{"text": text, "author": "A <" + mail + ">", "url": "https://example.org/" + name})
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, name+".jsonl", string(line)+"\n")
		sources += "  - {name: " + name + ", path: " + filepath.ToSlash(f.path(name+".jsonl")) + ", pipeline: p}\n"
	}
	out := filepath.Join(dir, "out")
	m := mustBuild(t, parse(t, "out: "+filepath.ToSlash(out)+"\nsources:\n"+sources+
		"pipelines: {p: [unicode, private, secrets: {action: replace}]}\ntokenizer: {train: {vocab_size: 300}}\n"))
	if m.ShardDocs != 4 {
		t.Fatalf("%d documents", m.ShardDocs)
	}
	check := func(where, text string) {
		for _, private := range []string{"straddle", "4111"} {
			if strings.Contains(text, private) {
				t.Errorf("%s holds %q", where, private)
			}
		}
	}
	manifest, err := os.ReadFile(filepath.Join(out, ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	check(ManifestName, string(manifest))
	for i := range 4 {
		r, err := segment.Open(filepath.Join(out, workDir, ingestStage), i, segment.Parts{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var rec segment.Record
		if _, _, err := r.Next(&rec); err != nil {
			t.Fatal(err)
		}
		line, err := rec.AppendLine(nil)
		if err != nil {
			t.Fatal(err)
		}
		check("the record "+rec.Meta["url"], string(line))
		if !strings.HasPrefix(rec.Meta["author"], "A <") {
			t.Errorf("author is %q", rec.Meta["author"])
		}
	}
}

// TestKeysStayOut: what gives access to a source is in no file of a corpus.
func TestKeysStayOut(t *testing.T) {
	f := newSmallFixture(t, filepath.Join(t.TempDir(), "in"))
	server := httptest.NewServer(http.FileServer(http.Dir(f.dir)))
	defer server.Close()
	out := filepath.Join(t.TempDir(), "out")
	address := strings.Replace(server.URL, "http://", "http://somebody:passkey@", 1)
	recipe := func(signature string) *Recipe {
		return parse(t, "out: "+filepath.ToSlash(out)+`
sources:
  - {name: a, path: "`+address+"/lines/a.jsonl?sig="+signature+`", format: jsonl, max_bad: 1, headers: {Authorization: headerkey}}
  - {name: b, paths: ["`+address+"/text/01.txt?token="+signature+`"]}
tokenizer: {train: {vocab_size: 300}}
`)
	}
	mustBuild(t, recipe("signkey"))
	keys := []string{"passkey", "signkey", "headerkey", "somebody"}
	err := filepath.WalkDir(out, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".zst") {
			z, err := zstd.NewReader(nil)
			if err != nil {
				return err
			}
			defer z.Close()
			if data, err = z.DecodeAll(data, nil); err != nil {
				return err
			}
		}
		for _, key := range keys {
			if strings.Contains(string(data), key) {
				t.Errorf("%s holds %s", path, key)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mustBuild(t, recipe("another")) // signatures end, and the corpus goes on
}
