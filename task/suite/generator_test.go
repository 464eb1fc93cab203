package suite

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/task"
)

// text is the field of a row.
func text(t *testing.T, row task.Row, field string) string {
	t.Helper()
	s, ok := row[field].(string)
	if !ok || s == "" {
		t.Fatalf("%s is %#v in %v", field, row[field], row)
	}
	return s
}

func choicesOf(t *testing.T, row task.Row) (choices []string, gold int) {
	t.Helper()
	for _, c := range row["choices"].([]any) {
		choices = append(choices, c.(string))
	}
	return choices, int(row["gold"].(float64))
}

// TestGenerators checks what all of them promise.
func TestGenerators(t *testing.T) {
	_, noGo := goroot.Find(t.Context())
	for name, generate := range Generators {
		if name == "go_packages" || name == "go_files" {
			continue // texts, which ask nothing: TestGoPackages
		}
		t.Run(name, func(t *testing.T) {
			if noGo != nil && strings.HasPrefix(name, "go_") {
				t.Skip(noGo)
			}
			n := 400
			if Drawn(name) {
				n = 80 // they take a while
			}
			if name == "safety_sensitive" {
				n = 90 // of the hundred that there are
			}
			long, err := generate(n, 7)
			if err != nil {
				t.Fatal(err)
			}
			if len(long) != n {
				t.Fatalf("%d rows, want %d", len(long), n)
			}
			short, err := generate(37, 7)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(short, long[:37]) {
				t.Error("the first rows depend on how many are made")
			}
			other, err := generate(n, 8)
			if err != nil {
				t.Fatal(err)
			}
			if reflect.DeepEqual(other, long) {
				t.Error("another seed gives the same rows")
			}
			seen, places := map[string]bool{}, map[int]int{}
			for _, row := range long {
				q := text(t, row, "question")
				if p, ok := row["picture"].(string); ok {
					q += p // many pictures are asked the same
				}
				if seen[q] && name != "go_stdlib" { // which asks of one package several times
					t.Errorf("asked twice: %s", q)
				}
				seen[q] = true
				text(t, row, "section")
				text(t, row, "cluster")
				answer := text(t, row, "answer")
				if row["choices"] == nil {
					continue
				}
				choices, gold := choicesOf(t, row)
				if choices[gold] != answer {
					t.Errorf("%q: gold is %q, the answer %q", q, choices[gold], answer)
				}
				for i, c := range choices {
					if slices.Contains(choices[:i], c) {
						t.Errorf("%q has the choice %q twice", q, c)
					}
				}
				places[gold]++
			}
			if len(places) > 0 && (places[0] < 60 || places[1] < 60) {
				t.Errorf("the right choices stand at %v", places)
			}
			for _, n := range []int{0, -1, maxRows + 1} {
				if _, err := generate(n, 1); err == nil {
					t.Errorf("%d rows can be had", n)
				}
			}
		})
	}
}

func TestArithmeticIsRight(t *testing.T) {
	rows, err := arithmetic(3000, 3)
	if err != nil {
		t.Fatal(err)
	}
	signs := map[string]string{"addition": "+", "subtraction": "-", "multiplication": "*", "division": "/"}
	for _, row := range rows {
		q := text(t, row, "question")
		part := strings.Fields(q)
		if len(part) != 4 || part[3] != "=" {
			t.Fatalf("question %q", q)
		}
		a, okA := new(big.Int).SetString(part[0], 10)
		b, okB := new(big.Int).SetString(part[2], 10)
		answer, okC := new(big.Int).SetString(text(t, row, "answer"), 10)
		if !okA || !okB || !okC {
			t.Fatalf("%v", row)
		}
		var name string
		var digits int
		section := strings.Replace(text(t, row, "section"), ", ", " ", 1)
		if _, err := fmt.Sscanf(section, "%s %d", &name, &digits); err != nil || signs[name] != part[1] {
			t.Fatalf("section %q of %q: %v", section, q, err)
		}
		if len(part[2]) != digits {
			t.Errorf("%q has not %d digits", q, digits)
		}
		right := new(big.Int)
		switch part[1] {
		case "+":
			right.Sub(answer, b) // the other way round than the maker
		case "-":
			right.Add(answer, b)
		case "*":
			rest := new(big.Int)
			right.DivMod(answer, b, rest)
			if rest.Sign() != 0 {
				t.Errorf("%s %s", q, answer)
			}
		case "/":
			right.Mul(answer, b)
		}
		if right.Cmp(a) != 0 {
			t.Errorf("%s %s is wrong", q, answer)
		}
	}
}

func TestRandom(t *testing.T) {
	// The first outputs of SplitMix64 with seed 1234567, as its authors' C code gives
	// them and Rosetta Code lists them.
	r := random.New(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := r.Uint64(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
	counts := make([]int, 6)
	for range 60000 {
		counts[r.Below(6)]++
	}
	for _, n := range counts {
		if n < 9500 || n > 10500 { // 5 standard deviations are 456
			t.Errorf("a die gives %v", counts)
		}
	}
	list := random.Sample(r, indices(10), 10)
	slices.Sort(list)
	if !slices.Equal(list, indices(10)) {
		t.Errorf("a sample of all is %v", list)
	}
}
