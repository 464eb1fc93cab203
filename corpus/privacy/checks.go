package privacy

// luhn says whether the last digit is the check digit of ISO/IEC 7812-1, and not
// all digits are the same.
func luhn(d []byte) bool {
	sum := 0
	for i, c := range d {
		v := int(c - '0')
		if (len(d)-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0 && !same(d)
}

// same says whether all digits are one.
func same(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return true
}

// weighted is the sum of the digits times weights.
func weighted(d []byte, weights ...int) int {
	sum := 0
	for i, f := range weights {
		sum += f * int(d[i]-'0')
	}
	return sum
}

// falling is the sum of the digits times from, from-1, ...
func falling(d []byte, from int) int {
	sum := 0
	for i, c := range d {
		sum += (from - i) * int(c-'0')
	}
	return sum
}

// value is the digits as a number; there are at most 18.
func value(d []byte) int {
	v := 0
	for _, c := range d {
		v = v*10 + int(c-'0')
	}
	return v
}

// mod97 is the remainder of ISO/IEC 7064 for digits and upper-case letters.
func mod97(text []byte) int {
	r := 0
	for _, c := range text {
		if c >= 'A' {
			r = (r*100 + int(c-'A') + 10) % 97
		} else {
			r = (r*10 + int(c-'0')) % 97
		}
	}
	return r
}

// mod11and10 says whether the last digit is the check digit of the hybrid system
// mod 11,10 of ISO/IEC 7064.
func mod11and10(d []byte) bool {
	p := 10
	for _, c := range d[:len(d)-1] {
		s := (p + int(c-'0')) % 10
		if s == 0 {
			s = 10
		}
		p = s * 2 % 11
	}
	return (p+int(d[len(d)-1]-'0'))%10 == 1
}

// Verhoeff's tables: products in the dihedral group of order 10, and the powers of
// its permutation.
var (
	dihedral    = makeDihedral()
	permutation = makePermutation()
)

func makeDihedral() (t [10][10]uint8) {
	for a := range 10 {
		for b := range 10 {
			switch {
			case a < 5 && b < 5:
				t[a][b] = uint8((a + b) % 5)
			case a < 5:
				t[a][b] = uint8(5 + (a+b-5)%5)
			case b < 5:
				t[a][b] = uint8(5 + (a-5-b+5)%5)
			default:
				t[a][b] = uint8((a - b + 5) % 5)
			}
		}
	}
	return t
}

func makePermutation() (t [8][10]uint8) {
	step := [10]uint8{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
	for i := range 10 {
		t[0][i] = uint8(i)
	}
	for k := 1; k < 8; k++ {
		for i := range 10 {
			t[k][i] = step[t[k-1][i]]
		}
	}
	return t
}

func verhoeff(d []byte) bool {
	c := uint8(0)
	for i := range d {
		c = dihedral[c][permutation[i%8][d[len(d)-1-i]-'0']]
	}
	return c == 0
}

// date says whether month and day can be those of a date.
func date(month, day []byte) bool {
	m, d := value(month), value(day)
	return m >= 1 && m <= 12 && d >= 1 && d <= 31
}
