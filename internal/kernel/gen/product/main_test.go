package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCommitted checks that the assembly is what the generator writes.
func TestCommitted(t *testing.T) {
	for name, text := range files {
		got, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != text() {
			t.Errorf("%s is out of date: run go generate in internal/kernel", name)
		}
	}
}

// TestVectorStateIsClean checks that no function leaves the upper parts of the
// vector registers in use, nor tiles: both slow down what runs next.
func TestVectorStateIsClean(t *testing.T) {
	wide := regexp.MustCompile(`\b[YZ]\d`)
	for name, text := range files {
		for _, function := range strings.Split(text(), "\nTEXT ")[1:] {
			title, body, _ := strings.Cut(function, "\n")
			before, _, found := strings.Cut(body, "\tRET\n")
			lines := strings.Split(strings.TrimSpace(before), "\n")
			ends := func(want string) {
				last := len(lines) - 1
				if !found || last < 0 || !strings.HasSuffix(lines[last], want) {
					t.Errorf("%s: %s does not end with %s", name, title, want)
				}
				lines = lines[:max(last, 0)]
			}
			if strings.Contains(body, "LDTILECFG") {
				ends("// TILERELEASE")
			}
			if wide.MatchString(body) {
				ends("VZEROUPPER")
			}
			if strings.Count(body, "\tRET\n") != 1 {
				t.Errorf("%s: %s has several returns", name, title)
			}
		}
	}
}

// encodings are what GNU objdump 2.40 makes of the bytes.
var encodings = []struct {
	code []byte
	text string
}{
	{tileConfig("R8"), "ldtilecfg (%r8)"},
	{tileRelease(), "tilerelease"},
	{tileZero(3), "tilezero %tmm3"},
	{tileLoad(6, "DX", "R9", 1024), "tileloadd 0x400(%rdx,%r9,1),%tmm6"},
	{tileLoadOnce(5, "SI", "R9", -64), "tileloaddt1 -0x40(%rsi,%r9,1),%tmm5"},
	{tileLoad(0, "R8", "R11", 64), "tileloadd 0x40(%r8,%r11,1),%tmm0"},
	{tileStore(2, "CX", "R11", 0), "tilestored %tmm2,0x0(%rcx,%r11,1)"},
	{tileProduct(1, 4, 7), "tdpbf16ps %tmm7,%tmm4,%tmm1"},
	{roundPair(2, 1, 0), "vcvtne2ps2bf16 %zmm0,%zmm1,%zmm2"},
	{roundPair(29, 18, 11), "vcvtne2ps2bf16 %zmm11,%zmm18,%zmm29"},
	{dotPair(2, 1, 0), "vdpbf16ps %zmm0,%zmm1,%zmm2"},
	{dotPair(29, 18, 11), "vdpbf16ps %zmm11,%zmm18,%zmm29"},
	{dotPairEach(2, 1, "SI", 4), "vdpbf16ps 0x4(%rsi){1to16},%zmm1,%zmm2"},
	{dotPairEach(29, 18, "SI", -512), "vdpbf16ps -0x200(%rsi){1to16},%zmm18,%zmm29"},
	{dotPairEach(11, 7, "R9", 508), "vdpbf16ps 0x1fc(%r9){1to16},%zmm7,%zmm11"},
}

func TestEncodings(t *testing.T) {
	objdump, err := exec.LookPath("objdump")
	if err != nil {
		t.Skip("needs objdump, of GNU binutils")
	}
	var code []byte
	for _, e := range encodings {
		code = append(code, e.code...)
	}
	file := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(file, code, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "i386:x86-64", "--no-show-raw-insn", file).CombinedOutput()
	if err != nil {
		t.Skipf("objdump knows no x86: %s", out)
	}
	lines := regexp.MustCompile(`(?m)^ *([0-9a-f]+):\t(.*?)\s*$`).FindAllStringSubmatch(string(out), -1)
	if len(lines) != len(encodings) {
		t.Fatalf("%d instructions, want %d:\n%s", len(lines), len(encodings), out)
	}
	at := 0
	for i, e := range encodings {
		if lines[i][1] != fmt.Sprintf("%x", at) || lines[i][2] != e.text {
			t.Errorf("at %#x: %s at %s, want %s", at, lines[i][2], lines[i][1], e.text)
		}
		at += len(e.code)
	}
}
