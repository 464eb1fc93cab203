package grade

import (
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/sandbox"
)

// TestForges: tricks by which answers pass that should not, and honest answers that look
// a little like them.
func TestForges(t *testing.T) {
	for language, answers := range map[string]map[string]string{
		sandbox.Python: {
			"class Any:\n    def __eq__(self, other):\n        return True\ndef f(x):\n    return Any()\n": "__eq__",
			"class Any:\n    def __ｅq__(self, other): return True\n":                                       "__eq__",
			"def f(x):\n    return type('A', (), {'__e' + 'q__': lambda a, b: True})()\n":                  "calls type",
			"from unittest.mock import ANY\ndef f(x):\n    return ANY\n":                                   "imports unittest.mock",
			"def f(x):\n    from unittest import mock\n    return mock.ANY\n":                              "imports unittest",
			"import math, os\n":                                    "imports os",
			"def f(x):\n    import os; os._exit(0)\n":              "imports os",
			"x = 1; import os\n":                                   "imports os",
			"if x: import os\n":                                    "imports os",
			"import sys\ndef f(x):\n    sys.exit(0)\n":             "sys.exit",
			"from sys import exit as out\n":                        "imports sys",
			"def f(x):\n    exit()\n":                              "calls exit",
			"def f(x):\n    raise SystemExit\n":                    "SystemExit",
			"def f(x):\n    return eval('x')\n":                    "eval",
			"def f(x):\n    return open('program.py').read()\n":    "calls open",
			"import collections\ncollections._sys.exit()\n":        "reaches into collections",
			"import math\nmath.isclose = lambda *a, **k: True\n":   "reaches into math",
			"import math as m\ndef f(x):\n    m.isclose = max\n":   "reaches into m",
			"def abs(x):\n    return 0\n":                          "gives abs",
			"abs = lambda x: 0\n":                                  "gives abs",
			"a = abs = f\n":                                        "gives abs",
			"a, (sorted, b) = f, (f, f)\n":                         "gives sorted",
			"len: object = f\n":                                    "gives len",
			"if True:\n    abs = f\n":                              "gives abs",
			"try:\n    pass\nfinally:\n    def all(x): return 1\n": "gives all",
			"for abs in [f]: pass\n":                               "gives abs",
			"print(abs := f)\n":                                    "gives abs",
			"def f(x):\n    global y, abs\n    abs = max\n":        "gives abs",
			"from math import floor as round\n":                    "gives round",
			"def f(x):\n    return (g for g in x).gi_frame.f_back": "gi_frame",
			"    global set\n    set = list\n":                     "gives set",
			"def f(x):\n    s = '#'\n    return globals()['x']\n":  "globals",
			"from typing import List\n\ndef f(x):\n    return x\n": "",
			"    sum = 0\n    for x in xs:\n        sum += x\n":    "",
			"def f(xs):\n    max = xs[0]\n    return max\n":        "",
			"import re, sys\nP = re.compile('a')\nlow = sys.maxsize\nd = {}\nd[len(d)] = 1\nprint(f(3) == 3)\n": "",
			"class Node:\n    def __init__(self, max=3):\n        self.max = max\n":                             "",
			"def f(text):\n    \"\"\"Counts.\n\nabs = 3\n    \"\"\"\n    return 0\n":                            "",
			"if __name__ == '__main__':\n    x = f(len('a'))\n    print(x)\n":                                   "",
			"def f(s):\n    open = 0\n    for c in s:\n        open += c == '('\n    return open\n":             "",
			"import math\nx = math.pi\nif math.pi == x: pass\n":                                                 "",
		},
		sandbox.Go: {
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
		},
		"other": {"exit()": ""},
	} {
		for code, want := range answers {
			if got := Forges(language, code); (got == "") != (want == "") || !strings.Contains(got, want) {
				t.Errorf("%s\n%s\nis told %q, want %q", language, code, got, want)
			}
		}
	}
}

// FuzzForges: whatever a model writes, it is told the same twice.
func FuzzForges(f *testing.F) {
	for _, seed := range []string{"import a as b, c\nb._x = 1", "a = b == c; len[0] = (1", "func f() {}", "package main\nimport x \"y\"", "\"\"\"\nabs = 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		for _, language := range []string{sandbox.Python, sandbox.Go} {
			if a, b := Forges(language, code), Forges(language, code); a != b {
				t.Errorf("%q: %q and %q", code, a, b)
			}
		}
	})
}
