package constrain

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestTags(t *testing.T) {
	v := testVocabulary()
	tag := func(name string) Tag {
		return Tag{Begin: "<tool>", End: "</tool>", Schema: fmt.Appendf(nil, `{"type":"object","properties":{"name":{"const":%q},"arguments":{"type":"object"}},"required":["name","arguments"]}`, name)}
	}
	call := `<tool>{"name": "f", "arguments": {"a":1}}</tool>`
	lines := strings.NewReplacer("<tool>", "<tool>\n", "</tool>", "\n</tool>").Replace(call)
	other := strings.Replace(call, `"f"`, `"g"`, 1)
	for _, c := range []struct {
		o        TagOptions
		yes, not []string
	}{
		{TagOptions{}, []string{"", "hello <to", call, "text\xff " + call, lines, "<<tool>" + other[6:]}, []string{"<tool>", "<tool>hello</tool>", call + "x", call + call}},
		{TagOptions{Parallel: true}, []string{"", call + call, "a" + call + "b" + other + "c"}, []string{"a<tool>b"}},
		{TagOptions{Required: true}, []string{call, lines}, []string{"", "a", "a" + call, call + call, call + "\n"}},
		{TagOptions{Required: true, Parallel: true}, []string{call, call + other, call + "\n" + call}, []string{"", call + "a", call + "\n"}},
	} {
		g := must(v.Tags(t.Context(), []Tag{tag("f"), tag("g")}, c.o))(t)
		for _, text := range c.yes {
			if !accepts(g, text) {
				t.Errorf("%+v: %q is rejected", c.o, text)
			}
		}
		for _, text := range c.not {
			if accepts(g, text) {
				t.Errorf("%+v: %q is accepted", c.o, text)
			}
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			step := 0
			ramble(t, g, rng, 30, func(m *Mask, allowed []int32) {
				if step++; step%8 == 0 {
					compareMask(t, m, allowed)
				}
			})
		}
	}
}

