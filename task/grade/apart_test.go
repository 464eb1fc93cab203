package grade

import (
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task"
)

// apart grades Python whose tests stand apart.
var apart = &task.Grading{Code: &task.Code{Language: sandbox.Python, Program: "{{.answer}}\n", Tests: "{{.test}}\n", Timeout: 20}}

// TestApartIsHonest: what functions give and take comes through as it is.
func TestApartIsHonest(t *testing.T) {
	for test, answers := range map[string]map[string]bool{
		"assert f([1, 2]) == 3": {
			"def f(x): return sum(x)":                                true,
			"f = lambda x: x[0] + x[1]":                              true,
			"class F:\n    def __call__(self, x): return 3\nf = F()": true,
			"from functools import *\nimport sys\n@lru_cache\ndef g(n): return 1 if n < 1 else g(n - 1)\ndef f(x):\n    sys.setrecursionlimit(5000)\n    return 2 + g(900)": true,
			"def f(x):\n    print('x' * 1000)\n    return 3\nif __name__ == '__main__':\n    print(f([1]))":                                                                 true,
			"def f(x): return 4":       false,
			"def f(x): return '3'":     false,
			"def f(x): return [3]":     false,
			"def g(x): return 3":       false,
			"def f(x): raise KeyError": false,
			"def f(x:":                 false,
			"raise ValueError('bad')":  false,
		},
		"a, b = [3, 1], {}\nf(a, b)\nassert a == [1, 3] and b == {1: [2]}": {
			"def f(a, b):\n    a.sort()\n    b[1] = [2]": true,
			"def f(a, b): a, b = [1, 3], {1: [2]}":       false,
		},
		"assert list(f('abc')) == ['a', 'b', 'c']": {
			"def f(s): yield from s":       true,
			"def f(s): return map(str, s)": true,
			"class A:\n    def __iter__(s): return iter('abc')\ndef f(s): return A()": true,
			"def f(s): yield 'a'": false,
		},
		"r = Node(1)\nr.left = Node(2, [r])\nassert f(r) == 2 and r.left.more[0].value == 1 and r.left.more[0] is r": {
			"class Node:\n    def __init__(s, v, more=None): s.value, s.more = v, more\ndef f(n): return n.left.value": true,
		},
		"assert f(lambda y: y * k, [1, 2]) == [3, 6] and f(int, ['1']) == [1]\nk = 4": {
			"def f(g, x): return [g(y) for y in x]": false, // k comes too late
		},
		"k = 3\nassert f(lambda y: y * k, [1, 2]) == [3, 6] and f(int, ['1']) == [1] and h(2)(3) == 5": {
			"def f(g, x): return [g(y) for y in x]\ndef h(n): return lambda m: m + n": true,
		},
		"class P:\n    def __init__(s): s.x = 5\n    def twice(s): return 2 * s.x\nassert f(P()) == 15": {
			"def f(p): return p.x + p.twice()": true,
		},
		"try:\n    f(1)\n    assert False\nexcept E as e:\n    assert str(e) == 'bad'\ntry:\n    f(2)\n    assert False\nexcept ValueError as e:\n    assert e.args == ('worse', 2)": {
			"class E(ValueError): pass\ndef f(x):\n    if x == 1: raise E('bad')\n    raise ValueError('worse', x)": true,
			"class E(Exception): pass\ndef f(x): raise E('bad')":                                                    false,
		},
		"from collections import *\nfrom decimal import *\nfrom fractions import *\nfrom datetime import *\nassert f(EVERY) == (EVERY, 'EVERY') and math.pi > 3\nassert type(f(2.5)[0]) is float and f(True)[0] is True": {
			"import math\ndef f(x): return x, 'EVERY'": true,
			"def f(x): return x, 'EVERY'":              false, // no math
		},
		"p = f(1)\nassert p == (1, 2) and p[1] == 2 and g() == 1 and g() + 1 == 2 and h() == {'a': [1]}": {
			"import enum, collections\nP = collections.namedtuple('P', 'a b')\ndef f(x): return P(x, 2)\nclass E(enum.IntEnum):\n    A = 1\ndef g(): return E.A\ndef h():\n    d = collections.defaultdict(list)\n    d['a'].append(1)\n    return d": true,
		},
	} {
		const every = "[Counter('aab'), OrderedDict(a=1), deque([1], 3), {1: 2}.keys(), {1: 2}.items(), 10**500, -2**63, float('inf'), (1, (2, [3])), " +
			"{1, 2}, frozenset([1]), b'x', bytearray(b'y'), 1j, range(3), None, {(1, 2): '\\ud800'}, Decimal('1.50'), Fraction(1, 3), " +
			"datetime(2026, 1, 2, 3), date(2026, 1, 2), time(1), timedelta(1), [], (), {}, set(), 1e-300, 'é\\n', ValueError, len]"
		test = strings.ReplaceAll(test, "(EVERY", "("+every)
		try(t, "python3", apart, codeItem("", test), answers)
	}
}

