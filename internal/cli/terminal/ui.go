package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"

	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// Run chats in the terminal that in and out are, until the user quits or ctx
// ends.
func Run(ctx context.Context, m Model, o Options, in io.Reader, out io.Writer) error {
	s, err := newSession(m, o)
	if err != nil {
		return err
	}
	if err := s.attach(ctx, o.Images); err != nil {
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
	ctx     context.Context // of the chat
	session *session
	history *history

	input         textarea.Model
	width, height int // 0 before the terminal told them
	dark          bool
	profile       colorprofile.Profile // the colors that the terminal has
	markdown      *markdown
	trouble       error  // to be told at the beginning
	status        string // last thing worth knowing, below the input
	used          int    // tokens of the conversation

	answer   *answer // nil: the input's turn
	queue    []string
	looking  int  // images that the model is looking at
	printing bool // a part of the queue
	armed    bool // another ctrl-C quits
	ended    bool
}

// maxInputHeight is the most lines of input shown at a time.
const maxInputHeight = 8

func newUI(ctx context.Context, s *session, o Options) *ui {
	u := &ui{ctx: ctx, session: s, dark: true, profile: colorprofile.TrueColor}
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
	if u.history, u.trouble = readHistory(o.HistoryFile); u.trouble == nil {
		u.trouble = u.history.shrink()
	}
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
	u.note(fmt.Sprintf("%s · %d tokens of context · /help lists the commands, ctrl-D quits",
		u.session.name, u.session.model.ContextWindow()))
	if u.trouble != nil {
		u.fail(u.trouble)
	}
	if len(u.session.messages) > 0 {
		u.showConversation()
	}
	u.count()
}

// Init asks for the background's color.
func (u *ui) Init() tea.Cmd { return tea.RequestBackgroundColor }

// printed says that a part of the queue is in the scrollback.
type printed struct{}

// Update takes one message.
func (u *ui) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		first := u.width == 0
		u.width, u.height = message.Width, message.Height
		u.input.SetWidth(u.width)
		u.markdown = newMarkdown(u.width, u.dark)
		if first {
			u.greet()
		}
	case tea.ColorProfileMsg:
		u.profile = message.Profile
	case tea.BackgroundColorMsg:
		u.dark = message.IsDark()
		u.restyle()
		u.markdown = newMarkdown(u.width, u.dark)
	case printed:
		u.printing = false
	case looked:
		u.attached(message)
	case pieces:
		cmd = u.receive(message)
	case tea.KeyPressMsg:
		cmd = u.press(message)
	default:
		u.input, cmd = u.input.Update(message)
	}
	return u, tea.Batch(cmd, u.print())
}

func (u *ui) quit() tea.Cmd {
	if u.answer != nil {
		u.answer.cancel()
	}
	u.ended = true
	return tea.Quit
}
