package corpus

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMachineShowsNoKeys: what a Machine tells of a file that it cannot read holds
// nothing that gives access to it.
func TestMachineShowsNoKeys(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.jsonl.gz"), []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03no gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	address := strings.Replace(server.URL, "http://", "http://somebody:passkey@", 1)
	r := parse(t, "out: "+filepath.ToSlash(filepath.Join(dir, "out"))+"\nsources:\n  - {name: a, path: \""+address+"/a.jsonl.gz?sig=signkey\"}\n"+
		"tokenizer: {train: {vocab_size: 300}}\n")
	m, err := NewMachine(t.Context(), r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	files, err := r.Files(t.Context(), 0)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	told := ""
	report, err := m.Worker().Read(t.Context(), 0, 0, files[0], func(made *Made) error {
		told += string(made.Line)
		return nil
	})
	if err != nil || report.Failed != 1 {
		t.Fatal(report, err)
	}
	told += report.Example
	for _, key := range []string{"somebody", "passkey", "signkey"} {
		if strings.Contains(told, key) {
			t.Errorf("%s is in %s", key, told)
		}
	}
	if !strings.Contains(told, "a.jsonl.gz?sig=...") {
		t.Errorf("the file is not named in %s", told)
	}
}
