package terminal

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// The styles use the terminal's own colors.
var (
	plainStyle  = lipgloss.NewStyle()
	dimStyle    = lipgloss.NewStyle().Faint(true)
	accentStyle = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
	errorStyle  = lipgloss.NewStyle().Foreground(lipgloss.Red)
)

// View is what is redrawn: the paragraph being written, the input, the status.
func (u *ui) View() tea.View {
	if u.ended || u.width == 0 {
		return tea.NewView("")
	}
	var lines []string
	if u.answer != nil {
		lines = u.unfinished()
	}
	input := u.input.View()
	view := tea.NewView(strings.Join(append(lines, input, u.statusLine()), "\n"))
	if cursor := u.input.Cursor(); cursor != nil {
		cursor.Y += len(lines)
		view.Cursor = cursor
	}
	return view
}

// unfinished is the end of the paragraph being written, as much as there is
// room for.
func (u *ui) unfinished() []string {
	text := u.answer.text[u.answer.shown:]
	if strings.TrimSpace(text) == "" {
		if u.answer.stopped {
			return nil
		}
		return []string{dimStyle.Render(u.waiting()), ""}
	}
	lines := strings.Split(u.markdown.render(text), "\n")
	room := max(1, u.height-u.input.Height()-3)
	return append(lines[max(0, len(lines)-room):], "")
}

// waiting is what stands where the answer will: how much of a long prompt is read.
func (u *ui) waiting() string {
	if p := u.answer.reading; p != nil {
		if line := progress.Reading(p.Read, p.Total, p.Cached, p.Time, u.width); line != "" {
			return line
		}
	}
	return "…"
}

// statusLine is the last line.
func (u *ui) statusLine() string {
	parts := []string{fmt.Sprintf("%s/%s tokens", progress.Short(float64(u.used)), progress.Short(float64(u.session.model.ContextWindow())))}
	if n := len(u.session.images); n > 0 {
		parts = append(parts, fmt.Sprintf("images attached: %d", n))
	}
	if u.looking > 0 {
		parts = append(parts, "looking")
	}
	if u.status != "" {
		parts = append(parts, u.status)
	}
	if a := u.answer; a != nil {
		if rate := a.rate(); rate != "" {
			parts = append(parts, rate)
		}
		parts = append(parts, "ctrl-C stops")
	}
	return dimStyle.Render(ansi.Truncate(strings.Join(parts, " · "), max(u.width-1, 1), "…"))
}

// echo puts what was typed into the scrollback.
func (u *ui) echo(text string) {
	text = ansi.Wrap(progress.Visible(text), max(u.width-2, 1), "")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		mark := "  "
		if i == 0 {
			mark = "› "
		}
		lines[i] = accentStyle.Render(mark + line)
	}
	u.queue = append(u.queue, strings.Join(lines, "\n"))
}

// note puts what the program says into the scrollback.
func (u *ui) note(text string) {
	u.queue = append(u.queue, dimStyle.Render(ansi.Wrap(progress.Visible(text), max(u.width-1, 1), "")), "")
}

// fail puts an error into the scrollback.
func (u *ui) fail(err error) {
	u.queue = append(u.queue, errorStyle.Render(ansi.Wrap(progress.Visible(err.Error()), max(u.width-1, 1), "")), "")
}

// showConversation puts all messages into the scrollback.
func (u *ui) showConversation() {
	if u.session.system != "" {
		u.note("system: " + u.session.system)
	}
	for _, m := range u.session.messages {
		if m.Role == chat.User {
			u.echo(shownText(m))
			u.queue = append(u.queue, "")
		} else {
			u.queue = append(u.queue, u.markdown.render(textOf(m)), "")
		}
	}
}

// print sends the next part of the queue to the scrollback: one at a time, so
// that they keep their order, and none that is higher than the screen, which
// the program could not draw above itself.
func (u *ui) print() tea.Cmd {
	if u.printing || len(u.queue) == 0 || u.ended || u.width == 0 {
		return nil
	}
	lines := strings.Split(strings.Join(u.queue, "\n"), "\n")
	n := min(len(lines), max(1, u.height/2))
	u.queue = nil
	if n < len(lines) {
		u.queue = []string{strings.Join(lines[n:], "\n")}
	}
	u.printing = true
	for i, line := range lines[:n] {
		if line == "" {
			lines[i] = " " // nothing is not printed
		}
	}
	return tea.Sequence(tea.Println(u.downgrade(strings.Join(lines[:n], "\n"))), func() tea.Msg { return printed{} })
}

// downgrade takes the colors out of text that the terminal does not have. The
// program does so with what it draws, and not with what it prints.
func (u *ui) downgrade(text string) string {
	var b strings.Builder
	w := colorprofile.Writer{Forward: &b, Profile: u.profile}
	if _, err := w.WriteString(text); err != nil {
		return ansi.Strip(text)
	}
	return b.String()
}
