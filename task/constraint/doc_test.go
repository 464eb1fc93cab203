package constraint

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestManualHasKinds says that the manual has every kind, and the languages.
func TestManualHasKinds(t *testing.T) {
	source, err := os.ReadFile("../../docs/tasks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(source), "\n### Constraints\n")
	section, _, _ = strings.Cut(section, "\n### ")
	var found []Kind
	for _, row := range regexp.MustCompile("(?m)^\\| `.*$").FindAllString(section, -1) {
		first, _, _ := strings.Cut(row[1:], "|")
		for name := range strings.SplitSeq(first, ",") {
			found = append(found, Kind(strings.Trim(name, " `")))
		}
	}
	want := slices.Clone(Kinds)
	slices.Sort(want)
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("the manual has the kinds\n%q, want\n%q", found, want)
	}
	for _, l := range Languages() {
		if !strings.Contains(section, l) {
			t.Errorf("the manual lacks the language %s", l)
		}
	}
}
