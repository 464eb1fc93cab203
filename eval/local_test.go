package eval

import (
	"errors"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/task"
)

// TestWindow: of what is too long for the window the beginning is left out, and counted.
func TestWindow(t *testing.T) {
	m := openRandom(t) // a window of 256 tokens
	s := Local(m, LocalOptions{Name: "random"})
	long := strings.Repeat("A watched pot never boils. ", 100)
	whole, err := s.Score(t.Context(), long, " Practice")
	if err != nil || whole.Cut == 0 {
		t.Fatalf("%+v, %v", whole, err)
	}
	ids := m.Tokenize(long+" Practice", false)
	if left := len(ids) - whole.Cut; left < 255 || left > 257 { // what begins a text, and the last is not read
		t.Errorf("%d of %d tokens were cut", whole.Cut, len(ids))
	}
	if _, err := s.Score(t.Context(), "A", long); !errors.Is(err, ErrWindow) {
		t.Errorf("a continuation that is too long: %v", err)
	}
	text, err := s.(TextScorer).ScoreText(t.Context(), long)
	if err != nil || len(text.Tokens) < 257 {
		t.Errorf("a long text: %d tokens, %v", len(text.Tokens), err)
	}
	a, err := s.Generate(t.Context(), Request{Prompt: long, MaxTokens: 20, Logprobs: true})
	if err != nil || a.Cut < len(ids)-256 || a.PromptTokens > 256-20 || len(a.Tokens) != a.CompletionTokens {
		t.Errorf("%d tokens of the prompt, %d cut, %v", a.PromptTokens, a.Cut, err)
	}
	if a, err := s.Generate(t.Context(), Request{Prompt: "A stitch", MaxTokens: 5000}); err != nil || a.Cut != 0 {
		t.Errorf("more tokens than the window has: %d cut, %v", a.Cut, err)
	}
}

// TestChatWindow: of a conversation that is too long the examples go first, then the
// beginning of the question; the system message stays.
func TestChatWindow(t *testing.T) {
	m := openRandom(t)
	l := Local(m, LocalOptions{Chat: true}).(*local)
	c := chat.Conversation{Messages: []chat.Message{chat.Text(chat.System, "Be brief.")}}
	for range 6 {
		c.Messages = append(c.Messages, chat.Text(chat.User, strings.Repeat("Look before you leap. ", 3)), chat.Text(chat.Assistant, "Yes."))
	}
	c.Messages = append(c.Messages, chat.Text(chat.User, "Practice makes?"))
	short, cut, err := l.shorten(c, 40)
	if err != nil || cut == 0 {
		t.Fatalf("%d, %v", cut, err)
	}
	n := len(short.Messages)
	if n >= len(c.Messages) || n%2 != 0 || short.Messages[0].Role != chat.System || short.Messages[n-1].Content[0].Text != "Practice makes?" {
		t.Errorf("%+v", short.Messages)
	}
	if tokens, err := m.CountTokens(short); err != nil || tokens > l.room(40) {
		t.Errorf("%d tokens, room for %d, %v", tokens, l.room(40), err)
	}
	c = chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, strings.Repeat("Look before you leap. ", 60)+"The end?")}}
	answer, err := l.Generate(t.Context(), Request{Conversation: c, MaxTokens: 10})
	if err != nil || answer.Cut == 0 {
		t.Errorf("a long question: %+v, %v", answer, err)
	}
	if !strings.HasPrefix(c.Messages[0].Content[0].Text, "Look before") {
		t.Error("the item was changed")
	}
}

// TestChoices: an answer is held to the choices.
func TestChoices(t *testing.T) {
	s := Local(openRandom(t), LocalOptions{Chat: true})
	c := chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, "Which?")}}
	for seed := range uint64(8) {
		a, err := s.Generate(t.Context(), Request{Conversation: c, MaxTokens: 8, Temperature: 2, Seed: seed, Choices: []string{"A", "B", "(C)"}})
		if err != nil || a.Text != "A" && a.Text != "B" && a.Text != "(C)" {
			t.Errorf("%q, %v", a.Text, err)
		}
	}
}

// TestChatExam: a model that chats is put questions to as conversations.
func TestChatExam(t *testing.T) {
	sheets := exam(4)[5:]
	for i := range sheets {
		for k := range sheets[i].Items {
			sheets[i].Items[k].System = "Be brief."
		}
	}
	f, err := Run(t.Context(), Local(openRandom(t), LocalOptions{Chat: true}), sheets, Options{Grader: graders, Settings: Settings{Samples: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Records) != 3*4*2 {
		t.Fatalf("%d records", len(f.Records))
	}
	for _, r := range f.Records {
		if !strings.HasPrefix(r.Prompt, "[system]\nBe brief.\n[user]\n") {
			t.Errorf("%s: %q", r.Task, r.Prompt)
		}
		switch r.Task {
		case "explain":
			if !strings.Contains(r.Prompt, "[assistant]\n") || !strings.HasSuffix(r.Prompt, letterQuestion) || len(r.Answer) != 1 {
				t.Errorf("%q answered by %q", r.Prompt, r.Answer)
			}
		case "turns":
			if strings.Count(r.Prompt, "[user]\n") != 3 {
				t.Errorf("%q", r.Prompt)
			}
		}
	}
	if f.Result.Tasks[0].Method != task.MethodExplain || f.Result.Tasks[0].Samples != 2 {
		t.Errorf("%+v", f.Result.Tasks[0])
	}
}
