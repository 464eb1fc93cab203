package document

import "testing"

// TestTextID: the ID of the text is that of its bytes, whether it is the content
// itself, an equal text or another one.
func TestTextID(t *testing.T) {
	content := []byte("the content")
	var d Document
	for _, text := range [][]byte{content, []byte("the content"), content[:3], content[1:], nil} {
		d.Reset(text)
		d.Name(content)
		if d.TextID() != NewID(text) || d.ID != NewID(content) {
			t.Errorf("%q: %x of %x", text, d.TextID(), d.ID)
		}
	}
	d.Reset(content)
	if d.ID = NewID([]byte("another")); d.TextID() != NewID(content) {
		t.Error("a new document knows the content of the one before")
	}
}
