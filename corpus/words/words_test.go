package words

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// golden is one line of testdata/words.jsonl, made by bench/peers/corpus_golden.py
// with spaCy 3.8.18 as datatrove 0.10.1 calls it.
type golden struct {
	Text      string   `json:"text"`
	Words     []string `json:"words"`
	Sentences int      `json:"sentences"`
}

func readGolden(t testing.TB) []golden {
	t.Helper()
	f, err := os.Open("testdata/words.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []golden
	for s := bufio.NewScanner(f); s.Scan(); {
		var g golden
		if err := json.Unmarshal(s.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	if len(all) == 0 {
		t.Fatal("no golden lines")
	}
	return all
}

func split(text string) (list []Word, texts []string) {
	var l List
	l.Split([]byte(text))
	for i := range l.Words {
		texts = append(texts, string(l.Words[i].Text([]byte(text))))
	}
	return l.Words, texts
}

// TestGolden holds words and sentences against spaCy's.
func TestGolden(t *testing.T) {
	for _, g := range readGolden(t) {
		if _, got := split(g.Text); !slices.Equal(got, g.Words) {
			t.Errorf("%q:\n got %q\nwant %q", g.Text, got, g.Words)
		}
		text := strings.TrimFunc(g.Text, IsSpace)
		list, _ := split(text)
		if n := Sentences([]byte(text), list); n != g.Sentences {
			t.Errorf("%q has %d sentences, want %d", text, n, g.Sentences)
		}
	}
}

// TestIdeographs shows where the words are not spaCy's.
func TestIdeographs(t *testing.T) {
	_, got := split("在Linux内核中, かな and 한국어 words。")
	want := []string{"在", "Linux", "内", "核", "中", ",", "か", "な", "and", "한국어", "words", "。"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWord(t *testing.T) {
	for _, c := range []struct {
		text  string
		runes int32
		class Class
	}{
		{"Straße", 6, Letter},
		{"x9", 2, Letter | Digit},
		{"1,000", 5, Digit},
		{"½", 1, Digit},
		{"…", 1, Symbol},
		{"🙂", 1, Symbol},
		{"e\u0301", 2, Letter},
		{"\u0301", 1, Symbol},
	} {
		list, _ := split(c.text)
		if len(list) != 1 || list[0].Runes != c.runes || list[0].Class != c.class {
			t.Errorf("%q: %+v, want one word of %d characters and class %b", c.text, list, c.runes, c.class)
		}
	}
}

// TestHash shows what counts for a hash and what does not.
func TestHash(t *testing.T) {
	for _, same := range [][]string{
		{"word", "Word", "WORD", "wo-rd"},
		{"abcdefgh", "ABCDEFGH"},
		{"abcdefghi", "AbCdEfGhI"},
		{"überlänge-und-mehr", "ÜBERLÄNGEUNDMEHR"},
		{"σας", "ΣΑΣ", "σασ"},
		{"2024", "1999", "٠١٢٣"},
		{"v2", "V7"},
	} {
		for _, w := range same {
			if Hash([]byte(w)) != Hash([]byte(same[0])) {
				t.Errorf("%q and %q have different hashes", w, same[0])
			}
		}
	}
	seen := map[uint64]string{}
	for _, w := range []string{"a", "b", "ab", "ba", "abc", "abcdefgh", "abcdefg", "abcdefgha", "0", "00", "é", "e", "e\u0301", "²"} {
		h := Hash([]byte(w))
		if other, ok := seen[h]; ok || h == 0 {
			t.Errorf("%q has the hash %x, as %q", w, h, other)
		}
		seen[h] = w
	}
	for _, w := range []string{"", "-", "...", "🙂", "—"} {
		if Hash([]byte(w)) != 0 {
			t.Errorf("%q has a hash, but no letter", w)
		}
	}
}

// check tests what is true of the words of any text.
func check(t testing.TB, text []byte) {
	t.Helper()
	var l, again List
	l.Split(text)
	last := int32(0)
	for i := range l.Words {
		w := &l.Words[i]
		if w.Start < last || w.End <= w.Start || int(w.End) > len(text) {
			t.Fatalf("%q: word %d is %d..%d, after %d", text, i, w.Start, w.End, last)
		}
		if bytes.ContainsFunc(text[last:w.Start], notSpace) || bytes.ContainsFunc(w.Text(text), IsSpace) {
			t.Fatalf("%q: word %d is not what lies between spaces", text, i)
		}
		m := measure(w.Text(text))
		if m.Hash != w.Hash || m.Class != w.Class || m.Runes != w.Runes || int(m.Runes) != utf8.RuneCount(w.Text(text)) {
			t.Fatalf("%q: word %q is %+v, measured alone %+v", text, w.Text(text), *w, m)
		}
		if (w.Hash == 0) != (w.Class == Symbol) || w.Class == 0 {
			t.Fatalf("%q: word %+v", text, *w)
		}
		last = w.End
	}
	if bytes.ContainsFunc(text[last:], notSpace) {
		t.Fatalf("%q: the end is in no word", text)
	}
	again.Split([]byte("other words, in memory that is used again"))
	again.Split(text)
	if !slices.Equal(again.Words, l.Words) {
		t.Fatalf("%q: other words the second time", text)
	}
	var parts []Word
	for from := 0; from < len(text); {
		to := len(text)
		if i := bytes.IndexByte(text[from:], '\n'); i >= 0 {
			to = from + i + 1
		}
		again.Split(text[from:to])
		for _, w := range again.Words {
			w.Start, w.End = w.Start+int32(from), w.End+int32(from)
			parts = append(parts, w)
		}
		from = to
	}
	if !slices.Equal(parts, l.Words) {
		t.Fatalf("%q: other words line by line", text)
	}
	starts := SentenceStarts(text, l.Words, nil)
	if n := Sentences(text, l.Words); n != len(starts) || n > len(l.Words)+1 || (n == 0) != (len(l.Words) == 0) {
		t.Fatalf("%q: %d sentences", text, n)
	}
}

func notSpace(r rune) bool { return !IsSpace(r) }

func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const alphabet = "aabcdeEfgXYZ  \n\t..,;:'’\"()-–—/@0159$%°²éÜσΣ中か한🙂…\u00a0\u0301s\xff"
	runes := []rune(alphabet)
	for range 5_000 {
		var b []byte
		for range r.IntN(40) {
			b = utf8.AppendRune(b, runes[r.IntN(len(runes))])
		}
		if r.IntN(10) == 0 {
			b = append(b, 0xff, 0xe2, 0x80)
		}
		check(t, b)
	}
}

// TestCase holds that upper and lower case have one hash, for each character.
func TestCase(t *testing.T) {
	for r := range rune(0x11000) {
		if !unicode.IsLetter(r) {
			continue
		}
		lower, upper := string(unicode.ToLower(r)), string(unicode.ToUpper(r))
		if unicode.ToUpper(unicode.ToLower(r)) != unicode.ToUpper(r) {
			continue // the dotted capital I, the only ones whose cases are not a pair
		}
		if Hash([]byte(lower)) != Hash([]byte(upper)) {
			t.Errorf("%q and %q have different hashes", lower, upper)
		}
	}
}

// TestExceptions holds that each exception is found as it says.
func TestExceptions(t *testing.T) {
	all := exceptions()
	if len(all) < 1300 {
		t.Errorf("there are %d exceptions", len(all))
	}
	for text, ends := range all {
		if len(text) >= 32 {
			t.Errorf("%q is too long", text)
		}
		list, got := split(text)
		if len(list) > 0 && kindOf([]rune(text)[0])&alone == 0 && !strings.Contains(text, "ツ") {
			if len(list) != len(ends) || list[len(list)-1].End != int32(ends[len(ends)-1]) {
				t.Errorf("%q is %q, want it cut at %d", text, got, ends)
			}
		}
	}
}

// TestLongPieces: a piece of very many exceptions takes no more time than one of
// letters.
func TestLongPieces(t *testing.T) {
	for _, marks := range []string{"'", "''", ":)", "don't'", "¯\\_(ツ)_/¯'", "a.m.'"} {
		check(t, []byte(strings.Repeat(marks, 1<<17/len(marks))))
	}
}

// TestManyWords: the words of a text of symbols are bounded; a piece without
// space may be longer than what is cut at a time.
func TestManyWords(t *testing.T) {
	var l List
	if l.Split([]byte(strings.Repeat("!", 2*longestPiece+9))); len(l.Words) != 2*longestPiece+9 {
		t.Errorf("%d words in a long piece", len(l.Words))
	}
	if testing.Short() {
		t.Skip("takes 1 GiB")
	}
	l.Split([]byte(strings.Repeat("!", Most+2*longestPiece)))
	if n := len(l.Words); n < Most || n > Most+longestPiece {
		t.Errorf("%d words", n)
	}
}

// oneByOne is rejoin, told simply.
func (l *List) oneByOne(text []byte) {
	var done []span
	for size := l.specials.cut; size > 1; size-- {
		for i := 0; i+size <= len(l.Words); i++ {
			w := l.Words[i : i+size]
			p := span{int(w[0].Start), int(w[size-1].End)}
			s := l.specials.find(text[p.start:p.end])
			apart := func(d span) bool { return d.end <= p.start || p.end <= d.start }
			if s == nil || !cutAs(w, s.rules) || slices.ContainsFunc(done, func(d span) bool { return !apart(d) }) {
				continue
			}
			done = append(done, p)
			rest := slices.Clone(l.Words[i+size:])
			l.Words = l.Words[:i]
			l.attach(text, p, s)
			i = len(l.Words) - 1
			l.Words = append(l.Words, rest...)
		}
	}
}

// TestRejoin compares with putting one exception together at a time.
func TestRejoin(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	parts := []string{"'", "''", ":", ")", ":)", "(", "-", "_", ".", "a", "a.m.", "don't", "’", "ツ", "/", "\\", "¯\\(ツ)/¯", "xD", "8", "0", "^", ">", "<3"}
	bare := *table()
	bare.cut = 0 // joins nothing
	joined := 0
	for range 20000 {
		var b strings.Builder
		for range 1 + random.IntN(12) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		text := []byte(b.String())
		l := List{specials: &bare}
		l.affixes(text, span{0, len(text)})
		want := List{Words: slices.Clone(l.Words), specials: table()}
		want.oneByOne(text)
		if len(want.Words) != len(l.Words) {
			joined++
		}
		l.specials = table()
		if l.rejoin(text, 0); !slices.Equal(l.Words, want.Words) {
			t.Fatalf("%q: %v and one by one %v", text, l.Words, want.Words)
		}
	}
	if joined < 100 {
		t.Errorf("only %d texts had something to join", joined)
	}
}

func TestSplitDoesNotAllocate(t *testing.T) {
	text := []byte(strings.Repeat("Some words, that aren't many (but well-known) at http://x.yz/ – naïve…\n", 50))
	var l List
	l.Split(text)
	if n := testing.AllocsPerRun(20, func() { l.Split(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzSplit(f *testing.F) {
	for _, g := range readGolden(f) {
		f.Add([]byte(g.Text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { check(t, text) })
}

func BenchmarkSplit(b *testing.B) {
	var text []byte
	for _, g := range readGolden(b)[:16] {
		text = append(append(text, g.Text...), '\n')
	}
	text = bytes.Repeat(text, 40)
	var l List
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		l.Split(text)
	}
}
