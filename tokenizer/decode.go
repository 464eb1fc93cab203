package tokenizer

import "unicode/utf8"

// Decode returns the text of ids, special tokens as their names. Ids that are
// no tokens give nothing. The text need not be UTF-8: ids that a model wrote
// may stop inside a character, and where other libraries then put U+FFFD, the
// bytes are kept.
func (t *Tokenizer) Decode(ids []int32) string { return string(t.AppendDecode(nil, ids)) }

// AppendDecode appends what Decode returns to dst.
func (t *Tokenizer) AppendDecode(dst []byte, ids []int32) []byte {
	strip := t.strip
	for _, id := range ids {
		var b []byte
		b, strip = stripped(t.Bytes(id), strip)
		dst = append(dst, b...)
	}
	return dst
}

// stripped drops up to strip spaces from the beginning of a text, of which b
// is the next part; it returns how many may still be dropped.
func stripped(b []byte, strip int) ([]byte, int) {
	for strip > 0 && len(b) > 0 {
		if b[0] != ' ' {
			return b, 0
		}
		b = b[1:]
		strip--
	}
	return b, strip
}

// NewDecoder returns a decoder for one stream of ids.
func (t *Tokenizer) NewDecoder() *Decoder { return &Decoder{t: t, strip: t.strip} }

// Decoder decodes a stream id by id and never cuts a UTF-8 character in two.
// It belongs to one goroutine.
type Decoder struct {
	// SkipSpecial leaves special tokens out of the text.
	SkipSpecial bool

	t     *Tokenizer
	strip int
	held  []byte // the beginning of a character
}

// Next returns the text that id completes; it may be empty. What Next and the
// final Flush return is together what Decode returns.
func (d *Decoder) Next(id int32) string {
	if d.SkipSpecial && d.t.IsSpecial(id) {
		return ""
	}
	var b []byte
	b, d.strip = stripped(d.t.Bytes(id), d.strip)
	if len(d.held) == 0 && (len(b) == 0 || b[len(b)-1] < utf8.RuneSelf) {
		return string(b)
	}
	d.held = append(d.held, b...)
	n := len(d.held) - unfinished(d.held)
	text := string(d.held[:n])
	d.held = d.held[:copy(d.held, d.held[n:])]
	return text
}

// Flush returns the bytes held back, an unfinished character, and readies the
// decoder for another stream.
func (d *Decoder) Flush() string {
	text := string(d.held)
	d.held, d.strip = d.held[:0], d.t.strip
	return text
}

// unfinished returns how many bytes at the end of b begin a UTF-8 character
// that more bytes could complete.
func unfinished(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
