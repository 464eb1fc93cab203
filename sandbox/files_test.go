package sandbox

import (
	"path"
	"path/filepath"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for _, name := range []string{"main.py", "a/b/c.py", "ä.py", "..a", "a..", "a b", ".hidden"} {
		if err := checkName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{
		"", ".", "..", "/", "/etc/passwd", "../a", "a/../b", "a/../../b", "./a", "a/", "a//b", "a/.", "a/..",
		"a\x00b", "a\nb", `a\..\b`, "-a", strings.Repeat("a", 256), strings.Repeat("a/", 9) + "b",
	} {
		if checkName(name) == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, seed := range []string{"main.py", "../a", "a/../../b", "/a", "a//b", "..", "a/.."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkName(name) != nil {
			return
		}
		if !filepath.IsLocal(name) || path.Join("/tmp/work", name) == "/tmp/work" || !strings.HasPrefix(path.Join("/tmp/work", name), "/tmp/work/") {
			t.Errorf("%q leads outside", name)
		}
	})
}
