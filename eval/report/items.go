package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/visible"
	"github.com/polymath-lm/polymath/task"
)

// Limits of what is embedded.
const (
	maxChunkItems = 32      // items that the page unpacks together
	maxChunkBytes = 1 << 18 // of JSON, after which a chunk ends
	maxText       = 48 << 10
	maxTokens     = 4096
)

// packed is the items as the page embeds them.
type packed struct {
	// Index and Chunks are JSON, compressed and in base64, in quotes.
	Index  template.JS
	Chunks []template.JS
	// Shown of All items are there; Count says so, and Cut why not all.
	Shown, All int
	Count, Cut string
}

// index is what the page knows of all items: enough to filter them.
type index struct {
	Models   []string    `json:"models"`
	Tasks    []indexTask `json:"tasks"`
	Sections []string    `json:"sections"`
	// Items are task, section (-1 for none), chunk, place in the chunk, verdict, and
	// verdict of the second run (-1 for none), found in the corpus (0 or 1).
	Items [][7]int `json:"items"`
}

type indexTask struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Method string `json:"method"`
	// Norm is that of the choices' shares; "" is none.
	Norm task.Norm `json:"norm,omitempty"`
}

func newIndexTask(t *eval.TaskResult) indexTask {
	out := indexTask{Name: visible.Text(t.Task), Title: title(*t), Method: string(t.Method)}
	if t.Method == task.MethodChoice && t.Norm != task.NormNone {
		out.Norm = t.Norm
	}
	return out
}

// Verdicts, as the page's script numbers them.
const (
	isWrong = iota
	isRight
	isAbstained
	isFailed
	isMeasured // a text has no verdict
)

// itemJSON is one answer to an item. Keys are short, since there are many.
type itemJSON struct {
	ID      string      `json:"i"`
	Number  int         `json:"n"`
	Sample  int         `json:"s,omitempty"`
	Cluster string      `json:"cl,omitempty"`
	Place   string      `json:"l,omitempty"` // length and depth
	Prompt  string      `json:"p"`
	Gold    string      `json:"g,omitempty"`
	Answer  answerJSON  `json:"a"`
	Other   *answerJSON `json:"b,omitempty"`
	Found   []string    `json:"f"` // documents of the corpus that hold it; null if none does
}

// answerJSON is what one model made of it.
type answerJSON struct {
	Prompt    string          `json:"p,omitempty"` // if it is another than the item's
	Text      string          `json:"t"`
	Turns     []string        `json:"u,omitempty"`
	Score     json.RawMessage `json:"s"`
	Extracted string          `json:"x,omitempty"`
	Why       string          `json:"w,omitempty"`
	Error     string          `json:"e,omitempty"`
	Choices   []choiceJSON    `json:"c,omitempty"`
	// Norms are the score under each norm, Sure the confidence.
	Norms  map[task.Norm]float64 `json:"o,omitempty"`
	Sure   json.RawMessage       `json:"k,omitempty"`
	Tokens []tokenJSON           `json:"T,omitempty"`
	Cost   [3]int                `json:"q"` // tokens read and written, tokens cut
	// Of a measured text: log-probability, tokens, bytes.
	Measured *[3]float64 `json:"m,omitempty"`
}

// choiceJSON is the text of a choice, its log-probability, tokens, bytes, and its
// log-probability without the question.
type choiceJSON [5]any

// tokenJSON is the text of a token and its log-probability.
type tokenJSON [2]any

func verdictOf(r *eval.Record) int {
	switch {
	case r.Error != "" || r.Unfit != nil:
		return isFailed
	case r.Verdict.Abstained:
		return isAbstained
	case r.NumBytes > 0 && len(r.Choices) == 0:
		return isMeasured
	case r.Verdict.Right:
		return isRight
	}
	return isWrong
}

func newItem(r, other *eval.Record) itemJSON {
	item := itemJSON{
		ID: visible.Text(r.Item), Number: r.Number, Sample: r.Sample, Prompt: shown(r.Prompt), Gold: shown(r.Gold), Answer: newAnswer(r),
	}
	if r.Length > 0 {
		item.Place = tokens(r.Length)
		if r.Depth != nil {
			item.Place += ", " + percent(*r.Depth) + " deep"
		}
	}
	if r.Cluster != r.Item {
		item.Cluster = visible.Text(r.Cluster)
	}
	if other != nil {
		a := newAnswer(other)
		if other.Prompt != r.Prompt {
			a.Prompt = shown(other.Prompt)
		}
		item.Other = &a
	}
	return item
}

func newAnswer(r *eval.Record) answerJSON {
	a := answerJSON{
		Text: shown(r.Answer), Score: rounded(r.Verdict.Score), Norms: r.Scores, Extracted: shown(r.Verdict.Extracted), Why: shown(r.Verdict.Why), Error: shown(r.Error),
		Cost: [3]int{r.PromptTokens, r.CompletionTokens, r.Cut},
	}
	if r.Unfit != nil {
		a.Error = unfit(r.Unfit)
	}
	if r.Confidence != nil {
		a.Sure = rounded(*r.Confidence)
	}
	for _, t := range r.Turns {
		a.Turns = append(a.Turns, shown(t))
	}
	for _, c := range r.Choices {
		a.Choices = append(a.Choices, choiceJSON{shown(c.Text), rounded(c.Logprob), c.NumTokens, c.NumBytes, rounded(c.Unconditional)})
	}
	for _, t := range r.Tokens[:min(len(r.Tokens), maxTokens)] {
		a.Tokens = append(a.Tokens, tokenJSON{token(t.Text), rounded(t.Logprob)})
	}
	if r.NumBytes > 0 && len(r.Choices) == 0 {
		a.Measured = &[3]float64{r.Logprob, float64(r.NumTokens), float64(r.NumBytes)}
	}
	return a
}

// rounded writes a log-probability with five digits, as a number of JSON; one that is
// none becomes null.
func rounded(v float64) json.RawMessage {
	text := strconv.FormatFloat(v, 'g', 5, 64)
	if !json.Valid([]byte(text)) {
		return json.RawMessage("null")
	}
	return json.RawMessage(text)
}

// shown is a text made safe to show; of a long one the middle is left out.
func shown(text string) string {
	if len(text) > maxText {
		from, to := maxText/4, len(text)-3*maxText/4
		for from > 0 && !utf8.RuneStart(text[from]) {
			from--
		}
		for to < len(text) && !utf8.RuneStart(text[to]) {
			to++
		}
		text = text[:from] + "\n[… " + count(to-from) + " bytes are left out here …]\n" + text[to:]
	}
	return visible.Text(text)
}

// token is a token's text. Bytes that are no UTF-8 in themselves, being a part of a
// character, are written as \xe2.
func token(text string) string {
	if utf8.ValidString(text) {
		return visible.Text(text)
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, text[0])
		} else {
			b.WriteString(visible.Text(text[:n]))
		}
		text = text[n:]
	}
	return b.String()
}

// unfit says why an item was not put.
func unfit(u *eval.Unfit) string {
	text := "it does not fit the window"
	if u.Window > 0 {
		text += " of " + plural(u.Window, "token")
	}
	if u.Prompt > 0 {
		text += ": the prompt has " + count(u.Prompt)
	}
	if u.Completion > 0 {
		text += ", and " + count(u.Completion) + " are for the answer"
	}
	return text
}
