package task

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"
)

// functions are those of templates. The text that a function works on is its last
// argument, so that it may come through a pipe; numbers and booleans are taken as
// texts where a text is wanted.
var functions = template.FuncMap{
	"_show": textOf, "_truth": truth,

	"trim": onText(strings.TrimSpace), "lower": onText(strings.ToLower), "upper": onText(strings.ToUpper),
	"capitalize": onText(capitalize), "hash": onText(shortHash), "regexquote": onText(regexp.QuoteMeta),
	"trimRight": onText(trimEnd), "boxed": onText(boxed),
	"trimPrefix": onTexts(func(a, s string) string { return strings.TrimPrefix(s, a) }),
	"trimSuffix": onTexts(func(a, s string) string { return strings.TrimSuffix(s, a) }),
	"before":     onTexts(func(a, s string) string { s, _, _ = strings.Cut(s, a); return s }),
	"after":      onTexts(func(a, s string) string { _, s, _ = strings.Cut(s, a); return s }),
	"beforeLast": onTexts(beforeLast), "afterLast": onTexts(afterLast),
	"contains":  onTexts(func(a, s string) bool { return strings.Contains(s, a) }),
	"hasPrefix": onTexts(func(a, s string) bool { return strings.HasPrefix(s, a) }),
	"hasSuffix": onTexts(func(a, s string) bool { return strings.HasSuffix(s, a) }),
	"split":     onTexts(splitText),
	"replace":   replaceText, "find": find, "substitute": substitute,

	"list": func(values ...any) []any { return values }, "concat": concat, "join": join,
	"first": func(list any) (any, error) { return at(list, 0) },
	"last":  func(list any) (any, error) { return at(list, -1) },
	"index": index, "position": position, "letters": letters, "letter": letter,

	"print": printAll, "printf": printFormatted,
	"println": func(values ...any) (string, error) { text, err := printAll(values...); return text + "\n", err },

	"default": func(other, value any) any {
		if value == nil || value == "" {
			return other
		}
		return value
	},
	"has":  func(name string, row map[string]any) bool { value, ok := row[name]; return ok && value != nil },
	"json": writeJSON, "int": whole, "add": add,

	"eq": equal, "ne": func(a, b any) (bool, error) { same, err := equal(a, b); return !same, err },
	"lt": ordered(func(c int) bool { return c < 0 }), "le": ordered(func(c int) bool { return c <= 0 }),
	"gt": ordered(func(c int) bool { return c > 0 }), "ge": ordered(func(c int) bool { return c >= 0 }),
	"not": func(value any) bool { yes, _ := template.IsTrue(truth(value)); return !yes },
}

// Functions lists the functions of templates, sorted, without those of
// text/template that are as they are there.
func Functions() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		if name[0] != '_' {
			names = append(names, name)
		}
	}
	return names
}

// textOf is a value as a template writes it.
func textOf(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		if -1e15 < v && v < 1e15 {
			return strconv.FormatFloat(v, 'f', -1, 64), nil
		}
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case nil:
		return "", errors.New("a value is null: ask for it with if, or name another with default")
	case []any, []string:
		return "", errors.New("a value is a list: use join, letters, index or range")
	case map[string]any, Row:
		return "", errors.New("a value is a section with fields of its own: name one of them, or use json")
	}
	return fmt.Sprint(value), nil
}

// truth is value where a condition looks at it; a number that is 0 is no.
func truth(value any) any {
	if n, ok := value.(json.Number); ok {
		if f, err := n.Float64(); err == nil && f == 0 {
			return 0
		}
	}
	return value
}

// printAll is the values as texts, one after the other.
func printAll(values ...any) (string, error) {
	texts, err := textsOf(values)
	return strings.Join(texts, ""), err
}

// printFormatted is fmt.Sprintf, for which a value that does not fit is an error.
func printFormatted(format string, values ...any) (string, error) {
	for i, value := range values {
		if n, ok := value.(json.Number); ok {
			values[i] = written(n)
		}
	}
	text := fmt.Sprintf(format, values...)
	if strings.Contains(text, "%!") {
		return "", fmt.Errorf("printf: %s", quoted(text))
	}
	return text, nil
}

// written is a number of JSON that goes with the verbs of texts and of numbers.
type written string

// Format writes the number; see fmt.Formatter.
func (n written) Format(s fmt.State, verb rune) {
	var value any = string(n)
	switch number := json.Number(n); verb {
	case 'd', 'x', 'X', 'o', 'b', 'c':
		if i, err := number.Int64(); err == nil {
			value = i
		}
	case 'e', 'E', 'f', 'F', 'g', 'G':
		if f, err := number.Float64(); err == nil {
			value = f
		}
	}
	fmt.Fprintf(s, fmt.FormatString(s, verb), value)
}

func onText[R any](f func(string) R) func(any) (R, error) {
	return func(value any) (result R, err error) {
		text, err := textOf(value)
		if err != nil {
			return result, err
		}
		return f(text), nil
	}
}

func onTexts[R any](f func(a, s string) R) func(a, value any) (R, error) {
	return func(a, value any) (result R, err error) {
		first, err := textOf(a)
		if err != nil {
			return result, err
		}
		return onText(func(s string) R { return f(first, s) })(value)
	}
}

func capitalize(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 || first == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// shortHash names a text: 12 hexadecimal digits of its SHA-256.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

// boxed is what the last \boxed of a text in LaTeX holds; "" without one.
func boxed(s string) string {
	i := strings.LastIndex(s, `\boxed{`)
	if i < 0 {
		return ""
	}
	s = s[i+len(`\boxed{`):]
	open := 1
	for at := 0; at < len(s); at++ {
		switch s[at] {
		case '\\':
			at++ // \{ and \} are characters
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return s[:at]
			}
		}
	}
	return ""
}

func beforeLast(a, s string) string {
	if i := strings.LastIndex(s, a); i >= 0 {
		return s[:i]
	}
	return s
}

func afterLast(a, s string) string {
	if i := strings.LastIndex(s, a); i >= 0 {
		return s[i+len(a):]
	}
	return ""
}

func splitText(a, s string) []any {
	parts := strings.Split(s, a)
	list := make([]any, len(parts))
	for i, part := range parts {
		list[i] = part
	}
	return list
}

func replaceText(from, to string, value any) (string, error) {
	text, err := textOf(value)
	if err != nil {
		return "", err
	}
	if grown := len(text) + strings.Count(text, from)*(len(to)-len(from)); grown > maxText {
		return "", fmt.Errorf("it is longer than %d bytes", maxText)
	}
	return strings.ReplaceAll(text, from, to), nil
}

// find is the first group, or without groups the whole, of the first match; ""
// without a match.
func find(pattern string, value any) (string, error) {
	text, err := textOf(value)
	if err != nil {
		return "", err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	m := re.FindStringSubmatch(text)
	if m == nil {
		return "", nil
	}
	return m[min(1, len(m)-1)], nil
}

// substitute replaces all matches; $1 in with is the first group.
func substitute(pattern, with string, value any) (string, error) {
	text, err := textOf(value)
	if err != nil {
		return "", err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	if len(text)*max(1, len(with)) > 64*maxText {
		return "", fmt.Errorf("it is longer than %d bytes", maxText)
	}
	return re.ReplaceAllString(text, with), nil
}

// writeJSON writes a value as it stands in a JSON file.
func writeJSON(value any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
