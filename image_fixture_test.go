package polymath_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
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
