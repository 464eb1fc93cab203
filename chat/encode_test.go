package chat

import (
	"os"
	"path/filepath"
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
