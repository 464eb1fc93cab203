package grade

import (
	"strings"
	"testing"
)

// TestForges: tricks by which answers pass that should not, and honest answers that look
// a little like them.
func TestForges(t *testing.T) {
	for code, want := range map[string]string{
		"func panic(any) {}\n\nfunc f() int { return 4 }":                 "declares panic",
		"package main\n\nvar true = false\n":                              "declares true",
		"package main\n\nimport \"unsafe\"\n":                             "imports unsafe",
		"import \"runtime/debug\"\nfunc f() { debug.WriteHeapDump(1) }\n": "imports runtime/debug",

		"type string int":                          "declares string",
		"const (\n\ta = 1\n\tnil, len = 2, 3\n)\n": "declares nil",
		"import len \"fmt\"\n":                     "declares len",

		"func (x T) len() int { return 1 }\ntype T struct{ cap int }\n":                              "",
		"\tlen := 3\n\treturn len\n}\n":                                                              "",
		"func f(min, max int) (new int) {\n\tcap := 1\n\treturn cap\n}\n":                            "",
		"package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc f() { fmt.Fprintln(os.Stderr) }\n": "",
	} {
		if got := Forges(code); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s\nis told %q, want %q", code, got, want)
		}
	}
}

// FuzzForges: whatever a model writes, it is told the same twice.
func FuzzForges(f *testing.F) {
	for _, seed := range []string{"import a as b, c\nb._x = 1", "func f() {}", "package main\nimport x \"y\"", "var abs ="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		if a, b := Forges(code), Forges(code); a != b {
			t.Errorf("%q: %q and %q", code, a, b)
		}
	})
}
