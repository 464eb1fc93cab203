package serve

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// gazing is a request for attention to a picture.
func gazing(answer, more string, pictures ...string) string {
	parts := `{"type":"text","text":"What?"}`
	for _, p := range pictures {
		parts += `,{"type":"image_url","image_url":{"url":"` + p + `"}}`
	}
	return `{"model":"fake","messages":[{"role":"user","content":[` + parts + `]}],"answer":"` + answer + `"` + more + `}`
}

// The attention of a word is a part of 1 for each picture, differs between words
// and pictures, and covers the picture.
func TestAttention(t *testing.T) {
	s := siteOf(t, realModel(t, true), nil)
	tall, small := dataURL(pngFile(paint(20, 60, 1))), dataURL(pngFile(paint(16, 16, 5)))
	a := s.post("/attention", gazing("A stitch in time", `,"offset":2`, tall, small))
	if a.status != http.StatusOK {
		t.Fatal(a.text)
	}
	sum := func(a answer, image string) (total float64, views int) {
		for _, v := range a.json(t, "images."+image+".views").([]any) {
			views++
			weights := dig(v, "weights").([]any)
			if len(weights) != 16 || dig(v, "rows") != 4.0 || dig(v, "columns") != 4.0 {
				t.Error(a.text)
			}
			for _, w := range weights {
				total += w.(float64)
			}
		}
		return total, views
	}
	first, views := sum(a, "0")
	second, other := sum(a, "1")
	if views < 3 || other != 1 || first <= 0 || second <= 0 || first+second >= 1 {
		t.Errorf("%v in %d views, %v in %d", first, views, second, other)
	}
	for path, want := range map[string]any{
		"model": "fake", "images.0.message": 0.0, "images.0.part": 1.0, "images.1.part": 2.0, "images.0.width": 20.0, "images.0.height": 60.0,
		"images.0.views.0.left": 0.0, "images.0.views.0.bottom": 1.0, "images.1.views.0.right": 1.0,
	} {
		if got := a.json(t, path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if b := s.post("/attention", gazing("A stitch in time", `,"offset":9`, tall, small)); b.text == a.text {
		t.Error("another word attends as the first does")
	}
	if b := s.post("/attention", gazing("A stitch", `,"offset":2`, tall, small)); b.text != a.text {
		t.Error("what follows the word changes its attention")
	}
}

func TestAttentionFaults(t *testing.T) {
	s := newSite(t)
	for _, c := range []faultCase{
		{"no image", "", `{"model":"fake","messages":[{"role":"user","content":"x"}],"answer":"x","offset":0}`, 400, "invalid_value", "messages", "expected an image"},
		{"no answer", "", gazing("", `,"offset":0`, pixel), 400, "invalid_value", "answer", "a word"},
		{"blank", "", gazing("  ", `,"offset":0`, pixel), 400, "invalid_value", "answer", "a word"},
		{"before", "", gazing("a b", `,"offset":-1`, pixel), 400, "invalid_value", "offset", "at least 0"},
		{"behind", "", gazing("a b", `,"offset":3`, pixel), 400, "invalid_value", "offset", "at most 2"},
		{"between", "", gazing("a b", `,"offset":1`, pixel), 400, "invalid_value", "offset", "no word is at byte 1"},
		{"within", "", gazing("é", `,"offset":1`, pixel), 400, "invalid_value", "offset", "no word is at byte 1"},
		{"missing", "", gazing("a", ``, pixel), 400, "missing_required_parameter", "offset", ""},
		{"unknown", "", gazing("a", `,"offset":0,"layer":1`, pixel), 400, "unknown_parameter", "layer", ""},
		{"model", "", strings.Replace(gazing("a", `,"offset":0`, pixel), "fake", "x", 1), 404, "model_not_found", "model", ""},
	} {
		c.check(t, s.post("/attention", c.body))
	}
	s.model.blind = true
	faultCase{"blind", "", "", 400, "image_not_supported", "messages[0].content[1].image_url.url", "cannot see"}.check(t, s.post("/attention", gazing("a", `,"offset":0`, pixel)))
	faultCase{"method", "", "", 405, "method_not_allowed", "", ""}.check(t, s.do("GET", "/attention", ""))
	path := filepath.Join(t.TempDir(), "keys.json")
	secret, _, err := AddKey(path, "k", 0, 30)
	if err != nil {
		t.Fatal(err)
	}
	locked := newSite(t, func(o *Options) { o.Keys = path })
	faultCase{"key", "", "", 401, "invalid_api_key", "", ""}.check(t, locked.post("/attention", gazing("a", `,"offset":0`, pixel)))
	if a := locked.post("/attention", gazing("a", `,"offset":0`, pixel), "Authorization", "Bearer "+secret); a.status != http.StatusOK {
		t.Error(a.text)
	}
	faultCase{"tokens", "", "", 429, "rate_limit_exceeded", "", ""}.check(t, locked.post("/attention", gazing("a", `,"offset":0`, pixel), "Authorization", "Bearer "+secret))
}

// Only so many wait for attention, and one who leaves makes room.
func TestAttentionQueue(t *testing.T) {
	s := newSite(t)
	ctx, leave := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range maxGazes {
		group.Go(func() {
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/attention", strings.NewReader(gazing("wait", `,"offset":0`, pixel)))
			if got, err := http.DefaultClient.Do(r); err == nil {
				_ = got.Body.Close()
			}
		})
	}
	until(t, "running", func() bool { return s.model.running.Load() == maxGazes })
	faultCase{"busy", "", "", 503, "overloaded", "", "attention"}.check(t, s.post("/attention", gazing("a", `,"offset":0`, pixel)))
	leave()
	group.Wait()
	until(t, "ended", func() bool { return s.post("/attention", gazing("a", `,"offset":0`, pixel)).status == http.StatusOK })
}
