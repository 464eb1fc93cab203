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
	Role    chat.Role `json:"role"`
	Content string    `json:"content"`
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
		saved.Messages = append(saved.Messages, savedMessage{m.Role, textOf(m)})
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(saved); err != nil {
		return err
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
	case m.Role == chat.System && len(s.messages) == 0 && s.system == "" && m.Content != "":
		s.system = m.Content
		return nil
	case m.Role != want:
		return fmt.Errorf("role %q where %q comes next", m.Role, want)
	}
	s.messages = append(s.messages, chat.Text(m.Role, m.Content))
	return nil
}
