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
// the assistant are encoded as letters.
func Encode(t *tokenizer.Tokenizer, segments []Segment) []int32 {
	ids, _ := encode(t, segments, nil)
	return ids
}

// EncodeLoss is Encode for training: loss[i] says whether ids[i] is the
// assistant's own.
func EncodeLoss(t *tokenizer.Tokenizer, segments []Segment) (ids []int32, loss []bool) {
	return encode(t, segments, []bool{})
}

func encode(t *tokenizer.Tokenizer, segments []Segment, loss []bool) ([]int32, []bool) {
	var ids []int32
	guarded := guard(t, segments)
	for _, s := range segments {
		switch {
		case s.Control:
			ids = t.AppendEncodeSpecial(ids, []byte(s.Text))
		case s.Loss:
			ids = t.AppendEncode(ids, []byte(s.Text))
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
	for _, s := range segments {
		if !s.Control {
			continue
		}
		for _, name := range tokenLike.FindAllString(s.Text, -1) {
			if seen[name] {
				continue
			}
			seen[name] = true
			if len(t.AppendEncode(nil, []byte(name))) == 1 {
				names = append(names, name)
			}
		}
	}
	return names
}

// appendBroken encodes text in pieces that contain none of the names.
func appendBroken(t *tokenizer.Tokenizer, ids []int32, text string, names []string) []int32 {
	for {
		cut := -1
		for _, name := range names {
			if i := strings.Index(text, name); i >= 0 && (cut < 0 || i < cut) {
				cut = i
			}
		}
		if cut < 0 {
			return t.AppendEncode(ids, []byte(text))
		}
		_, n := utf8.DecodeRuneInString(text[cut:])
		ids = t.AppendEncode(ids, []byte(text[:cut+n]))
		text = text[cut+n:]
	}
}
