package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// maxFileBytes bounds what is read of a saved conversation.
const maxFileBytes = 64 << 20

// fileFormat is what a saved conversation calls itself.
const fileFormat = "polymath-chat"

// savedChat is a conversation in a file.
type savedChat struct {
	Format   string                 `json:"format"`
	Version  int                    `json:"version"`
	Model    string                 `json:"model,omitempty"`
	Settings map[string]json.Number `json:"settings,omitempty"` // by the names of /set
	Messages []savedMessage         `json:"messages"`
}

// savedMessage has the shape of OpenAI's API.
type savedMessage struct {
	Role    chat.Role    `json:"role"`
	Content savedContent `json:"content"`
}

// savedContent is text, or a list of parts where it is not one text.
type savedContent []chat.Part

type savedPart struct {
	Type  string      `json:"type"`
	Text  string      `json:"text,omitempty"`
	Image *savedImage `json:"image_url,omitempty"`
}

type savedImage struct {
	URL string `json:"url"`
}

// MarshalJSON writes the simplest form.
func (c savedContent) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if len(c) == 1 && c[0].Image == nil {
		err := encoder.Encode(c[0].Text)
		return b.Bytes(), err
	}
	parts := []savedPart{}
	for _, p := range c {
		if p.Image != nil {
			parts = append(parts, savedPart{Type: "image_url", Image: &savedImage{p.Image.URL}})
		} else {
			parts = append(parts, savedPart{Type: "text", Text: p.Text})
		}
	}
	err := encoder.Encode(parts)
	return b.Bytes(), err
}

// UnmarshalJSON reads either form.
func (c *savedContent) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		var text string
		err := json.Unmarshal(data, &text)
		*c = savedContent{{Text: text}}
		return err
	}
	var parts []savedPart
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&parts); err != nil {
		return err
	}
	*c = nil
	for i, p := range parts {
		switch {
		case p.Type == "text" && p.Image == nil:
			*c = append(*c, chat.Part{Text: p.Text})
		case p.Type == "image_url" && p.Text == "" && p.Image != nil:
			*c = append(*c, chat.Part{Image: &chat.Image{URL: p.Image.URL}})
		default:
			return fmt.Errorf("part %d is neither text nor an image", i)
		}
	}
	return nil
}

// save writes the conversation, whole or not at all.
func (s *session) save(path string) error {
	saved := savedChat{
		Format: fileFormat, Version: 1, Model: s.name,
		Settings: map[string]json.Number{}, Messages: []savedMessage{},
	}
	for _, setting := range settings {
		saved.Settings[setting.name] = json.Number(setting.get(&s.settings))
	}
	for _, m := range s.conversation().Messages {
		saved.Messages = append(saved.Messages, savedMessage{m.Role, m.Content})
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(saved); err != nil {
		return err
	}
	if b.Len() > maxFileBytes {
		return fmt.Errorf("%s: a conversation of more than %d MiB, images included, cannot be kept", path, maxFileBytes>>20)
	}
	_, err := atomicfile.WriteBytes(path, b.Bytes())
	return err
}

// load takes the conversation of a file in the place of this one. An error
// leaves this one as it is.
func (s *session) load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return err
	}
	if err := s.decode(data); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// decode reads a saved conversation.
func (s *session) decode(data []byte) error {
	if len(data) > maxFileBytes {
		return fmt.Errorf("a conversation of more than %d MiB", maxFileBytes>>20)
	}
	var saved savedChat
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&saved); err != nil {
		return fmt.Errorf("no saved conversation: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("no saved conversation: there is more after its end")
	}
	if saved.Format != fileFormat || saved.Version != 1 {
		return fmt.Errorf(`no saved conversation: "format" must be %q and "version" 1`, fileFormat)
	}
	read := session{settings: s.settings}
	for i, m := range saved.Messages {
		if err := read.append(m); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	for name, value := range saved.Settings {
		setting := findSetting(name)
		if setting == nil {
			return fmt.Errorf("setting %q is not known", name)
		}
		if err := setting.set(&read.settings, value.String()); err != nil {
			return err
		}
	}
	s.system, s.messages, s.settings = read.system, read.messages, read.settings
	return nil
}

// append adds a message of a file: the system's first, and then the user's and
// the assistant's in turn.
func (s *session) append(m savedMessage) error {
	want := chat.User
	if n := len(s.messages); n > 0 && s.messages[n-1].Role == chat.User {
		want = chat.Assistant
	}
	switch {
	case m.Role == chat.System && len(s.messages) == 0 && s.system == "" && m.system() != "":
		s.system = m.system()
		return nil
	case m.Role != want:
		return fmt.Errorf("role %q where %q comes next", m.Role, want)
	}
	if len(m.Content) == 0 {
		m.Content = savedContent{{}}
	}
	s.messages = append(s.messages, chat.Message{Role: m.Role, Content: m.Content})
	return nil
}

// system is the text of a system message; empty where it is more.
func (m *savedMessage) system() string {
	if len(m.Content) != 1 {
		return ""
	}
	return m.Content[0].Text
}
