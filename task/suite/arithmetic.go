package suite

import (
	"fmt"
	"math/big"

	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/task"
)

// operations of the arithmetic exam. Division comes out even.
var operations = []struct {
	name   string
	most   int // digits
	render func(r *random.Source, digits int) (question, answer string)
}{
	{"addition", 12, func(r *random.Source, digits int) (string, string) {
		a, b := number(r, digits), number(r, digits)
		return fmt.Sprintf("%s + %s =", a, b), new(big.Int).Add(a, b).String()
	}},
	{"subtraction", 12, func(r *random.Source, digits int) (string, string) {
		a, b := number(r, digits), number(r, digits)
		return fmt.Sprintf("%s - %s =", a, b), new(big.Int).Sub(a, b).String()
	}},
	{"multiplication", 6, func(r *random.Source, digits int) (string, string) {
		a, b := number(r, digits), number(r, digits)
		return fmt.Sprintf("%s * %s =", a, b), new(big.Int).Mul(a, b).String()
	}},
	{"division", 6, func(r *random.Source, digits int) (string, string) {
		quotient, b := number(r, digits), number(r, digits)
		return fmt.Sprintf("%s / %s =", new(big.Int).Mul(quotient, b), b), quotient.String()
	}},
}

// number returns a number of exactly that many digits; of one digit, 1 to 9.
func number(r *random.Source, digits int) *big.Int {
	n := big.NewInt(int64(r.Between(1, 9)))
	for range digits - 1 {
		n.Mul(n, big.NewInt(10)).Add(n, big.NewInt(int64(r.Below(10))))
	}
	return n
}

// arithmetic makes sums, differences, products and quotients of whole numbers. A
// section is an operation with a number of digits, and so is a cluster: whoever
// masters one of its items masters the others. All sections come in turn.
func arithmetic(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	r := random.New(seed)
	rows := make([]task.Row, 0, n)
	seen := map[string]bool{}
	for digits := 1; len(rows) < n; digits++ {
		if digits > 12 {
			digits = 1
		}
		for _, op := range operations {
			if digits > op.most || len(rows) == n {
				continue
			}
			text, answer := op.render(r, digits)
			for try := 0; seen[text] && try < 20; try++ {
				text, answer = op.render(r, digits)
			}
			if seen[text] {
				continue // the numbers of one digit are used up
			}
			seen[text] = true
			section := fmt.Sprintf("%s, %d digits", op.name, digits)
			if digits == 1 {
				section = op.name + ", 1 digit"
			}
			rows = append(rows, question{section: section, cluster: section, text: text, answer: answer}.row(r))
		}
	}
	return rows, nil
}
