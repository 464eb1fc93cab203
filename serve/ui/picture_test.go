package ui

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// noise is a picture that does not compress.
func noise(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	for x := range w {
		m.Set(x, h/2, color.White)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// scene is a drawing: a disc on the right of a plain ground.
func scene(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{205, 222, 236, 255}
			if dx, dy := x-3*w/4, y-h/2; dx*dx+dy*dy < h*h/16 {
				c = color.RGBA{210, 60, 50, 255}
			}
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// attach chooses a file as the button does.
func (p *tab) attach(name string, data []byte) {
	p.Helper()
	file := filepath.Join(p.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		p.Fatal(err)
	}
	before := eval[int](p, `document.querySelectorAll('.composer li').length`)
	p.wait(`document.querySelector('.composer [aria-label="Attach a picture"]')`)
	p.do(chromedp.SetUploadFiles(chromedp.CSS(`.composer input[type=file]`), []string{file}, chromedp.NodeReady))
	p.wait(fmt.Sprintf(`document.querySelectorAll('.composer li img').length === %d`, before+1))
}

// give pastes or drops a file.
func (p *tab) give(event, name, kind string, data []byte) {
	p.Helper()
	how := `document.querySelector('#prompt').dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}))`
	if event == "drop" {
		how = `window.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}))`
	}
	eval[bool](p, fmt.Sprintf(`(() => {
		const file = new File([Uint8Array.from(atob(%q), (c) => c.charCodeAt(0))], %q, {type: %q});
		const data = new DataTransfer();
		data.items.add(file);
		%s;
		return true;
	})()`, base64.StdEncoding.EncodeToString(data), name, kind, how))
}

// imageURL is the URL of part i of the last message of a request.
func imageURL(t *testing.T, r request, i int) string {
	t.Helper()
	parts, ok := r.last().([]any)
	if !ok || len(parts) <= i {
		t.Fatalf("sent %v", r.last())
	}
	return parts[i].(map[string]any)["image_url"].(map[string]any)["url"].(string)
}

func TestPictures(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){"what is this?": func(s *answer) {
		w := s.w
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(400)
		json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
			"message": "Invalid 'messages[0].content[2].image_url.url': image 1: the PNG image cannot be decoded: it is cut short.",
			"param":   "messages[0].content[2].image_url.url", "code": "image_parse_error",
		}})
	}})
	a.set("", seeingModels)
	p := open(t, a)
	p.attach("large.png", noise(t, 2600, 1300))
	small := noise(t, 8, 8)
	p.give("paste", "small.png", "image/png", small)
	p.wait(`document.querySelectorAll('.composer li img').length === 2`)
	p.give("drop", "wide.png", "image/png", scene(t, 3000, 60))
	p.wait(`document.querySelectorAll('.composer li img').length === 3`)
	p.give("drop", "notes.txt", "text/plain", []byte("x"))
	p.shows(".toast", "notes.txt is no picture that can be sent")
	p.give("paste", "photo.heic", "image/heic", []byte("x"))
	p.shows(".toast", "photo.heic is no picture that can be sent (PNG, JPEG, WebP or GIF)")
	p.give("paste", "bad.png", "image/png", small[:40])
	p.shows(".toast", "bad.png cannot be read as a picture")
	p.give("drop", "again.png", "image/png", small)
	p.wait(`document.querySelectorAll('.composer li img').length === 4`)
	p.shot("picture-attached")
	// The keyboard takes one away.
	eval[bool](p, `(document.querySelector('[aria-label="Remove again.png"]').focus(), true)`)
	p.key(kb.Enter)
	p.wait(`document.querySelectorAll('.composer li img').length === 3 && document.activeElement.id === 'prompt'`)
	p.send("what is this?")
	p.shows(".failure", "The picture “small.png” was refused: the PNG image cannot be decoded: it is cut short.")
	p.wait(`document.querySelectorAll('.user img').length === 3`)
	p.shot("picture-refused")

	sent := a.seen()[0]
	if sent.text() != "what is this?" || imageURL(t, sent, 2) != "data:image/png;base64,"+base64.StdEncoding.EncodeToString(small) {
		t.Errorf("the small picture is not sent as it was: %.60s", imageURL(t, sent, 2))
	}
	for i, kind := range map[int]string{1: "data:image/jpeg;base64,", 3: "data:image/png;base64,"} {
		if data, ok := strings.CutPrefix(imageURL(t, sent, i), kind); !ok || len(data) > 1<<20*4/3+4 {
			t.Errorf("a large picture is sent as %.40s of %d bytes", imageURL(t, sent, i), len(imageURL(t, sent, i)))
		}
	}
	p.wait(`document.querySelectorAll('.user img')[2].naturalWidth === 2048`)
	p.wait(`(() => { const {naturalWidth: w, naturalHeight: h} = document.querySelector('.user img'); return w <= 2048 && w > 500 && Math.abs(w - 2 * h) < 3; })()`)
}

