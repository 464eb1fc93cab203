package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"sync"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"

	"github.com/polymath-lm/polymath"
)

// paint is a picture that depends on seed.
func paint(width, height, seed int) image.Image {
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			p.Set(x, y, color.RGBA{uint8(x * seed * 7), uint8(y * seed * 5), uint8((x + y) * 3), 255})
		}
	}
	return p
}

func pngFile(p image.Image) string {
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		panic(err)
	}
	return b.String()
}

func dataURL(file string) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(file))
}

// showing is a chat request for texts and, with data:, pictures.
func showing(more string, parts ...string) string {
	var list []string
	for _, p := range parts {
		kind := `"type":"text","text":`
		quoted, _ := json.Marshal(p)
		if isData(p) {
			kind = `"type":"image_url","image_url":`
			quoted = []byte(`{"url":` + string(quoted) + `}`)
		}
		list = append(list, "{"+kind+string(quoted)+"}")
	}
	return `{"model":"fake","max_tokens":12,"seed":9,"messages":[{"role":"user","content":[` + strings.Join(list, ",") + `]}]` + more + `}`
}

// Answers hang on what is in a picture; usage counts its tokens, and those of one
// that was seen before are in the cache.
func TestSeeing(t *testing.T) {
	s := siteOf(t, realModel(t, true), nil)
	a, b := dataURL(pngFile(paint(16, 16, 1))), dataURL(pngFile(paint(16, 16, 2)))
	ask := func(parts ...string) (text string, prompt, cached, images float64) {
		t.Helper()
		got := s.post(chatPath, showing(`,"logprobs":true`, parts...))
		logprobs, _ := json.Marshal(got.json(t, "choices.0.logprobs.content"))
		number := func(path string) float64 { n, _ := got.json(t, "usage."+path).(float64); return n }
		return string(logprobs), number("prompt_tokens"), number("prompt_tokens_details.cached_tokens"), number("prompt_tokens_details.image_tokens")
	}
	blind, without, _, none := ask("What is it?", "And?")
	first, prompt, cached, images := ask("What is it?", a, "And?")
	if none != 0 || images != 16 || prompt < without+16 || cached >= prompt-16 || first == blind {
		t.Errorf("%v tokens, %v cached, %v of images; without an image %v", prompt, cached, images, without)
	}
	if again, _, cached, _ := ask("What is it?", a, "And?"); again != first || cached != prompt-1 {
		t.Errorf("again: %v cached of %v", cached, prompt)
	}
	if other, _, cached, _ := ask("What is it?", b, "And?"); other == first || cached >= prompt-16 {
		t.Errorf("another picture: %v cached of %v", cached, prompt)
	}
	low := strings.Replace(showing("", a), `"}}`, `","detail":"low"}}`, 1)
	high := strings.Replace(low, "low", "high", 1)
	for body, want := range map[string]float64{low: 16, high: 32} {
		if got := s.post(chatPath, body); got.json(t, "usage.prompt_tokens_details.image_tokens") != want {
			t.Errorf("%.200s: %s", body, got.text)
		}
	}
	if got := s.do("GET", "/v1/models/fake", ""); got.json(t, "polymath.vision") != true {
		t.Error(got.text)
	}
	if got := realSite(t).do("GET", "/v1/models", ""); got.json(t, "data.0.polymath.vision") != false {
		t.Error(got.text)
	}
}

// OpenAI's own client shows pictures to both endpoints, whole and streamed.
func TestGoClientSeeing(t *testing.T) {
	c := clientFor(siteOf(t, realModel(t, true), nil))
	picture := dataURL(pngFile(paint(40, 20, 3)))
	p := openai.ChatCompletionNewParams{
		Model: "fake", Seed: openai.Int(4), MaxCompletionTokens: openai.Int(10),
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
			openai.TextContentPart("What is in it?"),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: picture, Detail: "high"}),
		})},
	}
	a, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	stream := c.Chat.Completions.NewStreaming(t.Context(), p)
	var all openai.ChatCompletionAccumulator
	for stream.Next() {
		all.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil || all.Choices[0].Message.Content != a.Choices[0].Message.Content || a.Usage.PromptTokens < 64 {
		t.Error(err, all.Choices, a.RawJSON())
	}
	image := responses.ResponseInputContentParamOfInputImage(responses.ResponseInputImageDetailHigh)
	image.OfInputImage.ImageURL = openai.String(picture)
	r, err := c.Responses.New(t.Context(), responses.ResponseNewParams{
		Model: "fake", MaxOutputTokens: openai.Int(10), Temperature: openai.Float(0), Store: openai.Bool(false),
		Input: responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{
			responses.ResponseInputItemParamOfMessage(responses.ResponseInputMessageContentListParam{
				responses.ResponseInputContentParamOfInputText("What is in it?"), image,
			}, responses.EasyInputMessageRoleUser),
		}},
	})
	if err != nil || r.Usage.InputTokens != a.Usage.PromptTokens || r.Usage.InputTokensDetails.CachedTokens != r.Usage.InputTokens-1 {
		t.Error(err, r.RawJSON(), a.RawJSON())
	}
	image.OfInputImage.ImageURL = openai.String("data:image/png;base64,AAAA")
	_, err = c.Responses.New(t.Context(), responses.ResponseNewParams{
		Model: "fake", Input: responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{
			responses.ResponseInputItemParamOfMessage(responses.ResponseInputMessageContentListParam{image}, responses.EasyInputMessageRoleUser),
		}},
	})
	var fault *openai.Error
	if !errors.As(err, &fault) || fault.StatusCode != 400 || fault.Code != "image_parse_error" || fault.Param != "input[0].content[0].image_url" {
		t.Error(err)
	}
}

