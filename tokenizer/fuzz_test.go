package tokenizer

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// published adds to the scanners' own patterns those in tiktoken's
// openai_public.py.
var published = func() map[string]scanner {
	m := maps.Clone(scanners)
	m[`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`] = scanners[PatternTiktoken]
	m[`'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`] = gpt2Scanner{}
	return m
}()

// oracles are the published patterns for a regular expression engine.
var oracles = sync.OnceValue(func() map[string]matcher {
	m := make(map[string]matcher)
	for pattern := range published {
		m[pattern] = regexMatcher{regexp2.MustCompile(pattern, regexp2.None)}
	}
	return m
})

// oracle finds words with a regular expression engine.
func oracle(t testing.TB, pattern, text string) (ends []int) {
	last := 0
	oracles()[pattern].each([]byte(text), func(start, end int) {
		if start != last {
			t.Fatalf("%q: the pattern leaves a gap at %d", text, last)
		}
		last = end
		ends = append(ends, end)
	})
	if last != len(text) {
		t.Fatalf("%q: the pattern stops at %d", text, last)
	}
	return ends
}

// sameUnicode reports whether all characters of text are of the same class in
// package unicode, whose version the oracle has, as in our table.
func sameUnicode(text string) bool {
	for _, r := range text {
		want := other
		switch {
		case unicode.IsLetter(r):
			want = letter
		case unicode.IsNumber(r):
			want = number
		case unicode.IsSpace(r):
			want = space
		}
		if classOf(r) != want {
			return false
		}
	}
	return true
}

// checkScanners compares every scanner with its published pattern.
func checkScanners(t *testing.T, text string) {
	if !utf8.ValidString(text) || !sameUnicode(text) {
		return
	}
	for pattern, s := range published {
		var got []int
		for i := 0; i < len(text); {
			i = s.end([]byte(text), i)
			got = append(got, i)
		}
		if want := oracle(t, pattern, text); !slices.Equal(got, want) {
			t.Errorf("%q\n got %v\nwant %v by %s", text, got, want, pattern)
		}
	}
}

func FuzzScanner(f *testing.F) {
	var texts []string
	readJSON(f, "texts.json", &texts)
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkScanners(t, text)
		for pattern, s := range scanners {
			for i := 0; i < len(text); {
				end := s.end([]byte(text), i)
				if end <= i || end > len(text) || end < len(text) && utf8.ValidString(text) && !utf8.RuneStart(text[end]) {
					t.Fatalf("%q: a word ends at %d by %s", text, end, pattern)
				}
				i = end
			}
		}
	})
}

func TestClasses(t *testing.T) {
	differ := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !sameUnicode(string(r)) {
			differ++
			// Only what one of the two Unicode versions does not know yet.
			if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSpace(r) {
				if classOf(r) != other {
					t.Errorf("%U is of class %d", r, classOf(r))
				}
			}
		}
	}
	if differ > 40000 {
		t.Errorf("%d characters differ from package unicode", differ)
	}
}

func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/golden/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		if name := filepath.Base(path); name == "ids.json" || name == "texts.json" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"model":{"type":"BPE","vocab":{"":0,"a":1},"merges":[["",""]],"unk_token":"a"},"decoder":{"type":"Fuse"}}`))
	f.Add([]byte(`{"model":{"vocab":{"a":1},"merges":["a b"]},"decoder":{"type":"ByteLevel"},"pre_tokenizer":{"type":"ByteLevel"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := Parse(data)
		if err != nil {
			return
		}
		again, err := Parse(tok.appendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		if again.Hash() != tok.Hash() {
			t.Error("saving changed the hash")
		}
		const text = "The model's 1234 words,\n\n  and é 漢字 \xff<s> <|endoftext|>"
		ids := tok.EncodeSpecial(text)
		if !slices.Equal(ids, again.EncodeSpecial(text)) {
			t.Error("saving changed the ids")
		}
		checkStream(t, tok, ids)
	})
}

func FuzzParseTiktoken(f *testing.F) {
	data, err := os.ReadFile("testdata/golden/small.tiktoken")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(append(slices.Clone(data), "YWJj 600\n"...))
	f.Add(bytes.ReplaceAll(data, []byte(" "), []byte("  ")))
	f.Add([]byte("YQ== 1\n\nYg== 99999999999\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := ParseTiktoken(data, Scheme{Pattern: PatternGPT4, Special: map[string]int32{EndOfText: 100000}})
		if err != nil {
			return
		}
		const text = "The model's 1234 words,\n\n  abc é \xff"
		if got := tok.Decode(tok.Encode(text)); got != text {
			t.Errorf("decoded %q", got)
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	var texts []string
	readJSON(f, "texts.json", &texts)
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Add([]byte("\xe2\x82"))
	tok := small()
	f.Fuzz(func(t *testing.T, text []byte) {
		ids := tok.AppendEncode(nil, text)
		if got := tok.Decode(ids); got != string(text) {
			t.Errorf("decoded %q, want %q", got, text)
		}
		checkStream(t, tok, ids)
	})
}
