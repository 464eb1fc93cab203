package terminal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// scripted is a Model that says what it was told to, and remembers what it was
// asked.
type scripted struct {
	pieces  []string
	err     error
	endless bool // goes on until it is stopped
	sees    bool
	reading []polymath.Progress // before the pieces, if they are asked for
	asked   []chat.Conversation
	options []polymath.ChatOptions
}

func (s *scripted) ChatStream(ctx context.Context, c chat.Conversation, o polymath.ChatOptions) iter.Seq2[polymath.ChatChunk, error] {
	s.asked = append(s.asked, c)
	s.options = append(s.options, o)
	return func(yield func(polymath.ChatChunk, error) bool) {
		for i := range s.reading {
			if o.Progress && !yield(polymath.ChatChunk{Progress: &s.reading[i]}, nil) {
				return
			}
			if s.endless {
				<-ctx.Done()
			}
		}
		for i := 0; i < len(s.pieces) || s.endless; i++ {
			if ctx.Err() != nil {
				yield(polymath.ChatChunk{Usage: &polymath.Usage{}}, ctx.Err())
				return
			}
			event := chat.Event{Content: s.pieces[i%len(s.pieces)], Call: -1}
			if !yield(polymath.ChatChunk{Events: []chat.Event{event}, Tokens: []polymath.Token{{ID: i}}}, nil) {
				return
			}
			if s.endless {
				time.Sleep(time.Millisecond)
			}
		}
		if s.err != nil {
			yield(polymath.ChatChunk{}, s.err)
			return
		}
		yield(polymath.ChatChunk{Finish: "stop", Usage: &polymath.Usage{}}, nil)
	}
}

func (s *scripted) CountTokens(c chat.Conversation) (int, error) {
	n := 0
	for _, m := range c.Messages {
		n += len(strings.Fields(textOf(m)))
	}
	return n, nil
}

func (s *scripted) ContextWindow() int { return 100 }

func (s *scripted) Sees() bool { return s.sees }

func (s *scripted) See(_ context.Context, image chat.Image) (polymath.Seen, error) {
	if !strings.HasSuffix(image.URL, "aW1hZ2U=") { // "image"
		return polymath.Seen{}, fmt.Errorf("%w: HEIC is not accepted", polymath.ErrImage)
	}
	return polymath.Seen{Width: 30, Height: 20, Views: 2, Tokens: 1234}, nil
}

// screen runs a ui without a terminal.
type screen struct {
	t        *testing.T
	u        *ui
	scrolled strings.Builder // what was printed
	quit     bool
	messages chan tea.Msg
	open     int // commands under way
}

func newScreen(t *testing.T, m Model, o Options) *screen {
	t.Helper()
	s, err := newSession(m, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	sc := &screen{t: t, u: newUI(ctx, s, o), messages: make(chan tea.Msg, 1000)}
	sc.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	return sc
}

// do runs a command as the program would.
func (s *screen) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	s.open++
	go func() { s.messages <- cmd() }()
}

// send hands a message over.
func (s *screen) send(message tea.Msg) {
	_, cmd := s.u.Update(message)
	s.do(cmd)
}

// settle takes what comes back until nothing is under way, or done says so.
func (s *screen) settle(done func() bool) {
	s.t.Helper()
	timeout := time.After(10 * time.Second)
	for s.open > 0 && (done == nil || !done()) {
		select {
		case message := <-s.messages:
			s.open--
			s.take(message)
		case <-timeout:
			s.t.Fatal("the screen does not settle")
		}
	}
}

func (s *screen) take(message tea.Msg) {
	switch message := message.(type) {
	case nil:
		return
	case tea.BatchMsg:
		for _, cmd := range message {
			s.do(cmd)
		}
		return
	case tea.QuitMsg:
		s.quit = true
		return
	}
	// The program's own messages have no exported names.
	switch v := reflect.ValueOf(message); {
	case v.Kind() == reflect.Slice && v.CanConvert(reflect.TypeFor[[]tea.Cmd]()): // a sequence
		for _, cmd := range v.Convert(reflect.TypeFor[[]tea.Cmd]()).Interface().([]tea.Cmd) {
			s.take(cmd())
		}
	case v.Kind() == reflect.Struct && v.NumField() == 1 && v.Type().Field(0).Name == "messageBody": // Println
		s.scrolled.WriteString(ansi.Strip(v.Field(0).String()) + "\n")
	default:
		s.send(message)
	}
}