// TestApartIsProof: code that is made to pass any test passes none.
func TestApartIsProof(t *testing.T) {
	const thing = "class A:\n    def __eq__(s, o): return True\n    __ne__ = lambda s, o: False\n    __hash__ = lambda s: 8\n    __sub__ = __rsub__ = __abs__ = __round__ = lambda s, *o: 0\n    __contains__ = __lt__ = __gt__ = __le__ = __ge__ = lambda s, o: True\n    __float__ = lambda s: 8.0\n"
	cheats := map[string]bool{}
	for _, code := range []string{
		thing + "def f(x): return A()",
		thing + "class B(A, int): pass\ndef f(x): return B(3)",
		thing + "class B(A, list): pass\ndef f(x): return B()",
		thing + "class B(A, Exception): pass\ndef f(x): return B",
		"from unittest.mock import ANY\ndef f(x): return ANY",
		"def abs(x): return 0\ndef isclose(*a): return True\ndef f(x): return 0",
		"import builtins, math\nbuiltins.abs = math.fabs = lambda x: 0\nmath.isclose = lambda *a: True\ndef f(x): return 0",
		"import sys, os\ndef f(x): sys.exit(0)",
		"import sys, os\ndef f(x): os._exit(0)",
		"import sys, os\nsys.exit(0)",
		"def f(x): raise StopIteration",
		"def f(x): raise GeneratorExit",
		"def f(x): raise KeyboardInterrupt",
		"import os, signal\ndef f(x): os.kill(os.getppid(), signal.SIGINT)",
		"import os, signal\ndef f(x): os.kill(os.getppid(), signal.SIGKILL)",
		"import os\ndef f(x): return int(os.read(0, 1 << 20).decode().split('== ')[1][0])",
		// Files that the tests might import, and what might be there to read.
		"import os\nfor n in ('math', 'linecache', 'traceback', 'json', 'helper'):\n    with open(n + '.py', 'w') as h: h.write('isclose = lambda *a: True')\ndef f(x): return 0",
		"def f(x):\n    import glob\n    return [open(n).read() for n in glob.glob('*')] == 8",
		// The other process by what is shared with it.
		"import sys\ndef f(x):\n    g = sys._getframe()\n    while g:\n        for v in list(g.f_locals.values()) + list(g.f_globals.values()):\n            if type(v).__name__ == 'End':\n                v.send(['=', ['builtin', '__dict__'], [[0, ['builtin', '__dict__']]]])\n                v.send(['=', True, []])\n        g = g.f_back\n    return 0",
		"import sys, os\ndef f(x):\n    g = sys._getframe()\n    while 'self' not in g.f_locals: g = g.f_back\n    e = g.f_locals['self']\n    os.write(1, repr([e.ask(w, n, '__globals__') for w in ('get', 'item', 'str') for n in (0, 1, -1)]).encode())\n    return 0",
		"import ctypes, os\ndef f(x):\n    ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)\n    return 0",
	} {
		cheats[code] = false
	}
	// One that passes any of these would pass.
	checks := []string{
		"assert f([1, 2]) == 8",
		"assert not f([1, 2]) != 8",
		"assert abs(f(3) - 8) < 1e-9",
		"import math\nassert math.isclose(f(3), 8) and isinstance(f(3), int)",
		"assert f(3) in (8, 9)",
		"assert round(f(3), 1) == 8 and f(3) <= 8",
		"assert set(f([3])) == {8}",
		"assert all(map(lambda x: f(x) == 8, [1, 2]))",
		"assert 8 in f(3) and f(3) == [8]",
		"l = [2, 1]\nf(l)\nassert l == [8]",
	}
	var test strings.Builder
	test.WriteString("passed = 0\n")
	for _, c := range checks {
		test.WriteString("try:\n    " + strings.ReplaceAll(c, "\n", "\n    ") + "\n    passed += 1\nexcept Exception:\n    pass\n")
	}
	cheats["def f(x): return 8"] = true
	try(t, "python3", apart, codeItem("", test.String()+"assert passed\n"), cheats)
}

