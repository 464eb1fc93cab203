package arch

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

var (
	textLine = regexp.MustCompile(`^TEXT\s+·?([^\s(<]+)`)
	label    = regexp.MustCompile(`^\w+:`)
	wideReg  = regexp.MustCompile(`\b[YZ]([0-9]|[12][0-9]|3[01])\b`)
	define   = regexp.MustCompile(`^#define\s+(\w+)`)
	word     = regexp.MustCompile(`\w+`)
)

func TestAssemblyEndsInVZEROUPPER(t *testing.T) {
	faults, functions := checkAssembly(os.DirFS("../.."))
	report(t, faults)
	if functions == 0 {
		t.Error("no function with Y or Z registers was found: does the check still read the files?")
	}
}

// checkAssembly returns the amd64 functions that use Y or Z registers and
// return without VZEROUPPER after the last use, which slows all code with SSE
// instructions that runs afterwards, and the number of functions that use them.
func checkAssembly(fsys fs.FS) (faults []string, functions int) {
	macros := wideMacros(fsys)
	walk(fsys, "_amd64.s", func(name string, text []byte) {
		function, block := "", []string(nil)
		finish := func() {
			wide, bad := checkFunction(block, macros)
			if wide {
				functions++
			}
			if bad {
				faults = append(faults, fmt.Sprintf("%s: %s returns without VZEROUPPER after its last Y or Z register", name, function))
			}
			block = nil
		}
		for _, line := range instructions(text) {
			if m := textLine.FindStringSubmatch(line); m != nil {
				finish()
				function = m[1]
			} else if function != "" {
				block = append(block, line)
			}
		}
		finish()
	})
	return faults, functions
}

// instructions returns the lines of a file without comments, with continued
// lines joined, statements separated, and labels on their own line.
func instructions(text []byte) []string {
	joined := strings.ReplaceAll(string(text), "\\\n", ";")
	var lines []string
	for line := range strings.Lines(joined) {
		line, _, _ = strings.Cut(line, "//")
		if define.MatchString(line) {
			lines = append(lines, strings.TrimSpace(line))
			continue
		}
		for statement := range strings.SplitSeq(line, ";") {
			statement = strings.TrimSpace(statement)
			if l := label.FindString(statement); l != "" {
				lines = append(lines, l)
				statement = strings.TrimSpace(statement[len(l):])
			}
			if statement != "" {
				lines = append(lines, statement)
			}
		}
	}
	return lines
}

// wideMacros returns the macros of all assembly files and headers that use Y
// or Z registers, themselves or through others.
func wideMacros(fsys fs.FS) map[string]bool {
	bodies := map[string]string{}
	for _, ending := range []string{".s", ".h"} {
		walk(fsys, ending, func(_ string, text []byte) {
			for _, line := range instructions(text) {
				if m := define.FindStringSubmatch(line); m != nil {
					bodies[m[1]] += line[len(m[0]):]
				}
			}
		})
	}
	wide := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for name, body := range bodies {
			if !wide[name] && usesWide(body, wide) {
				wide[name], changed = true, true
			}
		}
	}
	return wide
}

func usesWide(line string, macros map[string]bool) bool {
	if wideReg.MatchString(line) {
		return true
	}
	for _, w := range word.FindAllString(line, -1) {
		if macros[w] {
			return true
		}
	}
	return false
}

// checkFunction walks back from each RET: VZEROUPPER must come before any use
// of a wide register and before any label, from which a use could jump there.
func checkFunction(block []string, macros map[string]bool) (wide, bad bool) {
	for _, line := range block {
		wide = wide || usesWide(line, macros)
	}
	if !wide {
		return false, false
	}
	for i, line := range block {
		if line == "RET" && !cleared(block[:i], macros) {
			bad = true
		}
	}
	return wide, bad
}

func cleared(before []string, macros map[string]bool) bool {
	for i := len(before) - 1; i >= 0; i-- {
		switch line := before[i]; {
		case line == "VZEROUPPER":
			return true
		case usesWide(line, macros) || label.MatchString(line):
			return false
		}
	}
	return true // nothing wide came before this RET
}

// TestAssemblyFindsFaults shows that the check is able to fail.
func TestAssemblyFindsFaults(t *testing.T) {
	const head = "#include \"textflag.h\"\n// func f()\nTEXT ·f(SB), NOSPLIT, $0-8\n"
	for _, c := range []struct {
		text string
		bad  bool
	}{
		{"	VXORPS Y0, Y0, Y0\n	VZEROUPPER\n	RET\n", false},
		{"	VXORPS Y0, Y0, Y0\n	RET\n", true},
		{"	VXORPS Z31, Z31, Z31 // VZEROUPPER\n	RET\n", true},
		{"	VXORPS Y0, Y0, Y0; VZEROUPPER; RET\n", false},
		{"	VXORPS X0, X0, X0\n	RET\n", false},
		{"	VZEROUPPER\n	VXORPS Y0, Y0, Y0\n	RET\n", true},
		{"	TESTQ AX, AX\n	JNZ go\n	RET\ngo:\n	VXORPS Y0, Y0, Y0\n	VZEROUPPER\n	RET\n", false},
		{"	VXORPS Y0, Y0, Y0\n	JNZ done\n	VZEROUPPER\ndone:\n	RET\n", true},
		{"	VXORPS Y0, Y0, Y0\n	VZEROUPPER\n	LDMXCSR 8(SP)\n	RET\n", false},
		{"	VXORPS Y0, Y0, Y0\n	JNZ b\n	VZEROUPPER\n	RET\nb:\n	RET\n", true},
		{"	WIDE(1)\n	RET\n#define WIDE(a) INNER(a)\n#define INNER(a) \\\n	NOP \\\n	VXORPS Y0, Y0, Y0\n", true},
		{"	WIDE(1)\n	VZEROUPPER\n	RET\n#define WIDE(a) VXORPS Y0, Y0, Y0\n", false},
		{"	VXORPS Y0, Y0, Y0\n	VZEROUPPER\n	RET\nTEXT ·g(SB), NOSPLIT, $0\n	RET\n", false},
	} {
		files := fstest.MapFS{"k/a_amd64.s": {Data: []byte(head + c.text)}}
		if faults, _ := checkAssembly(files); (len(faults) == 1) != c.bad {
			t.Errorf("faults %q in\n%s", faults, c.text)
		}
	}
}
