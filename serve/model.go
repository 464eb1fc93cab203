package serve

import (
	"context"
	"iter"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// Model is what the server needs of a language model; *polymath.Model is one.
// All methods are called from many goroutines at the same time, and errors are
// those of package polymath. What ChatStream yields first says that it needs the
// images of its conversation no more: they change after it.
type Model interface {
	ChatStream(ctx context.Context, c chat.Conversation, o polymath.ChatOptions) iter.Seq2[polymath.ChatChunk, error]
	CountTokens(c chat.Conversation) (int, error)
	Sees() bool
	Attention(ctx context.Context, c chat.Conversation, answer string, offset int) ([]polymath.ImageAttention, error)
	Stream(ctx context.Context, prompt string, o polymath.GenerateOptions) iter.Seq2[polymath.Chunk, error]
	StreamTokens(ctx context.Context, prompt []int, o polymath.GenerateOptions) iter.Seq2[polymath.Chunk, error]
	Score(ctx context.Context, text string, top int) ([]polymath.Token, polymath.Usage, error)
	ScoreTokens(ctx context.Context, ids []int, top int) ([]polymath.Token, polymath.Usage, error)
	Embed(ctx context.Context, text string) ([]float32, polymath.Usage, error)
	EmbedTokens(ctx context.Context, ids []int) ([]float32, polymath.Usage, error)
	Tokenize(text string, special bool) []int
	Detokenize(ids []int) (string, error)
	TokenBytes(id int) []byte
	Info() polymath.Info
	Stats() polymath.Stats
}

// Named is a model under the name that clients ask for.
type Named struct {
	Name  string
	Model Model
}

// entry is a model that is being served.
type entry struct {
	Named
	info        polymath.Info // does not change
	created     int64         // Unix seconds
	fingerprint string        // system_fingerprint
}
