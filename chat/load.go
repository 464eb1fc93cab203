package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// maxConfig bounds the files that Load reads.
const maxConfig = 32 << 20

const (
	configFile = "tokenizer_config.json"
	jinjaFile  = "chat_template.jinja"
	jsonFile   = "chat_template.json"
)

// Load reads the template of the model in a directory: chat_template.jinja,
// else chat_template.json, else chat_template in tokenizer_config.json, which
// also says what bos_token and eos_token are. Where there are several, the one
// named default is taken, and tool_use for conversations with tools. A
// directory without any has Default. Errors name the file.
func Load(dir string) (*Template, error) {
	source, o, err := find(dir)
	if err != nil {
		return nil, err
	}
	if source == "" {
		return Default(), nil
	}
	return Jinja(source, o)
}

// Source returns the text of the template that Load reads, and of the one for
// conversations with tools; empty where there is none.
func Source(dir string) (template, tools string, err error) {
	source, o, err := find(dir)
	return source, o.Tools, err
}

// find returns the text of the directory's template, empty without one.
func find(dir string) (source string, o JinjaOptions, err error) {
	config, err := readConfig(filepath.Join(dir, configFile))
	if err != nil {
		return "", o, err
	}
	o = config.options()
	text, err := atomicfile.ReadSmall(filepath.Join(dir, jinjaFile), maxConfig)
	if err == nil {
		o.Name = filepath.Join(dir, jinjaFile)
		return string(text), o, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", o, err
	}
	return findListed(dir, config, o)
}

// findListed takes the template of chat_template.json or of the config.
func findListed(dir string, config *tokenizerConfig, o JinjaOptions) (string, JinjaOptions, error) {
	name := jsonFile
	other, err := readConfig(filepath.Join(dir, jsonFile))
	if err != nil {
		return "", o, err
	}
	templates := other.Templates
	if len(templates) == 0 {
		name, templates = configFile, config.Templates
	}
	if len(templates) == 0 {
		return "", o, nil
	}
	o.Name = filepath.Join(dir, name)
	o.Tools = templates["tool_use"]
	source, ok := templates["default"]
	if !ok {
		if len(templates) > 1 || o.Tools != "" {
			return "", o, fmt.Errorf("%s: chat_template has several templates, and none is named default", o.Name)
		}
		for _, only := range templates {
			source = only
		}
	}
	return source, o, nil
}

// tokenizerConfig is what matters here of tokenizer_config.json.
type tokenizerConfig struct {
	Templates templateList `json:"chat_template"`
	BOS       tokenText    `json:"bos_token"`
	EOS       tokenText    `json:"eos_token"`
	Unknown   tokenText    `json:"unk_token"`
	Pad       tokenText    `json:"pad_token"`
}

// readConfig reads a file that need not exist.
func readConfig(path string) (*tokenizerConfig, error) {
	data, err := atomicfile.ReadSmall(path, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return &tokenizerConfig{}, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func parseConfig(data []byte) (*tokenizerConfig, error) {
	c := &tokenizerConfig{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *tokenizerConfig) options() JinjaOptions {
	o := JinjaOptions{BOS: string(c.BOS), EOS: string(c.EOS), Variables: map[string]string{}}
	if c.Unknown != "" {
		o.Variables["unk_token"] = string(c.Unknown)
	}
	if c.Pad != "" {
		o.Variables["pad_token"] = string(c.Pad)
	}
	return o
}

// tokenText is a token as text, or as {"content": text}; null is none.
type tokenText string

// UnmarshalJSON reads either form.
func (t *tokenText) UnmarshalJSON(data []byte) error {
	var token struct {
		Content *string `json:"content"`
	}
	if bytes.HasPrefix(data, []byte("{")) {
		if err := json.Unmarshal(data, &token); err != nil {
			return err
		}
		if token.Content == nil {
			return errors.New("a token has no content")
		}
		*t = tokenText(*token.Content)
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

// templateList is the templates by name; one without a name is the default.
type templateList map[string]string

// UnmarshalJSON reads a text, or a list of {"name": …, "template": …}.
func (l *templateList) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(data, []byte("[")) {
		var one *string
		if err := json.Unmarshal(data, &one); err != nil {
			return fmt.Errorf("chat_template is neither text nor a list of templates: %w", err)
		}
		if one != nil {
			*l = templateList{"default": *one}
		}
		return nil
	}
	var list []struct{ Name, Template *string }
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("chat_template: %w", err)
	}
	*l = templateList{}
	for i, t := range list {
		if t.Name == nil || t.Template == nil {
			return fmt.Errorf("chat_template: item %d has no name or no template", i)
		}
		(*l)[*t.Name] = *t.Template
	}
	return nil
}
