package formula

import (
	"strings"
	"testing"
	"time"
)

func TestEqual(t *testing.T) {
	for _, c := range []struct{ gold, answer string }{
		{`\frac{1}{2}`, "0.5"},
		{`\frac12`, "1/2"},
		{`\dfrac{3}{4}`, `\tfrac34`},
		{`\frac{1}{3}`, `0.\overline{3}`},
		{`\frac{41}{333}`, `0.\overline{123}`},
		{`0.1\overline{6}`, `\frac16`},
		{`2\sqrt{3}`, `\sqrt{12}`},
		{`\frac{\sqrt{2}}{2}`, `\frac{1}{\sqrt2}`},
		{`1\frac{4}{5}`, "9/5"},
		{"2 1/2", "2.5"},
		{`-1\frac12`, "-1.5"},
		{"1,234", "1234"},
		{`10{,}000`, "10,000"},
		{`1,\!000,\!000`, "1000000"},
		{`\$18.90`, "18.9"},
		{`50\%`, "50"},
		{`50\%`, "0.5"},
		{`90^\circ`, "90"},
		{`90^{\circ}`, `\frac{\pi}{2}`},
		{`5\text{ cm}^2`, "5"},
		{`12 \mathrm{~cm}`, "12 cm"},
		{"5", "5 dollars"},
		{"5", "5 m"},
		{`x=3`, "3"},
		{"3", "x = 3"},
		{`f(x) = 2x+1`, "1+2x"},
		{`y = 2x + 1`, `2x - y + 1 = 0`},
		{`x^2-1`, `(x-1)(x+1)`},
		{`b ^ { 2 } - 9 a ^ { 2 }`, `(b-3a)(b+3a)`},
		{`\frac{48 i-56}{85}`, `-\frac{56}{85}+\frac{48}{85}i`},
		{`(3,\infty)`, "x > 3"},
		{`[3,\infty)`, `x \ge 3`},
		{`(-2,1]`, `-2 < x \le 1`},
		{`\{x|-2\leq x < 1\}`, `[-2, 1)`},
		{`(-\infty,2)\cup(3,\infty)`, `(3,\infty) \cup (-\infty, 2)`},
		{`(1,2)`, `\left( 1, 2 \right)`},
		{`1,2`, `2, 1`},
		{`\{1,2\}`, "2,1"},
		{`x=1,2`, `1 \text{ or } 2`},
		{`1 \pm \sqrt{2}`, `1+\sqrt2, 1-\sqrt2`},
		{`\pm 3`, `3, -3`},
		{`$(45,2),(-10,-9)$`, `(-10,-9), (45,2)`},
		{`\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`, `\begin{bmatrix} 1 & \frac{4}{2} \\ 3 & 4 \end{bmatrix}`},
		{`\begin{pmatrix} 1 \\ 2 \end{pmatrix}`, "(1,2)"},
		{`\text{east}`, "East"},
		{`\text{(A)}`, "A"},
		{`\log_2 8`, "3"},
		{`\ln e^2`, "2"},
		{`\sin 30^\circ`, `\frac12`},
		{`\sin^2 x + \cos^2 x`, "1"},
		{`\sin^{-1} 1`, `\pi/2`},
		{`2^{10}`, "1024"},
		{"2^10", "1024"},
		{`\sqrt[3]{-8}`, "-2"},
		{`\binom{5}{2}`, "10"},
		{`5!`, "120"},
		{`1011_2`, "1011_{2}"},
		{`1:3`, "1/3"},
		{`\pi`, "π"},
		{`3\pi`, "3π"},
		{`x²`, "x^2"},
		{`|x|`, `\sqrt{x^2}`},
		{`|-3|`, "3"},
		{`100,200`, "100, 200"},
		{`\mathbb{R}`, `(-\infty, \infty)`},
		{`e^{i\pi}`, "-1"},
		{`\frac{3}{2}+\frac{\sqrt{5}}{2}`, `(3+\sqrt{5})/2`},
		{`.5`, "0.5"},
		{`\text{The answer is }5.`, "5"},
		{`\{0\}`, "0"},
		{`x \in \{1, 2\}`, "1, 2"},
		{`\emptyset`, `\varnothing`},
		{`2x^2+3x`, `x(2x+3)`},
		{`9^{9^9}`, `9^{387420489}`},
		{`\$12{,}500`, "12500 dollars"},
		{"2*x**2", "2x^2"},
		{`\approx 6.76$ miles/s`, "6.76"},
		{"3e8", `3 \times 10^{8}`},
		{"-3./2", "-1.5"},
		{`(-1) 8 \sqrt{3}`, `-8\sqrt3`},
		{`2e^3`, `e^3 \cdot 2`},
		{`60 \text{ miles per hour}`, "60 mph"},
	} {
		if !Equal(c.gold, c.answer, 0) {
			t.Errorf("%s and %s should be equal", c.gold, c.answer)
		}
		if !Equal(c.answer, c.gold, 0) {
			t.Errorf("%s and %s should be equal", c.answer, c.gold)
		}
	}
}

