package question

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// read reads files that are given as names and contents, and lists what they say, as
// "question|subject|attribute|within|text|line".
func read(t *testing.T, s Sources, files ...string) (said []string, set *Set, err error) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s.Paths = []string{dir}
	if s.Limits == (Limits{}) {
		s.Limits = DefaultLimits()
	}
	set, err = Read(t.Context(), s)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range set.Entries() {
		place := e.Origin[strings.LastIndexByte(e.Origin, ':')+1:]
		said = append(said, strings.Join([]string{string(e.Ask), e.Subject, e.Attribute, e.Within, e.Text, place}, "|"))
	}
	return said, set, nil
}

const birds = "no,name,wing_span,What it eats\n1,wren,15 cm,insects\n2,kite,160 cm,\"mice,\nvoles\"\n3,gull,140 cm,fish\n"

var ofBirds = []string{
	"cell|gull|no|the table birds|3|5", "cell|gull|wing span|the table birds|140 cm|5",
	"cell|kite|no|the table birds|2|3", "cell|kite|wing span|the table birds|160 cm|3",
	"cell|wren|no|the table birds|1|2", "cell|wren|wing span|the table birds|15 cm|2",
	"field|gull|What it eats|the table birds|fish|5",
	"field|kite|What it eats|the table birds|mice,\nvoles|3",
	"field|wren|What it eats|the table birds|insects|2",
}

