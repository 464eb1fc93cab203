package conversation

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

var seeingTokenizer = sync.OnceValue(func() *tokenizer.Tokenizer {
	t, err := testTokenizer().WithSpecial(chat.ImageToken)
	if err != nil {
		panic(err)
	}
	return t
})

// testVision makes 4 tokens of a view of 8 pixels, and up to 5 views of a picture.
func testVision() *vision.Config {
	c := vision.Default()
	c.ImageSize, c.PatchSize, c.HiddenSize, c.IntermediateSize, c.NumLayers, c.NumHeads = 8, 4, 8, 16, 1, 2
	c.Box, c.Short = 16, 16
	id, _ := seeingTokenizer().Special(chat.ImageToken)
	c.ImageTokenID = int(id)
	return &c
}

func seeingOptions(most int) Options {
	t := seeingTokenizer()
	return Options{
		Encoder: Encoder{Tokenizer: t, Template: chat.Default(), Begin: []int32{t.EOS()}, End: t.EOS()},
		Vision:  testVision(), MaxTokens: most, TooLong: Cut,
	}
}

// testPNG is a picture of one color.
func testPNG(side int, shade uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, side, side))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	m.SetGray(0, 0, color.Gray{shade + 1})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func dataURL(data []byte) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data)
}

// prepared is what became of objects: the shards and the report.
func prepare(t *testing.T, dir string, o Options, objects ...string) (*shard.Set, *Report) {
	t.Helper()
	path := filepath.Join(dir, "data.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(objects, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	r, err := Prepare([]string{path}, out, o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := shard.OpenSet(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, r
}

// spelled writes a document with [n] for a run of n image tokens.
func spelled(s *shard.Set, doc int64) string {
	var b strings.Builder
	run := 0
	for _, id := range append(s.Doc(nil, doc), -1) {
		if int(id) == testVision().ImageTokenID {
			run++
			continue
		}
		if run > 0 {
			fmt.Fprintf(&b, "[%d]", run)
			run = 0
		}
		if id >= 0 {
			b.WriteString(seeingTokenizer().Decode([]int32{id}))
		}
	}
	return b.String()
}

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
	for object, want := range map[string]struct {
		text     string
		pictures [][]byte
	}{
		messages(`[{"type": "image_url", "image_url": {"url": "a.png"}}, {"type": "text", "text": "hi"}]`) + `}`:                                            {user("[4]\nhi"), [][]byte{small}},
		messages(`[{"type": "image_url", "image_url": {"url": "sub/b.png"}}, {"type": "text", "text": "hi"}]`) + `}`:                                        {user("[20]\nhi"), [][]byte{large}},
		messages(`[{"type": "image_url", "image_url": {"url": "sub/b.png", "detail": "low"}}, {"type": "text", "text": "hi"}]`) + `}`:                       {user("[4]\nhi"), [][]byte{large}},
		messages(`[{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": "`+dataURL(small)+`"}]`) + `}`:                                        {user("hi\n[4]"), [][]byte{small}},
		messages(`[{"type": "image", "image": "a.png"}, {"type": "image", "path": "sub/b.png", "detail": "low"}, {"type": "image", "url": "a.png"}]`) + `}`: {user("[4]\n[4]\n[4]"), [][]byte{small, large, small}},
		messages(`[{"type": "image"}, {"type": "text", "text": "a <image> b"}, {"type": "image"}]`) + `, "images": ["a.png", {"path": "sub/b.png"}]}`:       {user("[4]\na <image> b\n[20]"), [][]byte{small, large}},
		messages(`"<image>\nhi"`) + `, "images": ["a.png"]}`:                                                                                                {user("[4]\nhi"), [][]byte{small}},
		messages(`"hi"`) + `, "image": {"bytes": "` + base64.StdEncoding.EncodeToString(small) + `", "path": "gone.png"}}`:                                  {user("[4]\nhi"), [][]byte{small}},
		messages(`"hi"`) + `, "image": {"bytes": null, "path": "a.png"}}`:                                                                                   {user("[4]\nhi"), [][]byte{small}},
		messages(`"a <image> b"`) + `, "image": null, "images": []}`:                                                                                        {user("a <image> b"), nil},
		fmt.Sprintf(sharegpt, `<image>\nhi`) + `, "image": "a.png"}`:                                                                                        {strings.Replace(user("[4]\nhi"), "ho<", "ho <image><", 1), [][]byte{small}},
		fmt.Sprintf(sharegpt, `first\n<image>\nthen <image>`) + `, "images": ["a.png", "sub/b.png"]}`:                                                       {strings.Replace(user("first\n[4]\nthen \n[20]"), "ho<", "ho <image><", 1), [][]byte{small, large}},
		fmt.Sprintf(sharegpt, `hi`) + `, "image": ["a.png", "a.png"]}`:                                                                                      {strings.Replace(user("[4]\n[4]\nhi"), "ho<", "ho <image><", 1), [][]byte{small, small}},
		`{"instruction": "hi", "input": "<image>", "output": "ho", "images": "a.png"}`:                                                                      {user("hi\n\n[4]"), [][]byte{small}},
		`{"text": "one <image> two<image>", "images": ["a.png", "a.png"]}`:                                                                                  {end + "one [4] two[4]" + end, [][]byte{small, small}},
		`{"text": "one", "image": "a.png"}`:                                                                                {end + "[4]one" + end, [][]byte{small}},
		`{"text": "one <image> two"}`:                                                                                      {end + "one <image> two" + end, nil},
		`{"prompt": "<image>is", "completion": " two", "images": ["a.png"]}`:                                               {end + "[4]is two" + end, [][]byte{small}},
		`{"prompt": "what is", "completion": " two", "images": ["a.png"]}`:                                                 {end + "[4]what is two" + end, [][]byte{small}},
		`{"prompt": "", "completion": "<image> two", "images": ["` + filepath.ToSlash(filepath.Join(dir, "a.png")) + `"]}`: {end + "[4] two" + end, [][]byte{small}},
		`{"messages": [{"role": "system", "content": "<image>"}, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}], "images": "a.png"}`:                                                 {"<|im_start|>system\n<image><|im_end|>\n" + user("[4]\nhi"), [][]byte{small}},
		`{"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}, {"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": "a.png"}}, {"type": "text", "text": "ho"}]}]}`: {"", [][]byte{small}},
	} {
		s, r := prepare(t, dir, seeingOptions(200), object)
		if got := spelled(s, 0); want.text != "" && got != want.text {
			t.Errorf("%s:\ngot  %q\nwant %q", object, got, want.text)
		}
		pictures := s.Pictures(nil, 0)
		same := len(pictures) == len(want.pictures) && r.Pictures == len(pictures) && len(r.Ignored) <= 1
		for i := range min(len(pictures), len(want.pictures)) {
			same = same && bytes.Equal(pictures[i].Data, want.pictures[i])
		}
		if !same {
			t.Errorf("%s: %d pictures, want %d, report %+v", object, len(pictures), len(want.pictures), r)
		}
		checkMask(t, s)
	}
}

