package tokenizer

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/par"
)

// small returns a tokenizer trained on invented text.
var small = sync.OnceValue(func() *Tokenizer {
	t, err := Train(slices.Values([][]byte{invented(1, 2000)}), TrainOptions{
		VocabSize: 700, Special: []string{EndOfText, "<|user|>"},
	})
	if err != nil {
		panic(err)
	}
	return t
})

// noise returns random bytes, characters and words.
func noise(r *rand.Rand) []byte {
	var b []byte
	for range r.IntN(40) {
		switch r.IntN(5) {
		case 0:
			b = append(b, byte(r.Uint32()))
		case 1:
			b = append(b, string(rune(r.IntN(0x3100)))...)
		case 2:
			b = append(b, string(rune(r.IntN(0x110000)))...)
		case 3:
			b = append(b, " 's'Re\r\n\t  \u00a0\u017f1234567890"[r.IntN(25):]...)
		default:
			b = append(b, invented(r.Uint64(), 1)...)
		}
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, tok := range []*Tokenizer{small(), loadGolden(t, "cl100k_base"), loadGolden(t, "gpt2"), loadGolden(t, "llama2"), loadGolden(t, "gemma")} {
		for range 2000 {
			text := noise(r)
			if !tok.byteLevel {
				text = bytes.ReplaceAll(text, []byte(metaspace), nil)
			}
			ids := tok.AppendEncode(nil, text)
			if got := tok.Decode(ids); got != string(text) {
				t.Fatalf("decoded %q, want %q", got, text)
			}
			checkStream(t, tok, ids)
		}
	}
}

// checkStream compares a streaming decoder with Decode.
func checkStream(t *testing.T, tok *Tokenizer, ids []int32) {
	t.Helper()
	d := tok.NewDecoder()
	var parts []string
	for _, id := range ids {
		parts = append(parts, d.Next(id))
	}
	want := tok.Decode(ids)
	parts = append(parts, d.Flush())
	if got := strings.Join(parts, ""); got != want {
		t.Fatalf("stream %q, want %q", got, want)
	}
	// No part may end inside a character that the next one completes.
	at := 0
	for _, p := range parts[:len(parts)-1] {
		at += len(p)
		n := unfinished([]byte(want[:at]))
		if _, size := utf8.DecodeRuneInString(want[at-n:]); p != "" && n > 0 && size > n {
			t.Fatalf("%q ends inside a character", p)
		}
	}
}

func TestDecoder(t *testing.T) {
	tok := small()
	d := tok.NewDecoder()
	for i, c := range []struct {
		id   int32
		want string
	}{{'a', "a"}, {0xe2, ""}, {0x82, ""}, {0xac, "€"}, {0xf0, ""}, {0x9f, ""}, {'x', "\xf0\x9fx"}, {0xc3, ""}, {0xff, "\xc3\xff"}, {-1, ""}, {1 << 20, ""}} {
		if got := d.Next(c.id); got != c.want {
			t.Errorf("id %d: %q, want %q", i, got, c.want)
		}
	}
	d.Next(0xe2)
	if got := d.Flush(); got != "\xe2" {
		t.Errorf("flushed %q", got)
	}
	d.SkipSpecial = true
	if got := d.Next(tok.EOS()) + d.Next('b'); got != "b" {
		t.Errorf("special tokens not skipped: %q", got)
	}
}

// TestCut encodes text in parts, cut at words.
func TestCut(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	tok := small()
	for range 2000 {
		text := noise(r)
		want := tok.AppendEncode(nil, text)
		for i := 0; i < len(text); {
			i = tok.scan.end(text, i)
			got := tok.AppendEncode(tok.AppendEncode(nil, text[:i]), text[i:])
			if !slices.Equal(got, want) {
				t.Fatalf("%q cut at %d has other ids", text, i)
			}
		}
	}
}

// TestCounterCut cuts long documents as the trainer does.
func TestCounterCut(t *testing.T) {
	doc := invented(5, 20000)
	for name, s := range scanners {
		whole := make(map[string]int)
		parts := make(map[string]int)
		tally := func(m map[string]int, text []byte) {
			for i := 0; i < len(text); {
				end := s.end(text, i)
				m[string(text[i:end])]++
				i = end
			}
		}
		tally(whole, doc)
		c := &counter{t: &Tokenizer{scan: s}}
		c.add(doc)
		for _, chunk := range c.chunks {
			tally(parts, c.batch[chunk.start:chunk.end])
		}
		if len(c.chunks) < 2 {
			t.Error("the document was not cut")
		}
		for w, n := range whole {
			if parts[w] != n {
				t.Errorf("%s: %q occurs %d times, in parts %d", name, w, n, parts[w])
			}
		}
	}
}

func TestSpecial(t *testing.T) {
	tok := small()
	user, ok := tok.Special("<|user|>")
	if !ok || user != 699 || tok.EOS() != 698 || !tok.IsSpecial(user) || tok.IsSpecial('<') || tok.VocabSize() != 700 {
		t.Error("special tokens are not the last ids")
	}
	if got := tok.EncodeSpecial("a<|user|>b<|endoftext|>"); !slices.Equal(got, []int32{'a', 699, 'b', 698}) {
		t.Errorf("special: %v", got)
	}
	plain := tok.Encode("a<|user|>b")
	if slices.ContainsFunc(plain, tok.IsSpecial) || tok.Decode(plain) != "a<|user|>b" {
		t.Errorf("plain: %v", plain)
	}
	if got := tok.SpecialTokens(); !slices.Equal(got, []string{EndOfText, "<|user|>"}) {
		t.Error(got)
	}
	if tok.Bytes(-1) != nil || tok.Bytes(700) != nil || string(tok.Bytes('a')) != "a" || tok.MissingBytes() != nil {
		t.Error("Bytes or MissingBytes")
	}
}

// TestLongWord would take minutes if merging were quadratic.
func TestLongWord(t *testing.T) {
	tok := small()
	for _, text := range []string{
		strings.Repeat("a", 1<<20),
		strings.Repeat("é=ta", 1<<18),
		strings.Repeat("\n \t", 1<<18),
		string(bytes.Repeat([]byte{0xff}, 1<<20)),
	} {
		if got := tok.Decode(tok.Encode(text)); got != text {
			t.Error("long word changed")
		}
	}
	// Nor may the regular expression engine give up on one.
	foreign := loadGolden(t, "foreign")
	text := strings.Repeat("aB", 1<<17)
	if got := foreign.Decode(foreign.Encode(text)); got != text {
		t.Error("long word changed by a foreign pattern")
	}
	p := (&encoder{t: foreign}).split([]byte(strings.Repeat("a", 1<<18)+" b"), true)
	if len(p.spans) != 2 {
		t.Errorf("a foreign pattern finds %d words", len(p.spans))
	}
	// The heap and the search in order agree.
	r := rand.New(rand.NewPCG(5, 6))
	var m merger
	for range 300 {
		ids := make([]int32, 2+r.IntN(smallWord-2))
		for i := range ids {
			ids[i] = int32("etaoin aa="[r.IntN(10)])
		}
		long := slices.Clone(m.applyLong(&tok.pairs, slices.Clone(ids)))
		if short := m.apply(&tok.pairs, ids); !slices.Equal(short, long) {
			t.Fatalf("%v and %v", short, long)
		}
	}
}

func TestEncodeAll(t *testing.T) {
	defer par.SetThreads(0)
	tok := small()
	var texts [][]byte
	for i := range uint64(40) {
		texts = append(texts, invented(i, int(i)))
	}
	for _, n := range []int{1, 3} {
		par.SetThreads(n)
		for i, got := range tok.EncodeAll(texts) {
			if !slices.Equal(got, tok.AppendEncode(nil, texts[i])) {
				t.Errorf("text %d differs on %d threads", i, n)
			}
		}
	}
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	tok := loadGolden(t, "qwen")
	text := invented(9, 50)
	want := tok.AppendEncode(nil, text)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if !slices.Equal(tok.AppendEncode(nil, text), want) {
					t.Error("ids differ between goroutines")
				}
				_ = tok.Hash()
			}
		})
	}
	wg.Wait()
}

func TestAllocations(t *testing.T) {
	tok := small()
	text := invented(3, 200)
	ids := tok.AppendEncode(nil, text)
	if n := testing.AllocsPerRun(20, func() { ids = tok.AppendEncode(ids[:0], text) }); n != 0 {
		t.Errorf("AppendEncode allocates %v times", n)
	}
	out := tok.AppendDecode(nil, ids)
	if n := testing.AllocsPerRun(20, func() { out = tok.AppendDecode(out[:0], ids) }); n != 0 {
		t.Errorf("AppendDecode allocates %v times", n)
	}
}