func TestReadFiles(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	fmt.Fprint(z, "00-database-short\n  Birds\nwren\n  A small  bird.\nkite\n  A bird of prey.\n")
	z.Close()
	dictd := "00-database-short\tA\ta\nkite\tw\tX\nwren\tAa\tW\n" // offsets 48 and 26, lengths 23 and 22
	for _, c := range []struct {
		name  string
		s     Sources
		files []string
		want  []string
	}{
		{"a table", Sources{}, []string{"birds.csv", birds}, ofBirds},
		{"a packed table", Sources{}, []string{"birds.csv.gz", packed(birds)}, ofBirds},
		{"a key", Sources{Key: "no"}, []string{"b.tsv", "no\tname\n1\twren\n2\tkite\n"}, []string{
			"cell|1|name|the table b|wren|2", "cell|2|name|the table b|kite|3",
		}},
		{"a dictionary", Sources{}, []string{"d.tsv", "Term\tpart\tDefinition\nwren\tn\ta  small bird\nkite\tn\ta toy\nkite\tn\ta bird\nemu\tn\t\n"}, []string{
			"meaning|kite||the dictionary d|a toy; a bird|3", "meaning|wren||the dictionary d|a small bird|2",
		}},
		{"a dictionary of objects", Sources{}, []string{"d.jsonl", `{"word": "wren", "meaning": "A bird."}` + "\n" + `{"text": "no entry"}` + "\n"}, []string{
			"meaning|wren||the dictionary d|A bird.|1",
		}},
		{"other objects", Sources{}, []string{"d.jsonl", `{"text": "A wren.", "url": "x"}` + "\n", "birds.csv", birds}, ofBirds},
		{"objects with other keys", Sources{As: AsTable}, []string{"b.jsonl", "{}\n" + `{"name": "wren", "size": 10}` + "\n" + `{"name": "kite", "food": "mice"}` + "\n"}, []string{
			"cell|kite|food|the table b|mice|3", "cell|wren|size|the table b|10|2",
		}},
		{"entries without a meaning", Sources{}, []string{"d.jsonl", "{}\n" + `{"term": "emu"}` + "\n" + `{"term": "wren", "definition": "A bird."}` + "\n"}, []string{
			"meaning|wren||the dictionary d|A bird.|3",
		}},
		{"a dictionary without a head", Sources{As: AsDictionary}, []string{"d.tsv", "wren\ta bird\nkite\ta toy\n"}, []string{
			"meaning|kite||the dictionary d|a toy|2", "meaning|wren||the dictionary d|a bird|1",
		}},
		{"one object", Sources{As: AsDictionary}, []string{"d.json", `{"wren": "a bird", "kite": "a toy"}`}, []string{
			"meaning|kite||the dictionary d|a toy|item 0", "meaning|wren||the dictionary d|a bird|item 1",
		}},
		{"dictd", Sources{}, []string{"d.index", dictd, "d.dict.dz", zipped.String(), "other.index", "no dictionary"}, []string{
			"meaning|kite||the dictionary d|A bird of prey.|2", "meaning|wren||the dictionary d|A small bird.|3",
		}},
		{"packed dictd", Sources{}, []string{"d.index.gz", packed(dictd), "d.dict.gz", packed("00-database-short\n  Birds\nwren\n  A small  bird.\nkite\n  A bird of prey.\n")}, []string{
			"meaning|kite||the dictionary d|A bird of prey.|2", "meaning|wren||the dictionary d|A small bird.|3",
		}},
		{"Markdown in another charset", Sources{}, []string{"a.md", utf16("# Oiseaux\n\nLes oiseaux chantent l'été.\n\n## Les hérons\n\nIls pêchent <!-- souvent --> dans la rivière.\n\n## Les étoiles\n\nElles sont très loin.\n")}, []string{
			"says|Les hérons||Oiseaux|Ils pêchent dans la rivière.|5", "says|Les étoiles||Oiseaux|Elles sont très loin.|9",
		}},
		{"Markdown", Sources{}, []string{"a.md", "---\ntitle: Birds\n---\n# All birds\n\nIntro.\n\n## 2. How *wrens* live\n\nThey [nest](x) in `holes`. They eat\ninsects. And\n\n" +
			"- one\n- two\n\n```\n# no heading\n```\n\nKites\n-----\n- fly\n  high\n- dive\n\nWhy?\n====\nNobody knows.\n\n" +
			"## Sizes\n\n| bird | size |\n|---|---:|\n| wren | 10 \\| 11 |\n| kite | 60 |\n\n## Words\n\nwren\n:   a small bird\n\nkite\n: a bird\n: a toy\n"}, []string{
			"asked|Why?||All birds|Nobody knows.|26",
			"cell|kite|size|the table Sizes|60|35",
			"cell|wren|size|the table Sizes|10 | 11|34",
			"meaning|kite||Words|a bird a toy|42",
			"meaning|wren||Words|a small bird|39",
			"says|How wrens live||All birds|They nest in holes. They eat insects.|8",
			"says|Kites||All birds|- fly high\n- dive|20",
		}},
		{"HTML", Sources{}, []string{"a.html", "<html><head><title>Birds</title><style>p {}</style></head><body><nav><h2>Menu</h2><p>Home.</p></nav>\n<h1>All birds</h1>\n" +
			"<h2>How <em>wrens</em> live</h2>\n<p>They nest &amp; sing.<br>They eat.</p><ul><li>one<li>two</ul>\n<h3>Empty</h3>\n" +
			"<table><caption>Sizes</caption><tr><th>bird<th>size</tr>\n<tr><td><p>wren</p></td><td>10</td></tr>\n<tr><td>kite</td><td></td></tr><tr><td>gull<td>40</table>\n" +
			"<table><tr><th>a<th>b<tr><td rowspan=2>c<td>d<tr><td>e</table>\n<dl>\n<dt>wren</dt><dd><p>A small</p><p>bird.</p></dd><dt>kite<dd>A toy.</dl></body></html>"}, []string{
			"meaning|kite||Empty|A toy.|11", "meaning|wren||Empty|A small bird.|11",
			"cell|gull|size|the table Sizes|40|8", "cell|wren|size|the table Sizes|10|7",
			"says|How wrens live||All birds|They nest & sing. They eat.|3",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := read(t, c.s, c.files...)
			slices.Sort(c.want)
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func utf16(text string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range text { // none beyond the first plane
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, text)
	z.Close()
	return b.String()
}

func TestReadParquet(t *testing.T) {
	type bird struct {
		Nest string  `parquet:"nest"`
		Bird string  `parquet:"bird"`
		Eggs int64   `parquet:"eggs"`
		Rare bool    `parquet:"rare"`
		Tags []int64 `parquet:"tags"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[bird](&b)
	if _, err := w.Write([]bird{{"hole", "wren", 6, false, []int64{1}}, {"hole", "kite", 2, true, nil}, {"cliff", "gull", 3, false, nil}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, _, err := read(t, Sources{}, "birds.parquet", b.String())
	want := []string{
		"cell|gull|eggs|the table birds|3|row 3", "cell|gull|nest|the table birds|cliff|row 3", "cell|gull|rare|the table birds|no|row 3",
		"cell|kite|eggs|the table birds|2|row 2", "cell|kite|nest|the table birds|hole|row 2", "cell|kite|rare|the table birds|yes|row 2",
		"cell|wren|eggs|the table birds|6|row 1", "cell|wren|nest|the table birds|hole|row 1", "cell|wren|rare|the table birds|no|row 1",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestLeftOut counts what must not be asked.
func TestLeftOut(t *testing.T) {
	table := "name,mail,size\nwren,,10\nkite,kim.doe@mailbox.net,60\ngull,,\nwren,,11\n" + rows(20) + "teal," + strings.Repeat("x", 500) + ",40\n"
	got, set, err := read(t, Sources{}, "b.csv", table)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"cell|kite|size|the table b|60|3", "cell|teal|size|the table b|40|26"}
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "cell|finch ") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, e := range set.Entries() {
		if strings.Contains(e.Passage, "mailbox") {
			t.Errorf("a text has an address: %s", e.Passage)
		}
	}
	left := set.LeftOut()
	if left[leftPrivate] != 1 || left[leftLong] != 1 || left[leftUnclear] != 1 {
		t.Errorf("left out: %v", left)
	}
}

func rows(n int) (text string) {
	for i := range n {
		text += fmt.Sprintf("finch %d,,%d\n", i, i)
	}
	return text
}

func TestReadErrors(t *testing.T) {
	for _, c := range []struct {
		s     Sources
		files []string
		want  string
	}{
		{Sources{}, []string{"a.csv", "a,a\n1,2\n"}, "a.csv: line 1: two columns"},
		{Sources{}, []string{"a.jsonl", "{}\n{\n"}, "a.jsonl: line 2: it is no JSON"},
		{Sources{}, []string{"a.jsonl", "{}\n\"text\"\n"}, "a.jsonl: line 2: it is a text and no row"},
		{Sources{}, []string{"a.parquet", "PAR1"}, "a.parquet: "},
		{Sources{}, []string{"a.index", "x\tA\n", "a.dict", "x"}, "a.index:1: a line has a headword"},
		{Sources{}, []string{"a.index", "x\tA\tB\ny\tA\tC\n", "a.dict", "x"}, `a.index:2: the text of "y" is not in the dictionary's 1 bytes`},
		{Sources{}, []string{"a.index", "x\t-\tB\n", "a.dict", "x"}, "a.index:1: "},
		{Sources{}, []string{"a.index", "x\tA\tB\n", "a.dict.dz", "x"}, "a.dict.dz: "},
		{Sources{As: AsDictionary}, []string{"a.csv", "a,b,c\n1,2,3\n"}, "a.csv: it is no dictionary"},
		{Sources{As: "x"}, []string{"a.csv", "a,b\n"}, `files cannot be read as "x"`},
		{Sources{Limits: Limits{1, 100, 100}}, []string{"a.csv", "a,b\n"}, "the longest name is 1 characters"},
		{Sources{}, []string{"a.md", "\x00\x01\x02\x03"}, "a.md: "},
	} {
		_, _, err := read(t, c.s, c.files...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.files, err, c.want)
		}
	}
	_, _, err := read(t, Sources{}, "a.bin", "x", "vendor/a.csv", birds, "b.json", "{}")
	if !errors.Is(err, ErrNothing) {
		t.Errorf("files of no kind: %v", err)
	}
}

const goFile = `// Package flock counts birds.
//
// It does nothing else.
package flock

import "errors"

// ErrFlown is returned where the birds are gone.
var ErrFlown = errors.New("flown")

const (
	// Most is how many birds are counted.
	Most = 10
	few  = 2
)

// A Flock is birds that fly together. It needs [Count], e.g. with [errors.New] at hand.
//
// Its zero value is empty.
type Flock struct{ Birds int }

// Len returns the number of birds.
func (f *Flock) Len() int { return f.Birds }

// undocumented
func (f *Flock) Land() {}

// Count counts the birds of all flocks, which may be none. Key: sk_` + `live_4eC39HqLyjWDarjtT1zdp7dcXx.
func Count(flocks ...Flock) (n int) { return 0 }

// New returns a flock.
//
// Deprecated: Use nothing.
func New(n int) *Flock { return nil }

// Note: a comment about something else.
func Other() {}
`

const goTest = `package flock_test

func ExampleNew() {
	f := flock.New(3)
	fmt.Println(f.Len())
	// Output: 3
}
`

func TestReadGo(t *testing.T) {
	got, _, err := read(t, Sources{}, "m/go.mod", "module example.com/birds\n", "m/flock/flock.go", goFile, "m/flock/flock_test.go", goTest,
		"m/flock/flock_windows.go", "package flock\n\n// Fly flies.\nfunc Fly() {}\n", "m/cmd/main.go", "// Main counts.\npackage main\n",
		"m/broken/b.go", "package broken\n\nfunc {", "m/flock/zz_generated.go", "// Code generated by hand. DO NOT EDIT.\n\npackage flock\n\n// Made is made.\nfunc Made() {}\n")
	const in = "|example.com/birds/flock|"
	want := []string{
		"does|flock.Flock.Len|" + in + "Len returns the number of birds.|23",
		"does|flock.New|" + in + "New returns a flock.|34",
		"example|flock.New|" + in + "```go\nf := flock.New(3)\nfmt.Println(f.Len())\n```\n\nIt prints:\n\n```\n3\n```|34",
		"is|flock.ErrFlown|" + in + "ErrFlown is returned where the birds are gone.|9",
		"is|package flock|" + in + "Package flock counts birds.|1",
		"is|flock.Flock|" + in + "A Flock is birds that fly together. It needs Count, e.g. with errors.New at hand.|20",
		"is|flock.Most|" + in + "Most is how many birds are counted.|13",
		"signature|flock.Count|" + in + "func Count(flocks ...Flock) (n int)|29",
		"signature|flock.Flock.Land|" + in + "func (f *Flock) Land()|26",
		"signature|flock.Flock.Len|" + in + "func (f *Flock) Len() int|23",
		"signature|flock.New|" + in + "func New(n int) *Flock|34",
		"signature|flock.Other|" + in + "func Other()|37",
		"where|New|" + in + "example.com/birds/flock|34",
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	got, _, err = read(t, Sources{}, "m/go.mod", "module example.com/birds\n", "m/flock/flock.go.gz", packed(goFile), "m/flock/flock_test.go.gz", packed(goTest),
		"m/flock/flock_windows.go.gz", packed("package flock\n\n// Fly flies.\nfunc Fly() {}\n"))
	slices.Sort(got)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error("packed:", err, diff)
	}
}
