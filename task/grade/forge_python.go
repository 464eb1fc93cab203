package grade

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// pythonModules are what code that computes something may import.
var pythonModules = strings.Fields(`__future__ abc array base64 binascii bisect calendar cmath collections copy dataclasses
	datetime decimal enum fractions functools hashlib heapq itertools json math numbers numpy operator queue random re
	statistics string struct sys textwrap time typing unicodedata zlib`)

// pythonBuiltins are names that tests use and that a module can give another meaning.
var pythonBuiltins = strings.Fields(`abs all any bool bytes callable chr complex dict divmod enumerate filter float frozenset
	hash int isinstance issubclass iter len list map max min next object ord pow print range repr reversed round set
	sorted str sum super tuple type zip AssertionError Exception`)

var (
	dunder     = regexp.MustCompile(`__\w+__`)
	plainNames = []string{"__init__", "__name__", "__main__", "__future__", "__repr__", "__doc__"}
	// reaches are words by which code gets at what is not its own.
	reaches = regexp.MustCompile(`\b(?:eval|exec|getattr|setattr|delattr|globals|breakpoint|builtins|inspect|importlib|ctypes|` +
		`SystemExit|_getframe|_current_frames|[a-z]{1,2}_(?:frame|back|locals|globals)|settrace|setprofile|attrgetter|methodcaller)\b`)
	// calls are functions that have such a meaning only where they are called; of other
	// things methods are called so too.
	calls      = regexp.MustCompile(`(?:^|[^.\w])(open|compile|exit|quit|vars|locals)[ \t]*\(|(?:^|[^.\w])(type)[ \t]*\([^()\n]*,`)
	system     = regexp.MustCompile(`\bsys[ \t]*\.[ \t]*(\w+)`)
	fromImport = regexp.MustCompile(`\bfrom[ \t]+([\w.]+)[ \t]+import\b`)
	imports    = regexp.MustCompile(`(?m)(?:^|[;:])[ \t]*import[ \t]+([^\n;#]+)`)
	binds      = regexp.MustCompile(`\b(?:def|class|as|global)[ \t]+(\w+(?:[ \t]*,[ \t]*\w+)*)|\b(\w+)[ \t]*:=`)
	loops      = regexp.MustCompile(`^(?:async[ \t]+)?for[ \t]+(.+?)[ \t]+in\b`)
	elements   = regexp.MustCompile(`\w+[ \t]*[\[.][^,=]*`) // of lists and things
	words      = regexp.MustCompile(`\w+`)
)

func forgesPython(code string) string {
	code = norm.NFKC.String(code) // as Python reads names
	for _, name := range dunder.FindAllString(code, -1) {
		if !slices.Contains(plainNames, name) {
			return "has " + name
		}
	}
	if word := reaches.FindString(code); word != "" {
		return "has " + word
	}
	if m := calls.FindStringSubmatch(code); m != nil {
		return "calls " + m[1] + m[2]
	}
	for _, m := range system.FindAllStringSubmatch(code, -1) {
		if m[1] != "maxsize" && m[1] != "float_info" && m[1] != "setrecursionlimit" {
			return "has sys." + m[1]
		}
	}
	if why := forgedImport(code); why != "" {
		return why
	}
	return rebinds(code)
}

// forgedImport finds modules that are not needed to compute something, and what is put
// into a module or taken from behind its back.
func forgedImport(code string) string {
	for _, m := range fromImport.FindAllStringSubmatch(code, -1) {
		if module, _, _ := strings.Cut(m[1], "."); !slices.Contains(pythonModules, module) || module == "sys" {
			return "imports " + m[1]
		}
	}
	for _, m := range imports.FindAllStringSubmatch(code, -1) {
		for one := range strings.SplitSeq(m[1], ",") {
			parts := strings.Fields(one)
			if len(parts) == 0 {
				continue
			}
			module, _, _ := strings.Cut(parts[0], ".")
			if !slices.Contains(pythonModules, module) {
				return "imports " + parts[0]
			}
			name := parts[len(parts)-1]
			into := regexp.MustCompile(`(?:^|[^.\w])` + regexp.QuoteMeta(name) + `(?:\.\w+)*\.(?:_\w*|\w+[ \t]*=[^=])`)
			if into.MatchString(code) {
				return "reaches into " + name
			}
		}
	}
	return ""
}

// rebinds finds names of the language that the module gives another meaning, for the
// tests too. In a function they are its own.
func rebinds(code string) string {
	inside := strings.HasPrefix(strings.TrimLeft(code, "\n"), " ") // of a function or class
	quote := ""
	for line := range strings.Lines(code) {
		quotedLine := quote != ""
		quote = quoted(line, quote)
		trimmed := strings.TrimSpace(line)
		if quotedLine || trimmed == "" {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			first, _, _ := strings.Cut(trimmed, " ")
			inside = slices.Contains([]string{"def", "class", "async"}, first) || trimmed[0] == '@'
		}
		for _, m := range binds.FindAllStringSubmatch(line, -1) {
			global := strings.HasPrefix(m[0], "global")
			own := inside && (line[0] == ' ' || line[0] == '\t')
			if name := builtin(m[1] + " " + m[2]); name != "" && (global || !own) {
				return "gives " + name + " another meaning"
			}
		}
		if inside {
			continue
		}
		for statement := range strings.SplitSeq(trimmed, ";") {
			if name := builtin(targets(strings.TrimSpace(statement))); name != "" {
				return "gives " + name + " another meaning"
			}
		}
	}
	return ""
}

// builtin is the first name of the language in a text.
func builtin(text string) string {
	for _, word := range words.FindAllString(text, -1) {
		if slices.Contains(pythonBuiltins, word) {
			return word
		}
	}
	return ""
}

// targets is the text of a statement that it assigns to.
func targets(statement string) string {
	if m := loops.FindStringSubmatch(statement); m != nil {
		return m[1]
	}
	depth, end := 0, 0
	for i := range len(statement) {
		switch statement[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '=':
			next := i+1 < len(statement) && statement[i+1] == '='
			before := i > 0 && strings.IndexByte("=!<>:", statement[i-1]) >= 0
			if depth == 0 && !next && !before {
				end = i
			}
		}
	}
	text, _, _ := strings.Cut(statement[:end], ":") // an annotation
	return elements.ReplaceAllString(text, "")
}
