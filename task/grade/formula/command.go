package formula

import (
	"strings"
	"unicode/utf8"
)

// spacing are commands that only move or size what is drawn.
var spacing = words(`left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr middle displaystyle textstyle scriptstyle limits
	quad qquad hspace phantom rm it bf boldsymbol`)

// commandSigns are commands that are one of the signs or names.
var commandSigns = map[string]token{
	"cdot": {kind: kSign, text: "*"}, "times": {kind: kSign, text: "*"}, "ast": {kind: kSign, text: "*"}, "div": {kind: kSign, text: "/"},
	"le": {kind: kSign, text: "<="}, "leq": {kind: kSign, text: "<="}, "leqslant": {kind: kSign, text: "<="}, "leqq": {kind: kSign, text: "<="},
	"ge": {kind: kSign, text: ">="}, "geq": {kind: kSign, text: ">="}, "geqslant": {kind: kSign, text: ">="}, "geqq": {kind: kSign, text: ">="},
	"ne": {kind: kSign, text: "!="}, "neq": {kind: kSign, text: "!="}, "lt": {kind: kSign, text: "<"}, "gt": {kind: kSign, text: ">"},
	"approx": {kind: kSign, text: "="}, "pm": {kind: kSign, text: "±"}, "mp": {kind: kSign, text: "∓"}, "pi": {kind: kName, text: "π"},
	"infty": {kind: kName, text: "∞"}, "infin": {kind: kName, text: "∞"}, "cup": {kind: kSign, text: "∪"}, "cap": {kind: kSign, text: "∩"},
	"bigcup": {kind: kSign, text: "∪"}, "in": {kind: kSign, text: "∈"},
	"mid": {kind: kSign, text: "|"}, "vert": {kind: kSign, text: "|"}, "lvert": {kind: kSign, text: "|"}, "rvert": {kind: kSign, text: "|"},
	"circ": {kind: kSign, text: "°"}, "degree": {kind: kSign, text: "°"}, "prime": {kind: kSign, text: "'"}, "colon": {kind: kSign, text: ":"},
	"emptyset": {kind: kName, text: "∅"}, "varnothing": {kind: kName, text: "∅"}, "lbrace": {kind: kSign, text: `\{`}, "rbrace": {kind: kSign, text: `\}`},
	"lbrack": {kind: kSign, text: "["}, "rbrack": {kind: kSign, text: "]"}, "setminus": {kind: kSign, text: `\`}, "backslash": {kind: kSign, text: `\`},
	"lfloor": {kind: kSign, text: "⌊"}, "rfloor": {kind: kSign, text: "⌋"}, "lceil": {kind: kSign, text: "⌈"}, "rceil": {kind: kSign, text: "⌉"},
	"dfrac": {kind: kCommand, text: "frac"}, "tfrac": {kind: kCommand, text: "frac"}, "cfrac": {kind: kCommand, text: "frac"},
	"dbinom": {kind: kCommand, text: "binom"}, "tbinom": {kind: kCommand, text: "binom"}, "epsilon": {kind: kName, text: "ε"},
	"land": {kind: kSign, text: ","}, "lor": {kind: kSign, text: ","}, "ldots": {kind: kName, text: "…"}, "cdots": {kind: kName, text: "…"}, "dots": {kind: kName, text: "…"},
	"exponentialE": {kind: kName, text: "e"}, "imaginaryI": {kind: kName, text: "i"},
}

// escaped are commands of one character that is no letter.
var escaped = map[byte]token{
	'{': {kind: kSign, text: `\{`}, '}': {kind: kSign, text: `\}`}, '%': {kind: kSign, text: "%"}, '|': {kind: kSign, text: "|"},
	'\\': {kind: kSign, text: `\\`}, '&': {kind: kWords, text: "&"},
}

// styled are commands whose group is text, or letters of another shape.
var styled = words("text textbf textit textrm textnormal mathrm mathbf mathit mathsf mathcal mathbb operatorname mbox hbox emph mathop")

// structures are commands that the parser knows.
var structures = words("frac sqrt binom overline bar vec hat begin end boxed fbox log ln lg exp sin cos tan cot sec csc " +
	"arcsin arccos arctan sinh cosh tanh max min gcd lcm")

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// command reads what a backslash begins.
func (s *scanner) command() (skipped bool, err error) {
	s.at++
	start := s.at
	for s.at < len(s.text) && isASCIILetter(s.text[s.at]) {
		s.at++
	}
	name := s.text[start:s.at]
	if name == "" {
		return s.escape()
	}
	if t, ok := commandSigns[name]; ok {
		s.tokens = append(s.tokens, t)
		return false, nil
	}
	switch {
	case spacing[name]:
		if name == "hspace" || name == "phantom" {
			s.skipGroup()
		}
		if (name == "left" || name == "right") && s.at < len(s.text) && s.text[s.at] == '.' { // draws nothing
			s.at++
		}
		return true, nil
	case styled[name]:
		return false, s.styled(name)
	case name == "textdollar":
		return true, nil
	case structures[name]:
		s.add(kCommand, name)
	default: // a Greek letter, or what we do not know, which equals itself
		s.add(kName, `\`+name)
	}
	return false, nil
}

func (s *scanner) escape() (skipped bool, err error) {
	if s.at >= len(s.text) {
		return true, nil
	}
	c := s.text[s.at]
	s.at++
	if t, ok := escaped[c]; ok {
		s.tokens = append(s.tokens, t)
		return false, nil
	}
	if strings.IndexByte(" ,;:!>$()[]\n\t-", c) >= 0 {
		return true, nil
	}
	return false, errFormula
}

func (s *scanner) skipGroup() {
	if inner, ok := s.group(); ok {
		s.at += len(inner) + 2
	}
}

// group returns what stands in the braces that begin here.
func (s *scanner) group() (inner string, ok bool) {
	if s.at >= len(s.text) || s.text[s.at] != '{' {
		return "", false
	}
	depth := 0
	for i := s.at; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s.text[s.at+1 : i], true
			}
		}
	}
	return "", false
}

// styled reads \text{...} and its like: words, a number, a letter or a function.
func (s *scanner) styled(name string) error {
	for s.at < len(s.text) && s.text[s.at] == ' ' {
		s.at++
	}
	raw, ok := s.group()
	if !ok {
		return nil // {\rm ...}: the style of what follows
	}
	inner := strings.TrimSpace(styledSpace.Replace(raw))
	end := s.at + len(raw) + 2
	switch fold := strings.Trim(strings.ToLower(inner), ",; "); {
	case fold == "":
	case name == "mathbb" && inner == "R":
		s.add(kName, "ℝ")
	case name == "mathbb":
		s.add(kName, `\`+inner)
	case fold == "and" || fold == "or":
		s.add(kSign, ",")
	case structures[inner]:
		s.add(kCommand, inner)
	case strings.ContainsAny(inner, `0123456789\=+<>^`): // a formula in other letters
		s.add(kSign, "{")
		end = s.at + 1
	case utf8.RuneCountInString(inner) == 1 && !s.afterOperand(), inner == "i", inner == "e":
		s.add(kName, inner)
	default:
		s.add(kWords, inner)
	}
	s.at = end
	return nil
}

var styledSpace = strings.NewReplacer("~", " ", `\ `, " ", `\,`, " ", `\;`, " ")

// afterOperand reports whether a letter in another shape is a unit: it stands
// after a value.
func (s *scanner) afterOperand() bool {
	if len(s.tokens) == 0 {
		return false
	}
	last := s.tokens[len(s.tokens)-1]
	return last.kind == kNumber || last.kind == kWords || last.text == ")" || last.text == "}" || last.text == "/" && len(s.tokens) > 1 && s.tokens[len(s.tokens)-2].kind == kWords
}

func isASCIILetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// typed are names of functions and constants as people type them.
var typed = map[string]token{
	"sin": {kind: kCommand, text: "sin"}, "cos": {kind: kCommand, text: "cos"}, "tan": {kind: kCommand, text: "tan"}, "log": {kind: kCommand, text: "log"},
	"ln": {kind: kCommand, text: "ln"}, "sqrt": {kind: kCommand, text: "sqrt"}, "exp": {kind: kCommand, text: "exp"}, "pi": {kind: kName, text: "π"},
	"inf": {kind: kName, text: "∞"}, "infinity": {kind: kName, text: "∞"}, "and": {kind: kSign, text: ","}, "or": {kind: kSign, text: ","},
	"arcsin": {kind: kCommand, text: "arcsin"}, "arccos": {kind: kCommand, text: "arccos"}, "arctan": {kind: kCommand, text: "arctan"},
	"sec": {kind: kCommand, text: "sec"}, "csc": {kind: kCommand, text: "csc"}, "cot": {kind: kCommand, text: "cot"}, "cis": {kind: kName, text: "cis"},
}

// units are short words that are not products of letters.
var units = words(`cm mm km kg mg mi ft mph kph in sq cu deg degrees dollars cents inches inch feet foot miles meters metres hours hour hrs hr
	minutes minute min mins seconds second sec secs days day weeks week months years year units unit percent pounds lbs lb oz ways times people
	per square cubic gallons liters litres grams rad radians pm am PM AM`)

// letters reads a run of letters: a function, words, or a product of variables.
func (s *scanner) letters() {
	start := s.at
	for s.at < len(s.text) {
		c, size := utf8.DecodeRuneInString(s.text[s.at:])
		if !isLetter(c) {
			break
		}
		s.at += size
	}
	run := s.text[start:s.at]
	if t, ok := typed[strings.ToLower(run)]; ok && run != "OR" {
		s.tokens = append(s.tokens, t)
		return
	}
	spaced := start > 0 && s.text[start-1] == ' '
	switch n := utf8.RuneCountInString(run); {
	case n == 1:
		s.add(kName, run)
	case units[run] && (spaced || len(run) > 2), n >= 4 && strings.ContainsAny(strings.ToLower(run), "aeiouy"), n > 6:
		s.add(kWords, run)
	default:
		for _, c := range run {
			s.add(kName, string(c))
		}
	}
}
