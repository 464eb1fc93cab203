package records

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// However a text is cut into reads, it comes as it is.
func TestChecked(t *testing.T) {
	const text = "a ú€\n😀\n"
	for _, source := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
		if got, err := io.ReadAll(&checked{Reader: source, line: 1}); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	for _, bad := range []string{text + "\xc3", text + "\x80", text + "\xf0\x9f\n"} {
		if _, err := io.ReadAll(&checked{Reader: iotest.OneByteReader(strings.NewReader(bad)), line: 1}); err == nil || !strings.HasPrefix(err.Error(), "line 3: it is not UTF-8") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