// checkMask: no image token is a target, in any row.
func checkMask(t *testing.T, s *shard.Set) {
	t.Helper()
	o := shard.NewOrder(s, 200, 1)
	var row shard.Row
	for i := range o.Rows() {
		o.Row(i, &row)
		if slices.Contains(row.Targets, int32(testVision().ImageTokenID)) {
			t.Error("an image token is a target")
		}
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

// TestCutPictures: documents that are too long are cut before a picture and never
// within; those of a text go on after it, and no token is lost.
func TestCutPictures(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.png"), testPNG(8, 1), 0o666); err != nil {
		t.Fatal(err)
	}
	text := `{"text": "the answer <image> is the number<image><image> and the number <image> is the answer", "images": ["a.png", "a.png", "a.png", "a.png"]}`
	talk := `{"messages": [{"role": "user", "content": "<image>"}, {"role": "assistant", "content": "ho"}, {"role": "user", "content": "hi <image> again <image>"}, {"role": "assistant", "content": "so"}], "images": ["a.png", "a.png", "a.png"]}`
	whole, _ := prepare(t, dir, seeingOptions(1000), text)
	all := whole.Doc(nil, 0)
	for most := 10; most < 60; most++ {
		s, r := prepare(t, dir, seeingOptions(most), text)
		var targets []int32
		for doc := range s.NumDocs() {
			tokens := s.Doc(nil, doc)
			if len(tokens) > most+1 {
				t.Errorf("rows of %d: a document of %d tokens", most, len(tokens))
			}
			targets = append(targets, tokens[1:]...)
		}
		if !slices.Equal(targets, all[1:]) || r.Pictures != 4 || r.ImageTokens != 16 {
			t.Errorf("rows of %d: %d targets of %d, %+v", most, len(targets), len(all)-1, r)
		}
		checkMask(t, s)
		o := seeingOptions(most)
		path := filepath.Join(dir, "talk.jsonl")
		if err := os.WriteFile(path, []byte(talk+"\n"+text), 0o666); err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		if r, err := Prepare([]string{path}, out, o); err != nil || r.CutShort+r.Dropped+r.Split < 1 && most < 40 {
			t.Fatalf("rows of %d: %+v, %v", most, r, err)
		}
		again, err := shard.OpenSet(out) // which checks the runs
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
	}
	// Without an end of text, pictures at the end have nothing after them.
	o := seeingOptions(100)
	o.End = -1
	if s, _ := prepare(t, dir, o, `{"text": "the answer<image> <image>", "images": ["a.png", "a.png"]}`); strings.HasSuffix(spelled(s, 0), "]") || len(s.Pictures(nil, 0)) != 1 {
		t.Errorf("%q", spelled(s, 0))
	}
}

// TestDrawn: a set that corpus draw makes is taken as it is, and its pictures are
// those of the files, whether beside the lines or in them.
func TestDrawn(t *testing.T) {
	want := map[string]bool{}
	for _, inline := range []bool{false, true} {
		dir := t.TempDir()
		set := draw.SetOptions{Kinds: draw.Kinds(), Number: 40, Seed: 3, Inline: inline}
		set.Size = 64
		if _, err := draw.Write(t.Context(), dir, set); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if err != nil || len(files) != 2 {
			t.Fatal(files, err)
		}
		if !inline {
			err := filepath.WalkDir(filepath.Join(dir, "images"), func(path string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					var data []byte
					data, err = os.ReadFile(path)
					want[string(data)] = true
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		out := t.TempDir()
		o := seeingOptions(2000)
		o.Vision.ImageSize, o.Vision.PatchSize, o.Vision.Box, o.Vision.Short = 64, 16, 0, 0
		r, err := Prepare(files, out, o)
		if err != nil {
			t.Fatal(err)
		}
		s, err := shard.OpenSet(out)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got := map[string]bool{}
		for doc := range s.NumDocs() {
			for _, p := range s.Pictures(nil, doc) {
				got[string(p.Data)] = true
				if _, err := picture.Decode(p.Data, PictureLimits()); err != nil {
					t.Error(err)
				}
			}
		}
		if r.Examples != 40 || r.Pictures != 40 || len(got) != len(want) {
			t.Errorf("inline %v: %+v, %d pictures of %d", inline, r, len(got), len(want))
		}
		for data := range want {
			if !got[data] {
				t.Errorf("inline %v: a picture is missing", inline)
				break
			}
		}
	}
}

// TestViews: of pictures with far more pixels than are seen the shards have the
// views, of which the patches are those of the file, kept in memory or made again.
func TestViews(t *testing.T) {
	dir := t.TempDir()
	cfg := testVision()
	var objects []string
	var files [][]byte
	for i, side := range []int{8, 16, 35, 36, 60, 61, 200} {
		data := testPNG(side, uint8(i))
		files = append(files, data)
		objects = append(objects, `{"text": "x", "image": "`+dataURL(data)+`"}`)
	}
	s, r := prepare(t, dir, seeingOptions(100), objects...)
	stored := 0
	for doc, file := range files {
		p := s.Pictures(nil, int64(doc))[0]
		in, err := cfg.Read(file, picture.Auto, PictureLimits())
		if err != nil {
			t.Fatal(err)
		}
		got, pixels, err := ReadPicture(cfg, p.Data, picture.Auto)
		_, tokens, errM := MeasurePicture(cfg, p.Data, picture.Auto)
		if err != nil || errM != nil || !slices.Equal(got, in.Patches) || tokens != in.Tokens || p.Tokens != tokens {
			t.Errorf("document %d: other patches than of the file: %v, %v", doc, err, errM)
		}
		if isViews(p.Data) {
			stored++
			if int(pixels)*shrunk > in.Width*in.Height {
				t.Errorf("document %d: views of %d pixels of %d x %d", doc, pixels, in.Width, in.Height)
			}
			x := &Picture{Data: file}
			seen, err := x.look(dir, cfg)
			if err != nil {
				t.Fatal(err)
			}
			seen.stored = nil
			if again, err := x.again(dir, cfg, seen); err != nil || !bytes.Equal(again, p.Data) {
				t.Errorf("document %d: made again it differs: %v", doc, err)
			}
		} else if !bytes.Equal(p.Data, file) {
			t.Errorf("document %d has another file", doc)
		}
	}
	if stored != 4 || r.Shrunk != 4 { // 5 views of 8 x 8 are 320 pixels, a quarter of 1280
		t.Errorf("%d are stored as views, %+v", stored, r)
	}
	other := testVision()
	other.ImageSize = 16
	p := s.Pictures(nil, 6)[0]
	for name, data := range map[string][]byte{"cut": p.Data[:len(p.Data)-1], "head": p.Data[:viewsHeader], "none": append([]byte(viewsMagic), 8, 0, 0, 0, 0, 0, 0, 0)} {
		if _, _, err := ReadPicture(cfg, data, picture.Auto); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, _, err := MeasurePicture(other, p.Data, picture.Auto); err == nil || !strings.Contains(err.Error(), "make the shards again") {
		t.Error(err)
	}
}

// TestOnePictureOneSide: documents about one picture are on one side of a split.
func TestOnePictureOneSide(t *testing.T) {
	dir := t.TempDir()
	var objects []string
	for i := range 60 {
		name := fmt.Sprintf("%d.png", i%12)
		if err := os.WriteFile(filepath.Join(dir, name), testPNG(8, uint8(20*(i%12))), 0o666); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, fmt.Sprintf(`{"prompt": "what is %d?<image>", "completion": " it", "images": [%q]}`, i, name))
		objects = append(objects, fmt.Sprintf(`{"prompt": "is it %d?", "completion": " it is", "images": [%q], "group": "g%d"}`, i, name, i%20))
	}
	s, r := prepare(t, dir, seeingOptions(100), objects...)
	_, held := s.Split(0.4)
	sides := map[[32]byte]bool{}
	ids := map[shard.ID]bool{}
	groups := map[int64]bool{}
	for doc := range s.NumDocs() {
		ids[s.ID(doc)] = true
		if doc%2 == 1 {
			group := doc / 2 % 20
			if side, seen := groups[group]; seen && side != held.Holds(doc) {
				t.Errorf("group %d is on both sides", group)
			}
			groups[group] = held.Holds(doc)
			continue
		}
		sum := sha256.Sum256(s.Pictures(nil, doc)[0].Data)
		if side, seen := sides[sum]; seen && side != held.Holds(doc) {
			t.Errorf("a picture is on both sides")
		}
		sides[sum] = held.Holds(doc)
	}
	if len(sides) != 12 || len(groups) != 20 || len(ids) != 120 || held.Docs() == 0 || held.Docs() == 120 || len(r.Ignored) > 0 {
		t.Errorf("%d pictures, %d groups, %d names, %d held out, %v", len(sides), len(groups), len(ids), held.Docs(), r.Ignored)
	}
}

// TestPicturesDisk: a disk that fails is an error and leaves no set.
func TestPicturesDisk(t *testing.T) {
	path := writeFile(t, `{"text": "x", "image": "`+dataURL(testPNG(8, 1))+`"}`)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if _, err := Prepare([]string{path}, t.TempDir(), seeingOptions(50)); err != nil {
		t.Fatal(err)
	}
	for op, name := range disk.Log() {
		disk.FailOp(op, syscall.ENOSPC)
		if _, err := Prepare([]string{path}, t.TempDir(), seeingOptions(50)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s (operation %d): %v", name, op, err)
		}
	}
}
