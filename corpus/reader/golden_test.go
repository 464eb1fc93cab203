package reader

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// warcRow is what warcio reads of one record (testdata/make_golden.py).
type warcRow struct {
	Offset      int64
	Type        string
	URL         string
	Date        string
	Status      string
	ContentType string `json:"content_type"`
	SHA256      string
}

func TestWARCGolden(t *testing.T) {
	var golden map[string][]warcRow
	readJSON(t, "testdata/warc_golden.json", &golden)
	want := map[string]string{ // what is made of each, by its number
		"0": "record type warcinfo", "1": "record type request", "11": "content type image",
		"12": "http status 404", "13": "record type metadata", "16": "pdf",
	}
	for name, rows := range golden {
		all := checkResume(t, listed(t, "testdata/"+name), Options{Source: "web"})
		if len(all) != len(rows) {
			t.Fatalf("%s: %d records, warcio reads %d", name, len(all), len(rows))
		}
		for i, g := range all {
			checkWARC(t, name, g, rows[i], i)
			if w := want[fmt.Sprint(i)]; w != "" && g.Skipped != w && string(g.Format) != w {
				t.Errorf("%s: record %d is %+v, want %s", name, i, g, w)
			}
		}
	}
}

func checkWARC(t *testing.T, name string, g got, row warcRow, i int) {
	t.Helper()
	if g.Bad != "" {
		t.Errorf("%s: record %d: %s", name, i, g.Bad)
		return
	}
	if g.Origin.Record != int64(i) || g.Origin.Offset != row.Offset {
		t.Errorf("%s: record %d is at %+v, warcio has byte %d", name, i, g.Origin, row.Offset)
	}
	if g.Skipped != "" {
		if row.Type == "response" && row.Status == "200" && strings.HasPrefix(row.ContentType, "text/") {
			t.Errorf("%s: record %d is skipped: %s", name, i, g.Skipped)
		}
		return
	}
	if sum := sha256.Sum256([]byte(g.Content)); hex.EncodeToString(sum[:]) != row.SHA256 {
		t.Errorf("%s: record %d (%s) has another content than warcio's: %.80q", name, i, row.URL, g.Content)
	}
	if row.URL != "" && (g.Meta["url"] != row.URL || g.Meta["date"] != row.Date) {
		t.Errorf("%s: record %d has %v, warcio %+v", name, i, g.Meta, row)
	}
}

// TestParquetGolden compares with the rows that pyarrow wrote.
func TestParquetGolden(t *testing.T) {
	var rows []struct {
		ID       int
		Text     *string
		URL      string
		Language *string
		Metadata *struct {
			License *string
			Score   float64
		}
	}
	readJSON(t, "testdata/parquet_golden.json", &rows)
	files, _ := filepath.Glob("testdata/*.parquet")
	if len(files) != 12 {
		t.Fatalf("%d files", len(files))
	}
	for _, name := range files {
		all := checkResume(t, listed(t, name), Options{MetaFields: []string{"url", "language", "license=metadata.license", "score=metadata.score", "id"}})
		if len(all) != len(rows) {
			t.Fatalf("%s: %d rows, want %d", name, len(all), len(rows))
		}
		for i, row := range rows {
			if row.Text == nil {
				if all[i].Bad == "" {
					t.Errorf("%s: row %d has no text and is %+v", name, i, all[i])
				}
				continue
			}
			want := map[string]string{"url": row.URL, "id": fmt.Sprint(row.ID)}
			if row.Language != nil {
				want["language"] = *row.Language
			}
			if row.Metadata != nil {
				want["score"] = fmt.Sprint(row.Metadata.Score)
				if row.Metadata.License != nil {
					want["license"] = *row.Metadata.License
				}
			}
			if all[i].Content != *row.Text || !equalMaps(all[i].Meta, want) {
				t.Errorf("%s: row %d is %+v, want %q %v", name, i, all[i], *row.Text, want)
			}
		}
	}
}

func TestParquetErrors(t *testing.T) {
	f := listed(t, "testdata/snappy-v2.parquet")
	for want, opt := range map[string]Options{
		`it has no column "body"; name the one with the text in text_field: it has id, text, url`: {TextField: "body"},
		`column "id" holds INT64 instead of text`:                                                 {TextField: "id"},
		`column "tags.list.element" holds lists`:                                                  {MetaFields: []string{"tags.list.element"}},
		`it has no column "nope"; correct meta_fields`:                                            {MetaFields: []string{"nope"}},
	} {
		if _, _, err := drain(t, f, opt, Position{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestParquetDots: a column may have a dot in its name.
func TestParquetDots(t *testing.T) {
	type row struct {
		Text string `parquet:"message.text"`
		N    int64  `parquet:"n.n"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	_, err := w.Write([]row{{"one", 1}, {"two", 2}})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	f := file(t, "a.parquet", b.Bytes())
	all, _, err := drain(t, f, Options{TextField: "message.text", MetaFields: []string{"n.n"}}, Position{})
	if err != nil || len(all) != 2 || all[1].Content != "two" || all[1].Meta["n.n"] != "2" {
		t.Errorf("%+v, error %v", all, err)
	}
	if _, _, err := drain(t, f, Options{TextField: "n.n"}, Position{}); err == nil || !strings.Contains(err.Error(), `column "n.n" holds INT64 instead of text`) {
		t.Error(err)
	}
}

func equalMaps(a, b map[string]string) bool {
	var x, y []string
	for k, v := range a {
		x = append(x, k+"="+v)
	}
	for k, v := range b {
		y = append(y, k+"="+v)
	}
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