func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		switch key {
		case "enter":
			s.send(tea.KeyPressMsg{Code: tea.KeyEnter})
		case "alt+enter":
			s.send(tea.KeyPressMsg{Code: tea.KeyEnter, Mod: tea.ModAlt})
		case "up":
			s.send(tea.KeyPressMsg{Code: tea.KeyUp})
		case "down":
			s.send(tea.KeyPressMsg{Code: tea.KeyDown})
		case "tab":
			s.send(tea.KeyPressMsg{Code: tea.KeyTab})
		case "ctrl+c", "ctrl+d", "ctrl+j":
			s.send(tea.KeyPressMsg{Code: rune(key[5]), Mod: tea.ModCtrl})
		default:
			for _, r := range key {
				s.send(tea.KeyPressMsg{Code: r, Text: string(r)})
			}
		}
	}
}

// say types a line and waits for the answer.
func (s *screen) say(text string) string {
	s.t.Helper()
	before := len(s.scrolled.String())
	s.press(text, "enter")
	s.settle(nil)
	return s.scrolled.String()[before:]
}

// view is what is drawn below the scrollback, without colors.
func (s *screen) view() string { return ansi.Strip(s.u.View().Content) }

func TestConversation(t *testing.T) {
	m := &scripted{pieces: []string{"**Hel", "lo** th", "ere.\n\nSecond ", "paragraph\x1b[2J\u202e."}}
	s := newScreen(t, m, Options{Name: "toy", System: "Be brief.", Settings: polymath.GenerateOptions{Temperature: 0.5, Seed: 3}})
	s.settle(nil)
	if !strings.Contains(s.scrolled.String(), "toy · 100 tokens of context") {
		t.Errorf("greeting %q", s.scrolled.String())
	}
	got := s.say("What?")
	for _, want := range []string{"› What?", "Hello there.", "Second paragraph␛[2J\uFFFD."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if strings.ContainsRune(s.scrolled.String(), 0x1b) {
		t.Error("the model's escape sequence reached the terminal")
	}
	s.say("And?")
	want := []chat.Message{
		chat.Text(chat.System, "Be brief."), chat.Text(chat.User, "What?"),
		chat.Text(chat.Assistant, strings.Join(m.pieces, "")), chat.Text(chat.User, "And?"),
	}
	if !reflect.DeepEqual(m.asked[1].Messages, want) {
		t.Errorf("asked %+v", m.asked[1].Messages)
	}
	if o := m.options[1]; o.Temperature != 0.5 || o.Seed != 3 || o.Choice != 0 {
		t.Errorf("options %+v", o)
	}
	if !strings.Contains(s.view(), "12/100 tokens") {
		t.Errorf("view %q", s.view())
	}
}

func TestMultiLineAndHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "history")
	m := &scripted{pieces: []string{"Yes."}}
	s := newScreen(t, m, Options{HistoryFile: file})
	s.press("one", "ctrl+j", "two", "alt+enter", "three", "enter")
	s.settle(nil)
	const lines = "one\ntwo\nthree"
	if got := textOf(m.asked[0].Messages[0]); got != lines {
		t.Errorf("sent %q", got)
	}
	s.say("last")
	s.press("draft", "up")
	if s.u.input.Value() != "last" {
		t.Errorf("up: %q", s.u.input.Value())
	}
	s.press("up", "up")
	if s.u.input.Value() != lines {
		t.Errorf("up twice: %q", s.u.input.Value())
	}
	s.press("down") // from the second to the last of three lines
	s.press("down", "down")
	if s.u.input.Value() != "draft" {
		t.Errorf("back: %q", s.u.input.Value())
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("history: %v, %v", info, err)
	}
	again := newScreen(t, m, Options{HistoryFile: file})
	again.press("up", "up")
	if again.u.input.Value() != lines {
		t.Errorf("another chat: %q", again.u.input.Value())
	}
}

