package endpoint

import (
	"encoding/json"

	"github.com/polymath-lm/polymath/chat"
)

// modelList is what /models answers, with what servers tell of a model beyond OpenAI.
type modelList struct {
	Data []struct {
		ID          string `json:"id"`
		MaxModelLen int    `json:"max_model_len"` // vLLM
		Polymath    struct {
			Window       int    `json:"window"`
			Parameters   int64  `json:"parameters"`
			Active       int64  `json:"active_parameters"`
			Architecture string `json:"architecture"`
			Fingerprint  string `json:"fingerprint"`
		} `json:"polymath"`
	} `json:"data"`
}

// fields is a request; a map, so that fields can be left out.
type fields map[string]any

// completion is what /completions answers.
type completion struct {
	Choices []struct {
		Text     string  `json:"text"`
		Finish   string  `json:"finish_reason"`
		Logprobs *legacy `json:"logprobs"`
	} `json:"choices"`
	Usage usage `json:"usage"`
}

type legacy struct {
	Tokens        []string              `json:"tokens"`
	TokenLogprobs []*float64            `json:"token_logprobs"`
	TopLogprobs   []map[string]*float64 `json:"top_logprobs"`
	TextOffset    []int                 `json:"text_offset"`
}

// answer is what /chat/completions answers.
type answer struct {
	Choices []struct {
		Message struct {
			Content *string `json:"content"`
			Refusal *string `json:"refusal"`
		} `json:"message"`
		Finish   string `json:"finish_reason"`
		Logprobs *struct {
			Content []struct {
				Token   string  `json:"token"`
				Bytes   []int   `json:"bytes"`
				Logprob float64 `json:"logprob"`
			} `json:"content"`
		} `json:"logprobs"`
	} `json:"choices"`
	Usage usage `json:"usage"`
}

type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	Details          *struct {
		Cached int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
}

func (u *usage) cached() int {
	if u.Details == nil {
		return 0
	}
	return u.Details.Cached
}

// messages are a conversation as the API takes it.
func messages(c chat.Conversation) []fields {
	list := make([]fields, len(c.Messages))
	for i, m := range c.Messages {
		list[i] = fields{"role": string(m.Role), "content": content(m.Content)}
	}
	return list
}

// content is a text, or a list of parts where there are images.
func content(parts []chat.Part) any {
	text, images := "", false
	list := make([]fields, 0, len(parts))
	for _, p := range parts {
		if p.Image == nil {
			text += p.Text
			list = append(list, fields{"type": "text", "text": p.Text})
			continue
		}
		images = true
		image := fields{"url": p.Image.URL}
		if p.Image.Detail != "" {
			image["detail"] = p.Image.Detail
		}
		list = append(list, fields{"type": "image_url", "image_url": image})
	}
	if images {
		return list
	}
	return text
}

// schema asks for an answer that conforms to a JSON Schema.
func schema(text string) fields {
	return fields{"type": "json_schema", "json_schema": fields{"name": "answer", "schema": json.RawMessage(text)}}
}
