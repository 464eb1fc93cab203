package polymath_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
)

// TestChatWithImages: answers hang on what is in an image and not on its file;
// usage counts its tokens; what was read stays in the cache, and what follows
// another image is not taken from there.
func TestChatWithImages(t *testing.T) {
	m := openSeeing(t)
	if !m.Sees() {
		t.Fatal("it does not see")
	}
	a, b := paint(16, 16, 1), paint(16, 16, 2)
	text := "A stitch in time saves nine. What is in the picture?"
	answer := func(c chat.Conversation) polymath.ChatResult {
		t.Helper()
		n, err := m.CountTokens(c)
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Chat(t.Context(), c, sampled)
		if err != nil {
			t.Fatal(err)
		}
		if r.Usage.PromptTokens != n {
			t.Errorf("the prompt has %d tokens and %d were counted", r.Usage.PromptTokens, n)
		}
		return r
	}
	withA := answer(conversation(shown(text, a, text)))
	if withA.Usage.ImageTokens != 16 || withA.Usage.CachedTokens != 0 {
		t.Errorf("%+v", withA.Usage)
	}
	withB := answer(conversation(shown(text, b, text)))
	if reflect.DeepEqual(withA.Tokens, withB.Tokens) {
		t.Error("another image changed nothing")
	}
	before := len(m.Tokenize("<|im_start|>user\n", true)) + len(m.Tokenize(text, false)) + 1
	if got := withB.Usage.CachedTokens; got > before || got < before-1 {
		t.Errorf("%d tokens were cached, %d stand before the image", got, before)
	}
	again := answer(conversation(shown(text, a, text)))
	if !reflect.DeepEqual(again.Tokens, withA.Tokens) || again.Usage.CachedTokens != again.Usage.PromptTokens-1 {
		t.Errorf("the same image again: %+v", again.Usage)
	}
	other := chat.Image{URL: strings.Replace(dataURL("IMAGE/JPEG", a), "data:", "DATA:", 1), Detail: "low"}
	if again := answer(conversation(shown(text, other, text))); !reflect.DeepEqual(again.Tokens, withA.Tokens) || again.Usage.CachedTokens != again.Usage.PromptTokens-1 {
		t.Errorf("the same image at low detail: %+v", again.Usage)
	}
	next := conversation(shown(text, a, text), withA.Message, shown("And this?", b))
	if len(withA.Message.Content) == 0 {
		next.Messages[1] = chat.Text(chat.Assistant, "Nothing.")
	}
	if r := answer(next); r.Usage.ImageTokens != 32 || r.Usage.CachedTokens < withA.Usage.PromptTokens-1 {
		t.Errorf("the next turn: %+v", r.Usage)
	}
}

