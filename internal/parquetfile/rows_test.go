package parquetfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// drain returns all rows of a file.
func drain(data []byte) (rows []any, err error) {
	r, err := OpenRows(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		object, err := r.Next()
		if errors.Is(err, io.EOF) {
			if int64(len(rows)) != r.Len() {
				return rows, errors.New("it has another length than rows")
			}
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		var row any
		if err := json.Unmarshal(object, &row); err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}

// TestRowsGolden compares with the rows that pyarrow reads.
func TestRowsGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []any
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*.parquet")
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := drain(data)
		if err != nil || len(rows) != len(want) {
			t.Fatalf("%s: %d rows of %d, %v", name, len(rows), len(want), err)
		}
		checkColumns(t, data, want[0].(map[string]any))
		for i := range rows {
			if !reflect.DeepEqual(rows[i], want[i]) {
				got, _ := json.Marshal(rows[i])
				other, _ := json.Marshal(want[i])
				t.Errorf("%s: row %d:\n%s\nwant\n%s", name, i, got, other)
			}
		}
	}
}

// checkColumns holds the names of the columns against those of a row.
func checkColumns(t *testing.T, data []byte, row map[string]any) {
	t.Helper()
	r, err := OpenRows(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := r.Columns()
	slices.Sort(got)
	if want := slices.Sorted(maps.Keys(row)); !slices.Equal(got, want) {
		t.Errorf("the columns are %v, want %v", got, want)
	}
}

// TestRowsErrors: what is no Parquet file, or a damaged one, is an error.
func TestRowsErrors(t *testing.T) {
	whole, err := os.ReadFile("testdata/snappy-v1.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":     {nil, "too short"},
		"text":      {[]byte(strings.Repeat("x", 100)), "no Parquet file"},
		"cut":       {whole[:len(whole)-5], "its end is missing"},
		"encrypted": {[]byte("PAR1xxxxxxxxPARE"), "encrypted"},
		"no begin":  {whole[300:], ""},
	} {
		if _, err := drain(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for at := 4; at < len(whole)-8; at += 37 { // must not panic or hang
		bad := bytes.Clone(whole)
		bad[at] ^= 0x55
		_, _ = drain(bad)
	}
}

// TestRowLimit: a row of too many values, in one column or in all, is an error before
// they are all read.
func TestRowLimit(t *testing.T) {
	type row struct {
		A []int32 `parquet:"a"`
		B []int32 `parquet:"b"`
	}
	zeros := make([]int32, maxRowValues+1)
	for _, tt := range []struct {
		row  row
		want string
	}{
		{row{zeros, nil}, "row 0: column [a]: the row has more than"},
		{row{zeros[:maxRowValues/2], zeros[:maxRowValues/2+1]}, "row 0: column [b]: the row has more than"},
		{row{zeros[:maxRowValues/2], zeros[:maxRowValues/2]}, ""},
	} {
		var out bytes.Buffer
		if err := parquet.Write(&out, []row{tt.row}); err != nil {
			t.Fatal(err)
		}
		switch _, err := drain(out.Bytes()); {
		case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%v, want %q", err, tt.want)
		}
	}
}

// FuzzRows: any bytes are rows or an error.
func FuzzRows(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.parquet")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = drain(data) })
}
