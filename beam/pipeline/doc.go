package pipeline

import (
	"encoding/binary"
	"errors"

	"github.com/polymath-lm/polymath/corpus/document"
)

// doc is a document that the steps kept, on its way between machines. Its key is
// its rank. The layout:
//
//	16 id of the text
//	4  length of the record's line N
//	N  line
//	   text
type doc struct {
	text          document.ID
	line, content []byte
}

const docHead = len(document.ID{}) + 4

func (d *doc) encode() []byte {
	b := make([]byte, 0, docHead+len(d.line)+len(d.content))
	b = append(b, d.text[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(d.line)))
	return append(append(b, d.line...), d.content...)
}

// parseDoc reads what encode wrote; the doc keeps b.
func parseDoc(b []byte) (doc, error) {
	if len(b) < docHead {
		return doc{}, errDoc
	}
	n := int(binary.LittleEndian.Uint32(b[docHead-4:]))
	if n < 0 || n > len(b)-docHead {
		return doc{}, errDoc
	}
	return doc{text: document.ID(b[:16]), line: b[docHead : docHead+n], content: b[docHead+n:]}, nil
}

var errDoc = errors.New("a document between two steps is damaged")
