package grade

import (
	"regexp"
	"strings"

	"github.com/polymath-lm/polymath/sandbox"
)

// source is the code of an answer with the prompt before it.
type source struct {
	language     string
	prompt, code string
	continues    bool // the code goes on inside of the prompt
	// whole says that the code has the function of Go itself; imports are those of
	// the prompt, if that goes.
	whole   bool
	imports []string
}

// read takes the code out of an answer. Where it stands in a fence of Markdown,
// that is it; else the whole answer.
//
// With continues, code that goes on inside of the prompt's last function is cut
// where that function ends, as base models write on: before the first line that
// begins in the first column and is no comment (of Python; Chen et al.,
// arXiv:2107.03374, 3 stop at class, def, if, print and #), or behind the line that
// is "}" (of Go). Code that has the function itself takes its place.
func (s *source) read(answer string, continues bool) {
	code, fenced := fence(answer, s.language)
	s.code, s.continues = code, continues
	if !continues {
		return
	}
	name := lastFunction(s.prompt, s.language)
	whole := name != "" && defines(code, name, s.language)
	switch {
	case whole && s.language == sandbox.Go:
		s.replaceGo(name)
	case whole:
		s.code = "\n" + strings.TrimRight(code, "\n") + "\n" // Python takes the later one
	case s.language == sandbox.Go:
		s.code = cutGo(code)
	case fenced:
		s.code = indent(code)
	default:
		s.code = cutPython(code)
	}
}

var fenceLine = regexp.MustCompile("(?m)^[ \t]*(```+|~~~+)[ \t]*([A-Za-z0-9+#]*)[^\n]*$")

// fence returns the code in the first fence of the language, or in the first fence
// of any; a fence that does not end goes on to the end of the answer.
func fence(answer, language string) (code string, fenced bool) {
	marks := fenceLine.FindAllStringSubmatchIndex(answer, -1)
	first := -1
	for i := 0; i < len(marks); i += 2 {
		tag := strings.ToLower(answer[marks[i][4]:marks[i][5]])
		if tag == language || tag == map[string]string{sandbox.Python: "py", sandbox.Go: "golang"}[language] {
			first = i
			break
		}
		if first < 0 {
			first = i
		}
	}
	if first < 0 {
		return answer, false
	}
	from, to := marks[first][1], len(answer)
	if first+1 < len(marks) {
		to = marks[first+1][0]
	}
	return strings.TrimPrefix(answer[from:to], "\n"), true
}

var definitions = map[string]*regexp.Regexp{
	sandbox.Python: regexp.MustCompile(`(?m)^(?:async[ \t]+)?def[ \t]+(\w+)`),
	sandbox.Go:     regexp.MustCompile(`(?m)^func[ \t]+(?:\([^)\n]*\)[ \t]*)?(\w+)`),
}

// lastFunction returns the name of the function with which a prompt ends.
func lastFunction(prompt, language string) string {
	all := definitions[language].FindAllStringSubmatch(prompt, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1][1]
}

func defines(code, name, language string) bool {
	for _, m := range definitions[language].FindAllStringSubmatch(code, -1) {
		if m[1] == name {
			return true
		}
	}
	return false
}

var goClauses = regexp.MustCompile(`(?m)^(?:package[ \t]+\w+|import[ \t(].*)`)

// replaceGo leaves of the prompt what stands before the function that the code
// has itself. Code with a package clause is a whole file.
func (s *source) replaceGo(name string) {
	s.whole = true
	if goClauses.MatchString(s.code) {
		s.imports = goImports(s.prompt)
		if !strings.Contains("\n"+s.code, "\npackage ") {
			s.code = "package main\n\n" + s.code
		}
		s.prompt = ""
		return
	}
	all := definitions[sandbox.Go].FindAllStringSubmatchIndex(s.prompt, -1)
	for _, m := range all {
		if s.prompt[m[2]:m[3]] == name {
			s.prompt = s.prompt[:m[0]]
			return
		}
	}
}

func cutGo(code string) string {
	end := 0
	for line := range strings.Lines(code) {
		end += len(line)
		if strings.TrimRight(line, " \t\r\n") == "}" {
			return code[:end]
		}
	}
	return code
}

// cutPython ends the code at the first line that begins in the first column and is
// no comment, but for the rest of the line that the prompt ends with. Brackets and texts in three
// quotes go on over lines.
func cutPython(code string) string {
	at, first := 0, true
	quote := ""
	for line := range strings.Lines(code) {
		if !first && quote == "" && line[0] != ' ' && line[0] != '\t' && line[0] != '\n' && line[0] != '\r' && line[0] != '#' && !closing(line[0]) {
			return code[:at]
		}
		quote = quoted(line, quote)
		at += len(line)
		first = false
	}
	return code
}

func closing(c byte) bool { return c == ')' || c == ']' || c == '}' }

// quoted returns the three quotes that are open behind a line.
func quoted(line, quote string) string {
	for i := 0; i+3 <= len(line); i++ {
		switch mark := line[i : i+3]; {
		case quote == "" && line[i] == '#':
			return ""
		case mark == quote:
			quote = ""
			i += 2
		case quote == "" && (mark == `"""` || mark == "'''"):
			quote = mark
			i += 2
		}
	}
	return quote
}

// indent moves a function's body in where it was written from the first column on,
// or where that was lost of its first line.
func indent(code string) string {
	lines := strings.SplitAfter(strings.Trim(code, "\n")+"\n", "\n")
	firstOnly, all := true, false
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		flush := line[0] != ' ' && line[0] != '\t'
		all = all || flush
		if i > 0 && flush {
			firstOnly = false
		}
	}
	if !all {
		return strings.Join(lines, "")
	}
	if firstOnly && opens(lines[0]) && !lostIndent(lines[1:]) {
		firstOnly = false // what is deeper belongs to its first line
	}
	for i, line := range lines {
		if strings.TrimSpace(line) != "" && (i == 0 || !firstOnly) {
			lines[i] = "    " + line
		}
	}
	return strings.Join(lines, "")
}

func opens(line string) bool { return strings.HasSuffix(strings.TrimSpace(line), ":") }

// lostIndent reports whether what follows a first line that opens a block shows
// that the line itself was moved in: the block is two steps deep, or what comes
// after it is not as deep but deeper than nothing.
func lostIndent(rest []string) bool {
	first, least := -1, -1
	for _, line := range rest {
		if strings.TrimSpace(line) == "" {
			continue
		}
		expanded := strings.ReplaceAll(line, "\t", "    ")
		depth := len(expanded) - len(strings.TrimLeft(expanded, " "))
		if first < 0 {
			first, least = depth, depth
		}
		least = min(least, depth)
	}
	return first >= 8 || first > least
}
