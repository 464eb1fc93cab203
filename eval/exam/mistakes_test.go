package exam

import (
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/eval"
)

func TestMistakes(t *testing.T) {
	for replace, want := range map[[2]string]string{
		{"name: small", "name: Big"}:                             "x.yaml:2:11: exams[0].name",
		{"items: real", "items: some"}:                           "say real",
		{"items: real", "itemz: real"}:                           `did you mean "items"`,
		{"points: 10}", "points: 0}"}:                            "more than 0",
		{"[5, 130], [10", "[10, 130], [10"}:                      "rows must ascend",
		{"[5, 130]", "[5, 119]"}:                                 "more points give a lower score",
		{"[[0, 120]", "[[1, 120]"}:                               "must begin at 0",
		{"[19, 180]", "[21, 180]"}:                               "end by 20",
		{"[[120, 0], [130, 10.5]", "[[121, 0], [130, 10.5]"}:     "scores are from 120 to 180",
		{"[130, 10.5]", "[130, 101]"}:                            "0 to 100",
		{"[150, 50, 60]", "[150, 50, 40]"}:                       "the lower one first",
		{"[150, 50, 60]", "[150, 5, 60]"}:                        "a higher score has a lower percentile",
		{"[150, 50, 60]", "[150]"}:                               "this one has 1",
		{"[10, 150]", "[10, 1e999]"}:                             "x.yaml:10",
		{"    source: them\n", ""}:                               "say where the published scores are from",
		{"share: 0.5", "share: 1.5"}:                             "a share of 0 to 1",
		{"      source: us\n      rows: [[0", "      rows: [[0"}: "who published",
	} {
		source := strings.Replace(small, replace[0], replace[1], 1)
		if source == small {
			t.Fatalf("nothing to replace: %q", replace[0])
		}
		_, err := Parse("x.yaml", []byte(source))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", replace[1], err, want)
		}
	}
	if _, err := ReadFile("data/none.yaml"); err == nil {
		t.Error("a file that is not there is read")
	}
	if exams, err := ReadFile("data/law.yaml"); err != nil || len(exams) != 2 {
		t.Errorf("%d examinations, %v", len(exams), err)
	}
}

// more is an examination whose sections have scales, with lines.
const more = `exams:
  - name: more
    title: More
    items: real
    sections:
      - {name: reading, task: reading, points: 10, scale: {source: us, rows: [[0, 100], [10, 200]]}}
      - {name: writing, task: writing, points: 10, scale: {source: us, rows: [[0, 100], [10, 200]]}}
    percentile:
      source: us
      rows: [[200, 0, 40], [300, 40, 90], [400, 90, 100]]
    lines:
      source: us
      reached: wins
      rows: [{score: 300, names: a medal}, {score: 400, names: a cup}]
`

func TestMistakesOfTables(t *testing.T) {
	for replace, want := range map[[2]string]string{
		{"[300, 40, 90]", "[300, 40, 39]"}:                                                   "the lower one first",
		{"[400, 90, 100]", "[400, 90, 90]], of: nothing, rows: [[1, 1]"}:                     "x.yaml",
		{"[300, 40, 90], [400, 90, 100]", "[300, 30, 90], [400, 50, 80]"}:                    "a higher score has a lower percentile",
		{"[[200, 0, 40]", "[[250, 0, 40]"}:                                                   "scores are from 200 to 400",
		{"[400, 90, 100]", "[401, 90, 100]"}:                                                 "scores are from 200 to 400",
		{"percentile:\n      source: us", "percentile:\n      of: score\n      source: us"}:  "the examination has a scale",
		{"percentile:\n      source: us", "percentile:\n      of: what\n      source: us"}:   "is not score",
		{"percentile:\n      source: us", "percentile:\n      exam: lsat\n      source: us"}: "or a source and rows",
		{", scale: {source: us, rows: [[0, 100], [10, 200]]}}\n    perc", "}\n    perc"}:     "1 of 2 have a scale",
		{"[10, 200]]", "[11, 200]]"}:                                                         "end by 10",
		{"reached: wins", "reached: ''"}:                                                     "reached",
		{"lines:\n      source: us", "lines:\n      source: ''"}:                             "who published the lines",
		{"score: 400", "score: 300"}:                                                         "scores must ascend",
		{"names: a cup", "names: ''"}:                                                        "name what has this line",
		{"rows: [{score: 300, names: a medal}, {score: 400, names: a cup}]", "rows: []"}:     "give a list of lines",
		{"items: real", "items: like\n    why: no"}:                                          "need real items",
	} {
		source := strings.Replace(more, replace[0], replace[1], 1)
		if source == more {
			t.Fatalf("nothing to replace: %q", replace[0])
		}
		if _, err := Parse("x.yaml", []byte(source)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", replace[1], err, want)
		}
	}
	i, j := strings.Index(more, "    percentile:"), strings.Index(more, "    lines:")
	for table, want := range map[string]string{
		"    percentile: {exam: none}\n":  "no ready examination called none",
		"    percentile: {exam: usnco}\n": "no ready examination called usnco",
		"    percentile: {exam: lsat}\n":  "scores are from 200 to 400",
		"":                                "say why there is no percentile",
		"    why: nobody knows\n    percentile: {of: score, source: us, rows: [[1, 0], [2, 50]]}\n": "leave it out",
	} {
		if _, err := Parse("x.yaml", []byte(more[:i]+table+more[j:])); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", table, err, want)
		}
	}
	exams := parse(t, more)
	out := Results(exams, &eval.Result{Tasks: []eval.TaskResult{exact("reading", 10, 10), exact("writing", 10, 9)}})[0]
	if *out.Scaled != 300 || *out.Percentile != [2]float64{40, 90} || !strings.HasPrefix(out.Note, "With 300 it wins: a medal.") {
		t.Errorf("got %+v", out)
	}
}
