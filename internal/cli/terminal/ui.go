package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"

	"github.com/polymath-lm/polymath"
)

// Run chats in the terminal that in and out are, until the user quits or ctx
// ends.
func Run(ctx context.Context, m Model, o Options, in io.Reader, out io.Writer) error {
	s, err := newSession(m, o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	u := newUI(ctx, s, o)
	_, err = tea.NewProgram(u, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out)).Run()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// ui is the state of the screen. All but the goroutine of an answer runs in the
// program's own goroutine.
type ui struct {
	ctx      context.Context // of the chat
	session  *session
	history  *history
	distance func(a, b string) int

	input         textarea.Model
	width, height int
	dark          bool
	markdown      *markdown
	status        string // last thing worth knowing, below the input
	used          int    // tokens of the conversation

	answer   *answer // nil: the input's turn
	queue    []string
	printing bool // a part of the queue
	armed    bool // another ctrl-C quits
	ended    bool
}

// answer is one being written.
type answer struct {
	pieces  chan piece
	cancel  context.CancelFunc
	stopped bool   // by the user
	text    string // so far
	shown   int    // bytes of text that are in the scrollback
	tokens  int
	begun   time.Time // the first token
	latest  time.Time // the last one so far
}

// maxInputHeight is the most lines of input shown at a time.
const maxInputHeight = 8

func newUI(ctx context.Context, s *session, o Options) *ui {
	u := &ui{ctx: ctx, session: s, distance: o.Distance, dark: true, width: 80, height: 24}
	u.input = textarea.New()
	u.input.Prompt = "› "
	u.input.Placeholder = "Write a message, or /help"
	u.input.ShowLineNumbers = false
	u.input.DynamicHeight, u.input.MinHeight, u.input.MaxHeight = true, 1, maxInputHeight
	u.input.MaxContentHeight = 1 << 20
	u.input.CharLimit = 0
	u.input.KeyMap.InsertNewline.SetKeys("alt+enter", "ctrl+j", "shift+enter")
	u.input.SetVirtualCursor(false)
	u.restyle()
	u.input.Focus()
	u.markdown = newMarkdown(u.width, u.dark)
	var err error
	if u.history, err = readHistory(o.HistoryFile); err == nil {
		err = u.history.shrink()
	}
	if err != nil {
		u.fail(err)
	}
	u.greet()
	return u
}

// restyle takes the decoration out of the input.
func (u *ui) restyle() {
	styles := textarea.DefaultStyles(u.dark)
	for _, s := range []*textarea.StyleState{&styles.Focused, &styles.Blurred} {
		s.CursorLine, s.Base = plainStyle, plainStyle
		s.Prompt, s.Placeholder = accentStyle, dimStyle
	}
	u.input.SetStyles(styles)
}

func (u *ui) greet() {
	u.queue = append(u.queue, dimStyle.Render(fmt.Sprintf("%s · %d tokens of context · /help lists the commands, ctrl-D quits",
		visibleLine(u.session.name), u.session.model.ContextWindow())), "")
	if len(u.session.messages) > 0 {
		u.showConversation()
	}
	u.count()
}

// Init asks for the background's color.
func (u *ui) Init() tea.Cmd { return tea.Batch(tea.RequestBackgroundColor, u.print()) }

// printed says that a part of the queue is in the scrollback.
type printed struct{}

// pieces are the next ones of an answer; ended says that it is complete.
type pieces struct {
	of    *answer
	all   []piece
	ended bool
}

// Update takes one message.
func (u *ui) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		u.width, u.height = message.Width, message.Height
		u.input.SetWidth(u.width)
		u.markdown = newMarkdown(u.width, u.dark)
	case tea.BackgroundColorMsg:
		u.dark = message.IsDark()
		u.restyle()
		u.markdown = newMarkdown(u.width, u.dark)
	case printed:
		u.printing = false
	case pieces:
		cmd = u.receive(message)
	case tea.KeyPressMsg:
		cmd = u.press(message)
	default:
		u.input, cmd = u.input.Update(message)
	}
	return u, tea.Batch(cmd, u.print())
}

// press takes a key.
func (u *ui) press(key tea.KeyPressMsg) tea.Cmd {
	name := key.String()
	if name != "ctrl+c" {
		u.armed = false
	}
	switch name {
	case "ctrl+c":
		return u.interrupt()
	case "ctrl+d":
		if u.input.Value() == "" && u.answer == nil {
			return u.quit()
		}
	case "enter":
		return u.enter()
	case "tab":
		if found := complete(u.input.Value()); strings.HasPrefix(u.input.Value(), "/") && len(found) > 0 {
			if len(found) == 1 {
				u.fill(found[0] + " ")
			} else {
				u.status = strings.Join(found, " ")
			}
		}
		return nil
	case "up":
		if u.input.Line() == 0 && u.input.LineInfo().RowOffset == 0 {
			if text, ok := u.history.older(u.input.Value()); ok {
				u.fill(text)
			}
			return nil
		}
	case "down":
		if u.input.Line() == u.input.LineCount()-1 && u.input.LineInfo().RowOffset+1 >= u.input.LineInfo().Height {
			if text, ok := u.history.newer(); ok {
				u.fill(text)
			}
			return nil
		}
	case "ctrl+z":
		return tea.Suspend
	}
	var cmd tea.Cmd
	u.input, cmd = u.input.Update(key)
	return cmd
}

