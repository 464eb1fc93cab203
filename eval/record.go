package eval

import (
	"encoding/json"

	"github.com/polymath-lm/polymath/task"
)

// Record is one answer to one item: a line of records.jsonl. It has all that the
// report shows of the item and that the statistics are computed from, so that
// reports and comparisons need neither model nor data.
type Record struct {
	Task    string `json:"task"`
	Item    string `json:"item"`
	Number  int    `json:"number"`
	Section string `json:"section,omitempty"`
	Cluster string `json:"cluster"`
	Sample  int    `json:"sample,omitempty"`

	// Prompt is all that the model read, as text, with the role of each message of
	// a conversation on a line of its own in brackets. Of one that is very long the
	// middle is left out, and a line says so.
	Prompt string `json:"prompt"`
	// Gold is what is right, Answer what the model chose or wrote.
	Gold   string `json:"gold,omitempty"`
	Answer string `json:"answer"`
	// Turns are the model's earlier answers of an item of several turns, and the
	// explanation of one of MethodExplain.
	Turns []string `json:"turns,omitempty"`

	Verdict task.Verdict `json:"verdict"`
	// Scores are the score of an item of choices under each norm, 0 or 1.
	Scores map[task.Norm]float64 `json:"scores,omitempty"`
	// Choices are the choices of an item, or the two texts of a pair.
	Choices []ChoiceScore `json:"choices,omitempty"`
	// Confidence is the probability that the model gives to its answer among the
	// choices (of what it generates: of its tokens together); nil if unknown.
	Confidence *float64 `json:"confidence,omitempty"`
	// Tokens are those of the answer (of the chosen choice), if they are known.
	Tokens []TokenScore `json:"tokens,omitempty"`
	// Of MethodText: the sum of log-probabilities, tokens and bytes of the text.
	Logprob   float64 `json:"logprob,omitempty"`
	NumTokens int     `json:"num_tokens,omitempty"`
	NumBytes  int     `json:"num_bytes,omitempty"`
	// Positions are the parts of the text by how much stands before them, of a task that
	// tells them apart, and Unread is how many of its bytes are behind what the window
	// has room for: nothing above counts them.
	Positions []Stretch `json:"positions,omitempty"`
	Unread    int       `json:"unread,omitempty"`

	// Length is that of the item in tokens, and Depth where in it the answer stands,
	// from 0 to 1, as far as its row says so.
	Length int      `json:"length,omitempty"`
	Depth  *float64 `json:"depth,omitempty"`
	// Unfit says that the item does not fit the window and was not put: it has no
	// verdict, no score counts it, and it is counted apart.
	Unfit *Unfit `json:"does_not_fit,omitempty"`

	// Error says why there is no verdict; the item counts as wrong and is counted apart.
	Error string `json:"error,omitempty"`
	// PromptTokens and CompletionTokens are what it took, from a cache or not.
	PromptTokens     int `json:"prompt_tokens,omitempty"`
	CompletionTokens int `json:"completion_tokens,omitempty"`
	// Cut is how many tokens of the prompt did not fit into the window.
	Cut int `json:"cut,omitempty"`
}

// ChoiceScore is one choice with its log-probability.
type ChoiceScore struct {
	Text      string  `json:"text"`
	Logprob   float64 `json:"logprob"`
	NumTokens int     `json:"num_tokens"`
	NumBytes  int     `json:"num_bytes"`
	// Unconditional is the log-probability without the question.
	Unconditional float64 `json:"unconditional"`
}

// asWritten is a record as it comes back from a file, where bytes that are no text have
// been replaced: the same whether or not the run was interrupted.
func asWritten(r *Record) (written Record, err error) {
	line, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(line, &written)
	}
	return written, err
}
