package shell

import (
	"os/exec"
	"strings"
	"testing"
)

func TestProgram(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/local/bin/polymath":                           "polymath",
		"/home/me/go-build/polymath":                        "polymath",
		"/tmp/go-build123456/b001/exe/polymath":             "go run ./cmd/polymath",
		"/c/ab/" + strings.Repeat("ab", 32) + "-d/polymath": "go run ./cmd/polymath",
		"": "polymath",
	} {
		if got := program(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := Command("verify", "my model"); got != "polymath verify 'my model'" {
		t.Errorf("%s", got)
	}
}

func TestQuoteIsOneWord(t *testing.T) {
	if Quote("polymath-quickstart/run/model") != "polymath-quickstart/run/model" {
		t.Error("a plain path got quotes")
	}
	for _, text := range []string{"", "a b", "it's", "$HOME `x` \"y\" \\", "~", "-x", "a\nb", "*"} {
		out, err := exec.Command("sh", "-c", "printf %s "+Quote(text)).Output()
		if err != nil {
			t.Skipf("no POSIX shell: %v", err)
		}
		if string(out) != text {
			t.Errorf("%q became %q", text, out)
		}
	}
}
