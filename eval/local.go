package eval

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// LocalOptions describe a model in this process.
type LocalOptions struct {
	// Name is what it is called, Card what is known of it beside what the model says
	// of itself.
	Name string
	Card []CardLine
	// Chat puts items to be generated to it as conversations.
	Chat bool
	// Parallel is how many requests are worth while at once; 0 is 128.
	Parallel int
}

// Local returns a Subject of a model in this process. It must stay open.
func Local(m *polymath.Model, o LocalOptions) Subject {
	if o.Parallel == 0 {
		o.Parallel = localParallel
	}
	return &local{m: m, info: SubjectInfo{
		Name: o.Name, Fingerprint: m.Info().Fingerprint, Card: o.Card, ContextWindow: m.ContextWindow(),
		Chat: o.Chat, Deterministic: true, Parallel: o.Parallel,
	}}
}

// localParallel keeps the engine's batches full while choices of an item follow each
// other.
const localParallel = 128

type local struct {
	m    *polymath.Model
	info SubjectInfo
}

func (l *local) Info() SubjectInfo { return l.info }

func (l *local) Score(ctx context.Context, prompt, continuation string) (Score, error) {
	return scoreOf(l.m.ScoreContinuation(ctx, prompt, continuation))
}

// ScoreText scores in windows as lm-evaluation-harness does.
func (l *local) ScoreText(ctx context.Context, text string) (Score, error) {
	return scoreOf(l.m.ScoreText(ctx, text, 1))
}

func scoreOf(c polymath.Continuation, err error) (Score, error) {
	if errors.Is(err, polymath.ErrContextWindow) {
		return Score{}, fmt.Errorf("%w: %w", ErrWindow, err)
	}
	return Score{
		Logprob: c.Logprob, Greedy: c.Greedy, Tokens: tokenScores(c.Tokens), Cut: c.Cut,
		PromptTokens: c.Usage.PromptTokens, CachedTokens: c.Usage.CachedTokens,
	}, err
}

func tokenScores(tokens []polymath.Token) []TokenScore {
	scores := make([]TokenScore, len(tokens))
	for i, t := range tokens {
		scores[i] = TokenScore{Text: string(t.Bytes), Logprob: t.Logprob}
	}
	return scores
}

func (l *local) Generate(ctx context.Context, r Request) (Answer, error) {
	o := polymath.GenerateOptions{
		MaxTokens: r.MaxTokens, ShrinkToWindow: true, Temperature: float32(r.Temperature), TopP: float32(r.TopP),
		Seed: r.Seed, Stop: r.Stop, Logprobs: r.Logprobs, Format: formatOf(&r),
	}
	if r.Whole {
		return l.whole(ctx, &r, o)
	}
	if len(r.Conversation.Messages) > 0 {
		return l.chat(ctx, r.Conversation, o)
	}
	prompt, cut, err := l.fit(r.Prompt, o.MaxTokens)
	if err != nil {
		return Answer{}, err
	}
	result, err := l.m.Generate(ctx, prompt, o)
	return answerOf(result.Text, result.Tokens, result.Finish, result.Usage, cut, o.Logprobs), err
}

// formatOf holds the answer to what was asked for.
func formatOf(r *Request) polymath.Format {
	switch {
	case r.Schema != "":
		return polymath.Format{Kind: polymath.FormatSchema, Text: r.Schema}
	case len(r.Choices) > 0:
		quoted := make([]string, len(r.Choices))
		for i, c := range r.Choices {
			quoted[i] = regexp.QuoteMeta(c)
		}
		return polymath.Format{Kind: polymath.FormatRegex, Text: strings.Join(quoted, "|")}
	}
	return polymath.Format{}
}

func answerOf(text string, tokens []polymath.Token, finish string, u polymath.Usage, cut int, logprobs bool) Answer {
	a := Answer{
		Text: text, Full: finish == "length", Cut: cut,
		PromptTokens: u.PromptTokens, CachedTokens: u.CachedTokens, CompletionTokens: u.CompletionTokens,
	}
	if logprobs {
		a.Tokens = tokenScores(tokens)
	}
	return a
}

// room is how many tokens a prompt may have: what is asked for has room behind it, or
// half of the window.
func (l *local) room(maxTokens int) int {
	window := l.info.ContextWindow
	return window - min(max(1, maxTokens), max(1, window/2))
}

// fit returns a prompt that has room, less what was cut from its beginning.
func (l *local) fit(prompt string, maxTokens int) (shorter string, cut int, err error) {
	ids := l.m.Tokenize(prompt, false)
	if cut = len(ids) - l.room(maxTokens); cut <= 0 {
		return prompt, 0, nil
	}
	shorter, err = l.m.Detokenize(ids[cut:])
	return strings.ToValidUTF8(shorter, ""), cut, err // the cut may be inside a character
}

// chat answers a conversation. Of one that is too long the solved examples go first,
// the earliest before the others, and then the beginning of the question.
func (l *local) chat(ctx context.Context, c chat.Conversation, o polymath.GenerateOptions) (Answer, error) {
	if hasImages(&c) && !l.m.Sees() {
		return Answer{}, fmt.Errorf("%w: it sees no images", ErrUnsupported)
	}
	c, cut, err := l.shorten(c, o.MaxTokens)
	if err != nil {
		return Answer{}, err
	}
	result, err := l.m.Chat(ctx, c, polymath.ChatOptions{GenerateOptions: o})
	text := ""
	for _, p := range result.Message.Content {
		text += p.Text
	}
	return answerOf(text, result.Tokens, result.Finish, result.Usage, cut, o.Logprobs), err
}

func hasImages(c *chat.Conversation) bool {
	for i := range c.Messages {
		for _, p := range c.Messages[i].Content {
			if p.Image != nil {
				return true
			}
		}
	}
	return false
}

func (l *local) shorten(c chat.Conversation, maxTokens int) (chat.Conversation, int, error) {
	room := l.room(maxTokens)
	whole, err := l.m.CountTokens(c)
	if err != nil || whole <= room {
		return c, 0, err
	}
	messages := c.Messages
	first := 0
	if len(messages) > 0 && (messages[0].Role == chat.System || messages[0].Role == chat.Developer) {
		first = 1
	}
	left := whole
	for left > room {
		switch n := len(messages); {
		case n-first > 2:
			shorter := append([]chat.Message(nil), messages[:first]...)
			messages = append(shorter, messages[first+2:]...)
		case n > first && cutMessage(&messages, l.m, left-room):
		default:
			return c, 0, fmt.Errorf("%w: the conversation has %d tokens and there is room for %d", polymath.ErrContextWindow, left, room)
		}
		c.Messages = messages
		if left, err = l.m.CountTokens(c); err != nil {
			return c, 0, err
		}
	}
	return c, whole - left, nil
}

// cutMessage takes at least n tokens from the beginning of the last message's text;
// false if it has none.
func cutMessage(messages *[]chat.Message, m *polymath.Model, n int) bool {
	list := append([]chat.Message(nil), *messages...)
	last := &list[len(list)-1]
	last.Content = append([]chat.Part(nil), last.Content...)
	for i := range last.Content {
		p := &last.Content[i]
		if p.Image != nil || p.Text == "" {
			continue
		}
		ids := m.Tokenize(p.Text, false)
		text, err := m.Detokenize(ids[min(n, len(ids)):])
		if err != nil || len(text) >= len(p.Text) {
			return false
		}
		p.Text = strings.ToValidUTF8(text, "")
		*messages = list
		return true
	}
	return false
}
