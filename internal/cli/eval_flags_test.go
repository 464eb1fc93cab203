package cli

import "testing"

// TestAgainstBlind: suites about pictures put their items without them too, however many
// suites are named.
func TestAgainstBlind(t *testing.T) {
	for suite, want := range map[string]bool{"drawn": true, "vision, clone": true, "clone,drawn": true, "clone": false, "visions": false} {
		o := evalFlags{suite: suite}
		if o.setAgainstBlind(false); o.againstBlind != want {
			t.Errorf("%s: %v", suite, o.againstBlind)
		}
	}
}