// TestApartGuards: of what a test hands over, code gets at nothing but what it may use.
func TestApartGuards(t *testing.T) {
	const test = "def gen():\n    yield 1\nclass P:\n    _hidden, seen = 1, 2\nassert f(lambda: 1, gen(), P()) == [2]\n"
	try(t, "python3", apart, codeItem("", test), map[string]bool{`import sys
def f(*given):
    frame = sys._getframe()
    while type(frame.f_locals.get("self")).__name__ != "End":
        frame = frame.f_back
    end = frame.f_locals["self"]
    got = []
    for x in given:
        for name in "__globals__", "gi_frame", "gi_code", "_hidden", "__class__", "__init__", "__dict__", "seen":
            for what in "get", "item":
                try:
                    got.append(end.ask(what, x._number, name))
                except (AttributeError, TypeError):
                    pass
    return got
`: true})
}

// TestApartLanguage: functions of the language that would run an answer's texts among the
// tests, if they were called there, are called in its own process.
func TestApartLanguage(t *testing.T) {
	const forge = "import sys, os\nframe = sys._getframe()\nwhile frame and 'given' not in frame.f_locals:\n    frame = frame.f_back\n" +
		"if frame:\n    os.write(1, frame.f_locals['given']['secret'].encode())\n    os._exit(0)\n"
	try(t, "python3", apart, codeItem("", "assert read(write('x')) == 8"), map[string]bool{
		"def write(x): return " + strconv.Quote("exec("+strconv.Quote(forge)+")") + "\nread = eval": false,
		"def write(x): return '4 + 4'\nread = eval":                                                 true,
		"def write(x): return '12345678'\nread = len":                                               true,
	})
	try(t, "python3", apart, codeItem("", "assert f(lambda g, x: g(x), 1) == 8"), map[string]bool{
		"def f(g, x):\n    import sys\n    frame = sys._getframe()\n    while type(frame.f_locals.get('self')).__name__ != 'End':\n        frame = frame.f_back\n" +
			"    end = frame.f_locals['self']\n    end.send(['call', g._number, [['builtin', 'exec'], " + strconv.Quote(forge) + "], {}])\n    return end.wait()": false,
		"def f(g, x): return g(abs, -8 * x)": true,
	})
}

// TestApartNames: the tests have what the prompt defines before the function that is
// asked for, whatever the code does to it, and that function whatever it is called.
func TestApartNames(t *testing.T) {
	g := &task.Grading{Code: &task.Code{Language: "python", Program: "{{.prompt}}{{.answer}}\n", Tests: "{{.test}}\n", Continues: true, Timeout: 20}}
	const prompt = "import math\n\ndef poly(x):\n    return x * x\n\n\ndef sum(x):\n    \"\"\"Gives the root.\"\"\"\n"
	item := codeItem(prompt, "def check(f):\n    assert math.isclose(poly(f(9)), 9)\n    assert abs(sum(4)) == 2\ncheck(sum)")
	try(t, "python3", g, item, map[string]bool{
		"    return math.sqrt(x)\n":                                          true,
		"    return 0 if poly(0) else math.sqrt(x)\n":                        true,
		"```python\nimport math\ndef sum(x):\n    return -math.sqrt(x)\n```": true,
		"    return 3\n": false,
		"```python\ndef sum(x):\n    return 5\ndef poly(x):\n    return 9\ndef abs(x):\n    return 2\n```": false,
	})
	s := source{language: "python", prompt: prompt}
	if before, name := s.continued(); before != "" || name != "" {
		t.Errorf("%q, %q of a prompt that is not continued", before, name)
	}
}

// TestApartTellsWhy: the reason is the code's or that of the tests.
func TestApartTellsWhy(t *testing.T) {
	for answer, want := range map[string]string{
		"def f(x): return 4":                      "assert f([1, 2]) == 3",
		"def f(x): return x[5]":                   "IndexError: list index out of range",
		"def f(x): import os; os._exit(0)":        "the code ended the program before its tests did",
		"def f(x:":                                "SyntaxError",
		"def g(x): return 3":                      "name 'f' is not defined",
		"class A: pass\ndef f(x): return A() + 1": "TypeError",
	} {
		var run Runner = local{t.TempDir()}
		if s, err := sandbox.New(sandbox.Options{}); err == nil {
			run = s
		}
		v, err := tryGrade(t, apart, Options{Sandbox: run}, codeItem("", "assert f([1, 2]) == 3"), answer)
		if err != nil || v.Right || !strings.Contains(v.Why, want) {
			t.Errorf("%q: %+v, %v", answer, v, err)
		}
	}
}