func TestUnequal(t *testing.T) {
	for _, c := range []struct{ gold, answer string }{
		{`\frac13`, "0.333333333"},
		{`\pi`, "3.14159265358979323846"},
		{"1", "2"},
		{`\sqrt 2`, "1.4142135623730950488"},
		{"(1,2)", "(2,1)"},
		{"(1,2)", "[1,2]"},
		{"1,2", "1"},
		{"1,2", "(2,1)"},
		{"1,2", "1,2,3"},
		{"x=3", "x=4"},
		{"x=3", "4"},
		{"x^2", "x^3"},
		{"x+1", "y+1"},
		{"x", "|x|"},
		{`50\%`, `0.5\%`},
		{`1011_2`, "1011"},
		{`\text{east}`, "west"},
		{"A", "B"},
		{"", "5"},
		{"5", ""},
		{"5", "x"},
		{"0", "10^{-200}"},
		{`2^{8000}`, `2^{8000}+1`},
		{"nan", "nan1"},
		{`\infty`, `-\infty`},
		{"0=0", "1=1+0"},
		{"x > 3", "x \\ge 3"},
		{"1/0", "2/0"},
		{`\tan 90^\circ`, "0"},
		{"x = 1, y = 2", "x = 2, y = 1"},
		{"12", "1,2"},
		{"1,234", "1,235"},
		{"5", "5x"},
		{"2x", "2X"},
		{`\dfrac{4}{25}`, `\frac{42}{5}`},
		{`\frac{1}{12}`, `\frac{11}{2}`},
		{`x^{12}`, `x^12{}3`},
		{"30", "42_7"}, // the question was to write it so
		{"a_{12}", "a_{1}2"},
	} {
		if Equal(c.gold, c.answer, 0) {
			t.Errorf("%s and %s should not be equal", c.gold, c.answer)
		}
	}
}

func TestTolerance(t *testing.T) {
	for _, c := range []struct {
		gold, answer string
		tolerance    float64
		want         bool
	}{
		{"1.6", "1.61", 0.01, true},
		{"1.6", "1.62", 0.01, false},
		{`\pi`, "3.14", 0.01, true},
		{`\pi`, "3.0", 0.01, false},
		{"0", "0.001", 0.01, false},
		{`1.6 \times 10^{-19}`, "1.601e-19", 0.01, true},
		{"3e8", "299792458", 0.001, true},
	} {
		if got := Equal(c.gold, c.answer, c.tolerance); got != c.want {
			t.Errorf("%s and %s within %g: %v", c.gold, c.answer, c.tolerance, got)
		}
	}
}

func TestBoxed(t *testing.T) {
	for _, c := range []struct {
		text, want string
		ok         bool
	}{
		{`so \boxed{5}.`, "5", true},
		{`\boxed{1} then \boxed{\frac{1}{2}}`, `\frac{1}{2}`, true},
		{`\boxed{\text{a \} b}}`, `\text{a \} b}`, true},
		{`\boxed 7$ done`, "7", true},
		{`\fbox{x}`, "x", true},
		{`\boxed{1} and \boxed{2`, "1", true},
		{`no box {1}`, "", false},
		{`\boxed{`, "", false},
		{"", "", false},
		{`\boxed{a \boxed{b}}`, "b", true},
		{`} \boxed {3}`, "3", true},
	} {
		got, ok := Boxed(c.text)
		if got != c.want || ok != c.ok {
			t.Errorf("Boxed(%q) = %q, %v, want %q, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

// TestBounded: what is nested, repeated or huge ends soon.
func TestBounded(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("(", 3999), strings.Repeat(`\frac{`, 600), strings.Repeat("2^", 1500) + "2", strings.Repeat("9!", 1500),
		strings.Repeat(`\sin `, 700) + "x", strings.Repeat(`\text{`, 600), strings.Repeat("x+", 1900) + "x", strings.Repeat("1,", 1900) + "1",
		"2^{" + strings.Repeat("9", 3000) + "}", strings.Repeat("a/", 1900) + "b", strings.Repeat("|", 3000), strings.Repeat(`\begin{pmatrix}`, 200),
		strings.Repeat("x_", 1500) + "1", strings.Repeat("x'", 1500), strings.Repeat(`\sqrt{`, 50) + "x" + strings.Repeat("}", 50),
		strings.Repeat("(x+y)^{60}", 300), strings.Repeat("1±", 60) + "1", strings.Repeat("{", 4000), "9^{9^{9^{9}}}", "(10^{4000})!", "10^{-10^{8}}",
		strings.Repeat(`\boxed{`, 100000), strings.Repeat(`\boxed `, 100000), strings.Repeat(`x±y,`, 500) + "1",
	} {
		start := time.Now()
		Equal(text, "1+x", 0)
		Equal("1+x", text, 0.1)
		Equal(text, text+" + 0", 0)
		Boxed(text)
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%.30q took %v", text, took)
		}
	}
}

func FuzzEqual(f *testing.F) {
	for _, s := range []string{`\frac12`, `1\frac{4}{5}`, `(-\infty, 2] \cup \{3\}`, `x=1 \pm \sqrt{2}`, `\begin{pmatrix}1\\2\end{pmatrix}`, `90^\circ`, `\text{a}`, `0.\overline{3}`, `|x|^{-0}`, `\log_1 2`, `0^0`, `i^i`, "x²"} {
		f.Add(s, `\boxed{`+s+`}`)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if Equal(a, a, 0) != true {
			t.Errorf("%q is not equal to itself", a)
		}
		start := time.Now()
		if Equal(a, b, 0) && a != b && len(a)+len(b) < 200 && !Equal(a, b, 1e-3) {
			t.Errorf("%q and %q are equal, but not with a tolerance", a, b)
		}
		Boxed(a)
		Value(b)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q and %q take %v", a, b, took)
		}
	})
}
