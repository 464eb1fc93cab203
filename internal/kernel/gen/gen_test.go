package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The committed files are those that the generator writes.
func TestFilesAreCurrent(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what the generator writes: run go generate ./internal/kernel", name)
		}
	}
}

// Assembly that left the upper halves of the vector registers in use would
// slow down all code after it.
func TestVectorsAreCleared(t *testing.T) {
	for name, text := range files() {
		if !strings.HasSuffix(name, "_amd64.s") {
			continue
		}
		for _, function := range strings.Split(text, "\nTEXT ")[1:] {
			head, _, _ := strings.Cut(function, ",")
			if n := strings.Count(function, "\tRET\n"); n != 1 || !strings.Contains(function, "\tVZEROUPPER\n\tRET\n") {
				t.Errorf("%s: %s does not end in VZEROUPPER", name, head)
			}
		}
	}
}

// The words of the arm64 file mean what the comments beside them say.
func TestWordsDisassemble(t *testing.T) {
	objdump, err := exec.LookPath("aarch64-linux-gnu-objdump")
	if err != nil {
		t.Skip("no aarch64-linux-gnu-objdump (binutils for arm64) to check the encodings with")
	}
	var code []byte
	var want []string
	seen := map[string]bool{}
	for _, f := range regexp.MustCompile(`WORD \$0x(\w+) // (.*)`).FindAllStringSubmatch(files()["rows_neon_arm64.s"], -1) {
		if seen[f[0]] {
			continue
		}
		seen[f[0]] = true
		var word uint32
		fmt.Sscanf(f[1], "%x", &word)
		code = binary.LittleEndian.AppendUint32(code, word)
		want = append(want, f[2])
	}
	path := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(path, code, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "aarch64", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := regexp.MustCompile(`(?m)^ +[0-9a-f]+:\t[0-9a-f]{8} \t(.*)$`).FindAllStringSubmatch(string(out), -1)
	if len(lines) != len(want) || len(want) < 100 {
		t.Fatalf("%d words, %d lines", len(want), len(lines))
	}
	for i, l := range lines {
		if got := strings.Join(strings.Fields(l[1]), " "); got != want[i] {
			t.Errorf("%s is %s", want[i], got)
		}
	}
}
