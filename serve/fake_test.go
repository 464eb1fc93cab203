package serve

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// fake is a Model that does what it is told: the last message, or the prompt,
// is a command. A byte is a token.
//
//	say TEXT        answers TEXT, a character a token
//	images          answers the URLs and details of the images
//	seed            answers the seed and the choice
//	roles           answers the roles and contents of the conversation
//	options         answers the options
//	call NAME ARGS  calls a tool; several calls are divided by " ; "
//	both TEXT ; ... says TEXT and then calls
//	count N         answers N tokens, 1 ms apart
//	quick N         answers N tokens at once
//	forever         answers until the context ends
//	wait            answers nothing until the context ends
//	panic, late panic, busy, late busy, broken, closed
type fake struct {
	window  int
	blind   bool
	running atomic.Int64
	most    atomic.Int64
	ended   atomic.Int64 // completions that ended because of their context
}

var errBroken = errors.New("the weights are damaged: secret path /srv/x")

const (
	fakeVocabulary  = 257
	fakeImageTokens = 16
)

func newFake() *fake { return &fake{window: 1000} }

func (f *fake) Info() polymath.Info {
	return polymath.Info{
		Path: "/models/fake", Architecture: "qwen3_moe", Parameters: 1000, ActiveParameters: 250, ContextWindow: f.window,
		WeightBytes: 2000, CacheBytesPerToken: 16, VocabularySize: fakeVocabulary, Fingerprint: strings.Repeat("0123456789abcdef", 4),
	}
}

func (f *fake) Sees() bool { return !f.blind }

func (f *fake) Attention(ctx context.Context, c chat.Conversation, answer string, offset int) ([]polymath.ImageAttention, error) {
	defer f.enter()()
	if answer == "wait" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	weights := []float32{float32(len(answer)), float32(offset), 0.25, 0}
	view := polymath.ViewAttention{Right: 1.5, Bottom: 1, Rows: 2, Columns: 2, Weights: weights}
	return []polymath.ImageAttention{{Message: 0, Part: 1, Width: 20, Height: 30, Views: []polymath.ViewAttention{view}}}, nil
}

func (f *fake) Stats() polymath.Stats {
	return polymath.Stats{
		Running: int(f.running.Load()), Waiting: 3, CacheUsage: 0.25, BlockTokens: 64, NumBlocks: 128,
		PrefixHits: 5, PrefixQueries: 10, Preemptions: 2, Drafted: 8, Accepted: 6,
		WeightHits: 30, WeightMisses: 4, WeightBytesRead: 4096, WeightsStalled: time.Second / 2,
	}
}

func (f *fake) Tokenize(text string, special bool) []int {
	if special && text == "<|end|>" {
		return []int{256}
	}
	ids := []int{}
	for _, b := range []byte(text) {
		ids = append(ids, int(b))
	}
	return ids
}

func (f *fake) Detokenize(ids []int) (string, error) {
	var text []byte
	for _, id := range ids {
		text = append(text, f.TokenBytes(id)...)
	}
	return string(text), nil
}

func (f *fake) TokenBytes(id int) []byte {
	if id == 256 {
		return []byte("<|end|>")
	}
	return []byte{byte(id)}
}

func text(m chat.Message) string {
	var b strings.Builder
	for _, p := range m.Content {
		b.WriteString(p.Text)
	}
	return b.String()
}

func (f *fake) CountTokens(c chat.Conversation) (int, error) {
	n, images := 0, 0
	for _, m := range c.Messages {
		for _, p := range m.Content {
			if p.Image == nil {
				continue
			}
			if strings.Contains(p.Image.URL, ";bad") {
				return 0, &polymath.ImageError{Image: images, Err: errors.New("it is bad")}
			}
			images++
			n += fakeImageTokens
		}
		n += len(text(m)) + 2
	}
	return n, nil
}

// piece is what the script says next.
type piece struct {
	events []chat.Event
	token  *polymath.Token
	finish string
}

