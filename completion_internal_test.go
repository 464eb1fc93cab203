package polymath

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/polymath-lm/polymath/infer"
)

// TestSpelling: whatever tokens, bytes and stop strings there are, the tokens
// handed out are the first ones, and reach as far as the text does.
func TestSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.OneOf(
			rapid.SliceOfN(rapid.Byte(), 0, 4),
			rapid.Map(rapid.StringOfN(rapid.RuneFrom([]rune("ab<é字😀\uFFFD")), 0, 3, -1), func(s string) []byte { return []byte(s) }),
		)
		tokens := rapid.SliceOfN(piece, 0, 12).Draw(t, "tokens")
		stop, err := infer.NewStop(rapid.SliceOfN(rapid.StringMatching("[ab<]{1,3}"), 0, 2).Draw(t, "stop")...)
		if err != nil {
			t.Fatal(err)
		}
		var s spelling
		var text string
		var pushed, out []byte
		n := 0
		take := func(tokens []Token) {
			for _, token := range tokens {
				if token.ID != n {
					t.Fatalf("token %d comes when %d is next", token.ID, n)
				}
				n++
				out = append(out, token.Bytes...)
			}
		}
		for id, bytes := range tokens {
			pushed = append(pushed, bytes...)
			s.add(Token{ID: id, Bytes: bytes})
			certain, stopped := stop.Push(bytes)
			text += certain
			take(s.take(certain))
			covered := rawLength(pushed, text)
			if len(out) > covered || n <= id && len(out)+len(tokens[n]) <= covered {
				t.Fatalf("%q is text, and tokens for %q are out", text, out)
			}
			if stopped {
				break
			}
		}
		rest := stop.Flush()
		text += rest
		take(s.last(rest))
		if covered := rawLength(pushed, text); len(out) < covered || len(out) > covered && len(out)-len(tokens[n-1]) >= covered {
			t.Fatalf("%q is text, and tokens for %q are out", text, out)
		}
	})
}

// only is a mask that forces one of the given texts.
type only struct {
	text []int32
	err  error // it allows nothing then
}

func (o *only) Restrict(logits []float32) {
	for id := range logits {
		if len(o.text) == 0 || int32(id) != o.text[0] {
			logits[id] = float32(math.Inf(-1))
		}
	}
}

func (o *only) Accept(token int32) {
	if o.text[0] != token {
		panic("the mask was not obeyed")
	}
	o.text = o.text[1:]
}

func (o *only) Err() error { return o.err }

func (o *only) Complete() bool { return len(o.text) == 0 }

func TestEither(t *testing.T) {
	for _, c := range []struct {
		a, b, text []int32
		want       [][]int32 // allowed at each step
	}{
		{[]int32{1, 2, 3}, []int32{1, 4}, []int32{1, 4}, [][]int32{{1}, {2, 4}, nil}},
		{[]int32{1, 2, 3}, []int32{1, 4}, []int32{1, 2, 3}, [][]int32{{1}, {2, 4}, {3}, nil}},
		{[]int32{1}, []int32{1, 4}, []int32{1, 4}, [][]int32{{1}, {4}, nil}},
		{[]int32{5}, []int32{6}, []int32{6}, [][]int32{{5, 6}, nil}},
	} {
		e := &either{masks: [2]mask{&only{text: c.a}, &only{text: c.b}}}
		for step, want := range c.want {
			logits := []float32{9, 8, 7, 6, 5, 4, 3}
			e.Restrict(logits)
			var allowed []int32
			for id, l := range logits {
				if !math.IsInf(float64(l), -1) {
					allowed = append(allowed, int32(id))
					if l != float32(9-id) {
						t.Errorf("logit %d became %v", id, l)
					}
				}
			}
			if !slices.Equal(allowed, want) {
				t.Errorf("%v or %v, step %d: %v allowed, want %v", c.a, c.b, step, allowed, want)
			}
			if step < len(c.text) {
				e.Accept(c.text[step])
			} else if !e.Complete() {
				t.Errorf("%v or %v: not complete after %v", c.a, c.b, c.text)
			}
		}
	}
}

// TestEitherFails: where one mask gives up, the other does not decide alone.
func TestEitherFails(t *testing.T) {
	failure := errors.New("it gave up")
	e := &either{masks: [2]mask{&only{text: []int32{1}}, &only{err: failure}}}
	logits := []float32{3, 2, 1}
	e.Restrict(logits)
	for id, l := range logits {
		if !math.IsInf(float64(l), -1) {
			t.Errorf("token %d is allowed", id)
		}
	}
	if !errors.Is(e.Err(), failure) {
		t.Errorf("%v", e.Err())
	}
}