func TestStop(t *testing.T) {
	m := &scripted{pieces: []string{"on and "}, endless: true}
	s := newScreen(t, m, Options{})
	s.press("Go", "enter")
	s.settle(func() bool { return s.u.answer != nil && len(s.u.answer.text) > 20 })
	if !strings.Contains(s.view(), "on and on") || !strings.Contains(s.view(), "ctrl-C stops") {
		t.Errorf("view %q", s.view())
	}
	s.press("next", "enter")
	if !strings.Contains(s.view(), "not complete") || s.u.input.Value() != "next" {
		t.Errorf("a message during the answer: %q", s.view())
	}
	s.press("ctrl+c")
	s.settle(nil)
	if s.quit || s.u.answer != nil || !strings.Contains(s.scrolled.String(), "(stopped)") {
		t.Errorf("after ctrl-C: %q", s.scrolled.String())
	}
	if n := len(s.u.session.messages); n != 2 || !strings.HasPrefix(textOf(s.u.session.messages[1]), "on and on") {
		t.Errorf("%d messages", n)
	}
	s.press("ctrl+c") // empties the input
	if s.u.input.Value() != "" || s.u.armed {
		t.Errorf("input %q", s.u.input.Value())
	}
	s.press("ctrl+c")
	s.settle(nil)
	if s.quit || !strings.Contains(s.view(), "ctrl-C again quits") {
		t.Errorf("one ctrl-C: %q", s.view())
	}
	s.press("x", "ctrl+c", "ctrl+c", "ctrl+c")
	s.settle(nil)
	if !s.quit {
		t.Error("two do not quit")
	}
	if s.view() != "" {
		t.Errorf("left behind: %q", s.view())
	}
}

// TestColors: what is printed has the colors that the terminal has.
func TestColors(t *testing.T) {
	s := newScreen(t, &scripted{pieces: []string{"# Title"}}, Options{})
	s.settle(nil)
	for _, c := range []struct {
		profile colorprofile.Profile
		colors  bool
	}{{colorprofile.ANSI256, true}, {colorprofile.ASCII, false}} {
		s.send(tea.ColorProfileMsg{Profile: c.profile})
		if got := strings.Contains(s.u.downgrade(accentStyle.Render("x")), "[36m"); got != c.colors {
			t.Errorf("%v: colors %v", c.profile, got)
		}
	}
}

func TestQuit(t *testing.T) {
	s := newScreen(t, &scripted{}, Options{})
	s.press("x", "ctrl+d")
	s.settle(nil)
	if s.quit {
		t.Error("ctrl-D quits with a message half written")
	}
	s.press("ctrl+c", "ctrl+d")
	s.settle(nil)
	if !s.quit {
		t.Error("ctrl-D does not quit")
	}
}

func TestFailure(t *testing.T) {
	m := &scripted{err: &polymath.ContextWindowError{Window: 100, Prompt: 120}}
	s := newScreen(t, m, Options{})
	got := s.say("a long message")
	if !strings.Contains(got, "120 tokens and the window is 100") || s.u.input.Value() != "a long message" || len(s.u.session.messages) != 0 {
		t.Errorf("%q; input %q", got, s.u.input.Value())
	}
	m.pieces, m.err = []string{"Half"}, errors.New("broken weights")
	s.press("enter")
	s.settle(nil)
	if n := len(s.u.session.messages); n != 2 || !strings.Contains(s.scrolled.String(), "broken weights") {
		t.Errorf("%d messages; %q", n, s.scrolled.String())
	}
}

func TestCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	m := &scripted{pieces: []string{"Yes."}}
	s := newScreen(t, m, Options{Name: "toy", Settings: polymath.GenerateOptions{Temperature: 0.7}})
	for _, c := range []struct{ type_, want string }{
		{"/help", "/regenerate"},
		{"/sytem x", "no command is called /sytem; did you mean /system?"},
		{"/zebra", "/help lists them"},
		{"/system", "there is no system message"},
		{"/system Be kind.", "is set"},
		{"/system", "system: Be kind."},
		{"/set temperature=0.9", "temperature=0.9"},
		{"/set top_k=5", "top_k=5"},
		{"/set", "temperature          0.9"},
		{"/set temperature=-1", "temperature -1; give 0"},
		{"/set color=red", `no setting is called "color"`},
		{"/set seed=-1", "no whole number"},
		{"/set temperature", "wants NAME=VALUE"},
		{"/regenerate", "nothing to answer"},
		{"/image none.png", "none.png"},
		{"Hello", "Yes."},
		{"/tokens", "4 of 100 tokens, 4%"},
		{"/save", "wants FILE"},
		{"/save a.json", "saved to a.json"},
		{"/image a.json", "cannot see images"},
		{"/regenerate", "Yes."},
		{"/clear", "a new conversation"},
		{"/tokens", "2 of 100"},
		{"/load b.json", "b.json"},
		{"/load a.json", "› Hello"},
		{"/tok", "4 of 100"},
		{"/s", "did you mean /system or /set or /save?"},
		{"//slash", "Yes."},
		{"/etc/passwd?", "Yes."},
	} {
		if got := s.say(c.type_); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.type_, got, c.want)
		}
	}
	if o := m.options[1]; o.Choice != 1 || o.TopK != 5 || o.Temperature != 0.9 {
		t.Errorf("regenerated with %+v", o)
	}
	last := m.asked[len(m.asked)-1].Messages
	if textOf(last[0]) != "Be kind." || textOf(last[1]) != "Hello" || textOf(last[3]) != "/slash" || textOf(last[5]) != "/etc/passwd?" {
		t.Errorf("the conversation is %+v", last)
	}
	s.say("/set temperature=0")
	if got := s.say("/regenerate"); !strings.Contains(got, "would be the same") {
		t.Errorf("%q", got)
	}
	s.press("/reg", "tab")
	if s.u.input.Value() != "/regenerate " {
		t.Errorf("completed %q", s.u.input.Value())
	}
	s.press("ctrl+c")
	s.say("/quit")
	if !s.quit {
		t.Error("/quit does not")
	}
}

