package modelfile

import (
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// Template loads the chat template of the model at path. A model without one
// has chat.Default. Errors name the file.
func Template(path string) (*chat.Template, error) {
	dir, file, err := locate(path)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		return chat.Load(dir)
	}
	f, err := gguf.Open(file)
	if err != nil {
		return nil, err
	}
	t, err := ggufTemplate(file, f.Metadata())
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return t, err
}

// ggufTemplate parses the template in a file's metadata.
func ggufTemplate(path string, meta *gguf.Metadata) (*chat.Template, error) {
	source, err := meta.String(keyTemplate)
	if errors.Is(err, gguf.ErrMissing) {
		return chat.Default(), nil
	}
	if err != nil {
		return nil, err
	}
	v, err := vocabulary(meta)
	if err != nil {
		return nil, err
	}
	text := func(id int32) string {
		if id < 0 || int(id) >= len(v.Tokens) {
			return ""
		}
		return v.Tokens[id]
	}
	o := chat.JinjaOptions{Name: path + ": " + keyTemplate, BOS: text(v.BOS), EOS: text(v.EOS), Variables: map[string]string{}}
	if s := text(v.Unknown); s != "" {
		o.Variables["unk_token"] = s
	}
	if s := text(v.Padding); s != "" {
		o.Variables["pad_token"] = s
	}
	if o.Tools, err = meta.String(keyTemplate + ".tool_use"); err != nil && !errors.Is(err, gguf.ErrMissing) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return chat.Jinja(source, o)
}
