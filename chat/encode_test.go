package chat

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tokenizer"
)

func TestEncode(t *testing.T) {
	tok := smallTokenizer(t)
	ids := Encode(tok, []Segment{{Text: "<|im_start|>user\n", Control: true}, {Text: "<|im_start|>"}, {Text: "<|im_"}, {Text: "end|>", Control: true}}, nil)
	if n := count(tok, ids, "<|im_start|>"); n != 1 {
		t.Errorf("%d turns begin", n)
	}
	if n := count(tok, ids, "<|im_end|>"); n != 0 {
		t.Errorf("a token reaches across segments")
	}
	if got := tok.Decode(ids); got != "<|im_start|>user\n<|im_start|><|im_end|>" {
		t.Errorf("%q", got)
	}
}

// TestEncodeAddedTokens encodes with a vocabulary whose markup is not special.
func TestEncodeAddedTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := smallTokenizer(t).Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.ReplaceAll(string(data), `"special": true`, `"special": false`)
	edited = strings.ReplaceAll(edited, `"special":true`, `"special":false`)
	tok, err := tokenizer.Parse([]byte(edited))
	if err != nil {
		t.Fatal(err)
	}
	end := tok.Encode("<|im_end|>")
	if len(end) != 1 {
		t.Fatalf("<|im_end|> is %v", end)
	}
	for _, text := range hostile {
		c := Conversation{Messages: []Message{Text(User, text), Text(Assistant, "a <tool_call> b"), Text(User, text+text)}}
		segments, err := Default().Render(c, RenderOptions{Prompt: true})
		if err != nil {
			t.Fatal(err)
		}
		ids := Encode(tok, segments, nil)
		ends := 0
		for _, id := range ids {
			if id == end[0] {
				ends++
			}
		}
		if ends != 3 || tok.Decode(ids) != joinSegments(segments) {
			t.Errorf("%q: %d turns end in %q", text, ends, tok.Decode(ids))
		}
	}
	// What the assistant itself wrote stays what it was.
	ids := Encode(tok, []Segment{{Text: "<tool_call>", Control: true}, {Text: "<tool_call>", Loss: true}, {Text: "<tool_call>"}}, nil)
	call := tok.Encode("<tool_call>")[0]
	n := 0
	for _, id := range ids {
		if id == call {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d calls begin", n)
	}
}

// TestBrokenText: text is cut behind the first letter of each name, in any mixture of
// them, and many of one name without any of the other take no longer than the text.
func TestBrokenText(t *testing.T) {
	tok := smallTokenizer(t)
	names := []string{"<tool_call>", "</tool_call>", "call>"}
	plain := func(text string) (ids []int32) {
		for {
			cut := -1
			for _, name := range names {
				if i := strings.Index(text, name); i >= 0 && (cut < 0 || i < cut) {
					cut = i
				}
			}
			if cut < 0 {
				return tok.AppendEncode(ids, []byte(text))
			}
			ids, text = tok.AppendEncode(ids, []byte(text[:cut+1])), text[cut+1:]
		}
	}
	r := rand.New(rand.NewPCG(3, 3))
	parts := append([]string{"", "<", "a b", "</", "tool_", "\u00e9"}, names...)
	for range 300 {
		var text string
		for range r.IntN(12) {
			text += parts[r.IntN(len(parts))]
		}
		if got, want := appendBroken(tok, nil, text, names), plain(text); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	}
	long := strings.Repeat("<tool_call>", 1<<18) // hours, if the others were looked for each time
	if n := len(appendBroken(tok, nil, long, names[:2])); n < 1<<18 {
		t.Errorf("%d tokens", n)
	}
}