// fill puts text into the input.
func (u *ui) fill(text string) {
	u.input.SetValue(text)
	u.input.MoveToEnd()
}

// interrupt is ctrl-C: it stops the answer, empties the input, or quits when it
// comes twice with neither.
func (u *ui) interrupt() tea.Cmd {
	switch {
	case u.answer != nil:
		u.answer.stopped = true
		u.answer.cancel()
	case u.input.Value() != "":
		u.fill("")
		u.history.leave()
	case u.armed:
		return u.quit()
	default:
		u.armed = true
		u.status = "ctrl-C again quits"
	}
	return nil
}

// enter sends the input.
func (u *ui) enter() tea.Cmd {
	text := strings.TrimRight(u.input.Value(), " \t\n")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if u.answer != nil {
		u.status = "the answer is not complete; ctrl-C stops it"
		return nil
	}
	u.status = ""
	if err := u.history.add(text); err != nil {
		u.fail(err)
	}
	u.fill("")
	u.echo(text)
	name, argument, ok := parseCommand(text)
	if !ok {
		u.queue = append(u.queue, "")
		u.session.say(strings.TrimPrefix(text, escape(text)))
		return u.ask()
	}
	c := findCommand(name)
	if c == nil {
		u.fail(errors.New(unknownCommand(name, u.distance)))
		return nil
	}
	return c.run(u, argument)
}

// escape is the slash that makes a message of what would be a command.
func escape(text string) string {
	if strings.HasPrefix(text, "//") {
		return "/"
	}
	return ""
}

// ask begins the answer to what was said.
func (u *ui) ask() tea.Cmd {
	ctx, cancel := context.WithCancel(u.ctx)
	a := &answer{pieces: make(chan piece, 256), cancel: cancel}
	u.answer = a
	next := u.session.answer(ctx)
	go func() {
		defer close(a.pieces)
		for p := range next {
			select {
			case a.pieces <- p:
			case <-u.ctx.Done(): // nobody reads any more
				return
			}
		}
	}()
	return a.wait
}

// wait returns the pieces that are there, and waits for the first.
func (a *answer) wait() tea.Msg {
	m := pieces{of: a}
	for p := range a.pieces {
		m.all = append(m.all, p)
		if len(a.pieces) == 0 {
			return m
		}
	}
	m.ended = true
	return m
}

// receive adds pieces to the answer.
func (u *ui) receive(m pieces) tea.Cmd {
	a := m.of
	if a != u.answer {
		return nil
	}
	for _, p := range m.all {
		if a.begun.IsZero() {
			a.begun = p.at
		}
		a.latest = p.at
		a.text += p.text
		a.tokens += p.tokens
		if p.err != nil || p.finish != "" {
			u.end(p)
			return nil
		}
	}
	if m.ended {
		u.end(piece{err: errors.New("the answer ended without a reason")})
		return nil
	}
	if whole, _ := cutBlocks(a.text[a.shown:]); whole != "" {
		u.queue = append(u.queue, u.markdown.render(whole), "")
		a.shown += len(whole)
	}
	return a.wait
}

// end takes the answer's last piece.
func (u *ui) end(last piece) {
	a := u.answer
	a.cancel()
	u.answer = nil
	if rest := a.text[a.shown:]; strings.TrimSpace(rest) != "" {
		u.queue = append(u.queue, u.markdown.render(rest), "")
	}
	u.status = a.rate()
	switch {
	case last.err == nil && last.finish == "length":
		u.note(fmt.Sprintf("(cut after %d tokens: /set max-tokens or the context window)", a.tokens))
	case a.stopped && last.err != nil:
		u.note("(stopped)")
		if a.text == "" {
			u.takeBack()
			return
		}
	case last.err != nil:
		u.refuse(last.err, a.text)
		return
	}
	if err := u.session.answered(a.text); err != nil {
		u.fail(err)
	}
	u.count()
}

// refuse reports an error. A message without any answer goes back to the input.
func (u *ui) refuse(err error, text string) {
	u.fail(err)
	if text != "" {
		if err := u.session.answered(text); err != nil {
			u.fail(err)
		}
		return
	}
	u.takeBack()
	if errors.Is(err, polymath.ErrContextWindow) {
		u.status = "shorten the message, or begin anew with /clear"
	}
}

// takeBack puts the message that was not answered back into the input.
func (u *ui) takeBack() {
	message, _ := u.session.unsay()
	if u.input.Value() == "" {
		u.fill(message)
	}
}

// rate says how fast the answer came.
func (a *answer) rate() string {
	took := a.latest.Sub(a.begun)
	if took <= 0 || a.tokens < 2 {
		return ""
	}
	return fmt.Sprintf("%.0f tokens/s", float64(a.tokens-1)/took.Seconds())
}

// count counts the conversation's tokens for the line of status.
func (u *ui) count() {
	used, _, err := u.session.tokens()
	if err == nil {
		u.used = used
	}
}

func (u *ui) quit() tea.Cmd {
	if u.answer != nil {
		u.answer.cancel()
	}
	u.ended = true
	return tea.Quit
}