// TestClear: what was cleared does not come back with the file, and what stays does; a
// file that cannot be written is named.
func TestClear(t *testing.T) {
	file := filepath.Join(t.TempDir(), "talk.json")
	m := &scripted{pieces: []string{"Yes."}}
	o := Options{File: file, System: "Be kind.", Settings: polymath.GenerateOptions{TopK: 4}}
	s := newScreen(t, m, o)
	s.say("Hello")
	if got := s.say("/clear"); !strings.Contains(got, "a new conversation, in "+file+" too") {
		t.Errorf("%q", got)
	}
	s = newScreen(t, m, Options{File: file})
	if n := len(s.u.session.messages); n != 0 || s.u.session.system != "Be kind." || s.u.session.settings.TopK != 4 {
		t.Errorf("%d messages come back; %+v", n, s.u.session)
	}
	s.say("Again")
	s = newScreen(t, m, Options{File: file})
	if all := s.u.session.messages; len(all) != 2 || textOf(all[0]) != "Again" {
		t.Errorf("goes on with %+v", all)
	}
	s.u.session.file = filepath.Join(file, "none")
	if got := s.say("/clear"); !strings.Contains(got, "not a directory") || len(s.u.session.messages) != 0 {
		t.Errorf("%q", got)
	}
}

// TestLongAnswer: whatever the pieces are, what is printed has every line once
// and in order, and what is redrawn fits the screen.
func TestLongAnswer(t *testing.T) {
	var text strings.Builder
	for i := range 60 {
		switch i % 6 {
		case 5:
			fmt.Fprintf(&text, "```\ncode%d\n\nmore%d\n```\n\n", i, i)
		default:
			fmt.Fprintf(&text, "word%d word\n\n", i)
		}
	}
	fmt.Fprint(&text, "```\n")
	for i := range 50 {
		fmt.Fprintf(&text, "open%d\n", i)
	}
	m := &scripted{}
	for at := 0; at < text.Len(); at += 7 {
		m.pieces = append(m.pieces, text.String()[at:min(at+7, text.Len())])
	}
	s := newScreen(t, m, Options{})
	s.press("Go", "enter")
	highest := 0
	s.settle(func() bool {
		highest = max(highest, strings.Count(s.view(), "\n")+1)
		return false
	})
	if highest > 24 {
		t.Errorf("%d lines are redrawn on a screen of 24", highest)
	}
	at := 0
	printed := s.scrolled.String()
	for i := range 60 {
		word := fmt.Sprintf("word%d word", i)
		if i%6 == 5 {
			word = fmt.Sprintf("code%d", i)
		}
		n := strings.Index(printed[at:], word)
		if n < 0 || strings.Count(printed, word+" ")+strings.Count(printed, word+"\n") > 1 {
			t.Fatalf("%q is missing, misplaced or there twice:\n%s", word, printed)
		}
		at += n
	}
	if !strings.Contains(printed[at:], "open49") {
		t.Error("the end is missing")
	}
}

func TestResize(t *testing.T) {
	m := &scripted{pieces: []string{strings.Repeat("word ", 40)}}
	s := newScreen(t, m, Options{})
	for _, width := range []int{30, 5, 1, 200} {
		s.send(tea.WindowSizeMsg{Width: width, Height: 10})
		s.say("Go on")
		if width >= 10 {
			for _, line := range strings.Split(s.view(), "\n") {
				if ansi.StringWidth(line) > width {
					t.Errorf("width %d: %q", width, line)
				}
			}
		}
	}
}
