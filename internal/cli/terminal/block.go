package terminal

import "strings"

// cutBlocks divides a Markdown text that is being written into whole blocks,
// which will not change any more, and the rest. It cuts only before a line that
// begins a paragraph, heading or fence at the margin after an empty line, so
// that lists, quotes, tables and code stay together.
func cutBlocks(text string) (whole, rest string) {
	cut, fence, empty := 0, "", false
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) // the last line is being written
		} else {
			end += at + 1
		}
		line := strings.TrimRight(text[at:end], "\r\n")
		switch {
		case fence != "":
			if strings.HasPrefix(strings.TrimSpace(line), fence) && strings.Trim(line, " "+fence[:1]) == "" {
				fence = ""
			}
		case empty && beginsBlock(line):
			cut = at
			fence = fenceOf(line)
		default:
			fence = fenceOf(line)
		}
		empty = strings.TrimSpace(line) == ""
		at = end
	}
	return text[:cut], text[cut:]
}

// beginsBlock reports whether line, after an empty one, cannot belong to what
// comes before. Of a line that is being written the first bytes must say so.
func beginsBlock(line string) bool {
	if len(line) < 4 {
		return false
	}
	switch c := line[0]; {
	case c == ' ' || c == '\t' || c == '>' || c == '|' || c == '-' || c == '*' || c == '+':
		return false
	case c >= '0' && c <= '9':
		return false
	}
	return true
}

// fenceOf returns the characters that open a block of code in line, if any.
func fenceOf(line string) string {
	line = strings.TrimLeft(line, " ")
	for _, c := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, c)); n >= 3 {
			return strings.Repeat(c, n)
		}
	}
	return ""
}
