package grade

import (
	"math/big"
	"strings"
	"unicode"
)

// quantity is a number in a text.
type quantity struct {
	value   *big.Rat
	percent bool
	text    string
}

// share is the value as a part of one: 50% is 1/2.
func (q quantity) share() *big.Rat {
	if !q.percent {
		return q.value
	}
	return new(big.Rat).Quo(q.value, big.NewRat(100, 1))
}

// maxDigits and maxPower bound a number: what is longer is none.
const (
	maxDigits = 400
	maxPower  = 400
)

// quantities returns the numbers of a text, in order: 12, -3.5, 1,234.50, .5, 3/4, 6.02e23,
// 3 × 10^8, $5 and 50%. What is part of a word, a version or a date is none. A sign
// behind a number or a word is an operator.
func quantities(text string) []quantity {
	text = numberMarks.Replace(widths.Replace(text))
	var all []quantity
	for i := 0; i < len(text); {
		if !startsNumber(text, i) {
			i++
			continue
		}
		s := &numberScanner{text: text, at: i}
		if q, ok := s.quantity(); ok {
			all = append(all, q)
		}
		i = max(s.at, i+1)
	}
	return all
}

var numberMarks = strings.NewReplacer("−", "-", "–", "-", `\$`, "$", `\%`, "%", "{,}", ",", `,\!`, ",", `\times`, "×", "\u00a0", " ", "\u202f", " ")

// widths makes the wide digits and marks of Chinese and Japanese narrow.
var widths = strings.NewReplacer("０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9",
	"．", ".", "％", "%", "－", "-", "＋", "+", "＝", "=", "／", "/", "（", "(", "）", ")", "：", ":")

func isDigit(text string, i int) bool {
	return i >= 0 && i < len(text) && '0' <= text[i] && text[i] <= '9'
}

func startsNumber(text string, i int) bool {
	return isDigit(text, i) || text[i] == '.' && isDigit(text, i+1) && !isDigit(text, i-1)
}

type numberScanner struct {
	text string
	at   int
}

// quantity reads the number that begins here.
func (s *numberScanner) quantity() (q quantity, ok bool) {
	start := s.at
	value, ok := s.decimal()
	if !ok || start > 0 && isWord(lastRune(s.text[:start])) {
		s.skipWord()
		return q, false
	}
	if whole, rest := s.text[start:s.at], s.at; s.take("/") {
		under, ok := s.decimal()
		if ok && under.Sign() != 0 && !strings.ContainsAny(whole, ".,") {
			value = new(big.Rat).Quo(value, under)
		} else {
			s.at = rest
		}
	}
	if power, ok := s.power(); ok {
		value = new(big.Rat).Mul(value, power)
	}
	if s.at < len(s.text) && unicode.IsLetter(firstRune(s.text[s.at:])) && !s.unit() {
		s.skipWord()
		return q, false
	}
	from := start
	if sign := s.sign(start); sign >= 0 {
		from = sign
		value = new(big.Rat).Neg(value)
	}
	q = quantity{value: value, text: s.text[from:s.at]}
	if end := s.at; s.take(" ") || true {
		if q.percent = s.take("%") || s.take("percent"); !q.percent {
			s.at = end
		}
	}
	return q, true
}

// decimal reads digits in groups of three or not, and what is behind the point.
func (s *numberScanner) decimal() (*big.Rat, bool) {
	start := s.at
	digits := s.digits()
	if n := len(digits); n >= 1 && n <= 3 {
		for s.at < len(s.text) && s.text[s.at] == ',' && isDigit(s.text, s.at+1) && isDigit(s.text, s.at+2) && isDigit(s.text, s.at+3) && !isDigit(s.text, s.at+4) {
			digits += s.text[s.at+1 : s.at+4]
			s.at += 4
		}
	}
	if s.at < len(s.text) && s.text[s.at] == '.' && isDigit(s.text, s.at+1) {
		s.at++
		digits += "." + s.digits()
		if s.at < len(s.text) && s.text[s.at] == '.' && isDigit(s.text, s.at+1) { // a version
			s.skipWord()
			return nil, false
		}
	}
	if s.at == start || len(digits) > maxDigits {
		return nil, false
	}
	if digits[0] == '.' {
		digits = "0" + digits
	}
	return new(big.Rat).SetString(digits)
}

func (s *numberScanner) digits() string {
	start := s.at
	for isDigit(s.text, s.at) {
		s.at++
	}
	return s.text[start:s.at]
}

func (s *numberScanner) take(mark string) bool {
	if strings.HasPrefix(s.text[s.at:], mark) {
		s.at += len(mark)
		return true
	}
	return false
}

// power reads e23, × 10^8 and x 10^{8}.
func (s *numberScanner) power() (*big.Rat, bool) {
	start := s.at
	if s.take("e") || s.take("E") {
		if p, ok := s.exponent(); ok {
			return p, true
		}
		s.at = start
		return nil, false
	}
	s.take(" ")
	if s.take("×") || s.take("x") || s.take("*") {
		s.take(" ")
		if s.take("10^") || s.take("10**") {
			brace := s.take("{")
			if p, ok := s.exponent(); ok && (!brace || s.take("}")) {
				return p, true
			}
		}
	}
	s.at = start
	return nil, false
}

func (s *numberScanner) exponent() (*big.Rat, bool) {
	negative := s.take("-")
	if !negative {
		s.take("+")
	}
	digits := s.digits()
	if digits == "" || len(digits) > 4 {
		return nil, false
	}
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	if n > maxPower {
		return nil, false
	}
	p := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
	if negative {
		p.Inv(p)
	}
	return p, true
}

// unit reports whether letters right behind a number are a unit or an ordinal's
// ending, and not the rest of a name such as 3M or 2nd-rate.
func (s *numberScanner) unit() bool {
	rest := s.text[s.at:]
	end := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
	if end < 0 {
		end = len(rest)
	}
	return end <= 4 && !strings.ContainsAny(rest[:end], "0123456789_") && !ordinals[rest[:end]]
}

var ordinals = map[string]bool{"st": true, "nd": true, "rd": true, "th": true}

func (s *numberScanner) skipWord() {
	for s.at < len(s.text) {
		c := s.text[s.at]
		if !(c == '.' && isDigit(s.text, s.at+1) || c >= 0x80 || isWord(rune(c))) {
			return
		}
		s.at++
	}
}

// sign returns where the minus of a number that begins at start stands, -1 if it
// has none: before it, or before its currency.
func (s *numberScanner) sign(start int) int {
	before := strings.TrimRight(s.text[:start], "$€£¥")
	if !strings.HasSuffix(before, "-") {
		return -1
	}
	at := len(before) - 1
	if at > 0 {
		if r := lastRune(before[:at]); isWord(r) || r == ')' || r == '}' || r == ']' || r == '-' || r == '%' {
			return -1
		}
	}
	return at
}
