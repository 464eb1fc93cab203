package formula

import (
	"errors"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"
)

// errFormula says that a text is no formula. What is wrong in it does not matter.
var errFormula = errors.New("no formula")

// maxPower bounds the power of ten of a number.
const maxPower = 400

type kind uint8

const (
	kEnd     kind = iota
	kNumber       // text is its digits, value its value
	kName         // a variable or constant, text is its name
	kCommand      // text is the LaTeX command, without backslash
	kSign         // text is the sign
	kWords        // text is words
)

type token struct {
	kind  kind
	text  string
	value *big.Rat
	// space says that white space stands before it.
	space bool
}

// scanner cuts a text into tokens.
type scanner struct {
	text    string
	at      int
	grouped bool // 1,234 is one number
	tokens  []token
}

func scan(text string, grouped bool) ([]token, error) {
	s := &scanner{text: text, grouped: grouped}
	space := false
	for s.at < len(s.text) {
		if len(s.tokens) > maxTokens {
			return nil, errFormula
		}
		before := len(s.tokens)
		skipped, err := s.next()
		if err != nil {
			return nil, err
		}
		if len(s.tokens) > before {
			s.tokens[before].space = space
		}
		space = skipped
	}
	return s.tokens, nil
}

func (s *scanner) add(k kind, text string) { s.tokens = append(s.tokens, token{kind: k, text: text}) }

// next reads one token, or something that is none, such as white space.
func (s *scanner) next() (skipped bool, err error) {
	c, size := utf8.DecodeRuneInString(s.text[s.at:])
	switch {
	case unicode.IsSpace(c) || c == '$' || c == '~':
		s.at += size
		return true, nil
	case '0' <= c && c <= '9' || c == '.' && s.digit(s.at+1):
		return false, s.number()
	case c == '\\':
		return s.command()
	case isLetter(c):
		s.letters()
		return false, nil
	}
	s.at += size
	if sign, ok := signs[c]; ok {
		s.add(sign.kind, sign.text)
		return false, nil
	}
	if d := strings.IndexRune(superscripts, c); d >= 0 {
		return false, s.superscript(c)
	}
	switch c {
	case '+', '-', '*', '/', '^', '_', '!', '|', '(', ')', '[', ']', '{', '}', ',', ';', ':', '=', '<', '>', '\'', '%', '&':
		s.add(kSign, string(c))
		if c == '*' && s.at < len(s.text) && s.text[s.at] == '*' { // as programs write powers
			s.tokens[len(s.tokens)-1].text = "^"
			s.at++
		}
		s.relation()
		return false, nil
	case '.', '?':
		if strings.Trim(s.text[s.at:], " \n\t$.") == "" { // the end of a sentence
			return true, nil
		}
	}
	return false, errFormula
}

// relation joins two signs to <=, >= or !=.
func (s *scanner) relation() {
	n := len(s.tokens)
	if n < 2 || s.tokens[n-1].text != "=" || s.at < 2 {
		return
	}
	if previous := s.text[s.at-2]; previous == '<' || previous == '>' || previous == '!' {
		s.tokens[n-2].text += "="
		s.tokens = s.tokens[:n-1]
	}
}