// TestImagesDoNotHangOnCompany: answers over images that are asked for at the same
// time are those that each gets alone, with any memory for images and for weights.
func TestImagesDoNotHangOnCompany(t *testing.T) {
	dir := seeing(t, true)
	var cs []chat.Conversation
	for i := range 12 {
		parts := []any{"Look: ", paint(10+5*(i%4), 16+8*(i%3), i%5), "What?"}
		if i%4 == 3 {
			parts = append(parts, paint(40, 30, i))
		}
		cs = append(cs, conversation(shown(parts[i%2:]...)))
	}
	plan, err := model.PlanWeights(dir, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	var alone []polymath.ChatResult
	for _, o := range [][]polymath.Option{
		{polymath.WithMaxBatch(1)},
		{},
		{polymath.WithImageCacheBytes(3000), polymath.WithPrefillChunk(7), polymath.WithPromptLookup()},
		{polymath.WithWeightsMemory(plan.Least)},
	} {
		m, err := polymath.Open(dir, o...)
		if err != nil {
			t.Fatal(err)
		}
		results := make([]polymath.ChatResult, len(cs))
		var group sync.WaitGroup
		for i := range cs {
			ask := func() {
				var err error
				if results[i], err = m.Chat(t.Context(), cs[i], sampled); err != nil {
					t.Error(err)
				}
			}
			if alone == nil {
				ask()
			} else {
				group.Go(ask)
			}
		}
		group.Wait()
		m.Close()
		if alone == nil {
			alone = results
			n := 0
			for _, r := range alone {
				n += len(r.Tokens)
			}
			if n < 5*len(cs) {
				t.Errorf("only %d tokens", n)
			}
		}
		for i := range results {
			if !reflect.DeepEqual(results[i].Tokens, alone[i].Tokens) {
				t.Errorf("conversation %d has another answer", i)
			}
		}
	}
}

// TestImageDetail: what an image costs is what Count says for its size.
func TestImageDetail(t *testing.T) {
	m := openSeeing(t)
	for _, c := range []struct {
		width, height int
		detail        string
		views         int
	}{
		{16, 16, "", 1}, {16, 16, "high", 2}, {60, 20, "low", 1}, {60, 20, "", 4}, {96, 96, "high", 5}, {8, 100, "auto", 4},
	} {
		image := polymath.DataImage(paint(c.width, c.height, 1))
		image.Detail = c.detail
		got, err := m.See(t.Context(), image)
		want := polymath.Seen{Width: c.width, Height: c.height, Views: c.views, Tokens: 16 * c.views}
		if err != nil || got != want {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
		n, err := m.CountTokens(conversation(shown(image)))
		empty, _ := m.CountTokens(conversation(shown("")))
		if err != nil || n != empty+16*c.views {
			t.Errorf("%+v: %d tokens of %d, %v", c, n-empty, 16*c.views, err)
		}
	}
}

// TestBlind: a model that does not see says so.
func TestBlind(t *testing.T) {
	m := openRandom(t, append(slices.Clone(chatML), chat.ImageToken))
	if m.Sees() {
		t.Error("it sees")
	}
	image := polymath.DataImage(paint(16, 16, 1))
	_, err := m.Chat(t.Context(), conversation(shown("x", image)), sampled)
	_, err2 := m.CountTokens(conversation(shown("x", image)))
	_, err3 := m.See(t.Context(), image)
	_, err4 := m.Generate(t.Context(), "x", polymath.GenerateOptions{Images: []chat.Image{image}})
	_, err5 := m.Attention(t.Context(), conversation(shown("x", image)), "a", 0)
	for _, err := range []error{err, err2, err3, err4, err5} {
		if !errors.Is(err, polymath.ErrImage) || !strings.Contains(err.Error(), "cannot see images") {
			t.Errorf("%v", err)
		}
	}
}

// TestGenerateWithImages: images stand where the prompt has their token, or before
// it.
func TestGenerateWithImages(t *testing.T) {
	m := openSeeing(t)
	a, b := polymath.DataImage(paint(16, 16, 1)), polymath.DataImage(paint(16, 16, 2))
	o := sampled.GenerateOptions
	with := func(prompt string, images ...chat.Image) polymath.Result {
		t.Helper()
		q := o
		q.Images = images
		r, err := m.Generate(t.Context(), prompt, q)
		if err != nil {
			t.Fatal(err)
		}
		if r.Usage.ImageTokens != 16*len(images) {
			t.Errorf("%+v", r.Usage)
		}
		return r
	}
	first := with("Who?", a, b)
	if placed := with("<image>\n<image>\nWho?", a, b); !reflect.DeepEqual(placed.Tokens, first.Tokens) {
		t.Error("images before a prompt are other than images at its beginning")
	}
	if other := with("<image>\n<image>\nWho?", b, a); reflect.DeepEqual(other.Tokens, first.Tokens) {
		t.Error("the order of images changes nothing")
	}
	if inside := with("Who <image> is <image>?", a, b); reflect.DeepEqual(inside.Tokens, first.Tokens) {
		t.Error("the places of images change nothing")
	}
	o.Images = []chat.Image{a, b}
	if _, err := m.Generate(t.Context(), "one <image>", o); !errors.Is(err, polymath.ErrImage) || !strings.Contains(err.Error(), "places <image> (1) are not as many as the images (2)") {
		t.Errorf("two images for one place: %v", err)
	}
	if _, err := m.GenerateTokens(t.Context(), []int{1}, o); !errors.Is(err, polymath.ErrImage) {
		t.Errorf("images for tokens: %v", err)
	}
}

// TestImageTokenInText: letters that look like the token stay letters, whoever
// writes them, and the model never writes the token.
func TestImageTokenInText(t *testing.T) {
	for _, special := range []bool{true, false} {
		dir := seeing(t, special)
		m, err := polymath.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		token := m.Tokenize(chat.ImageToken, true)[0]
		for _, text := range []string{"<image>", "a <image> b <image>", "<image"} {
			if ids := m.Tokenize(text, false); slices.Contains(ids, token) {
				t.Errorf("special %v: %q is %v", special, text, ids)
			}
			if _, err := m.Generate(t.Context(), text, polymath.GenerateOptions{MaxTokens: 1}); err != nil {
				t.Error(err)
			}
			if _, _, err := m.Score(t.Context(), text, 0); err != nil {
				t.Error(err)
			}
			if _, err := m.ScoreContinuation(t.Context(), text, text); err != nil {
				t.Error(err)
			}
			if _, err := m.ScoreText(t.Context(), text, 1); err != nil {
				t.Error(err)
			}
			if _, _, err := m.Embed(t.Context(), text); err != nil {
				t.Error(err)
			}
			c := conversation(chat.Text(chat.System, text), shown(text, paint(16, 16, 1), text), chat.Text(chat.Assistant, text), shown(text))
			o := sampled
			o.LogitBias = map[int]float32{token: 100}
			r, err := m.Chat(t.Context(), c, o)
			if err != nil || r.Usage.ImageTokens != 16 {
				t.Errorf("special %v, %q: %+v, %v", special, text, r.Usage, err)
			}
			for _, written := range r.Tokens {
				if written.ID == token {
					t.Errorf("special %v: the image token was written", special)
				}
			}
		}
		if _, err := m.GenerateTokens(t.Context(), []int{token}, polymath.GenerateOptions{}); !errors.Is(err, polymath.ErrPrompt) {
			t.Errorf("an image token without an image: %v", err)
		}
	}
}

// TestImageTokenOfTemplate: a template that writes another token than the model's
// is found out.
func TestImageTokenOfTemplate(t *testing.T) {
	dir := seeing(t, true)
	source := strings.ReplaceAll(chat.DefaultJinja, chat.ImageToken, "<|image_pad|>")
	file, err := json.Marshal(map[string]string{"chat_template": source})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	m, err := polymath.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Chat(t.Context(), conversation(shown(paint(16, 16, 1))), sampled); !errors.Is(err, polymath.ErrImage) || !strings.Contains(err.Error(), "another image token") {
		t.Errorf("%v", err)
	}
	if _, err := m.Chat(t.Context(), ask("x"), sampled); err != nil {
		t.Error(err)
	}
}
