package terminal

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"
)

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
	if u.looking > 0 {
		u.status = "the model is looking at the image; send the message again in a moment"
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
		u.fail(errors.New(unknownCommand(name)))
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
