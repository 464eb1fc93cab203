package suite

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/task/long"
)

// thirds takes three bytes for a token.
func thirds() (func(string) int, error) {
	return func(text string) int { return (len(text) + 2) / 3 }, nil
}

// TestWithLong holds the rows of a model's window against what they promise: as many in
// each tenth of each length, and none longer than that.
func TestWithLong(t *testing.T) {
	_, noGo := goroot.Find(t.Context())
	for _, kind := range long.Kinds {
		if kind == long.Books && noGo != nil {
			continue
		}
		count, _ := thirds()
		rows, err := WithLong(LongOptions{Counter: thirds, Window: 5000})[longName(kind)](400, 128128)
		if err != nil {
			t.Fatal(err)
		}
		cells := map[string]int{}
		for _, row := range rows {
			length, depth := row["length"].(int), row["depth"].(float64)
			n := count(text(t, row, "question"))
			if n > length-longRoom || float64(n) < 0.9*float64(length-longRoom) {
				t.Errorf("%s: %d tokens of %d", kind, n, length)
			}
			cells[fmt.Sprint(length, " ", int(10*depth))]++
			if !strings.HasSuffix(text(t, row, "question"), text(t, row, "asked")+"\nAnswer:") {
				t.Errorf("%s: %.80q does not end the prompt", kind, row["asked"])
			}
		}
		if len(rows) != 150 {
			t.Errorf("%s: %d rows, want 150", kind, len(rows))
		}
		for _, length := range []int{1024, 2048, 4096} {
			for tenth := range 10 {
				n := cells[fmt.Sprint(length, " ", tenth)]
				if kind != long.Books && n != 5 || n < 2 { // in a book a sentence is where it is
					t.Errorf("%s: %d items of %d tokens in tenth %d", kind, n, length, tenth)
				}
			}
		}
	}
}

// TestLongShares reads a text once for ten questions, and prose once for ten pass keys.
func TestLongShares(t *testing.T) {
	all := WithLong(LongOptions{Counter: thirds, Lengths: []int{4096}})
	for kind, least := range map[long.Kind]float64{long.Variables: 0.99, long.KeyValue: 0.99, long.Passkey: 0.03} {
		rows, err := all[longName(kind)](80, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 10 {
			t.Fatalf("%d rows", len(rows))
		}
		first := rows[0]["question"].(string)
		for _, row := range rows[1:] {
			q, n := row["question"].(string), 0
			for n < len(q) && n < len(first) && q[n] == first[n] {
				n++
			}
			asked := len(row["asked"].(string)) + len("\n\nQuestion: \nAnswer:")
			if float64(n) < least*float64(len(q)-asked) {
				t.Errorf("%s: texts share %d of %d bytes", kind, n, len(q))
			}
		}
	}
}

func TestLongLengths(t *testing.T) {
	for _, c := range []struct {
		o    LongOptions
		want []int
	}{
		{LongOptions{}, LongLengths[:4]},
		{LongOptions{Window: 1 << 20}, LongLengths},
		{LongOptions{Window: 32 << 10}, LongLengths[:6]},
		{LongOptions{Window: 32<<10 - 1}, LongLengths[:5]},
		{LongOptions{Window: 600}, []int{600}},
		{LongOptions{Window: 600, Lengths: []int{9000}}, []int{9000}},
	} {
		if got := c.o.lengths(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.o, got, c.want)
		}
	}
	if _, err := WithLong(LongOptions{Window: 130})["long_variables"](400, 1); !errors.Is(err, long.ErrShort) {
		t.Errorf("error %v", err)
	}
	broken := errors.New("broken")
	o := LongOptions{Window: 1024, Counter: func() (func(string) int, error) { return nil, broken }}
	if _, err := WithLong(o)["long_passkey"](400, 1); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	o = LongOptions{Window: 1024, Books: func() ([]string, error) { return nil, broken }}
	if _, err := WithLong(o)["long_books"](400, 1); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// TestApart: of the long texts, only what books say can have been read in training.
func TestApart(t *testing.T) {
	for name := range Generators {
		long := strings.HasPrefix(name, "long_") && name != "long_books"
		if !long && name != "problems" && name != "instructions" && !strings.HasPrefix(name, "hallucination_") {
			if Apart(name) {
				t.Errorf("%s is not looked for in what a model learned from", name)
			}
			continue
		}
		if !Apart(name) {
			t.Errorf("%s is taken for learned, whose tests are apart", name)
		}
	}
}
