package polymath_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tokenizer"
)

// seeing makes a small model that sees and knows nothing: views of 16 by 16
// pixels, 16 tokens each, in pictures of at most 48.
func seeing(t testing.TB, special bool) string {
	t.Helper()
	dir := random(t, append(slices.Clone(chatML), chat.ImageToken))
	path := filepath.Join(dir, "tokenizer.json")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !special { // the token is there, and any text could have it
		file = bytes.ReplaceAll(file, []byte(`"special": true`), []byte(`"special": false`))
		file = bytes.ReplaceAll(file, []byte(`"special":true`), []byte(`"special":false`))
	}
	tok, err := tokenizer.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := model.ReadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.Box, v.Short = 16, 4, 48, 32
	v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads = 16, 32, 2, 2
	v.InitStd = 0.3
	ids := tok.EncodeSpecial(chat.ImageToken)
	if len(ids) != 1 {
		t.Fatalf("%s is %v", chat.ImageToken, ids)
	}
	v.ImageTokenID = int(ids[0])
	cfg.Vision, cfg.InitStd = &v, 0.2
	m, err := model.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := m.Save(dir, model.Provenance{Version: "test"}, map[string][]byte{"tokenizer.json": file}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openSeeing(t testing.TB, options ...polymath.Option) *polymath.Model {
	t.Helper()
	m, err := polymath.Open(seeing(t, true), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// paint makes a PNG that depends on seed.
func paint(width, height, seed int) []byte {
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			p.Set(x, y, color.RGBA{uint8(x * seed * 7), uint8(y * seed * 5), uint8((x + y) * 3), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func dataURL(kind string, file []byte) string {
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(file)
}

// shown is a user's message of texts and, for nil, pictures.
func shown(parts ...any) chat.Message {
	m := chat.Message{Role: chat.User}
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			m.Content = append(m.Content, chat.Part{Text: p})
		case []byte:
			m.Content = append(m.Content, chat.Part{Image: &chat.Image{URL: dataURL("image/png", p)}})
		case chat.Image:
			m.Content = append(m.Content, chat.Part{Image: &p})
		}
	}
	return m
}

func conversation(messages ...chat.Message) chat.Conversation {
	return chat.Conversation{Messages: messages}
}

var sampled = polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{MaxTokens: 12, Temperature: 1, Seed: 9, Logprobs: true}}

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

func TestImageErrors(t *testing.T) {
	m := openSeeing(t, polymath.WithImageLimits(picture.Limits{Bytes: 1 << 16, Pixels: 1 << 14}), polymath.WithContextWindow(100))
	good := paint(16, 16, 1)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		image chat.Image
		want  string
	}{
		{polymath.DataImage([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")), "HEIC is not accepted"},
		{chat.Image{URL: "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'/%3E"}, "SVG is not accepted"},
		{polymath.DataImage([]byte("BM\x9a\x00\x00\x00")), "BMP is not accepted"},
		{polymath.DataImage([]byte("hello")), "no image of a known format"},
		{polymath.DataImage(nil), "no image of a known format"},
		{polymath.DataImage(paint(200, 200, 1)), "too large: 40000 pixels"},
		{polymath.DataImage(make([]byte, 1<<16+1)), "too large: 65537 bytes"},
		{polymath.DataImage(make([]byte, 1<<20)), "too large: 1048576 bytes"},
		{polymath.DataImage(good[:len(good)-20]), "cannot be decoded"},
		{polymath.DataImage(photo.Bytes()[:photo.Len()/2]), "cannot be decoded"},
		{chat.Image{URL: "https://example.com/a.png"}, "only data: URLs"},
		{chat.Image{URL: "file:///etc/passwd"}, "only data: URLs"},
		{chat.Image{URL: ""}, "only data: URLs"},
		{chat.Image{URL: "data:image/png;base64"}, "no comma"},
		{chat.Image{URL: "data:image/png;base64,!!!"}, "illegal base64"},
		{chat.Image{URL: "data:image/png,%zz"}, "invalid URL escape"},
		{chat.Image{URL: dataURL("image/png", good), Detail: "close"}, `detail "close"`},
	} {
		talk := conversation(chat.Text(chat.System, "s"), shown("x", good, c.image))
		_, err := m.Chat(t.Context(), talk, sampled)
		if !errors.Is(err, polymath.ErrImage) || !strings.Contains(err.Error(), "message 1, part 2: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v, want %q", c.image.URL, err, c.want)
		}
		var fault *polymath.ImageError
		if !errors.As(err, &fault) || fault.Image != 1 || fault.Place != "message 1, part 2" {
			t.Errorf("%.60s: %+v", c.image.URL, fault)
		}
		if _, err := m.See(t.Context(), c.image); !errors.Is(err, polymath.ErrImage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v, want %q", c.image.URL, err, c.want)
		}
		_, err = m.Generate(t.Context(), "x", polymath.GenerateOptions{Images: []chat.Image{polymath.DataImage(good), c.image}})
		if !errors.Is(err, polymath.ErrImage) || !strings.Contains(err.Error(), "image 1: ") {
			t.Errorf("%.60s: %v", c.image.URL, err)
		}
	}
	var window *polymath.ContextWindowError
	many := conversation(shown(good, good, good, good, good, good, good))
	if _, err := m.Chat(t.Context(), many, sampled); !errors.As(err, &window) || window.Prompt < 7*16 {
		t.Errorf("images beyond the window: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Chat(ctx, conversation(shown(paint(16, 16, 77))), sampled); !errors.Is(err, context.Canceled) || errors.Is(err, polymath.ErrImage) {
		t.Errorf("canceled: %v", err)
	}
	if _, err := m.Chat(t.Context(), ask("x"), polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{Images: []chat.Image{polymath.DataImage(good)}}}); !errors.Is(err, polymath.ErrImage) {
		t.Errorf("images beside a conversation: %v", err)
	}
	m.Close()
	if _, err := m.Chat(t.Context(), conversation(shown(good)), sampled); !errors.Is(err, polymath.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestImagesBeyondWindow: what has no room in the window is not decoded. Here that is
// known because the pixels are damaged.
func TestImagesBeyondWindow(t *testing.T) {
	file := paint(60, 20, 1) // 4 views of 16 tokens
	file = file[:len(file)-len(file)/4]
	for window, want := range map[int]error{60: polymath.ErrContextWindow, 200: polymath.ErrImage} {
		m := openSeeing(t, polymath.WithContextWindow(window))
		if _, err := m.Chat(t.Context(), conversation(shown(file)), polymath.ChatOptions{}); !errors.Is(err, want) {
			t.Errorf("a window of %d: %v, want %v", window, err, want)
		}
	}
}

// TestImageQueue: no more wait to be looked at than WithQueueLimit lets, and others
// are not hurt.
func TestImageQueue(t *testing.T) {
	m := openSeeing(t, polymath.WithQueueLimit(1))
	var busy, seen atomic.Int64
	var group sync.WaitGroup
	images := make([]chat.Image, 40)
	for i := range images {
		images[i] = polymath.DataImage(paint(400, 400, i))
	}
	begin := make(chan struct{})
	for _, image := range images {
		group.Go(func() {
			<-begin
			switch _, err := m.See(t.Context(), image); {
			case err == nil:
				seen.Add(1)
			case errors.Is(err, polymath.ErrBusy) && !errors.Is(err, polymath.ErrImage):
				busy.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	close(begin)
	group.Wait()
	if seen.Load() < 1 || busy.Load() < 1 {
		t.Errorf("%d were seen and %d turned away", seen.Load(), busy.Load())
	}
	if _, err := m.See(t.Context(), polymath.DataImage(paint(300, 300, 100))); err != nil {
		t.Error(err)
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
