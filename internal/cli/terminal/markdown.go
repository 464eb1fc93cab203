package terminal

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"charm.land/glamour/v2"
	"charm.land/glamour/v2/styles"
	"github.com/charmbracelet/x/ansi"

	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// maxWidth keeps lines readable on wide terminals.
const maxWidth = 100

// markdown renders text from a model for the terminal.
type markdown struct {
	renderer *glamour.TermRenderer // nil: as plain text
	width    int
}

func newMarkdown(width int, dark bool) *markdown {
	style := styles.LightStyleConfig
	if dark {
		style = styles.DarkStyleConfig
	}
	var none uint
	style.Document.Margin = &none
	style.Document.BlockPrefix, style.Document.BlockSuffix = "", ""
	style.Document.Color = nil // the terminal's own
	style.CodeBlock.Margin = &none
	width = min(max(width, 10), maxWidth)
	renderer, err := glamour.NewTermRenderer(glamour.WithStyles(style), glamour.WithWordWrap(width), glamour.WithPreservedNewLines())
	if err != nil {
		renderer = nil
	}
	return &markdown{renderer: renderer, width: width}
}

// render returns lines without a line end at their end. Control characters in
// text become visible first, also those that Markdown spells as numbers, so that
// it cannot steer the terminal.
func (m *markdown) render(text string) string {
	text = progress.Visible(text)
	if m.renderer != nil {
		if out, err := m.renderer.Render(reference.ReplaceAllStringFunc(text, visibleReference)); err == nil {
			return trimLines(onlyStyles(out))
		}
	}
	return ansi.Wrap(strings.Trim(text, "\n"), m.width, "")
}

// reference is a character as Markdown spells it in numbers.
var reference = regexp.MustCompile(`&#([xX][0-9a-fA-F]+|[0-9]+);`)

// visibleReference replaces a reference to a control character by what is shown
// for it.
func visibleReference(spelled string) string {
	digits, base := spelled[2:len(spelled)-1], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 31)
	if err != nil {
		return spelled // is not taken for a reference
	}
	if character := string(rune(n)); progress.Visible(character) != character {
		return progress.Visible(character)
	}
	return spelled
}

// link is what a terminal that knows links hides. Where they lead to stands
// beside their text anyway, in plain sight.
var link = regexp.MustCompile("\x1b\\]8;[^\x07]*\x07")

// color is the only escape sequence that is let through.
var color = regexp.MustCompile("^\x1b\\[[0-9;:]*m")

// onlyStyles removes every escape sequence but colors, and every control
// character but the line feed.
func onlyStyles(text string) string {
	text = link.ReplaceAllString(text, "")
	var b strings.Builder
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if match := color.FindString(text); match != "" {
			n = len(match)
		} else if unicode.IsControl(r) && r != '\n' {
			text = text[n:]
			continue
		}
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String()
}

// trimLines removes empty lines around text and blanks at the ends of lines.
func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		plain := ansi.Strip(line)
		if bare := strings.TrimRight(plain, " "); len(bare) < len(plain) {
			lines[i] = ansi.Truncate(line, ansi.StringWidth(bare), "")
		}
	}
	for len(lines) > 0 && ansi.Strip(lines[0]) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && ansi.Strip(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}
