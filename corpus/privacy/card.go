package privacy

import "strconv"

// isCard says whether digits are the number of a payment card: the length and
// prefix of an issuer, the usual groups, and the check digit of Luhn. Lengths of
// which few cards are left need a word before them.
func (w *worker) isCard(digits, shape []byte, at int) bool {
	n := len(digits)
	if n < 13 || n > 19 || !cardShape(shape, n) || !issued(digits) || !luhn(digits) {
		return false
	}
	plain := len(shape) == 2
	if plain && (n != 15 && n != 16 || at > 0 && w.text[at-1] == '=') {
		return w.near(at, 32, "card", "visa", "credit", "karte", "kreditkarte", "carte", "tarjeta", "pan ", "pan:", "cc ", "cc:", "amex")
	}
	return true
}

func cardShape(shape []byte, n int) bool {
	switch string(shape) {
	case "4 4 4 4", "4-4-4-4", "4 6 5", "4-6-5", "4 6 4", "4-6-4", "4 4 4 4 3", "4-4-4-4-3":
		return true
	}
	return string(shape) == strconv.Itoa(n)
}

// issued says whether an issuer gives out numbers of that prefix and length.
func issued(d []byte) bool {
	n := len(d)
	p := 0
	for _, c := range d[:6] {
		p = p*10 + int(c-'0')
	}
	two, four := p/10000, p/100
	switch {
	case d[0] == '4':
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return n == 16
	case two == 34, two == 37:
		return n == 15
	case two == 36, two == 38, two == 39, four/10 >= 300 && four/10 <= 305:
		return n == 14 || n == 16
	case four == 6011, four/10 >= 644 && four/10 <= 649, two == 65, two == 62, two == 35 && four >= 3528 && four <= 3589:
		return n >= 16
	}
	return false
}
