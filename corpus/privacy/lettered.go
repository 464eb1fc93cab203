package privacy

import (
	"bytes"
	"slices"
	"strings"
)

// lettered looks at a word of letters and digits and returns where to go on.
func (w *worker) lettered(start, end int) int {
	word := w.text[start:end]
	if start > 0 && (w.text[start-1] == '_' || w.text[start-1] >= 0x80 && latin(w.text[max(0, start-2)], w.text[start-1])) || end < len(w.text) && w.text[end] == '_' {
		return end
	}
	if w.on[iban] && len(word) >= 4 && upper(word[:2]) && class[word[2]]&class[word[3]]&digit != 0 {
		if next := w.account(start, end); next > 0 {
			w.found(iban, start, next)
			return next
		}
	}
	if !w.ids {
		return end
	}
	for i := range letterIDs {
		id := &letterIDs[i]
		if w.on[id.kind] && matches(id.shape, word) && id.check(word) && (len(id.words) == 0 || w.near(start, 40, id.words...)) {
			w.found(id.kind, start, end)
			break
		}
	}
	return end
}

// ibanSizes are the lengths of accounts by country, after the registry of SWIFT.
var ibanSizes = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22,
	"CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22,
	"GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
	"KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31,
	"MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
	"SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}

// account is where the bank account that begins at start ends, in one word or in
// words of four; 0 if there is none.
func (w *worker) account(start, end int) int {
	size, ok := ibanSizes[string(w.text[start:start+2])]
	if !ok || end-start != size && end-start != 4 {
		return 0
	}
	var buf [40]byte
	all := buf[:0]
	i, block := start, 0
	for ; i < len(w.text) && len(all) < size; i++ {
		b := w.text[i]
		if b == ' ' && block == 4 {
			block = 0
			continue
		}
		if class[b]&digit == 0 && (b < 'A' || b > 'Z') || end-start == 4 && block == 4 {
			return 0
		}
		all = append(all, b)
		block++
	}
	if len(all) < size || i < len(w.text) && class[w.text[i]]&alnum != 0 || w.text[i-1] == ' ' {
		return 0
	}
	if mod97(append(append(buf[36:36], all[4:]...), all[:4]...)) != 1 {
		return 0
	}
	return i
}

// letterID is a national id of letters and digits. In its shape A is an upper-case
// letter, 9 a digit, * either.
type letterID struct {
	kind  kind
	shape string
	words []string // one of them stands before it, if there are any
	check func(word []byte) bool
}

var letterIDs = []letterID{
	{ukNINO, "AA999999A", []string{"ni ", "ni:", "nino", "n.i.", "national insurance"}, nino},
	{itFiscal, "AAAAAA**A**A***A", nil, fiscal},
	{esDNI, "99999999A", []string{"dni", "nif", "n.i.f", "d.n.i", "identidad", "documento"}, spanish},
	{esDNI, "A9999999A", nil, spanish},
	{inPAN, "AAAAA9999A", []string{"pan", "permanent account"}, func(b []byte) bool { return bytes.IndexByte([]byte("ABCFGHJLPT"), b[3]) >= 0 }},
	{cnResident, "99999999999999999A", nil, resident},
	{mxCURP, "AAAA999999AAAAAA*9", nil, curp},
}

func matches(shape string, word []byte) bool {
	if len(shape) != len(word) {
		return false
	}
	for i, b := range word {
		up := b >= 'A' && b <= 'Z'
		if isDigit := class[b]&digit != 0; shape[i] == 'A' && !up || shape[i] == '9' && !isDigit || shape[i] == '*' && !up && !isDigit {
			return false
		}
	}
	return true
}

func upper(word []byte) bool {
	return !slices.ContainsFunc(word, func(b byte) bool { return b < 'A' || b > 'Z' })
}