// script runs a command.
func (f *fake) script(ctx context.Context, command string, c chat.Conversation, o polymath.GenerateOptions, emit func(piece) bool) error {
	say := func(text string) error {
		for _, r := range text {
			if !emit(piece{events: []chat.Event{{Content: string(r), Call: -1}}, token: f.token(string(r), o)}) {
				return ctx.Err()
			}
		}
		return nil
	}
	verb, rest, _ := strings.Cut(command, " ")
	switch verb {
	case "say":
		if limit := o.MaxTokens; limit > 0 && limit < utf8.RuneCountInString(rest) {
			err := say(string([]rune(rest)[:limit]))
			emit(piece{finish: "length"})
			return err
		}
		return say(rest)
	case "images":
		var all string
		for _, m := range c.Messages {
			for _, p := range m.Content {
				if p.Image != nil {
					all += p.Image.URL + " " + p.Image.Detail + ";"
				}
			}
		}
		return say(all)
	case "seed":
		return say(fmt.Sprintf("%d/%d", o.Seed, o.Choice))
	case "roles":
		var all []string
		for _, m := range c.Messages {
			line := string(m.Role) + ":" + text(m)
			for _, call := range m.ToolCalls {
				line += "[" + call.ID + " " + call.Name + call.Arguments + "]"
			}
			if m.ToolCallID != "" {
				line += "{" + m.ToolCallID + "}"
			}
			all = append(all, line)
		}
		return say(strings.Join(all, "|"))
	case "options":
		return say(fmt.Sprintf("%+v", o))
	case "call":
		f.calls(rest, o, emit)
	case "both":
		words, calls, _ := strings.Cut(rest, " ; ")
		if err := say(words); err != nil {
			return err
		}
		f.calls(calls, o, emit)
	case "count", "quick":
		n := 0
		_, err := fmt.Sscan(rest, &n)
		for range n {
			if verb == "count" {
				time.Sleep(time.Millisecond)
			}
			if !emit(piece{events: []chat.Event{{Content: "x", Call: -1}}, token: f.token("x", o)}) {
				return ctx.Err()
			}
		}
		return err
	case "forever":
		for ctx.Err() == nil {
			time.Sleep(time.Millisecond)
			if !emit(piece{events: []chat.Event{{Content: strings.Repeat("x", 64<<10), Call: -1}}, token: f.token("x", o)}) {
				break
			}
		}
		f.ended.Add(1)
		return ctx.Err()
	case "wait":
		<-ctx.Done()
		f.ended.Add(1)
		return ctx.Err()
	case "panic":
		panic("told to")
	case "panicked":
		return &polymath.PanicError{Value: "a bug in a mask", Stack: []byte("the mask's stack")}
	case "busy":
		return polymath.ErrBusy
	case "closed":
		return polymath.ErrClosed
	case "broken":
		return errBroken
	case "late":
		if err := say("some"); err != nil {
			return err
		}
		time.Sleep(30 * time.Millisecond)
		return f.script(ctx, rest, c, o, emit)
	case "format":
		return fmt.Errorf("%w: keyword \"$dynamicRef\"", polymath.ErrFormat)
	default:
		return say("ok")
	}
	return nil
}

// calls emits the calls, their arguments in pieces.
func (f *fake) calls(text string, o polymath.GenerateOptions, emit func(piece) bool) {
	for i, call := range strings.Split(text, " ; ") {
		name, arguments, _ := strings.Cut(call, " ")
		emit(piece{events: []chat.Event{{Call: i, Name: name}}, token: f.token("<", o)})
		half := len(arguments) / 2
		emit(piece{events: []chat.Event{{Call: i, Arguments: arguments[:half]}}, token: f.token("{", o)})
		emit(piece{events: []chat.Event{{Call: i, Arguments: arguments[half:]}}, token: f.token("}", o)})
	}
	emit(piece{finish: "tool_calls"})
}

func (f *fake) token(text string, o polymath.GenerateOptions) *polymath.Token {
	t := &polymath.Token{ID: int(text[0]), Bytes: []byte(text)}
	if o.Logprobs {
		t.Logprob = -0.5
		for i := range o.TopLogprobs {
			t.Top = append(t.Top, polymath.Alternative{ID: int('a') + i, Bytes: []byte{byte('a' + i)}, Logprob: -float64(i + 1)})
		}
		if o.TopLogprobs > 2 {
			t.Top[o.TopLogprobs-1].Logprob = math.Inf(-1)
		}
	}
	return t
}

func (f *fake) check(ctx context.Context, promptTokens int, o polymath.GenerateOptions) error {
	room := f.window - promptTokens
	if room <= 0 || !o.ShrinkToWindow && o.MaxTokens > room {
		return &polymath.ContextWindowError{Window: f.window, Prompt: promptTokens, Completion: o.MaxTokens}
	}
	return ctx.Err()
}

func (f *fake) enter() (leave func()) {
	n := f.running.Add(1)
	for old := f.most.Load(); n > old && !f.most.CompareAndSwap(old, n); old = f.most.Load() {
	}
	return func() { f.running.Add(-1) }
}

func (f *fake) usage(promptTokens, completion int) *polymath.Usage {
	return &polymath.Usage{
		PromptTokens: promptTokens, CachedTokens: promptTokens / 2, CompletionTokens: completion,
		QueueTime: time.Millisecond, FirstTokenTime: 3 * time.Millisecond,
	}
}

// progress is three readings of a prompt of which half is cached, if they are
// wanted.
func (f *fake) progress(promptTokens int, o polymath.GenerateOptions) []*polymath.Progress {
	if !o.Progress {
		return nil
	}
	cached := promptTokens / 2
	all := make([]*polymath.Progress, 3)
	for i, read := range []int{cached, (cached + promptTokens) / 2, promptTokens} {
		all[i] = &polymath.Progress{Read: read, Total: promptTokens, Cached: cached, Time: time.Duration(i) * 1500 * time.Microsecond}
	}
	return all
}

