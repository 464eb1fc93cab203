package serve

import (
	"math"

	"github.com/polymath-lm/polymath"
)

// chatAnswer is an object chat.completion.
type chatAnswer struct {
	ID                string       `json:"id"`
	Object            string       `json:"object"`
	Created           int64        `json:"created"`
	Model             string       `json:"model"`
	Choices           []chatChoice `json:"choices"`
	Usage             usageBody    `json:"usage"`
	SystemFingerprint string       `json:"system_fingerprint"`
}

type chatChoice struct {
	Index        int           `json:"index"`
	Message      chatMessage   `json:"message"`
	Logprobs     *chatLogprobs `json:"logprobs"`
	FinishReason string        `json:"finish_reason"`
}

type chatMessage struct {
	Role      string     `json:"role"`
	Content   *string    `json:"content"`
	Refusal   *string    `json:"refusal"`
	ToolCalls []chatCall `json:"tool_calls,omitempty"`
}

type chatCall struct {
	ID       string       `json:"id"`
	Type     string       `json:"type"`
	Function chatFunction `json:"function"`
}

type chatFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// chatChunk is an object chat.completion.chunk.
type chatChunk struct {
	ID                string        `json:"id"`
	Object            string        `json:"object"`
	Created           int64         `json:"created"`
	Model             string        `json:"model"`
	SystemFingerprint string        `json:"system_fingerprint"`
	Choices           []chunkChoice `json:"choices"`
	Usage             *usageBody    `json:"usage,omitempty"`

	PromptProgress *promptProgress `json:"prompt_progress,omitempty"` // beyond OpenAI's
}

// chatChunkUsage is chatChunk for who asked for usage: it is null in every
// chunk but the last.
type chatChunkUsage struct {
	chatChunk
	Usage *usageBody `json:"usage"`
}

type chunkChoice struct {
	Index        int           `json:"index"`
	Delta        chunkDelta    `json:"delta"`
	Logprobs     *chatLogprobs `json:"logprobs"`
	FinishReason *string       `json:"finish_reason"`
}

type chunkDelta struct {
	Role      string      `json:"role,omitempty"`
	Content   *string     `json:"content,omitempty"`
	Refusal   *string     `json:"refusal,omitempty"`
	ToolCalls []chunkCall `json:"tool_calls,omitempty"`
}

type chunkCall struct {
	Index    int           `json:"index"`
	ID       string        `json:"id,omitempty"`
	Type     string        `json:"type,omitempty"`
	Function chunkFunction `json:"function"`
}

type chunkFunction struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

type usageBody struct {
	PromptTokens            int               `json:"prompt_tokens"`
	CompletionTokens        int               `json:"completion_tokens"`
	TotalTokens             int               `json:"total_tokens"`
	PromptTokensDetails     promptDetails     `json:"prompt_tokens_details"`
	CompletionTokensDetails completionDetails `json:"completion_tokens_details"`
}

type promptDetails struct {
	CachedTokens int `json:"cached_tokens"`
	AudioTokens  int `json:"audio_tokens"`
	ImageTokens  int `json:"image_tokens,omitempty"` // beyond OpenAI's
}

type completionDetails struct {
	ReasoningTokens          int `json:"reasoning_tokens"`
	AudioTokens              int `json:"audio_tokens"`
	AcceptedPredictionTokens int `json:"accepted_prediction_tokens"`
	RejectedPredictionTokens int `json:"rejected_prediction_tokens"`
}

func newUsage(u polymath.Usage) usageBody {
	return usageBody{
		PromptTokens: u.PromptTokens, CompletionTokens: u.CompletionTokens, TotalTokens: u.PromptTokens + u.CompletionTokens,
		PromptTokensDetails: promptDetails{CachedTokens: u.CachedTokens, ImageTokens: u.ImageTokens},
	}
}

type chatLogprobs struct {
	Content []tokenLogprob `json:"content"`
	Refusal []tokenLogprob `json:"refusal"`
}

type tokenLogprob struct {
	topLogprob
	Top []topLogprob `json:"top_logprobs"`
}

type topLogprob struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

// leastLogprob stands for minus infinity, which JSON cannot carry, as OpenAI's
// servers have it.
const leastLogprob = -9999

func newTopLogprob(bytes []byte, logprob float64) topLogprob {
	t := topLogprob{Token: string(bytes), Logprob: logprob, Bytes: make([]int, len(bytes))}
	if math.IsInf(logprob, 0) || math.IsNaN(logprob) {
		t.Logprob = leastLogprob
	}
	for i, b := range bytes {
		t.Bytes[i] = int(b)
	}
	return t
}

func newTokenLogprob(t polymath.Token) tokenLogprob {
	l := tokenLogprob{newTopLogprob(t.Bytes, t.Logprob), []topLogprob{}}
	for _, top := range t.Top {
		l.Top = append(l.Top, newTopLogprob(top.Bytes, top.Logprob))
	}
	return l
}
