package pdf

import (
	"bytes"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzText changes PDF files: whatever comes, it is text or an error, twice the
// same, and within the limits.
func FuzzText(f *testing.F) {
	f.Add(simple([]string{"A page of text", "with two lines"}, []string{"and another"}))
	f.Add(encrypted())
	f.Add([]byte("%PDF-1.4\ntrailer << /Root 1 0 R >>\n1 0 obj << /Pages 1 0 R /Kids [1 0 R] /Count 2 >> endobj"))
	library, err := shared().start()
	if err != nil {
		f.Fatal(err)
	}
	p := &Pool{limits: defaultLimits, slots: make(chan struct{}, 1), pdfium: library}
	p.limits.time, p.limits.text = 2*time.Second, 1<<20
	f.Fuzz(func(t *testing.T, content []byte) {
		text, _, err := p.Text(t.Context(), content)
		if err != nil {
			return
		}
		if !utf8.Valid(text) || len(text) > 1<<20 || bytes.IndexByte(text, 0) >= 0 {
			t.Errorf("text %q", text)
		}
		again, _, err := p.Text(t.Context(), content)
		if err != nil || !bytes.Equal(text, again) {
			t.Errorf("%q, then %q and error %v", text, again, err)
		}
	})
}
