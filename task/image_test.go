package task

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const imageTask = `
method: generate
data: {files: [set/w.jsonl]}
prompt: What is it?
images: ['set/{{.picture}}', '{{if has "more" .}}{{.more}}{{end}}']
answer: dot
grader: exact
`

// png is a picture of one pixel.
const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU" +
	"\x00\x00\x00\nIDATx\x9cc\xf8\x0f\x00\x01\x01\x01\x00\xb18\xf6\x14\x00\x00\x00\x00IEND\xaeB`\x82"

func TestImages(t *testing.T) {
	data := dir(t, "set/w.jsonl", `{"picture": "a/b.png"}`+"\n", "set/a/b.png", png)
	task := parsed(t, imageTask)
	items, err := task.Load(LoadOptions{DataDir: data, Shots: 3})
	if err != nil {
		t.Fatal(err)
	}
	item := items[0]
	if len(item.Images) != 1 || item.Images[0] != filepath.Join(data, "set", "a", "b.png") || item.Shots != nil {
		t.Fatalf("%+v", item)
	}
	c, err := item.Conversation()
	if err != nil {
		t.Fatal(err)
	}
	parts := c.Messages[0].Content
	if len(parts) != 2 || parts[0].Image.URL != "data:image/png;base64,"+base64.StdEncoding.EncodeToString([]byte(png)) || parts[1].Text != "What is it?" {
		t.Errorf("%+v", parts)
	}
	elsewhere := dir(t, "set/w.jsonl", `{"picture": "a/b.png"}`+"\n", "set/a/b.png", png)
	moved, err := task.Load(LoadOptions{DataDir: elsewhere})
	if err != nil || task.Hash(items) != task.Hash(moved) {
		t.Errorf("the hash hangs on where the data are: %v", err)
	}
	if err := os.WriteFile(filepath.Join(elsewhere, "set/a/b.png"), []byte(png+"x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if moved, err = task.Load(LoadOptions{DataDir: elsewhere}); err != nil || task.Hash(items) == task.Hash(moved) {
		t.Errorf("another picture has the same hash: %v", err)
	}
	if err := os.Remove(item.Images[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := item.Conversation(); err == nil || !strings.Contains(err.Error(), "b.png") {
		t.Errorf("a picture that is gone: %v", err)
	}
}

// TestImagesStayBelow says that no row leads out of its data set.
func TestImagesStayBelow(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	outside := dir(t, "secret.png", png)
	for row, want := range map[string]string{
		`{"picture": "../../secret.png"}`:                 "is not below the data directory",
		`{"picture": "a.png", "more": "/etc/passwd"}`:     "is not below the data directory",
		`{"picture": "a.png", "more": "./a.png"}`:         "the task is not read from one",
		`{"picture": "none.png"}`:                         "no such file",
		`{"picture": "link.png"}`:                         "escapes",
		`{"picture": "a.png", "more": "set"}`:             "it is no file",
		`{"picture": "out/secret.png"}`:                   "escapes",
		`{"picture": "a\\b.png"}`:                         "with slashes",
		`{"picture": "w.jsonl"}`:                          "no image of a known format",
		`{"picture": "a.bmp"}`:                            "BMP is not accepted",
		`{"picture": "cut.png"}`:                          "cannot be decoded",
		`{"picture": null}`:                               "a value is null",
		`{"picture": "a.png", "more": "linked/deep.png"}`: "",
	} {
		data := dir(t, "set/w.jsonl", row, "set/a.png", png, "set/a.bmp", "BM\x3a\x00", "set/cut.png", png[:20])
		for link, to := range map[string]string{
			"set/link.png": filepath.Join(outside, "secret.png"), "set/out": outside, "linked": dir(t, "deep.png", png),
		} {
			if err := os.Symlink(to, filepath.Join(data, link)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := parsed(t, imageTask).Load(LoadOptions{DataDir: data})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "w.jsonl: line 1")) {
			t.Errorf("%s: %v, want %s", row, err, want)
		}
	}
}

// TestShotsStayBelow says the same of files with examples.
func TestShotsStayBelow(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	const shotsTask = `
method: generate
data: {files: [set/w.jsonl]}
prompt: What is it?
few_shot: {file: 'set/{{.examples}}'}
answer: dot
grader: exact
`
	outside := dir(t, "secret.txt", "the key")
	for row, want := range map[string]string{
		`{"examples": "a.txt"}`:          "",
		`{"examples": "same.txt"}`:       "",
		`{"examples": "link.txt"}`:       "escapes",
		`{"examples": "out/secret.txt"}`: "escapes",
		`{"examples": "../../secret"}`:   "is not below the data directory",
		`{"examples": "none.txt"}`:       "no such file",
		`{"examples": "dir"}`:            "it is no file",
	} {
		data := dir(t, "set/w.jsonl", row, "set/a.txt", "Examples", "set/dir/x", "")
		for link, to := range map[string]string{"link.txt": filepath.Join(outside, "secret.txt"), "out": outside, "same.txt": "a.txt"} {
			if err := os.Symlink(to, filepath.Join(data, "set", link)); err != nil {
				t.Fatal(err)
			}
		}
		items, err := parsed(t, shotsTask).Load(LoadOptions{DataDir: data, Shots: -1})
		if want == "" && (err != nil || items[0].Lead != "Examples") || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "w.jsonl: line 1")) {
			t.Errorf("%s: %v, want %s", row, err, want)
		}
	}
}
