package serve

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/tokenizer"
)

var _ Model = (*polymath.Model)(nil)

// realModel saves a model of random weights and returns its directory. One that sees
// has views of 16 by 16 pixels with 16 tokens each, of pictures of at most 48.
func realModel(t *testing.T, sees bool) string {
	t.Helper()
	text := []byte(`A stitch in time saves nine. {"name": "paint", "arguments": {"color": "red"}} <tool_call> </tool_call>`)
	tok, err := tokenizer.Train(slices.Values([][]byte{text, text, text}), tokenizer.TrainOptions{
		VocabSize: 290, Special: []string{tokenizer.EndOfText, "<|im_start|>", "<|im_end|>", chat.ImageToken},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "tokenizer.json")
	if err := tok.Save(path); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := model.Default(model.Qwen3MoE)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = tok.VocabSize(), 32, 2
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 4, 2, 32
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 4, 2, 32
	cfg.MaxPositions, cfg.InitStd = 1024, 0.2
	if sees {
		v := vision.Default()
		v.ImageSize, v.PatchSize, v.Box, v.Short = 16, 4, 48, 32
		v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads = 16, 32, 2, 2
		v.InitStd, v.ImageTokenID = 0.3, int(tok.EncodeSpecial(chat.ImageToken)[0])
		cfg.Vision = &v
	}
	weights, err := model.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := weights.Save(dir, model.Provenance{Version: "test"}, map[string][]byte{"tokenizer.json": file}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// realSite serves a real model of random weights.
func realSite(t *testing.T, change ...func(*Options)) *site {
	t.Helper()
	return siteOf(t, realModel(t, false), nil, change...)
}

// siteOf serves the model in a directory.
func siteOf(t *testing.T, dir string, open []polymath.Option, change ...func(*Options)) *site {
	t.Helper()
	m, err := polymath.Open(dir, append(open, polymath.WithImageLimits(ImageLimits()))...)
	if err != nil {
		t.Fatal(err)
	}
	var o Options
	for _, c := range change {
		c(&o)
	}
	s, err := New([]Named{{"fake", m}}, o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		_ = m.Close()
	})
	return &site{t: t, s: s, Server: server, log: &lockedBuffer{}}
}

// The same request gives the same answer whole, streamed, and among others.
func TestRealChat(t *testing.T) {
	s := realSite(t)
	body := func(i int, more string) string {
		return say(fmt.Sprintf("Tell me of %d stitches", i), fmt.Sprintf(`,"seed":%d,"max_tokens":24,"n":2,"logprobs":true,"top_logprobs":2%s`, i, more))
	}
	type result struct {
		text     [2]string
		logprobs [2]string
	}
	whole := func(i int) (r result) {
		a := s.post(chatPath, body(i, ""))
		if a.status != 200 {
			t.Error(a.text)
			return r
		}
		for c := range 2 {
			r.text[c], _ = a.json(t, fmt.Sprintf("choices.%d.message.content", c)).(string)
			logprobs, _ := json.Marshal(a.json(t, fmt.Sprintf("choices.%d.logprobs.content", c)))
			r.logprobs[c] = string(logprobs)
		}
		return r
	}
	alone := make([]result, 6)
	for i := range alone {
		alone[i] = whole(i)
		if alone[i].text[0] == alone[i].text[1] || len(alone[i].logprobs[0]) < 100 {
			t.Errorf("%+v", alone[i])
		}
	}
	var group sync.WaitGroup
	for i := range alone {
		group.Go(func() {
			if got := whole(i); got != alone[i] {
				t.Errorf("among others: %+v\nalone %+v", got, alone[i])
			}
		})
		group.Go(func() {
			var streamed [2]string
			for _, d := range events(s.post(chatPath, body(i, `,"stream":true`)).text) {
				if d == "[DONE]" {
					continue
				}
				e := answer{text: d}
				if c, ok := e.json(t, "choices.0.delta.content").(string); ok {
					streamed[int(e.json(t, "choices.0.index").(float64))] += c
				}
			}
			if streamed != alone[i].text {
				t.Errorf("streamed: %q, whole %q", streamed, alone[i].text)
			}
		})
	}
	group.Wait()
}

// What is constrained parses, whatever a model that knows nothing would say.
func TestRealStructure(t *testing.T) {
	s := realSite(t)
	schema := `{"type":"object","properties":{"color":{"type":"string","enum":["red","green"]},"count":{"type":"integer","minimum":0,"maximum":9}},"required":["color","count"],"additionalProperties":false}`
	paint := `{"name":"paint","parameters":` + schema + `}`
	check := func(text string) {
		t.Helper()
		var v struct {
			Color string
			Count *int
		}
		if err := json.Unmarshal([]byte(text), &v); err != nil || v.Color != "red" && v.Color != "green" || v.Count == nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	a := s.post(chatPath, say("paint", `,"max_tokens":200,"response_format":{"type":"json_schema","json_schema":{"name":"paint","schema":`+schema+`}}`))
	text, _ := a.json(t, "choices.0.message.content").(string)
	check(text)
	a = s.post(chatPath, say("paint", `,"max_tokens":300,"tools":[{"type":"function","function":`+paint+`}],"tool_choice":"required","parallel_tool_calls":false`))
	text, _ = a.json(t, "choices.0.message.tool_calls.0.function.arguments").(string)
	if a.json(t, "choices.0.finish_reason") != "tool_calls" {
		t.Error(a.text)
	}
	check(text)
	b := s.post(responsesPath, respondTo("paint", `,"max_output_tokens":300,"tools":[{"type":"function",`+paint[1:]+`],"tool_choice":{"type":"function","name":"paint"}`))
	text, _ = b.json(t, "output.0.arguments").(string)
	check(text)
	a = s.post(chatPath, say("x", `,"guided_regex":"[a-f]{5}-(yes|no)"`))
	if text, _ := a.json(t, "choices.0.message.content").(string); !strings.HasSuffix(text, "-yes") && !strings.HasSuffix(text, "-no") {
		t.Error(a.text)
	}
	faultCase{"schema", "", "", 400, "invalid_schema", "", ""}.check(t, s.post(chatPath, say("x", `,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"thing"}}}`)))
	faultCase{"regex", "", "", 400, "invalid_schema", "", ""}.check(t, s.post(chatPath, say("x", `,"guided_regex":"(["`)))
	faultCase{"grammar", "", "", 400, "invalid_schema", "", ""}.check(t, s.post(chatPath, say("x", `,"guided_grammar":"nonsense"`)))
}

func TestRealOther(t *testing.T) {
	s := realSite(t)
	a := s.post("/tokenize", `{"text":"A stitch <|im_end|>"}`)
	ids, _ := json.Marshal(a.json(t, "tokens"))
	if b := s.post("/detokenize", `{"tokens":`+string(ids)+`}`); b.json(t, "text") != "A stitch <|im_end|>" {
		t.Error(a.text, b.text)
	}
	one := s.post("/v1/completions", `{"model":"fake","prompt":"A stitch","temperature":0,"logprobs":2}`)
	two := s.post("/v1/completions", `{"model":"fake","prompt":["A stitch","in time"],"temperature":0,"logprobs":2}`)
	if one.status != 200 || one.json(t, "choices.0.text") != two.json(t, "choices.0.text") {
		t.Error(one.text, two.text)
	}
	e := s.post("/v1/embeddings", `{"model":"fake","input":["A stitch","in time"]}`)
	var sum float64
	for _, v := range e.json(t, "data.1.embedding").([]any) {
		sum += v.(float64) * v.(float64)
	}
	if sum < 0.999 || sum > 1.001 {
		t.Error("an embedding of length", sum)
	}
	faultCase{"prompt", "", "", 400, "context_length_exceeded", "messages", "1024"}.check(t, s.post(chatPath, say(strings.Repeat("q ", 2000), "")))
	faultCase{"completion", "", "", 400, "context_length_exceeded", "messages", "1024"}.check(t, s.post(chatPath, say("q", `,"max_tokens":2000`)))
	faultCase{"embedding", "", "", 400, "context_length_exceeded", "input", "1024"}.check(t, s.post("/v1/embeddings", `{"model":"fake","input":"`+strings.Repeat("q ", 2000)+`"}`))
	faultCase{"image", "", "", 400, "image_not_supported", "messages[0].content[1].image_url.url", "cannot see"}.check(t, s.post(chatPath, `{"model":"fake","messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"`+pixel+`"}}]}]}`))
	faultCase{"tool without call", "", "", 400, "invalid_value", "messages", ""}.check(t, s.post(chatPath, `{"model":"fake","messages":[{"role":"tool","tool_call_id":"c","content":"x"}]}`))
	if m := s.do("GET", "/metrics", "").text; !strings.Contains(m, `vllm:cache_config_info{block_size="`) || !strings.Contains(m, `vllm:request_success_total{finished_reason="length",model_name="fake"}`) {
		t.Error(m)
	}
}
