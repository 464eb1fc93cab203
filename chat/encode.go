package chat

import (
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/tokenizer"
)

// Encode turns segments into token ids: special tokens are recognized in those
// with Control, and in no other. Each segment is encoded by itself, so no token
// reaches across a border between markup and text.
//
// Some vocabularies have markup that they do not call special, and that would
// be recognized in any text: DeepSeek's <｜User｜>, Qwen's <tool_call>. Where
// such a token stands in the markup, the same letters in the text of anyone but
// the assistant are encoded as letters. So are, in the text of anyone, the tokens
// by which templates write pictures.
//
// Where a picture stands, its token is repeated as many times as count says of
// the picture's index, from 0; once each if count is nil.
func Encode(t *tokenizer.Tokenizer, segments []Segment, count func(image int) int) []int32 {
	ids, _ := encode(t, segments, count, nil)
	return ids
}

// EncodeLoss is Encode for training: loss[i] says whether ids[i] is the
// assistant's own, which no picture is.
func EncodeLoss(t *tokenizer.Tokenizer, segments []Segment, count func(image int) int) (ids []int32, loss []bool) {
	return encode(t, segments, count, []bool{})
}

// EncodeText encodes text that people wrote outside of a conversation: special
// tokens and those by which templates write pictures are letters in it.
func EncodeText(t *tokenizer.Tokenizer, text string) []int32 {
	return appendBroken(t, nil, text, guard(t, nil))
}

func encode(t *tokenizer.Tokenizer, segments []Segment, count func(image int) int, loss []bool) ([]int32, []bool) {
	var ids []int32
	images, guarded := guard(t, nil), guard(t, segments)
	for _, s := range segments {
		switch {
		case s.Image > 0:
			place := t.AppendEncodeSpecial(nil, []byte(s.Text))
			n := 1
			if count != nil {
				n = count(s.Image - 1)
			}
			for range n {
				ids = append(ids, place...)
			}
		case s.Control:
			ids = t.AppendEncodeSpecial(ids, []byte(s.Text))
		case s.Loss:
			ids = appendBroken(t, ids, s.Text, images)
		default:
			ids = appendBroken(t, ids, s.Text, guarded)
		}
		for loss != nil && len(loss) < len(ids) {
			loss = append(loss, s.Loss)
		}
	}
	return ids, loss
}

// guard lists what is one token in the markup although no special one.
func guard(t *tokenizer.Tokenizer, segments []Segment) []string {
	seen := map[string]bool{}
	var names []string
	add := func(list []string) {
		for _, name := range list {
			if seen[name] {
				continue
			}
			seen[name] = true
			if len(t.AppendEncode(nil, []byte(name))) == 1 {
				names = append(names, name)
			}
		}
	}
	add(imageTokens)
	for _, s := range segments {
		if s.Control {
			add(tokenLike.FindAllString(s.Text, -1))
		}
	}
	return names
}

// appendBroken encodes text in pieces that contain none of the names.
func appendBroken(t *tokenizer.Tokenizer, ids []int32, text string, names []string) []int32 {
	next := make([]int, len(names)) // where each comes next, len(text) if never
	for i := range next {
		next[i] = -1
	}
	for start := 0; ; {
		cut := len(text)
		for i, name := range names {
			if next[i] < start { // or it is searched for again and again in a long text
				if next[i] = len(text); start < len(text) {
					if at := strings.Index(text[start:], name); at >= 0 {
						next[i] = start + at
					}
				}
			}
			cut = min(cut, next[i])
		}
		if cut == len(text) {
			return t.AppendEncode(ids, []byte(text[start:]))
		}
		_, n := utf8.DecodeRuneInString(text[cut:])
		ids = t.AppendEncode(ids, []byte(text[start:cut+n]))
		start = cut + n
	}
}