// Pictures stay in the conversation: after a reload they are shown, and the next
// message sends them again.
func TestPicturesAreKept(t *testing.T) {
	a := newAPI(t, nil)
	a.set("", seeingModels)
	p := open(t, a)
	drawn := scene(t, 320, 200)
	p.attach("disc.png", drawn)
	p.ask("look", "echo: look")
	p.load()
	p.wait(`document.querySelector('.user img')?.naturalWidth === 320 && document.querySelector('.user img').alt === 'disc.png'`)
	p.ask("and now?", "echo: and now?")
	first, ok := a.seen()[1].Messages[0].Content.([]any)
	if !ok || len(first) != 2 || first[1].(map[string]any)["image_url"].(map[string]any)["url"] != "data:image/png;base64,"+base64.StdEncoding.EncodeToString(drawn) {
		t.Errorf("sent %v", a.seen()[1].Messages[0].Content)
	}
	for range 8 {
		p.give("paste", "more.png", "image/png", noise(t, 4, 4))
	}
	p.wait(`document.querySelectorAll('.composer li img').length === 8`)
	p.give("paste", "more.png", "image/png", noise(t, 4, 4))
	p.shows(".toast", "A message has at most 8 pictures")
}

// Where the model does not see, nothing is attached, and what was attached for
// another model is not sent.
func TestBlindModel(t *testing.T) {
	a := newAPI(t, nil)
	p := open(t, a)
	p.wait(`document.querySelector('header .model span')`)
	if eval[bool](p, `Boolean(document.querySelector('[aria-label="Attach a picture"]') || document.querySelector('.composer input'))`) {
		t.Error("the button is there")
	}
	p.give("paste", "x.png", "image/png", noise(t, 8, 8))
	p.shows(".toast", "tiny cannot see pictures.")
	p.give("drop", "x.png", "image/png", noise(t, 8, 8))
	p.wait(`document.querySelectorAll('.toast').length === 2 && !document.querySelector('.composer li')`)

	a.set("", seeingModels)
	p.load()
	p.attach("disc.png", scene(t, 320, 200))
	choose := func(model string) {
		eval[bool](p, `(() => { const s = document.querySelector('select[aria-label="Model"]'); s.value = '`+model+`'; s.dispatchEvent(new Event('change', {bubbles: true})); return true; })()`)
	}
	choose("tiny")
	p.shows(".composer", "tiny cannot see pictures: remove them, or choose another model.")
	p.send("look")
	p.wait(`document.querySelector('[aria-label="Send"]').disabled && !document.querySelector('article')`)
	choose("seer")
	p.wait(`!document.querySelector('[aria-label="Send"]').disabled`)
	p.click(`[aria-label="Send"]`)
	p.shows(".markdown", "echo: look")
}

// gazed is what the server says of a picture: nearly all attention is on the right.
func gazed(message, part, w, h int) map[string]any {
	weights := make([]float64, 64)
	for i := range weights {
		weights[i] = 0.0005
		if x, y := i%8, i/8; x >= 5 && x <= 6 && y >= 3 && y <= 4 {
			weights[i] = 0.08
		}
	}
	view := map[string]any{"left": 0, "top": 0, "right": 1, "bottom": 1, "rows": 8, "columns": 8, "weights": weights}
	return map[string]any{"message": message, "part": part, "width": w, "height": h, "views": []any{view}}
}

