package terminal

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// session is a conversation, and how it goes on.
type session struct {
	model    Model
	name     string
	system   string
	messages []chat.Message // of the user and the assistant in turn
	settings polymath.GenerateOptions
	images   []chat.Image // that go with the next message
	file     string       // kept up to date; empty: none
	reading  func(*polymath.Progress)
}

// newSession begins a conversation, or goes on with the one in o.File.
func newSession(m Model, o Options) (*session, error) {
	s := &session{model: m, name: o.Name, system: o.System, settings: o.Settings, file: o.File, reading: o.Reading}
	if o.File == "" {
		return s, nil
	}
	if err := s.load(o.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if o.System != "" {
		s.system = o.System
	}
	for _, name := range o.Explicit {
		if setting := findSetting(name); setting != nil {
			if err := setting.set(&s.settings, setting.get(&o.Settings)); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// conversation is what the model is given.
func (s *session) conversation() chat.Conversation {
	var c chat.Conversation
	if s.system != "" {
		c.Messages = append(c.Messages, chat.Text(chat.System, s.system))
	}
	c.Messages = append(c.Messages, s.messages...)
	return c
}

// say adds a message with the images that were attached, and begins its answers at
// the first choice.
func (s *session) say(text string) {
	m := chat.Message{Role: chat.User}
	for i := range s.images {
		m.Content = append(m.Content, chat.Part{Image: &s.images[i]})
	}
	m.Content = append(m.Content, chat.Part{Text: text})
	s.messages, s.images = append(s.messages, m), nil
	s.settings.Choice = 0
}

// answered adds the model's answer and writes the file, if there is one.
func (s *session) answered(text string) error {
	s.messages = append(s.messages, chat.Text(chat.Assistant, text))
	return s.keep()
}

// clear begins a new conversation, in the file too: what was cleared does not come back
// with it.
func (s *session) clear() error {
	s.messages, s.images = nil, nil
	s.settings.Choice = 0
	return s.keep()
}

// keep brings the file up to date, if there is one.
func (s *session) keep() error {
	if s.file == "" {
		return nil
	}
	return s.save(s.file)
}

// unsay takes the last message of the user back, with its answer if there is
// one, and returns it; false if there is none.
func (s *session) unsay() (m chat.Message, ok bool) {
	for i := len(s.messages) - 1; i >= 0; i-- {
		if s.messages[i].Role == chat.User {
			m = s.messages[i]
			s.messages = s.messages[:i:i]
			return m, true
		}
	}
	return m, false
}

// again forgets the last answer so that there is another; false if there was
// nothing to answer.
func (s *session) again() bool {
	m, ok := s.unsay()
	if !ok {
		return false
	}
	s.messages = append(s.messages, m)
	s.settings.Choice++
	return true
}

// tokens counts those of the conversation.
func (s *session) tokens() (used, window int, err error) {
	window = s.model.ContextWindow()
	if len(s.messages) == 0 && s.system == "" {
		return 0, window, nil
	}
	used, err = s.model.CountTokens(s.conversation())
	return used, window, err
}

func textOf(m chat.Message) string {
	text := ""
	for _, p := range m.Content {
		text += p.Text
	}
	return text
}

// piece is a piece of an answer.
type piece struct {
	text    string
	tokens  int
	reading *polymath.Progress // alone
	at      time.Time
	finish  string // in the last one
	err     error
}

// answer streams the answer to what was said.
func (s *session) answer(ctx context.Context) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		o := polymath.ChatOptions{GenerateOptions: s.settings}
		o.Progress = true
		for chunk, err := range s.model.ChatStream(ctx, s.conversation(), o) {
			p := piece{at: time.Now(), tokens: len(chunk.Tokens), reading: chunk.Progress, finish: chunk.Finish, err: err}
			for _, e := range chunk.Events {
				p.text += e.Content
			}
			if !yield(p) {
				return
			}
		}
	}
}
