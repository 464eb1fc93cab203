package privacy

import "slices"

// phoneWords say that the number behind them is a phone number.
var phoneWords = []string{
	"tel.", "tel:", "tel ", "tél.", "tél ", "tél:", "telephone", "téléphone", "telefon", "teléfono", "phone", "cellphone", "fax", "mobile", "mob.", "mob:",
	"whatsapp", "handy", "hotline", "ph:", "ph.", "dial", "call us", "call me", "cell:", "sms", "☎", "📞",
}

// isPhone says whether the groups from a to b are a phone number: in the
// international form of a country's plan, in a national form that little else
// has, or in any behind a word that says so.
func (w *worker) isPhone(a, b int, digits []byte, plus bool) bool {
	num := &w.num
	groups := num.groups[a:b]
	whole := a == 0 && b == num.n
	if plus {
		return international(groups, digits) && (len(groups) > 1 || len(digits) >= 10 || w.near(groups[0].start, 24, phoneWords...))
	}
	if dated(groups, digits) {
		return false
	}
	if northAmerican(groups, digits) || brazilian(groups, digits) || whole && zeroLed(groups, digits) {
		return true
	}
	if whole && len(groups) > 1 && digits[0] == '0' && digits[1] == '0' && len(digits) >= 11 && international(groups, digits[2:]) {
		return true
	}
	return b == num.n && len(digits) >= 7 && len(digits) <= 13 && w.near(groups[0].start, 24, phoneWords...)
}

// international says whether digits, with the calling code first, fit the plan of
// their country. A zero in brackets is that of the national form.
func international(groups []group, digits []byte) bool {
	n, code := len(digits), 0
	for i := range min(3, n) {
		code = code*10 + int(digits[i]-'0')
		plan, ok := plans[code]
		if !ok {
			continue
		}
		national := digits[i+1:]
		if slices.ContainsFunc(groups, func(g group) bool { return g.open && g.len() == 1 }) {
			if len(national) == 0 || national[0] != '0' {
				return false
			}
			national = national[1:]
		} else if len(national) > 0 && national[0] == '0' && !slices.Contains([]int{39, 225, 241, 242, 229, 378}, code) {
			return false
		}
		if code == 1 && (len(national) != 10 || !areaAndOffice(national)) {
			return false
		}
		return len(national) >= plan[0] && len(national) <= plan[1] && n >= 8 && n <= 15
	}
	return false
}

// areaAndOffice says whether ten digits can be a number of the North American
// plan: no part begins with 0 or 1, and no area is a service such as 911.
func areaAndOffice(d []byte) bool {
	return d[0] >= '2' && d[1] != '9' && (d[1] != '1' || d[2] != '1') && d[3] >= '2'
}

// northAmerican is 3-3-4 with a hyphen or a dot, or with the area in brackets,
// perhaps behind a 1.
func northAmerican(groups []group, digits []byte) bool {
	if len(groups) == 4 && groups[0].len() == 1 && digits[0] == '1' {
		groups, digits = groups[1:], digits[1:]
	}
	if len(groups) != 3 || groups[0].len() != 3 || groups[1].len() != 3 || groups[2].len() != 4 || !areaAndOffice(digits) {
		return false
	}
	s, t := groups[1].sep, groups[2].sep
	return groups[0].open && s == ')' || s == t && (s == '-' || s == '.') || t == '-' && (s == ' ' || s == '/')
}

// brazilian is an area of two digits in brackets, four or five digits, a hyphen,
// and four.
func brazilian(groups []group, digits []byte) bool {
	return len(groups) == 3 && groups[0].open && groups[0].len() == 2 && digits[0] != '0' && groups[2].sep == '-' && groups[2].len() == 4 &&
		(groups[1].len() == 5 && digits[2] == '9' || groups[1].len() == 4 && !year(digits[2:6]))
}

// zeroLed is ten or eleven digits with the zero of a national form in Europe,
// Asia and Oceania: 030/1234567, 020 7946 0958, 01 23 45 67 89, 03-1234-5678.
func zeroLed(groups []group, digits []byte) bool {
	if len(groups) < 2 || len(groups) > 5 || len(digits) < 9 || len(digits) > 12 || digits[0] != '0' || digits[1] == '0' {
		return false
	}
	if len(digits) != 10 && len(digits) != 11 && !groups[0].open && groups[1].sep != '/' {
		return false
	}
	if size := groups[0].len(); size < 2 || size > 5 {
		return false
	}
	for i := range groups[1:] {
		g := &groups[i+1]
		if g.len() < 2 || g.len() > 8 || i > 0 && g.sep == '/' || g.sep == '.' && len(groups) != 5 {
			return false
		}
	}
	return !counting(digits)
}

// counting says whether pairs of digits count up or down by a step, as in a table.
func counting(d []byte) bool {
	if len(d) != 10 {
		return false
	}
	pair := func(i int) int { return int(d[2*i]-'0')*10 + int(d[2*i+1]-'0') }
	step := pair(1) - pair(0)
	for i := 2; i < 5; i++ {
		if pair(i)-pair(i-1) != step {
			return false
		}
	}
	return true
}

// dated says whether the groups are a date, or two years.
func dated(groups []group, d []byte) bool {
	if len(groups) == 2 && groups[0].len() == 4 && groups[1].len() == 4 {
		return year(d[:4]) && year(d[4:8])
	}
	if len(groups) < 3 {
		return false
	}
	a, b, c := groups[0].len(), groups[1].len(), groups[2].len()
	return a == 4 && b <= 2 && c <= 2 && year(d[:4]) || a <= 2 && b <= 2 && c == 4 && year(d[a+b:a+b+4])
}

func year(d []byte) bool {
	return d[0] == '1' && d[1] >= '4' || d[0] == '2' && d[1] <= '1'
}
