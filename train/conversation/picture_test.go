package conversation

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/chat"
)

// TestPictureForms: whatever the form in which an object has pictures, they are
// stored as they are, and stand where they belong.
func TestPictureForms(t *testing.T) {
	dir := t.TempDir()
	small, large := testPNG(8, 10), testPNG(15, 20) // 1 view, 1 + 4 views
	for name, data := range map[string][]byte{"a.png": small, "sub/b.png": large} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const answer = "<|im_start|>assistant\nho<|im_end|>\n"
	user := func(content string) string { return "<|im_start|>user\n" + content + "<|im_end|>\n" + answer }
	messages := func(content string) string {
		return `{"messages": [{"role": "user", "content": ` + content + `}, {"role": "assistant", "content": "ho"}]`
	}
	sharegpt := `{"conversations": [{"from": "human", "value": "%s"}, {"from": "gpt", "value": "ho <image>"}]`
	end := seeingTokenizer().Decode([]int32{seeingTokenizer().EOS()})
	for _, want := range []struct {
		object   string
		text     string
		pictures [][]byte
	}{
		{
			messages(`[{"type": "image_url", "image_url": {"url": "a.png"}}, {"type": "text", "text": "hi"}]`) + `}`,
			user("[4]\nhi"),
			[][]byte{small},
		},
		{
			messages(`[{"type": "image_url", "image_url": {"url": "sub/b.png"}}, {"type": "text", "text": "hi"}]`) + `}`,
			user("[20]\nhi"),
			[][]byte{large},
		},
		{
			messages(`[{"type": "image_url", "image_url": {"url": "sub/b.png", "detail": "low"}}, {"type": "text", "text": "hi"}]`) + `}`,
			user("[4]\nhi"),
			[][]byte{large},
		},
		{
			messages(`[{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": "`+dataURL(small)+`"}]`) + `}`,
			user("hi\n[4]"),
			[][]byte{small},
		},
		{
			messages(`[{"type": "image", "image": "a.png"}, {"type": "image", "path": "sub/b.png", "detail": "low"}, {"type": "image", "url": "a.png"}]`) + `}`,
			user("[4]\n[4]\n[4]"),
			[][]byte{small, large, small},
		},
		{
			messages(`[{"type": "image"}, {"type": "text", "text": "a <image> b"}, {"type": "image"}]`) + `, "images": ["a.png", {"path": "sub/b.png"}]}`,
			user("[4]\na <image> b\n[20]"),
			[][]byte{small, large},
		},
		{
			messages(`"<image>\nhi"`) + `, "images": ["a.png"]}`,
			user("[4]\nhi"),
			[][]byte{small},
		},
		{
			messages(`"hi"`) + `, "image": {"bytes": "` + base64.StdEncoding.EncodeToString(small) + `", "path": "gone.png"}}`,
			user("[4]\nhi"),
			[][]byte{small},
		},
		{
			messages(`"hi"`) + `, "image": {"bytes": null, "path": "a.png"}}`,
			user("[4]\nhi"),
			[][]byte{small},
		},
		{
			messages(`"a <image> b"`) + `, "image": null, "images": []}`,
			user("a <image> b"), nil,
		},
		{
			fmt.Sprintf(sharegpt, `<image>\nhi`) + `, "image": "a.png"}`,
			strings.Replace(user("[4]\nhi"), "ho<", "ho <image><", 1),
			[][]byte{small},
		},
		{
			fmt.Sprintf(sharegpt, `first\n<image>\nthen <image>`) + `, "images": ["a.png", "sub/b.png"]}`,
			strings.Replace(user("first\n[4]\nthen \n[20]"), "ho<", "ho <image><", 1),
			[][]byte{small, large},
		},
		{
			fmt.Sprintf(sharegpt, `hi`) + `, "image": ["a.png", "a.png"]}`,
			strings.Replace(user("[4]\n[4]\nhi"), "ho<", "ho <image><", 1),
			[][]byte{small, small},
		},
		{
			`{"instruction": "hi", "input": "<image>", "output": "ho", "images": "a.png"}`,
			user("hi\n\n[4]"),
			[][]byte{small},
		},
		{
			`{"text": "one <image> two<image>", "images": ["a.png", "a.png"]}`,
			end + "one [4] two[4]" + end,
			[][]byte{small, small},
		},
		{
			`{"text": "one", "image": "a.png"}`,
			end + "[4]one" + end,
			[][]byte{small},
		},
		{
			`{"text": "one <image> two"}`,
			end + "one <image> two" + end, nil,
		},
		{
			`{"prompt": "<image>is", "completion": " two", "images": ["a.png"]}`,
			end + "[4]is two" + end,
			[][]byte{small},
		},
		{
			`{"prompt": "what is", "completion": " two", "images": ["a.png"]}`,
			end + "[4]what is two" + end,
			[][]byte{small},
		},
		{
			`{"prompt": "", "completion": "<image> two", "images": ["` + filepath.ToSlash(filepath.Join(dir, "a.png")) + `"]}`,
			end + "[4] two" + end,
			[][]byte{small},
		},
		{
			`{"messages": [{"role": "system", "content": "<image>"}, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}], "images": "a.png"}`,
			"<|im_start|>system\n<image><|im_end|>\n" + user("[4]\nhi"),
			[][]byte{small},
		},
		{
			`{"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}, {"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": "a.png"}}, {"type": "text", "text": "ho"}]}]}`,
			"",
			[][]byte{small},
		},
	} {
		s, r := prepare(t, dir, seeingOptions(200), want.object)
		if got := spelled(s, 0); want.text != "" && got != want.text {
			t.Errorf("%s:\ngot  %q\nwant %q", want.object, got, want.text)
		}
		pictures := s.Pictures(nil, 0)
		same := len(pictures) == len(want.pictures) && r.Pictures == len(pictures) && len(r.Ignored) <= 1
		for i := range min(len(pictures), len(want.pictures)) {
			same = same && bytes.Equal(pictures[i].Data, want.pictures[i])
		}
		if !same {
			t.Errorf("%s: %d pictures, want %d, report %+v", want.object, len(pictures), len(want.pictures), r)
		}
		checkMask(t, s)
	}
}

