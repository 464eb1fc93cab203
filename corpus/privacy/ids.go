package privacy

import "slices"

// digitID is a national id that is digits alone.
type digitID struct {
	kind kind
	size int // digits
	// shapes are ways to write it that little else has; in another shape it needs
	// one of words before it.
	shapes []string
	words  []string
	check  func(d []byte) bool
}

var digitIDs = []digitID{
	{usSSN, 9, []string{"3-2-4"}, []string{"ssn", "social security", "itin", "taxpayer"}, ssn},
	{deTax, 11, []string{"2 3 3 3"}, []string{"steuer", "idnr", "id-nr", "tin", "tax id"}, germanTax},
	{frNIR, 15, []string{"15", "13 2", "1 2 2 2 3 3 2", "1 2 2 2 3 3-2", "1-2-2-2-3-3-2"}, []string{"sécurité sociale", "nir", "insee"}, frenchNIR},
	{nlBSN, 9, nil, []string{"bsn", "burgerservice", "sofinummer", "sofi-nummer"}, dutchBSN},
	{brCPF, 11, []string{"3.3.3-2"}, []string{"cpf"}, cpf},
	{brCNPJ, 14, []string{"2.3.3/4-2"}, []string{"cnpj"}, cnpj},
	{inAadhaar, 12, nil, []string{"aadhaar", "aadhar", "adhaar", "uidai", "uid"}, func(d []byte) bool { return d[0] >= '2' && verhoeff(d) && !same(d) }},
	{caSIN, 9, nil, []string{"sin", "social insurance", "nas", "assurance sociale"}, luhn},
	{auTFN, 9, nil, []string{"tfn", "tax file"}, func(d []byte) bool { return weighted(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0 && !same(d) }},
	{plPESEL, 11, nil, []string{"pesel"}, func(d []byte) bool { return weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0 && !same(d) }},
	{cnResident, 18, []string{"18"}, nil, resident},
	{krRRN, 13, []string{"6-7"}, []string{"rrn", "resident registration", "주민"}, koreanRRN},
	{seNumber, 10, []string{"6-4"}, []string{"personnummer", "personal number", "pnr"}, swedish},
	{seNumber, 12, []string{"8-4"}, []string{"personnummer", "personal number", "pnr"}, func(d []byte) bool { return year(d) && swedish(d[2:]) }},
	{beNRN, 11, []string{"2.2.2-3.2"}, []string{"rijksregister", "registre national", "national number", "insz", "niss"}, belgian},
	{chAHV, 13, []string{"3.4.4.2"}, []string{"ahv", "avs"}, swiss},
	{trNumber, 11, nil, []string{"t.c.", "tckn", "kimlik"}, turkish},
	{ptNIF, 9, nil, []string{"nif", "contribuinte"}, func(d []byte) bool { return d[0] != '0' && elevenCheck(falling(d[:8], 9)) == int(d[8]-'0') && !same(d) }},
	{noNumber, 11, nil, []string{"fødselsnummer", "fodselsnummer", "personnummer", "fnr"}, norwegian},
	{zaID, 13, nil, []string{"id number", "identity number", "south african id", "rsa id"}, func(d []byte) bool { return date(d[2:4], d[4:6]) && luhn(d) }},
}

// digitID replaces digits written in a shape when they are a national id, or the
// digits of one that has a letter at its end.
func (w *worker) digitID(digits, shape []byte, at, end int) bool {
	for i := range digitIDs {
		id := &digitIDs[i]
		if id.size != len(digits) || !w.on[id.kind] || !id.check(digits) {
			continue
		}
		if slices.Contains(id.shapes, string(shape)) || len(id.words) > 0 && w.near(at, 40, id.words...) {
			w.found(id.kind, at, end)
			return true
		}
	}
	switch len(digits) {
	case 6:
		return w.spacedNINO(digits, shape, at, end)
	case 7, 8:
		return w.hyphenDNI(digits, shape, at, end)
	}
	return false
}

// ssn is a US social security number, or with a 9 first the number that the tax
// office gives in its place.
func ssn(d []byte) bool {
	area, group, serial := value(d[:3]), value(d[3:5]), value(d[5:])
	if area == 0 || area == 666 || group == 0 || serial == 0 || same(d) {
		return false
	}
	return area < 900 || group >= 50 && group <= 99 && group != 89 && group != 93 && (group < 66 || group >= 70)
}

// germanTax has, in its first ten digits, one digit two or three times and no
// other more than once.
func germanTax(d []byte) bool {
	var count [10]int
	for _, c := range d[:10] {
		count[c-'0']++
	}
	repeated, most := 0, 0
	for _, n := range count {
		most = max(most, n)
		if n > 1 {
			repeated++
		}
	}
	return d[0] != '0' && repeated == 1 && most <= 3 && mod11and10(d)
}

func frenchNIR(d []byte) bool {
	month := value(d[3:5])
	return (d[0] == '1' || d[0] == '2') && (month >= 1 && month <= 12 || month >= 20 && month <= 42 || month >= 50) &&
		97-value(d[:13])%97 == value(d[13:])
}

func dutchBSN(d []byte) bool { return !same(d) && (falling(d[:8], 9)-int(d[8]-'0'))%11 == 0 }

// elevenCheck is the check digit that many countries make of a sum.
func elevenCheck(sum int) int {
	if r := sum % 11; r >= 2 {
		return 11 - r
	}
	return 0
}

func cpf(d []byte) bool {
	return !same(d) && elevenCheck(falling(d[:9], 10)) == int(d[9]-'0') && elevenCheck(falling(d[:10], 11)) == int(d[10]-'0')
}

func cnpj(d []byte) bool {
	return !same(d) && elevenCheck(weighted(d, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[12]-'0') &&
		elevenCheck(weighted(d, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[13]-'0')
}

// resident is a Chinese resident's number: a date of birth, and the check of ISO/
// IEC 7064 mod 11-2, whose last sign may be X.
func resident(d []byte) bool {
	sum := weighted(d, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
	y := value(d[6:10])
	return d[0] != '0' && y >= 1900 && y < 2100 && date(d[10:12], d[12:14]) && "10X98765432"[sum%11] == d[17]
}

func koreanRRN(d []byte) bool {
	return date(d[2:4], d[4:6]) && (11-weighted(d, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)%11)%10 == int(d[12]-'0')
}

func swedish(d []byte) bool { return date(d[2:4], d[4:6]) && luhn(d) }

func belgian(d []byte) bool {
	check := value(d[9:])
	return value(d[2:4])%20 <= 12 && (97-value(d[:9])%97 == check || 97-(2e9+value(d[:9]))%97 == check)
}

func swiss(d []byte) bool {
	return value(d[:3]) == 756 && weighted(d, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)%10 == 0
}

func turkish(d []byte) bool {
	odd := weighted(d, 1, 0, 1, 0, 1, 0, 1, 0, 1)
	even := weighted(d, 0, 1, 0, 1, 0, 1, 0, 1)
	tenth := ((odd*7-even)%10 + 10) % 10
	return d[0] != '0' && tenth == int(d[9]-'0') && (odd+even+tenth)%10 == int(d[10]-'0')
}

func norwegian(d []byte) bool {
	return weighted(d, 3, 7, 6, 1, 8, 9, 4, 5, 2, 1)%11 == 0 && weighted(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0 && !same(d)
}
