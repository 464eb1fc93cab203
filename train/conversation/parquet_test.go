package conversation

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/polymath-lm/polymath/shard"
)

// The columns of a table as Hugging Face's datasets have them.
type (
	tablePicture struct {
		Bytes []byte  `parquet:"bytes,optional"`
		Path  *string `parquet:"path"`
	}
	tableTurn struct {
		From  string `parquet:"from"`
		Value string `parquet:"value"`
	}
	tableRow struct {
		Conversations []tableTurn   `parquet:"conversations,list"`
		Image         *tablePicture `parquet:"image"`
		ID            int64         `parquet:"id"`
	}
)

// TestParquet: rows give the documents of the lines that say the same.
func TestParquet(t *testing.T) {
	dir := t.TempDir()
	var rows []tableRow
	var lines []string
	for i := range 300 {
		data, name := testPNG(8+i%9, uint8(i%40)), fmt.Sprintf("p%d.png", i)
		row := tableRow{ID: int64(i), Conversations: []tableTurn{{"human", fmt.Sprintf("<image>\nWhat is %d?", i)}, {"gpt", fmt.Sprint("It is ", i)}}}
		picture := "null"
		switch i % 3 {
		case 0:
			row.Image = &tablePicture{Bytes: data, Path: &name}
			picture = fmt.Sprintf(`{"bytes": %q, "path": %q}`, base64.StdEncoding.EncodeToString(data), name)
		case 1:
			row.Image = &tablePicture{Path: &name}
			picture = fmt.Sprintf(`{"bytes": null, "path": %q}`, name)
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		rows = append(rows, row)
		lines = append(lines, fmt.Sprintf(`{"id": %d, "image": %s, "conversations": [{"from": "human", "value": "<image>\nWhat is %d?"}, {"from": "gpt", "value": "It is %d"}]}`, i, picture, i, i))
	}
	var table bytes.Buffer
	if err := parquet.Write(&table, rows, parquet.MaxRowsPerRowGroup(70)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "data.parquet")
	if err := os.WriteFile(path, table.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if n, err := Count(path); n != 300 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	out := t.TempDir()
	var shares []float64
	o := seeingOptions(100)
	o.Progress = func(share float64) error {
		shares = append(shares, share)
		return nil
	}
	report, err := Prepare([]string{path}, out, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(shares) || shares[len(shares)-1] != 1 || shares[0] < 0 {
		t.Errorf("progress %v", shares)
	}
	got, err := shard.OpenSet(out)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	want, other := prepare(t, dir, seeingOptions(100), lines...)
	if got.NumDocs() != want.NumDocs() || report.Pictures != 200 || report.Tokens != other.Tokens || report.Ignored["id"] != 300 {
		t.Fatalf("%+v, and of lines %+v", report, other)
	}
	for doc := range want.NumDocs() {
		a, b := got.Pictures(nil, doc), want.Pictures(nil, doc)
		same := len(a) == len(b) && slices.Equal(got.Doc(nil, doc), want.Doc(nil, doc))
		for i := range min(len(a), len(b)) {
			same = same && bytes.Equal(a[i].Data, b[i].Data)
		}
		if !same {
			t.Fatalf("document %d differs", doc)
		}
	}
	rows[7].Image.Path = nil
	table.Reset()
	if err := parquet.Write(&table, rows); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, table.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare([]string{path}, t.TempDir(), seeingOptions(100)); err == nil || !strings.Contains(err.Error(), path+":row 8: image: it has none of bytes, path and url") {
		t.Error(err)
	}
	if err := os.WriteFile(path, table.Bytes()[:table.Len()-7], 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare([]string{path}, t.TempDir(), seeingOptions(100)); err == nil || !strings.Contains(err.Error(), path+": this is no Parquet file, or it is cut off") {
		t.Error(err)
	}
}
