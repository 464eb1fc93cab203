package language

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// TestSentences measures the model on sentences of everyday language, which is
// far from the manuals that it was trained on.
func TestSentences(t *testing.T) {
	table := confusion{}
	for _, l := range core {
		for _, s := range readSentences(t, filepath.Join("testdata/sentences", l+".txt")) {
			g := Identify([]byte(s))
			table.add(l, g.Language)
			if g.Language != l {
				t.Logf("%s taken for %q (%.2f): %s", l, g.Language, g.Score, s)
			}
		}
	}
	t.Log(table)
	if known := table.accuracy(core); known < 0.98 {
		t.Errorf("only %.1f%% are right", 100*known)
	}
}

// TestCase shows that capital letters do not matter.
func TestCase(t *testing.T) {
	for _, l := range []string{"en", "de", "fr", "ru"} {
		text := strings.Join(readSentences(t, filepath.Join("testdata/sentences", l+".txt")), " ")
		if low, high := Identify([]byte(strings.ToLower(text))), Identify([]byte(strings.ReplaceAll(strings.ToUpper(text), "SS", "ß"))); low.Language != l || high.Language != l {
			t.Errorf("%s: %+v in lower case, %+v in capitals", l, low, high)
		}
	}
}

// TestUnknown shows that what is no known language gets a low score.
func TestUnknown(t *testing.T) {
	for _, text := range []string{
		"for (i = 0; i < n; i++) { if (buf[i] != '\\0') { *p++ = buf[i] ^ key; } } return p - buf;",
		"func (m *T) x(a []int) (n int, err error) { for i := range a { n += a[i] }; return n, nil }",
		"xkq zzvw pqrt jkqx wvvz qqkp zxcv mnbq lkjz hgfq wqrt ypsd fghz xcvq",
		"asdfjkl; asdf jkl; asdfasdf jkljkl asdf;lkj asdfjkl sdfjkl asdjf lkasjdf",
		"dGhpcyBpcyBhIHRlc3Qgb2YgYmFzZTY0IHRleHQgd2hpY2ggaXMgbm90IGEgbGFuZ3VhZ2U=",
		"4fa8c0d1e2b3a49586f7a8b9c0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718293",
		"ฉันไม่เคยเห็นหิมะมากขนาดนี้มาก่อนในชีวิตของฉันเลย",
		"मेरी दादी ने युद्ध समाप्त होने के वर्ष में सेब का पेड़ लगाया था।",
		"ბებიაჩემმა ვაშლის ხე იმ წელს დარგო, როცა ომი დამთავრდა.",
		"12345 67890 --- 3.14159 *** 42",
		"",
	} {
		if g := Identify([]byte(text)); g.Score >= 0.65 {
			t.Errorf("%+v: %q", g, text)
		}
	}
}

// TestInvalid reads text that is no UTF-8.
func TestInvalid(t *testing.T) {
	for _, text := range []string{"\xff", "caf\xe9 \xe0 la carte", "\xe3\x81", strings.Repeat("\x80\xc0", 1000)} {
		if g := Identify([]byte(text)); g.Score < 0 || g.Score > 1 {
			t.Errorf("%q: %+v", text, g)
		}
	}
}

// TestSymbols compares the table of symbols with what the characters are.
func TestSymbols(t *testing.T) {
	for r, got := range symbols() {
		want := rune(blank)
		if unicode.IsLetter(rune(r)) {
			if want = foreign; unicode.In(rune(r), scripts...) {
				want = unicode.ToLower(rune(r))
			}
		}
		if rune(got) != want {
			t.Fatalf("%U: %d, want %d", r, got, want)
		}
	}
}

// TestSums compares the sums of eight classes at a time with plain ones.
func TestSums(t *testing.T) {
	m := Default()
	text := []byte(strings.Repeat("Ein Satz auf Deutsch, другой по-русски, そして日本語. ", 40))
	var want [lanes]int64
	all := 0
	for g := newGrams(text, m.bits); !g.done(); {
		for _, bucket := range g.next(make([]uint32, 0, 7)) {
			all++
			for class := range lanes {
				want[class] += int64(m.rows[bucket][class/8]>>(class%8*8)&0xff) - unpackAdd
			}
		}
	}
	for _, cut := range []int{0, 1, 2, 3, 5} {
		var got [lanes]int64
		n := m.read(&got, text[:len(text)-cut])
		if cut == 0 && (n != all || !slices.Equal(got[:], want[:])) {
			t.Errorf("%d n-grams, %v; want %d, %v", n, got, all, want)
		}
		if n == 0 {
			t.Errorf("no n-grams without the last %d bytes", cut)
		}
	}
}

func TestLoad(t *testing.T) {
	m := Default()
	if got := m.Languages(); len(got) < len(core) || slices.Contains(got, "") {
		t.Errorf("languages: %q", got)
	}
	var again bytes.Buffer
	if err := m.Write(&again); err != nil || !bytes.Equal(again.Bytes(), embedded) {
		t.Errorf("written again it differs: %v", err)
	}
	if len(embedded) > 300<<10 {
		t.Errorf("the model has %d bytes; at most 300 KiB are meant", len(embedded))
	}
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "ends within its header"},
		{append([]byte("NOLANG"), embedded[6:]...), "does not begin with"},
		{changed(6, 9), "version 9"},
		{changed(7, 1), "1 classes"},
		{changed(8, 30), "2^30"},
		{changed(21, 200), "bad code"},
		{changed(35, 'c'), "twice"},
		{embedded[:len(embedded)/2], "damaged"},
	} {
		if _, err := Load(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q: %v", c.want, err)
		}
	}
}

func changed(at int, to byte) []byte {
	file := slices.Clone(embedded)
	file[at] = to
	return file
}

func FuzzLoad(f *testing.F) {
	f.Add(embedded[:200], "text")
	small := &Model{codes: []string{"", "en"}, bits: minBits, rows: make([]row, 1<<minBits), scale: 1, heat: 1}
	for i := range small.rows {
		small.rows[i][0] = 0x2020 + uint64(i&0xf)
	}
	var file bytes.Buffer
	if err := small.Write(&file); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes(), "some text")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		m, err := Load(file)
		if err != nil {
			return
		}
		if g := m.Identify([]byte(text)); g.Score < 0 || g.Score > 1 {
			t.Errorf("%+v", g)
		}
	})
}