func (f *fake) ChatStream(ctx context.Context, c chat.Conversation, o polymath.ChatOptions) iter.Seq2[polymath.ChatChunk, error] {
	return func(yield func(polymath.ChatChunk, error) bool) {
		defer f.enter()()
		n, err := f.CountTokens(c)
		if err == nil {
			err = f.check(ctx, n, o.GenerateOptions)
		}
		if err != nil {
			yield(polymath.ChatChunk{}, err)
			return
		}
		command := text(c.Messages[len(c.Messages)-1])
		switch {
		case o.Format.Kind == polymath.FormatSchema && command == "json":
			command = `say {"city":"Paris","degrees":21}`
		case o.ToolChoice.Mode == polymath.ToolNamed:
			command = "call " + o.ToolChoice.Name + " {}"
		}
		for _, p := range f.progress(n, o.GenerateOptions) {
			if !yield(polymath.ChatChunk{Progress: p}, nil) {
				return
			}
		}
		var ids []string
		finish, count, left := "stop", 0, false
		err = f.script(ctx, command, c, o.GenerateOptions, func(p piece) bool {
			if p.finish != "" {
				finish = p.finish
				return true
			}
			for _, e := range p.events {
				if e.Call >= len(ids) {
					ids = append(ids, fmt.Sprintf("call_%d", e.Call))
				}
			}
			count++
			left = !yield(polymath.ChatChunk{Events: p.events, CallIDs: ids, Tokens: []polymath.Token{*p.token}}, nil)
			return !left && ctx.Err() == nil
		})
		switch {
		case left:
		case err != nil:
			yield(polymath.ChatChunk{CallIDs: ids}, err)
		default:
			yield(polymath.ChatChunk{CallIDs: ids, Finish: finish, Usage: f.usage(n, count)}, nil)
		}
	}
}

func (f *fake) Stream(ctx context.Context, prompt string, o polymath.GenerateOptions) iter.Seq2[polymath.Chunk, error] {
	return func(yield func(polymath.Chunk, error) bool) {
		defer f.enter()()
		if err := f.check(ctx, len(prompt), o); err != nil {
			yield(polymath.Chunk{}, err)
			return
		}
		for _, p := range f.progress(len(prompt), o) {
			if !yield(polymath.Chunk{Progress: p}, nil) {
				return
			}
		}
		finish, count, left := "stop", 0, false
		err := f.script(ctx, prompt, chat.Conversation{}, o, func(p piece) bool {
			if p.finish != "" {
				finish = p.finish
				return true
			}
			count++
			left = !yield(polymath.Chunk{Text: p.events[0].Content, Token: p.token}, nil)
			return !left && ctx.Err() == nil
		})
		switch {
		case left:
		case err != nil:
			yield(polymath.Chunk{}, err)
		default:
			yield(polymath.Chunk{Finish: finish, Usage: f.usage(len(prompt), count)}, nil)
		}
	}
}

func (f *fake) StreamTokens(ctx context.Context, prompt []int, o polymath.GenerateOptions) iter.Seq2[polymath.Chunk, error] {
	text, _ := f.Detokenize(prompt)
	return f.Stream(ctx, text, o)
}

func (f *fake) Score(ctx context.Context, text string, top int) ([]polymath.Token, polymath.Usage, error) {
	return f.ScoreTokens(ctx, f.Tokenize(text, false), top)
}

// ScoreTokens gives token i the log-probability -i.
func (f *fake) ScoreTokens(ctx context.Context, ids []int, _ int) ([]polymath.Token, polymath.Usage, error) {
	if err := f.check(ctx, len(ids), polymath.GenerateOptions{}); err != nil {
		return nil, polymath.Usage{}, err
	}
	tokens := make([]polymath.Token, len(ids))
	for i, id := range ids {
		tokens[i] = polymath.Token{ID: id, Bytes: f.TokenBytes(id), Logprob: -float64(i)}
	}
	return tokens, *f.usage(len(ids), 0), nil
}

func (f *fake) Embed(ctx context.Context, text string) ([]float32, polymath.Usage, error) {
	return f.EmbedTokens(ctx, f.Tokenize(text, false))
}

func (f *fake) EmbedTokens(ctx context.Context, ids []int) ([]float32, polymath.Usage, error) {
	defer f.enter()()
	if err := f.check(ctx, len(ids), polymath.GenerateOptions{}); err != nil {
		return nil, polymath.Usage{}, err
	}
	if text, _ := f.Detokenize(ids); text == "panic" {
		panic("told to")
	}
	v := make([]float32, 4)
	v[len(ids)%4] = 1
	return v, *f.usage(len(ids), 0), nil
}
