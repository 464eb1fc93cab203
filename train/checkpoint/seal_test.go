package checkpoint

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzSeal(f *testing.F) {
	for _, extra := range []string{"average.safetensors", "../x"} {
		s := Seal{Model: "0", Files: map[string]string{extra: "0"}}
		for _, name := range []string{"masters.safetensors", "state.json"} {
			s.Files[name] = "0"
		}
		s.Self = s.sign()
		text, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSeal(text, "state.json")
		if err != nil {
			return
		}
		for name := range s.Files {
			if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
				t.Errorf("a file outside of training/: %q", name)
			}
		}
	})
}
