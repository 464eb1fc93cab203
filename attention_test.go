package polymath_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
)

// openUniform opens a model that sees and whose queries are all zero, so that a
// token attends to all tokens before it and itself alike.
func openUniform(t *testing.T) *polymath.Model {
	t.Helper()
	dir := seeing(t, true)
	weights, err := model.Load(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range weights.Params() {
		if strings.Contains(p.Name, "q_norm") {
			clear(p.Master)
		}
	}
	weights.Sync()
	tok, err := modelfile.Tokenizer(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := polymath.New(weights, tok, chat.Default())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestAttention: a word attends to each patch as much as the tokens from which its
// own tokens were chosen; of a model that attends to all alike that is known.
func TestAttention(t *testing.T) {
	m := openUniform(t)
	c := conversation(chat.Text(chat.System, "s"), shown("Look:", paint(16, 16, 1), paint(60, 20, 2)), chat.Text(chat.Assistant, "One."), shown(paint(20, 20, 3)))
	n, err := m.CountTokens(c)
	if err != nil {
		t.Fatal(err)
	}
	const answer = "A stitch in  time saves nine."
	for _, word := range []string{"A", "stitch", "time", "nine."} {
		offset := strings.Index(answer, word)
		got, err := m.Attention(t.Context(), c, answer, offset)
		if err != nil || len(got) != 3 {
			t.Fatalf("%q: %d images, %v", word, len(got), err)
		}
		// The tokens that end behind the offset, up to the one with the word's end.
		first, last, at := -1, 0, 0
		for i, id := range m.Tokenize(answer, false) {
			if at += len(m.TokenBytes(id)); at > offset && first < 0 {
				first = i
			}
			if last = i; at >= offset+len(word) {
				break
			}
		}
		want, tokens := 0.0, min(last-first+1, 4)
		for i := range tokens {
			want += 1 / float64(n+first+i) / float64(tokens)
		}
		for k, image := range got {
			if views := []int{1, 4, 5}[k]; len(image.Views) != views {
				t.Errorf("%q, image %d: %d views", word, k, len(image.Views))
			}
			for _, v := range image.Views {
				if v.Rows != 4 || v.Columns != 4 || len(v.Weights) != 16 {
					t.Errorf("%q, image %d: %d x %d, %d weights", word, k, v.Rows, v.Columns, len(v.Weights))
				}
				for _, w := range v.Weights {
					if math.Abs(float64(w)-want) > 1e-6 {
						t.Fatalf("%q, image %d: a weight of %v, want %v", word, k, w, want)
					}
				}
			}
		}
	}
	for _, offset := range []int{-1, 1, 11, 12, len(answer)} {
		if _, err := m.Attention(t.Context(), c, answer, offset); !errors.Is(err, polymath.ErrConversation) {
			t.Errorf("offset %d: %v", offset, err)
		}
	}
	if got, err := m.Attention(t.Context(), ask("x"), answer, 0); err != nil || got != nil {
		t.Errorf("a conversation without images: %v, %v", got, err)
	}
}

// TestAttentionTellsPatchesApart: of another model the weights differ, and with the
// text are no more than 1.
func TestAttentionTellsPatchesApart(t *testing.T) {
	m := openSeeing(t)
	got, err := m.Attention(t.Context(), conversation(shown(paint(60, 20, 1), "Look")), "nine", 0)
	if err != nil || len(got) != 1 || got[0].Width != 60 || got[0].Height != 20 || got[0].Message != 0 || got[0].Part != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	sum, least, most := 0.0, 1.0, 0.0
	for _, v := range got[0].Views {
		for _, w := range v.Weights {
			sum += float64(w)
			least, most = min(least, float64(w)), max(most, float64(w))
		}
	}
	if sum <= 0 || sum >= 1 || least < 0 || most < 2*least {
		t.Errorf("weights from %v to %v, %v together", least, most, sum)
	}
	// 48 by 16 pixels in three tiles, and 16 by 5 of them in the whole.
	views := got[0].Views
	if v := views[0]; v.Left != 0 || v.Top != 0 || v.Right != 1 || v.Bottom != 16.0/5 {
		t.Errorf("the whole: %+v", v)
	}
	for i, v := range views[1:] {
		if v.Left != float64(i)/3 || v.Right != float64(16*(i+1))/48 || v.Top != 0 || v.Bottom != 1 {
			t.Errorf("tile %d: %+v", i, v)
		}
	}
}