// The same request with a picture gives the same answer alone and among others.
func TestSeeingAmongOthers(t *testing.T) {
	dir := realModel(t, true)
	s := siteOf(t, dir, nil)
	bodies := make([]string, 10)
	for i := range bodies {
		parts := []string{fmt.Sprintf("Look %d:", i), dataURL(pngFile(paint(10+5*(i%4), 16+8*(i%3), i%5))), "What?"}
		if i%4 == 3 {
			parts = append(parts, dataURL(pngFile(paint(40, 30, i))))
		}
		bodies[i] = showing(`,"logprobs":true,"n":2`, parts[i%2:]...)
	}
	ask := func(s *site, body string) string {
		a := s.post(chatPath, body)
		var all string
		for c := range 2 {
			text, _ := json.Marshal(a.json(t, fmt.Sprintf("choices.%d.logprobs.content", c)))
			all += string(text)
		}
		return all
	}
	alone := make([]string, len(bodies))
	for i, body := range bodies {
		alone[i] = ask(s, body)
	}
	for _, o := range [][]polymath.Option{nil, {polymath.WithImageCacheBytes(2000), polymath.WithPrefillChunk(7), polymath.WithMaxBatch(5)}} {
		crowd := siteOf(t, dir, o)
		var group sync.WaitGroup
		for i, body := range bodies {
			group.Go(func() {
				if got := ask(crowd, body); got != alone[i] || len(got) < 100 {
					t.Errorf("request %d has another answer: %.200s, alone %.200s", i, got, alone[i])
				}
			})
			group.Go(func() { crowd.post(chatPath, say(fmt.Sprintf("A stitch %d", i), `,"max_tokens":20`)) })
		}
		group.Wait()
	}
}

// segment is a segment of a JPEG file.
func segment(marker byte, payload ...byte) string {
	n := len(payload) + 2
	return string([]byte{0xff, marker, byte(n >> 8), byte(n)}) + string(payload)
}