// TestAttention: a word that is chosen, by the mouse or the keyboard, colors the
// picture where it attends to.
func TestAttention(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){"what?": func(s *answer) {
		s.say("Voilà, a **red", " disc** on", " a plain", " ground.")
		s.finish("stop")
	}})
	a.set("", seeingModels)
	var mu sync.Mutex
	var asked []map[string]any
	failing := false
	a.attention = func(w http.ResponseWriter, request map[string]any) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, request)
		if failing {
			refuse(w, 503, "Too many ask for attention at a time; try again in a moment.", "overloaded")
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"model": "seer", "images": []any{gazed(0, 1, 640, 400)}})
	}
	p := open(t, a)
	p.ask("hello", "echo: hello")
	if eval[bool](p, `Boolean(document.querySelector('[aria-label="Attention to the pictures"]'))`) {
		t.Error("there are no pictures to attend to")
	}
	p.attach("disc.png", scene(t, 640, 400))
	p.ask("what?", "ground.")
	p.click(`button[aria-label="Attention to the pictures"]`)
	p.wait(`document.querySelectorAll('.markdown.looking .token').length >= 7`)
	p.shows("section", "Choose a word of the answer")
	p.wait(`(() => { // the pictures are there, and the page has scrolled to its end
		const s = document.querySelector('.scroller'), i = document.querySelector('section img');
		return i?.complete && i.clientHeight > 100 && s.scrollTop + s.clientHeight >= s.scrollHeight - 1;
	})()`)
	p.click(`.token[data-token="3"]`)
	p.shows("section", "What disc attends to:")
	p.shows(".caption", "35.0% of its attention, most at the middle right")
	p.wait(`document.querySelectorAll('.picture canvas').length === 2`) // in the message, and beside the answer
	bright := eval[[]float64](p, `(() => {
		const c = document.querySelector('.user canvas');
		const {data} = c.getContext('2d').getImageData(0, 0, c.width, c.height);
		const light = (x, y) => data.slice(4 * (Math.floor(y * c.height) * c.width + Math.floor(x * c.width))).slice(0, 3).reduce((a, b) => a + b);
		const same = c.getBoundingClientRect(), image = document.querySelector('.user img').getBoundingClientRect();
		return [light(0.75, 0.5), light(0.2, 0.2), c.width / c.height, same.width - image.width, same.height - image.height];
	})()`)
	if bright[0] < 2*bright[1] || bright[2] != 1.6 || bright[3] != 0 || bright[4] != 0 {
		t.Errorf("the colors: %v", bright)
	}
	p.shot("attention")
	for _, theme := range []string{"light", "dark"} {
		p.prefer(theme)
		if bad := eval[[]string](p, contrasts); len(bad) > 0 {
			t.Errorf("%s: too little contrast: %q", theme, bad)
		}
	}
	p.shot("attention-dark")
	p.prefer("light")
	if bad := eval[[]string](p, nameless); len(bad) > 0 {
		t.Errorf("without a name: %q", bad)
	}

	// The keyboard goes from word to word and asks; Escape ends it.
	p.key(kb.ArrowRight)
	p.wait(`document.activeElement.dataset.token === '4'`)
	p.key(kb.Home)
	p.key(kb.Enter)
	p.shows("section", "What Voilà, attends to:")
	p.wait(`document.querySelectorAll('.token.chosen').length === 1`)
	mu.Lock()
	failing = true
	mu.Unlock()
	p.key(kb.End)
	p.key(" ")
	p.shows("section", "Too many ask for attention at a time")
	p.wait(`document.querySelectorAll('canvas').length === 0`)
	mu.Lock()
	failing = false
	mu.Unlock()
	p.click("section button")
	p.shows("section", "What ground. attends to:")
	p.key(kb.Escape)
	p.wait(`!document.querySelector('section, canvas, .token') && document.activeElement.ariaLabel === 'Attention to the pictures'`)
	p.key(kb.Enter) // again: the focus goes to the words
	p.wait(`document.activeElement.classList.contains('token')`)
	p.key("O", chromedp.ModifierCtrl, chromedp.ModifierShift)
	p.wait(`!document.querySelector('article')`)
	p.click("nav li .title")
	p.shows(".markdown", "ground.")
	p.wait(`!document.querySelector('section, canvas')`)

	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 4 {
		t.Fatalf("%d requests", len(asked))
	}
	disc, voila := asked[0], asked[1]
	if disc["answer"] != "Voilà, a **red disc**" || disc["offset"] != float64(len("Voilà, a **red ")) || disc["model"] != "seer" || voila["offset"] != 0.0 || voila["answer"] != "Voilà," {
		t.Errorf("asked %v at %v of %v", disc["answer"], disc["offset"], disc["model"])
	}
	messages := disc["messages"].([]any)
	if len(messages) != 3 || len(messages[2].(map[string]any)["content"].([]any)) != 2 {
		t.Errorf("asked of %d messages", len(messages))
	}
	for _, other := range []string{"temperature", "stream", "max_completion_tokens"} {
		if _, ok := disc[other]; ok {
			t.Errorf("asked with %s", other)
		}
	}
}
