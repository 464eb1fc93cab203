package terminal

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/spelling"
)

// command is one that begins with a slash.
type command struct {
	name, argument, help string
	run                  func(u *ui, argument string) tea.Cmd
}

// commands are all of them, in the order of /help.
var commands []command

func init() { // they list themselves
	commands = []command{
		{"help", "", "this list", (*ui).help},
		{"system", "TEXT", "set the system message; without TEXT show it, - removes it", (*ui).setSystem},
		{"set", "NAME=VALUE", "change a setting, such as temperature=0.7; alone lists them", (*ui).set},
		{"regenerate", "", "answer the last message anew", (*ui).regenerate},
		{"clear", "", "begin a new conversation", (*ui).clear},
		{"tokens", "", "how much of the context window is used", (*ui).tokens},
		{"save", "FILE", "write the conversation to FILE", (*ui).save},
		{"load", "FILE", "go on with the conversation in FILE", (*ui).load},
		{"image", "FILE", "show the model an image with your next message", (*ui).image},
		{"quit", "", "end the chat (ctrl-D does too)", (*ui).leave},
	}
}

// parseCommand divides a line into a command's name and argument. A line is one
// if it begins with a slash and letters; "/etc/hosts" is none, and "//" begins
// a message with a slash.
func parseCommand(line string) (name, argument string, ok bool) {
	rest, ok := strings.CutPrefix(line, "/")
	if !ok {
		return "", "", false
	}
	name = rest
	if at := strings.IndexAny(rest, " \t\n"); at >= 0 {
		name, argument = rest[:at], strings.TrimSpace(rest[at:])
	}
	letters := strings.IndexFunc(name, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
	return name, argument, name != "" && letters
}

// findCommand returns the command with the name, or one that it begins alone.
func findCommand(name string) *command {
	var found []*command
	for i := range commands {
		if commands[i].name == name {
			return &commands[i]
		}
		if strings.HasPrefix(commands[i].name, name) {
			found = append(found, &commands[i])
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return nil
}

// unknownCommand says what may have been meant.
func unknownCommand(name string) string {
	var similar []string
	for _, c := range commands {
		if strings.HasPrefix(c.name, name) || spelling.Distance(name, c.name) <= 2 {
			similar = append(similar, "/"+c.name)
		}
	}
	if len(similar) > 0 {
		return fmt.Sprintf("no command is called /%s; did you mean %s?", name, strings.Join(similar, " or "))
	}
	return fmt.Sprintf("no command is called /%s; /help lists them, and // begins a message with a slash", name)
}

// complete returns the commands that begin with text.
func complete(text string) []string {
	var found []string
	for _, c := range commands {
		if strings.HasPrefix("/"+c.name, text) {
			found = append(found, "/"+c.name)
		}
	}
	slices.Sort(found)
	return found
}

func (u *ui) help(string) tea.Cmd {
	var b strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&b, "/%-20s %s\n", strings.TrimSpace(c.name+" "+c.argument), c.help)
	}
	b.WriteString("\nenter sends · alt-enter or ctrl-J begins a line · up and down: what was typed before\n" +
		"tab completes commands · ctrl-C stops the answer · ctrl-D quits")
	u.note(b.String())
	return nil
}

func (u *ui) setSystem(text string) tea.Cmd {
	switch text {
	case "":
		if u.session.system == "" {
			u.note("there is no system message")
		} else {
			u.note("system: " + u.session.system)
		}
		return nil
	case "-":
		u.session.system = ""
		u.note("the system message is removed")
	default:
		u.session.system = text
		u.note("the system message is set")
	}
	u.count()
	return nil
}

func (u *ui) set(text string) tea.Cmd {
	if text == "" {
		u.note(describeSettings(&u.session.settings))
		return nil
	}
	if err := assign(&u.session.settings, text); err != nil {
		u.fail(err)
		return nil
	}
	u.note(text)
	return nil
}

func (u *ui) regenerate(string) tea.Cmd {
	if u.session.settings.Temperature == 0 {
		u.fail(fmt.Errorf("with temperature 0 the answer would be the same; /set temperature=0.7"))
		return nil
	}
	if !u.session.again() {
		u.fail(fmt.Errorf("there is nothing to answer yet"))
		return nil
	}
	return u.ask()
}

func (u *ui) clear(string) tea.Cmd {
	err := u.session.clear()
	switch {
	case err != nil: // what is seen is new all the same
		u.fail(err)
	case u.session.file != "":
		u.note("a new conversation, in " + u.session.file + " too")
	default:
		u.note("a new conversation")
	}
	u.count()
	return nil
}

func (u *ui) tokens(string) tea.Cmd {
	used, window, err := u.session.tokens()
	if err != nil {
		u.fail(err)
		return nil
	}
	share := float64(used) / float64(window)
	u.note(fmt.Sprintf("%s %s of %s tokens, %.0f%%; %s are left for your message and the answer",
		progress.Bar(share, 30), progress.Count(int64(used)), progress.Count(int64(window)), 100*share,
		progress.Count(int64(max(0, window-used)))))
	return nil
}

func (u *ui) save(path string) tea.Cmd {
	if path == "" {
		u.fail(fmt.Errorf("/save wants FILE"))
		return nil
	}
	if err := u.session.save(path); err != nil {
		u.fail(err)
		return nil
	}
	u.note("saved to " + path)
	return nil
}

func (u *ui) load(path string) tea.Cmd {
	if path == "" {
		u.fail(fmt.Errorf("/load wants FILE"))
		return nil
	}
	if err := u.session.load(path); err != nil {
		u.fail(err)
		return nil
	}
	u.note("loaded " + path)
	u.showConversation()
	u.count()
	return nil
}

func (u *ui) leave(string) tea.Cmd { return u.quit() }