// TestBadPictures: what is wrong with a picture is named with line and field.
func TestBadPictures(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	whole := testPNG(8, 1)
	write("good.png", whole)
	write("cut.png", whole[:len(whole)-20])
	write("empty.png", nil)
	write("x.heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"))
	write("x.svg", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"))
	big, err := os.Create(filepath.Join(dir, "big.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(big.Truncate(1<<40), big.Close()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.png"), 0o666); err != nil {
		t.Fatal(err)
	}
	message := func(part string) string {
		return `{"messages": [{"role": "user", "content": [` + part + `, {"type": "text", "text": "hi"}]}, {"role": "assistant", "content": "ho"}]}`
	}
	const at = "messages[0].content[0]"
	for object, want := range map[string]string{
		message(`{"type": "image_url", "image_url": {"url": "none.png"}}`):                         at + ".image_url.url: stat " + filepath.Join(dir, "none.png"),
		message(`{"type": "image_url", "image_url": {"url": "https://x.org/a.png"}}`):              at + ".image_url.url: pictures are not fetched from an address (https:)",
		message(`{"type": "image_url", "image_url": {"url": "data:image/png,abc"}}`):               "is not in base64",
		message(`{"type": "image_url", "image_url": {"url": "data:image/png;base64,a!"}}`):         "it is no base64",
		message(`{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}`):           "it is empty",
		message(`{"type": "image_url", "image_url": {"url": ""}}`):                                 "it is empty",
		message(`{"type": "image_url", "image_url": {"url": "good.png", "detail": "much"}}`):       `image_url.detail: detail "much" is none of`,
		message(`{"type": "image_url", "image_url": 3}`):                                           at + ".image_url: it is a number",
		message(`{"type": "image_url", "image_url": {}}`):                                          "none of bytes, path and url",
		message(`{"type": "image_url"}`):                                                           at + ".image_url: it is missing",
		message(`{"type": "image", "path": "cut.png"}`):                                            at + ".path: cut.png: the PNG image cannot be decoded",
		message(`{"type": "image", "path": "empty.png"}`):                                          "empty.png is empty",
		message(`{"type": "image", "path": "x.heic"}`):                                             "HEIC is not accepted",
		message(`{"type": "image", "path": "x.svg"}`):                                              "SVG is not accepted",
		message(`{"type": "image", "path": "big.png"}`):                                            "at most 20971520 are taken",
		message(`{"type": "image", "path": "."}`):                                                  "is a directory: name a file in it",
		message(`{"type": "image", "path": "pipe.png"}`):                                           "is no regular file",
		message(`{"type": "image"}`):                                                               "images: there are 0 pictures, and places for 1",
		message(`{"type": "sound"}`):                                                               at + ".type: it is sound",
		`{"text": "<image><image>", "images": ["good.png"]}`:                                       "images: there are 1 pictures, and places for 2",
		`{"text": "<image> x", "images": ["good.png", "none.png"]}`:                                "images: there are 2 pictures, and places for 1",
		`{"text": "x", "images": [3]}`:                                                             "images[0]: it is a number",
		`{"text": "x", "images": ["good.png", "none.png"]}`:                                        "images[1]: stat",
		`{"text": "<image>", "images": ["good.png"]}`:                                              "",
		`{"prompt": "x", "completion": "<image>", "images": ["good.png"]}`:                         "",
		`{"text": "x", "images": [` + strings.Repeat(`"good.png", `, maxPictures) + `"good.png"]}`: "images[256]: it is one of 257 pictures",
		`{"text": "<image><image> x", "images": ["good.png", "good.png"]}`:                         "do not fit into a row of 8 tokens",
	} {
		path := filepath.Join(dir, "data.jsonl")
		if err := os.WriteFile(path, []byte("\n"+object), 0o666); err != nil {
			t.Fatal(err)
		}
		most := 100
		if strings.Contains(want, "row of 8") {
			most = 8
		}
		_, err := Prepare([]string{path}, t.TempDir(), seeingOptions(most))
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", object, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path+":2: ") {
			t.Errorf("%s: %v, want %q", object, err, want)
		}
	}
	blind := seeingOptions(100)
	blind.Vision = nil
	path := filepath.Join(dir, "blind.jsonl")
	if err := os.WriteFile(path, []byte(message(`{"type": "image", "path": "good.png"}`)), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare([]string{path}, t.TempDir(), blind); err == nil || !strings.Contains(err.Error(), "the model cannot see") {
		t.Errorf("without a tower: %v", err)
	}
	foreign := seeingOptions(100)
	foreign.Template, err = chat.Jinja(`{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{% if p.type == 'image' %}<|image_pad|>{% else %}{{ p.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`, chat.JinjaOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare([]string{path}, t.TempDir(), foreign); err == nil || !strings.Contains(err.Error(), "its tokens have 0 of pictures instead of 4") {
		t.Errorf("a template with another token for pictures: %v", err)
	}
}

// TestMisspelledPictures: where the model sees, a conversation with a place for a
// picture and nearly the key for one is not read without it.
func TestMisspelledPictures(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "good.png"), testPNG(8, 1), 0o666); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "data.jsonl")
	talk := func(question, keys string) string {
		return `{"conversations": [{"from": "human", "value": "` + question + `"}, {"from": "gpt", "value": "ho <image>"}]` + keys + `}`
	}
	messages := func(keys string) string {
		return `{"messages": [{"role": "user", "content": "<image> hi"}, {"role": "assistant", "content": "ho"}]` + keys + `}`
	}
	for _, c := range []struct{ object, want string }{
		{talk("<image> hi", `, "imgae": "good.png"`), "imgae: did you mean image? A text has <image>"},
		{talk("<image> hi", `, "id": 1, "imags": ["good.png"]`), "imags: did you mean images?"},
		{messages(`, "Images": ["good.png"]`), "Images: did you mean images?"},
		{messages(`, "img": "good.png"`), "img: did you mean image?"},
		{messages(`, "img": null`), ""},
		{messages(`, "source": "x"`), ""},
		{messages(`, "image": "good.png", "img": "x"`), ""},
		{talk("hi", `, "imgae": "good.png"`), ""},
		{`{"text": "<image> hi", "imgae": "good.png"}`, ""},
	} {
		if err := os.WriteFile(path, []byte(c.object), 0o666); err != nil {
			t.Fatal(err)
		}
		o := seeingOptions(100)
		_, err := Prepare([]string{path}, t.TempDir(), o)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), path+":1: "+c.want)) {
			t.Errorf("%s: %v, want %q", c.object, err, c.want)
		}
		o.Vision = nil
		if _, err := Prepare([]string{path}, t.TempDir(), o); c.want != "" && err != nil {
			t.Errorf("%s, of a model that does not see: %v", c.object, err)
		}
	}
}
