package tensor

import (
	"bytes"
	"strings"
)

// foreignFiles are the beginnings of files that people take for models' weights.
var foreignFiles = []struct{ begin, what string }{
	{"PK\x03\x04", pickle},
	{"\x80\x02", pickle},
	{"\x80\x03", pickle},
	{"\x80\x04", pickle},
	{"\x80\x05", pickle},
	{"version https://git-lfs", "this is a Git LFS pointer, the file itself was not downloaded: run `git lfs pull` where it came from"},
	{"GGUF", "this is a GGUF file: name the file itself, ending in .gguf"},
	{"\x89HDF\r\n", "this is an HDF5 file; convert it to safetensors first"},
	{"lmgg", oldGGML},
	{"fmgg", oldGGML},
	{"tjgg", oldGGML},
	{"<!doctype html", webPage},
	{"<html", webPage},
}

const (
	pickle = "this is a PyTorch pickle; convert it to safetensors first, in Python with " +
		"safetensors.torch.save_file(torch.load(file, weights_only=True), \"model.safetensors\")"
	oldGGML = "this is a GGML file from before GGUF; get the model as GGUF or safetensors"
	webPage = "this is a web page: the download went wrong, or needs you to log in"
)

// longestBegin is how much of a file Foreign looks at.
const longestBegin = 32

// Foreign returns what a file that begins with data really is, and what to do,
// where it is known and holds weights in a form that is not read, or no weights;
// "" otherwise. A file of safetensors is not foreign.
func Foreign(data []byte) string {
	data = data[:min(len(data), longestBegin)]
	if len(data) > 8 && data[8] == '{' {
		return "" // the length of a header of safetensors may begin as anything
	}
	text := strings.ToLower(string(bytes.TrimLeft(data, "\xef\xbb\xbf \r\n")))
	for _, f := range foreignFiles {
		if strings.HasPrefix(string(data), f.begin) || f.what == webPage && strings.HasPrefix(text, f.begin) {
			return f.what
		}
	}
	return ""
}
