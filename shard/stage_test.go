package shard

import (
	"slices"
	"strings"
	"testing"
)

func TestWriteStages(t *testing.T) {
	dir := t.TempDir()
	w, err := NewWriter(dir, Header{TokenizerHash: strings.Repeat("0", 64), VocabSize: 10, EndOfText: 9, FileBytes: 200})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i, name := range []string{"a", "b", "empty", "c"} {
		w.BeginStage(name)
		for d := range 3 * i {
			if name == "empty" {
				break
			}
			if err := w.Add(ID{byte(i), byte(d)}, []int32{int32(i), int32(d % 9)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	want := []Stage{{"a", 0}, {"b", 3}, {"empty", 0}, {"c", 9}}
	if got := set.Manifest().Stages; !slices.Equal(got, want) || len(set.Manifest().Files) < 2 {
		t.Errorf("%d files with stages %v, want %v", len(set.Manifest().Files), got, want)
	}
	order := NewOrder(set, 3, 5)
	var row Row
	var stages []byte
	for i := range order.Rows() {
		order.Row(i, &row)
		stages = append(stages, row.Docs[0].ID[0])
	}
	if !slices.IsSorted(stages) || stages[0] != 1 || stages[len(stages)-1] != 3 {
		t.Errorf("rows are of stages %v", stages)
	}
	spread := map[byte]int{}
	for i := range int64(4) {
		order.Row(order.Spread(i, 4), &row)
		spread[row.Docs[0].ID[0]]++
	}
	if spread[1] != 1 || spread[3] != 3 {
		t.Errorf("4 spread rows are of stages %v", spread)
	}
	if rows := order.Rows(); order.Spread(rows-1, rows) != rows-1 {
		t.Error("all rows are not all rows")
	}
}

func TestWrongStages(t *testing.T) {
	for name, stages := range map[string][]Stage{
		"too many documents": {{"a", 5}, {"b", 6}},
		"too few":            {{"a", 5}},
		"negative":           {{"a", -1}, {"b", 11}},
	} {
		if err := (&Manifest{Docs: 10, Stages: stages}).checkStages(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := (&Manifest{Docs: 10, Masked: true, Stages: []Stage{{"a", 10}}}).checkStages(); err == nil {
		t.Error("stages with a mask: no error")
	}
}