// nino is a British national insurance number: some letters and pairs are not
// given out.
func nino(b []byte) bool {
	if bytes.IndexByte([]byte("DFIQUV"), b[0]) >= 0 || bytes.IndexByte([]byte("DFIQUVO"), b[1]) >= 0 || b[8] > 'D' {
		return false
	}
	return !slices.Contains([]string{"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}, string(b[:2]))
}

// spacedNINO is one written AB 12 34 56 C; its digits stand at at.
func (w *worker) spacedNINO(digits, shape []byte, at, end int) bool {
	text := w.text
	if !w.on[ukNINO] || string(shape) != "2 2 2" && len(shape) != 1 || at-3 < w.last || end+1 >= len(text) || text[at-1] != ' ' || text[end] != ' ' {
		return false
	}
	if at-4 >= 0 && class[text[at-4]]&alnum != 0 || end+2 < len(text) && class[text[end+2]]&alnum != 0 || text[end+1] < 'A' || !upper(text[at-3:at-1]) {
		return false
	}
	if !nino(append(append(append(make([]byte, 0, 9), text[at-3:at-1]...), digits...), text[end+1])) {
		return false
	}
	w.found(ukNINO, at-3, end+2)
	return true
}

const spanishLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

// spanish is eight digits, or a letter of foreigners and seven, with the letter
// that their remainder gives.
func spanish(b []byte) bool {
	v, digits := 0, b[:8]
	switch b[0] {
	case 'X', 'Y', 'Z':
		v, digits = int(b[0]-'X'), b[1:8]
	}
	for _, c := range digits {
		if class[c]&digit == 0 {
			return false
		}
		v = v*10 + int(c-'0')
	}
	return spanishLetters[v%23] == b[8] && !same(digits)
}

// hyphenDNI is a Spanish number with a hyphen before the letter at its end, and
// perhaps behind the one at its beginning.
func (w *worker) hyphenDNI(digits, shape []byte, at, end int) bool {
	text := w.text
	if !w.on[esDNI] || end+1 >= len(text) || text[end] != '-' || text[end+1] < 'A' || text[end+1] > 'Z' || end+2 < len(text) && class[text[end+2]]&alnum != 0 {
		return false
	}
	all := make([]byte, 0, 9)
	if len(digits) == 7 {
		if at-2 < w.last || text[at-1] != '-' || text[at-2] < 'X' || text[at-2] > 'Z' || at > 2 && class[text[at-3]]&alnum != 0 {
			return false
		}
		at -= 2
		all = append(all, text[at])
	} else if string(shape) != "8" && string(shape) != "2.3.3" {
		return false
	}
	if !spanish(append(append(all, digits...), text[end+1])) {
		return false
	}
	w.found(esDNI, at, end+2)
	return true
}

// Values of the signs of an Italian fiscal code at odd places, digits and letters.
var fiscalOdd = [36]int{
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
}

func fiscal(b []byte) bool {
	sum := 0
	for i, c := range b[:15] {
		v := int(c - '0')
		if c >= 'A' {
			v = int(c-'A') + 10
		}
		switch {
		case i%2 == 0:
			sum += fiscalOdd[v]
		case v >= 10:
			sum += v - 10
		default:
			sum += v
		}
	}
	return bytes.IndexByte([]byte("ABCDEHLMPRST"), b[8]) >= 0 && byte('A'+sum%26) == b[15]
}

// States of Mexico, and NE for abroad.
const mexico = "AS BC BS CC CL CM CS CH DF DG GT GR HG JC MC MN MS NT NL OC PL QT QR SP SL SR TC TS TL VZ YN ZS NE"

// curp is a Mexican population key: a date, a sex, a state and a check digit over
// an alphabet with Ñ behind N.
func curp(b []byte) bool {
	sum := 0
	for i, c := range b[:17] {
		v := int(c - '0')
		if c >= 'A' {
			v = int(c-'A') + 10
			if c > 'N' {
				v++
			}
		}
		sum += v * (18 - i)
	}
	return date(b[6:8], b[8:10]) && bytes.IndexByte([]byte("HMX"), b[10]) >= 0 && strings.Contains(mexico, string(b[11:13])) && (10-sum%10)%10 == int(b[17]-'0')
}
