// Package tokenizer turns text into token ids and back: byte-pair encoding
// over bytes, with the word splitting of GPT-4 or GPT-2, or over characters,
// as SentencePiece models have it.
//
// A Tokenizer comes from Train, from a Hugging Face tokenizer.json (Load) or
// from a tiktoken rank file (LoadTiktoken). It never changes afterwards, and
// all its methods may be called from several goroutines at once.
package tokenizer

import "iter"

// EndOfText is the special token that ends every document of our own models.
const EndOfText = "<|endoftext|>"

// Tokenizer maps text to token ids and ids to text.
type Tokenizer struct{}

// VocabSize returns one more than the highest token id, special and added
// tokens included. An embedding table needs so many rows.
func (t *Tokenizer) VocabSize() int { panic("tokenizer: being written") }

// Special returns the id of a special token such as "<|endoftext|>".
func (t *Tokenizer) Special(name string) (id int32, ok bool) { panic("tokenizer: being written") }

// IsSpecial reports whether id is a special token.
func (t *Tokenizer) IsSpecial(id int32) bool { panic("tokenizer: being written") }

// SpecialTokens returns the special tokens' names in the order of their ids.
func (t *Tokenizer) SpecialTokens() []string { panic("tokenizer: being written") }

// EOS returns the token that ends a text: <|endoftext|>, or the name that
// other families give it (</s>, <|end_of_text|>, <eos>); -1 where none is there.
func (t *Tokenizer) EOS() int32 { panic("tokenizer: being written") }

// Bytes returns the bytes that id stands for in the middle of a text; nil for
// an id that is no token. The caller must not change them.
func (t *Tokenizer) Bytes(id int32) []byte { panic("tokenizer: being written") }

// Hash returns 64 hexadecimal digits that identify the tokenizer: the SHA-256
// of the file that Save writes. Equal hashes give equal ids for every text.
func (t *Tokenizer) Hash() string { panic("tokenizer: being written") }

// Encode returns the ids of text. The names of special tokens in it are
// ordinary text: what a user writes can never become a control token.
func (t *Tokenizer) Encode(text string) []int32 { panic("tokenizer: being written") }

// AppendEncode appends what Encode returns to dst. It does not allocate once
// dst has room. Text that is not UTF-8 is encoded byte by byte.
func (t *Tokenizer) AppendEncode(dst []int32, text []byte) []int32 {
	panic("tokenizer: being written")
}

// EncodeSpecial is Encode for trusted text: the names of special tokens become
// those tokens.
func (t *Tokenizer) EncodeSpecial(text string) []int32 { panic("tokenizer: being written") }

// AppendEncodeSpecial appends what EncodeSpecial returns to dst.
func (t *Tokenizer) AppendEncodeSpecial(dst []int32, text []byte) []int32 {
	panic("tokenizer: being written")
}

// EncodeAll encodes many documents in parallel; result i belongs to text i.
// It must not be called from inside a par job.
func (t *Tokenizer) EncodeAll(texts [][]byte) [][]int32 { panic("tokenizer: being written") }

// Decode returns the text of ids, special tokens as their names. Ids that are
// no tokens give nothing. The text need not be UTF-8: ids from a model may
// stop inside a character.
func (t *Tokenizer) Decode(ids []int32) string { panic("tokenizer: being written") }

// AppendDecode appends what Decode returns to dst.
func (t *Tokenizer) AppendDecode(dst []byte, ids []int32) []byte { panic("tokenizer: being written") }

// NewDecoder returns a decoder for one stream of ids.
func (t *Tokenizer) NewDecoder() *Decoder { panic("tokenizer: being written") }

// Decoder decodes a stream id by id and never cuts a UTF-8 character in two.
// It belongs to one goroutine.
type Decoder struct {
	// SkipSpecial leaves special tokens out of the text.
	SkipSpecial bool
}

// Next returns the text that id completes; it may be empty.
func (d *Decoder) Next(id int32) string { panic("tokenizer: being written") }

// Flush returns the bytes held back, an unfinished character, and readies the
// decoder for another stream.
func (d *Decoder) Flush() string { panic("tokenizer: being written") }

// Load reads a Hugging Face tokenizer.json. What the file asks for and this
// package does not do is an error that names the field.
func Load(path string) (*Tokenizer, error) { panic("tokenizer: being written") }

// Parse is Load for data in memory.
func Parse(data []byte) (*Tokenizer, error) { panic("tokenizer: being written") }

// Save writes a tokenizer.json that Load and Hugging Face tokenizers read. The
// file is complete or not there: it is written under another name and renamed.
func (t *Tokenizer) Save(path string) error { panic("tokenizer: being written") }

// Scheme is what a tiktoken rank file does not say: how text is split, and the
// special tokens.
type Scheme struct {
	Name    string
	Pattern string
	Special map[string]int32
}

// LoadTiktoken reads a tiktoken rank file.
func LoadTiktoken(path string, s Scheme) (*Tokenizer, error) { panic("tokenizer: being written") }

// SaveTiktoken writes the ordinary tokens as a tiktoken rank file, atomically.
// A tokenizer whose merges are not in the order of their ids has none: an error.
func (t *Tokenizer) SaveTiktoken(path string) error { panic("tokenizer: being written") }

// TrainOptions says what Train shall make.
type TrainOptions struct {
	// VocabSize is the number of tokens: 256 bytes, merges, special tokens.
	VocabSize int
	// Special tokens get the last ids, in this order; nil means <|endoftext|>.
	Special []string
	// Pattern splits text into words; empty means PatternGPT4.
	Pattern string
	// MinCount is how often a pair must occur to be merged; 0 means 2.
	MinCount int64
	// MaxWords bounds the memory: where the words outnumber it, the rare ones
	// are forgotten. 0 means 16 million.
	MaxWords int
	// Progress, if not nil, is called now and then by the goroutine that
	// called Train.
	Progress func(TrainProgress)
}

// TrainProgress says how far Train is.
type TrainProgress struct {
	Documents int   // documents counted so far
	Bytes     int64 // their bytes
	Words     int   // different words so far
	Tokens    int   // vocabulary so far; 0 while counting
	VocabSize int   // and when it is complete
}

// Train makes a vocabulary from documents. The result depends on the documents
// as a multiset and on the options alone, never on the number of threads.
func Train(docs iter.Seq[[]byte], o TrainOptions) (*Tokenizer, error) {
	panic("tokenizer: being written")
}