// TestTagsOverlap has Begins that share beginnings and inner parts.
func TestTagsOverlap(t *testing.T) {
	v := testVocabulary()
	g := must(v.Tags(t.Context(), []Tag{{Begin: "aab", End: "!"}, {Begin: "abc", Lead: "x:", Schema: []byte(`{"type":"null"}`), End: "?"}}, TagOptions{Parallel: true}))(t)
	for _, text := range []string{"aaab{}!", "ababcx: null?", "abc x:null\n?", "aabab"[1:] + "c", "aa{}!"} {
		want := !strings.HasSuffix(text, "c") // a Begin without its JSON
		if got := accepts(g, text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if accepts(g, "xaab x") || accepts(g, "aaab") || accepts(g, "abcnull?") || !accepts(g, "aa ab bc") {
		t.Error("a Begin must be followed by its JSON, and nothing else need be")
	}
	for _, tags := range [][]Tag{nil, {{End: "x"}}, {{Begin: "ab"}, {Begin: "abc"}}, {{Begin: "a", Schema: []byte(`{"not":{}}`)}}} {
		if _, err := v.Tags(t.Context(), tags, TagOptions{}); !errors.Is(err, ErrSchema) {
			t.Errorf("%v: %v", tags, err)
		}
	}
}

// TestMissingBytes has a vocabulary without some bytes: what needs them is not
// generated, or the grammar is refused.
func TestMissingBytes(t *testing.T) {
	var tokens [][]byte
	for b := range 256 {
		if b != 'x' && b != '[' && b < 0x80 {
			tokens = append(tokens, []byte{byte(b)})
		}
	}
	tokens = append(tokens, []byte("xa"), []byte("[1"), []byte("é"), nil, []byte("end"))
	v := NewVocabulary(tokens, nil, []int32{int32(len(tokens) - 1), -1, 99999})
	g := must(v.Regex(t.Context(), `(x|y)[a-z]+`))(t)
	if accepts(g, "xa") || !accepts(g, "ya") {
		t.Error("x cannot be written")
	}
	if _, err := v.Regex(t.Context(), `x`); err == nil || !strings.Contains(err.Error(), "0x78") {
		t.Errorf("%v, want one that names the byte", err)
	}
	if _, err := v.Schema(t.Context(), []byte(`{"type":"array"}`)); !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "0x5b") {
		t.Errorf("%v, want one that names the byte", err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	g = must(v.JSON(t.Context()))(t)
	for range 50 {
		ramble(t, g, rng, 30, func(m *Mask, allowed []int32) { compareMask(t, m, allowed) })
	}
	if _, err := NewVocabulary(tokens, nil, nil).JSON(t.Context()); err == nil {
		t.Error("a vocabulary without an end is accepted")
	}
	if _, err := NewVocabulary(nil, nil, nil).JSON(t.Context()); err == nil {
		t.Error("an empty vocabulary is accepted")
	}
}

// TestAccept has tokens that must not follow.
func TestAccept(t *testing.T) {
	v := byteVocabulary("ab")
	end := int32(257)
	g := must(v.Regex(t.Context(), `ab+`))(t)
	for name, c := range map[string]struct {
		ids      []int32
		complete bool
		allowed  []int32
	}{
		"beginning":   {nil, false, []int32{'a', 256}},
		"whole":       {[]int32{256}, true, []int32{'b', end}},
		"ended":       {[]int32{256, end}, true, []int32{end}},
		"wrong":       {[]int32{'b'}, false, nil},
		"early end":   {[]int32{'a', end}, false, nil},
		"after end":   {[]int32{256, end, 'b'}, false, nil},
		"no token":    {[]int32{-1}, false, nil},
		"beyond":      {[]int32{9999}, false, nil},
		"after wrong": {[]int32{'b', 'a', 'b'}, false, nil},
	} {
		m := g.NewMask()
		for _, id := range c.ids {
			m.Accept(id)
		}
		if m.Complete() != c.complete || !slices.Equal(allowedIDs(m, 300), c.allowed) {
			t.Errorf("%s: complete %v, allowed %v", name, m.Complete(), allowedIDs(m, 300))
		}
	}
	// Fewer logits than tokens, and more.
	for _, n := range []int{0, 1, 64, 98, 258, 1000} {
		logits := make([]float32, n)
		g.NewMask().Restrict(logits)
		for id, x := range logits {
			if allowed := id == 'a' || id == 256; allowed == math.IsInf(float64(x), -1) {
				t.Errorf("%d logits: token %d: %v", n, id, x)
			}
		}
	}
}

// TestTwins has two tokens of the same bytes, and special ones.
func TestTwins(t *testing.T) {
	tokens := [][]byte{[]byte("a"), []byte("b"), []byte("a"), []byte("ab"), []byte("ab"), []byte("a"), []byte("$")}
	v := NewVocabulary(tokens, func(id int32) bool { return id == 5 }, []int32{6})
	m := must(v.Regex(t.Context(), "ab"))(t).NewMask()
	if got, want := allowedIDs(m, 7), []int32{0, 2, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	m.Accept(5)
	if got := allowedIDs(m, 7); got != nil {
		t.Errorf("after a special token: %v", got)
	}
}

// TestShared draws from one vocabulary in several goroutines, with caches so
// small that they lose entries all the time.
func TestShared(t *testing.T) {
	small := testVocabulary()
	small.masks = newCache[maskKey, bitset](2000)
	small.reaches = newCache[stateKey, *reach](5000)
	small.grammars = newCache[[32]byte, *Grammar](20000)
	all := schemas(t)
	want := make([]string, len(all))
	for i, s := range all {
		want[i] = ramble(t, must(testVocabulary().Schema(t.Context(), []byte(s)))(t), rand.New(rand.NewPCG(1, uint64(i))), 30, nil)
	}
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			for i := range all {
				i = (i + w*7) % len(all)
				g, err := small.Schema(t.Context(), []byte(all[i]))
				if err != nil {
					t.Error(err)
					return
				}
				if got := ramble(t, g, rand.New(rand.NewPCG(1, uint64(i))), 30, nil); got != want[i] {
					t.Errorf("%s: %q, alone %q", all[i], got, want[i])
				}
			}
		})
	}
	wait.Wait()
	if small.masks.size > 2000 || small.reaches.size > 5000 || small.grammars.size > 20000 {
		t.Errorf("the caches hold %d, %d, %d bytes", small.masks.size, small.reaches.size, small.grammars.size)
	}
}

// TestStartFinished: masks share the frames that a grammar begins with, so that
// they must find nothing to write there.
func TestStartFinished(t *testing.T) {
	for _, source := range []string{`root ::= "a" b "c"` + "\n" + `b ::= "x" | "y" b`, `root ::= b "c"` + "\n" + `b ::= "x" | "y" b`, `root ::= "" | "a" root`} {
		g := must(testVocabulary().GBNF(t.Context(), source))(t)
		var look func(f *frame)
		look = func(f *frame) {
			if !f.done {
				t.Errorf("%q: a frame is not finished", source)
			}
			for _, back := range f.returns {
				if back.frame != nil {
					look(back.frame)
				}
			}
		}
		for _, it := range g.start {
			look(it.frame)
		}
	}
}

// TestAmbiguous has a grammar with ever more derivations; the mask stays fast
// and the stack shared.
func TestAmbiguous(t *testing.T) {
	g := must(byteVocabulary("aa", "aaaa").GBNF(t.Context(), `root ::= "a" root "b" | "a" root "c" | "a" root root | ""`))(t)
	m := g.NewMask()
	for range 200 {
		if allowed := allowedIDs(m, 259); !slices.Contains(allowed, 'a') {
			t.Fatal("a may always follow")
		}
		m.Accept('a')
	}
	if len(m.items) > maxItems {
		t.Errorf("%d items", len(m.items))
	}
}

// TestDepth nests deeply, and repeats by right recursion, which must not grow
// the stack.
func TestDepth(t *testing.T) {
	v := testVocabulary()
	g := must(v.Schema(t.Context(), []byte(`{"type":"array"}`)))(t)
	if n := 50000; !accepts(g, strings.Repeat("[", n)+strings.Repeat("]", n)) {
		t.Error("deep arrays are rejected")
	}
	m := must(v.GBNF(t.Context(), "root ::= \"a\" root | \"b\""))(t).NewMask()
	m.acceptBytes([]byte(strings.Repeat("a", 1000)))
	depth := 0
	for f := m.items[0].frame; len(f.returns) > 0 && f.returns[0].frame != nil; f = f.returns[0].frame {
		depth++
	}
	if depth > 3 {
		t.Errorf("the stack has %d frames", depth)
	}
}