var signs = map[rune]token{
	'−': {kind: kSign, text: "-"}, '–': {kind: kSign, text: "-"}, '×': {kind: kSign, text: "*"}, '·': {kind: kSign, text: "*"},
	'⋅': {kind: kSign, text: "*"}, '∗': {kind: kSign, text: "*"}, '÷': {kind: kSign, text: "/"}, '∕': {kind: kSign, text: "/"}, '≤': {kind: kSign, text: "<="},
	'≥': {kind: kSign, text: ">="}, '≠': {kind: kSign, text: "!="}, '±': {kind: kSign, text: "±"}, '∓': {kind: kSign, text: "∓"},
	'∪': {kind: kSign, text: "∪"}, '∩': {kind: kSign, text: "∩"}, '∈': {kind: kSign, text: "∈"}, '°': {kind: kSign, text: "°"},
	'∞': {kind: kName, text: "∞"}, 'π': {kind: kName, text: "π"}, '√': {kind: kCommand, text: "sqrt"}, '∅': {kind: kName, text: "∅"},
	'ℝ': {kind: kName, text: "ℝ"}, '′': {kind: kSign, text: "'"}, '，': {kind: kSign, text: ","}, '（': {kind: kSign, text: "("}, '）': {kind: kSign, text: ")"},
	'≈': {kind: kSign, text: "="}, '；': {kind: kSign, text: ";"},
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹"

// superscript reads a power such as x².
func (s *scanner) superscript(c rune) error {
	digits := ""
	for {
		i := strings.IndexRune(superscripts, c)
		if i < 0 {
			break
		}
		digits += string(rune('0' + utf8.RuneCountInString(superscripts[:i])))
		next, size := utf8.DecodeRuneInString(s.text[s.at:])
		if !strings.ContainsRune(superscripts, next) || size == 0 {
			break
		}
		c = next
		s.at += size
	}
	s.add(kSign, "^")
	s.tokens = append(s.tokens, token{kind: kNumber, text: digits, value: decimal(digits)})
	return nil
}

func isLetter(c rune) bool { return unicode.IsLetter(c) && c != 'ℝ' && c != 'π' }

func (s *scanner) digit(i int) bool { return i < len(s.text) && '0' <= s.text[i] && s.text[i] <= '9' }

// number reads 12, 1,234, 1{,}234, .5, 1.25 and 0.\overline{3}.
func (s *scanner) number() error {
	start := s.at
	whole := s.digits()
	for len(whole) <= 3 || s.at-start > len(whole) {
		size := s.groupMark()
		if size == 0 || !s.threeDigits(s.at+size) {
			break
		}
		whole += s.text[s.at+size : s.at+size+3]
		s.at += size + 3
	}
	text := whole
	repeating := s.repeating(s.at + 1)
	if s.at < len(s.text) && s.text[s.at] == '.' && (s.digit(s.at+1) || repeating > 0) {
		s.at++
		text += "." + s.digits()
	}
	if s.at+1 < len(s.text) && s.text[s.at] == '.' && strings.IndexByte("/*+-^)", s.text[s.at+1]) >= 0 { // 3./2
		s.at++
	}
	value := decimal(text)
	if value == nil {
		return errFormula
	}
	if power := s.scientific(); power != nil {
		value.Mul(value, power)
	}
	if n := s.repeating(s.at); n > 0 && strings.Contains(text, ".") {
		value = s.repeat(value, text, n)
	}
	s.tokens = append(s.tokens, token{kind: kNumber, text: text, value: value})
	return nil
}

// scientific reads the end of 6.02e23; nil if there is none.
func (s *scanner) scientific() *big.Rat {
	i := s.at
	if i >= len(s.text) || s.text[i] != 'e' && s.text[i] != 'E' {
		return nil
	}
	i++
	negative := i < len(s.text) && s.text[i] == '-'
	if i < len(s.text) && (s.text[i] == '-' || s.text[i] == '+') {
		i++
	}
	start, n := i, 0
	for ; s.digit(i) && i-start < 4; i++ {
		n = 10*n + int(s.text[i]-'0')
	}
	if i == start || n > maxPower || s.digit(i) {
		return nil
	}
	s.at = i
	value := new(big.Rat).SetInt(power(10, n))
	if negative {
		value.Inv(value)
	}
	return value
}

func (s *scanner) digits() string {
	start := s.at
	for s.digit(s.at) {
		s.at++
	}
	return s.text[start:s.at]
}

// groupMark returns the length of the mark between groups of digits that stands
// here.
func (s *scanner) groupMark() int {
	rest := s.text[s.at:]
	for _, mark := range []string{`,\!\!`, `,\!`, `{,}`, `\,`, `\!`} {
		if !strings.HasPrefix(rest, mark) {
			continue
		}
		n := len(mark)
		if mark != `{,}` {
			n += len(rest[n:]) - len(strings.TrimLeft(rest[n:], " "))
		}
		return n
	}
	if s.grouped && strings.HasPrefix(rest, ",") {
		return 1
	}
	return 0
}

func (s *scanner) threeDigits(i int) bool {
	return s.digit(i) && s.digit(i+1) && s.digit(i+2) && !s.digit(i+3)
}

// repeating returns the length of an \overline{digits} that begins at i.
func (s *scanner) repeating(i int) int {
	if i > len(s.text) || !strings.HasPrefix(s.text[i:], `\overline{`) {
		return 0
	}
	j := i + len(`\overline{`)
	for s.digit(j) {
		j++
	}
	if j == i+len(`\overline{`) || j >= len(s.text) || s.text[j] != '}' {
		return 0
	}
	return j + 1 - i
}

// repeat adds the repeating digits, which take n bytes, to a number.
func (s *scanner) repeat(value *big.Rat, text string, n int) *big.Rat {
	digits := s.text[s.at+len(`\overline{`) : s.at+n-1]
	s.at += n
	places := len(text) - 1 - strings.IndexByte(text, '.')
	nines := new(big.Int).Sub(power(10, len(digits)), big.NewInt(1))
	period, _ := new(big.Int).SetString(digits, 10)
	part := new(big.Rat).SetFrac(period, nines.Mul(nines, power(10, places)))
	return part.Add(part, value)
}

func power(base int64, n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(n)), nil)
}

// decimal reads digits with at most one point; nil if these are none.
func decimal(text string) *big.Rat {
	text = strings.TrimSuffix(text, ".")
	if text == "" {
		return nil
	}
	if text[0] == '.' {
		text = "0" + text
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return value
}