// evil are files that are no pictures to take, with the code of the refusal.
func evil(t *testing.T) map[string][3]string {
	t.Helper()
	var photo, animation bytes.Buffer
	if err := jpeg.Encode(&photo, paint(64, 64, 3), nil); err != nil {
		t.Fatal(err)
	}
	good := pngFile(paint(64, 64, 3))
	frame := image.NewPaletted(image.Rect(0, 0, 16, 16), color.Palette{color.White, color.Black})
	if err := gif.EncodeAll(&animation, &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{1}, Config: image.Config{Width: 60000, Height: 60000}}); err != nil {
		t.Fatal(err)
	}
	size := func(w, h int) string {
		return string([]byte{byte(w >> 24), byte(w >> 16), byte(w >> 8), byte(w), byte(h >> 24), byte(h >> 16), byte(h >> 8), byte(h)})
	}
	sof := segment(0xc2, 8, 4000>>8, 4000&0xff, 4000>>8, 4000&0xff, 1, 1, 0x11, 0)
	sos := segment(0xda, 1, 1, 0, 0, 0, 0)
	return map[string][3]string{
		"huge PNG":             {pngOf(30000, 30000, 8, 0, "x"), "image_too_large", "900000000 pixels"},
		"lying PNG":            {pngOf(4000, 4000, 8, 0, "x"), "image_parse_error", "cannot hold"},
		"long PNG":             {pngOf(40000, 1, 1, 0, "x"), "image_too_large", "40000 pixels on a side"},
		"PNG without size":     {pngOf(0, 5, 8, 0, "x"), "image_parse_error", "PNG"},
		"PNG cut short":        {good[:len(good)-20], "image_parse_error", "PNG image cannot be decoded"},
		"PNG with a bad sum":   {strings.Replace(good, size(64, 64), size(64, 65), 1), "image_parse_error", "PNG"},
		"JPEG cut short":       {photo.String()[:photo.Len()/2], "image_parse_error", "JPEG"},
		"JPEG of many scans":   {"\xff\xd8" + sof + strings.Repeat(sos+strings.Repeat("\x00", 100), 200) + "\xff\xd9", "image_too_large", "in all its scans"},
		"huge JPEG":            {"\xff\xd8" + segment(0xc0, 8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0) + sos, "image_too_large", "pixels"},
		"huge GIF":             {animation.String(), "image_too_large", "pixels"},
		"huge WebP":            {"RIFF\x1e\x00\x00\x00WEBPVP8L\x11\x00\x00\x00\x2f\xff\xff\xff\x0f" + strings.Repeat("\x00", 12), "image_too_large", "pixels"},
		"HEIC":                 {"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "invalid_image_format", "HEIC is not accepted"},
		"SVG":                  {`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "invalid_image_format", "SVG is not accepted"},
		"PDF":                  {"%PDF-1.7", "invalid_image_format", "PDF is not accepted"},
		"page":                 {"<!doctype html><script>", "invalid_image_format", "HTML is not accepted"},
		"text":                 {"hello", "image_parse_error", "no image of a known format"},
		"nothing":              {"", "image_parse_error", "no image of a known format"},
		"what only looks like": {"\x89PNG\r\n\x1a\n" + strings.Repeat("\xff", 100), "image_parse_error", "PNG"},
	}
}

// Files that are evil are refused by name, the image by its place, whole and
// streamed; and the server goes on.
func TestEvilImages(t *testing.T) {
	s := siteOf(t, realModel(t, true), nil)
	good := dataURL(pngFile(paint(16, 16, 1)))
	for name, c := range evil(t) {
		url := dataURL(c[0])
		f := faultCase{name: name, status: 400, code: c[1], param: "messages[0].content[2].image_url.url", phrase: c[2]}
		for _, more := range []string{"", `,"stream":true`, `,"n":3`} {
			f.check(t, s.post(chatPath, showing(more, "x", good, url)))
		}
		if a := s.post(chatPath, showing("", "x", good, url)); !strings.Contains(a.text, "image 1: ") {
			t.Errorf("%s: %s", name, a.text)
		}
		f.param = "input[1].content[0].image_url"
		f.check(t, s.post("/v1/responses", `{"model":"fake","input":[{"role":"user","content":[{"type":"input_image","image_url":"`+good+`"}]},{"role":"user","content":[{"type":"input_image","image_url":"`+url+`"}]}]}`))
		f.param = "messages[0].content[0].image_url.url"
		f.check(t, s.post("/attention", strings.Replace(showing(`,"answer":"x","offset":0`, url), `"max_tokens":12,"seed":9,`, "", 1)))
	}
	large := dataURL(pngFile(paint(16, 16, 1)) + strings.Repeat("\x00", 20<<20))
	faultCase{name: "too many bytes", status: 400, code: "image_file_too_large", param: "messages[0].content[0].image_url.url", phrase: "bytes"}.check(t, s.post(chatPath, showing("", large)))
	for name, c := range map[string][2]string{
		"data:image/png;base64":          {"invalid_image_url", "no comma"},
		"data:image/png;base64,a!b":      {"invalid_base64_image", "base64"},
		"data:image/png,%zz":             {"invalid_image_url", "escape"},
		"data:image/heic;base64,AAAAGGZ": {"image_parse_error", ""},
	} {
		faultCase{name: name, status: 400, code: c[0], param: "messages[0].content[0].image_url.url", phrase: c[1]}.check(t, s.post(chatPath, showing("", name)))
	}
	if a := s.post(chatPath, showing("", good)); a.status != 200 {
		t.Error(a.text)
	}
}

// Of an animation the first frame is seen, and the type that a URL names is not
// believed.
func TestAnimation(t *testing.T) {
	s := siteOf(t, realModel(t, true), nil)
	one := image.NewPaletted(image.Rect(0, 0, 16, 16), color.Palette{color.White, color.Black, color.RGBA{200, 10, 10, 255}})
	two := image.NewPaletted(one.Rect, one.Palette)
	for i := range one.Pix {
		one.Pix[i] = byte(i % 3)
	}
	var moving, still bytes.Buffer
	if err := gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{one, two, two}, Delay: []int{1, 1, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&still, one); err != nil {
		t.Fatal(err)
	}
	logprobs := func(file string) any {
		a := s.post(chatPath, showing(`,"logprobs":true`, dataURL(file)))
		text, _ := json.Marshal(a.json(t, "choices.0.logprobs"))
		return string(text)
	}
	if a, b := logprobs(moving.String()), logprobs(still.String()); a != b {
		t.Errorf("%.100s and %.100s", a, b)
	}
}
