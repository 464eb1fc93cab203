package tokenizer

import (
	"fmt"
	"strings"
	"testing"
)

// TestGrowth: a few replacements must not make gigabytes of a letter; many that
// have nothing to do with each other may make a text longer.
func TestGrowth(t *testing.T) {
	rule := func(from, to string) string {
		return fmt.Sprintf(`{"type":"Replace","pattern":{"String":%q},"content":%q}`, from, to)
	}
	sequence := func(rules []string) []byte {
		return []byte(`{"type":"Sequence","normalizers":[` + strings.Join(rules, ",") + `]}`)
	}
	var double, apart, regex []string
	for i := range 30 {
		double = append(double, rule("a", "aa"))
		apart = append(apart, rule(string(rune(0x400+i)), "1/2"))
		regex = append(regex, `{"type":"Replace","pattern":{"Regex":"."},"content":"xy"}`)
	}
	for _, c := range []struct {
		rules []string
		fails bool
	}{{double, true}, {regex, true}, {apart, false}, {double[:10], false}, {double[:11], true}, {[]string{rule("a", strings.Repeat("b", 2000))}, true}} {
		_, err := parseNormalizers(sequence(c.rules))
		if (err != nil) != c.fails || c.fails && !strings.Contains(err.Error(), "times as long") {
			t.Errorf("%d of %s: %v", len(c.rules), c.rules[0], err)
		}
	}
}
