package tokenizer

import "github.com/polymath-lm/polymath/internal/par"

// Encode returns the ids of text. The names of special tokens in it are
// ordinary text: what a user writes never becomes a control token.
func (t *Tokenizer) Encode(text string) []int32 { return t.AppendEncode(nil, []byte(text)) }

// AppendEncode appends what Encode returns to dst. It does not allocate once
// dst has room, a text of unusual length apart. Text that is not UTF-8 is
// encoded byte by byte.
func (t *Tokenizer) AppendEncode(dst []int32, text []byte) []int32 {
	return t.appendEncode(dst, text, false)
}

// EncodeSpecial is Encode for trusted text: the names of special tokens become
// those tokens.
func (t *Tokenizer) EncodeSpecial(text string) []int32 {
	return t.AppendEncodeSpecial(nil, []byte(text))
}

// AppendEncodeSpecial appends what EncodeSpecial returns to dst.
func (t *Tokenizer) AppendEncodeSpecial(dst []int32, text []byte) []int32 {
	return t.appendEncode(dst, text, true)
}

// EncodeAll encodes many documents in parallel; result i belongs to text i. It
// must not be called from inside a par.Job.
func (t *Tokenizer) EncodeAll(texts [][]byte) [][]int32 {
	ids := make([][]int32, len(texts))
	par.For(len(texts), func(_, i int) {
		// Most text has more than three bytes to a token.
		ids[i] = t.AppendEncode(make([]int32, 0, len(texts[i])/3+8), texts[i])
	})
	return ids
}

func (t *Tokenizer) appendEncode(dst []int32, text []byte, special bool) []int32 {
	e := t.borrow()
	defer t.giveBack(e)
	set := &t.addedRaw
	if !set.wanted(special) {
		return e.section(dst, text, true, special)
	}
	from := 0
	for from < len(text) {
		m := set.find(text, from, special)
		if m.start > from {
			dst = e.section(dst, text[from:m.start], from == 0, special)
		}
		if m.id >= 0 {
			dst = append(dst, m.id)
		}
		from = m.end
	}
	return dst
}

// borrow returns an encoder that nobody else uses.
func (t *Tokenizer) borrow() *encoder {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.free); n > 0 {
		e := t.free[n-1]
		t.free = t.free[:n-1]
		return e
	}
	return &encoder{t: t, cache: make([]cachedWord, 1<<cacheBits)}
}

func (t *Tokenizer) giveBack(e *encoder) {
	e.release()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.free) < maxFree {
		t.free = append(t.free, e)
	}
}
