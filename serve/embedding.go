package serve

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"iter"
	"math"
	"net/http"

	"github.com/polymath-lm/polymath"
)

// embedRequest is what POST /v1/embeddings is asked for.
type embedRequest struct {
	model      string
	inputs     []promptValue
	base64     bool
	dimensions value
}

// promptValue is a text, or an array of token ids that is read once the
// model's vocabulary is known.
type promptValue struct {
	text string
	ids  value // raw is nil for a text
}

// isIDs reports that the prompt is token ids.
func (p promptValue) isIDs() bool { return p.ids.raw != nil }

// readEmbedRequest reads the body.
func readEmbedRequest(body []byte, limits *Limits) (*embedRequest, *apiError) {
	v, fault := parse(body, limits)
	if fault != nil {
		return nil, fault
	}
	f := v.object()
	r := &embedRequest{model: f.get("model").text()}
	r.inputs = readPrompts(f.get("input"))
	if v := f.get("encoding_format"); v.present() {
		r.base64 = v.choice("float", "base64") == "base64"
	}
	if r.dimensions = f.get("dimensions"); r.dimensions.present() {
		r.dimensions.integer(1, math.MaxInt32)
	}
	if v := f.get("user"); v.present() {
		v.text()
	}
	f.end()
	return r, v.d.fault
}

// readPrompts reads a string, an array of strings, of token ids, or of arrays
// of token ids.
func readPrompts(v value) []promptValue {
	switch {
	case v.isString():
		return []promptValue{{text: v.text()}}
	case !v.isArray():
		v.wrongType("a string, an array of strings, or token ids")
		return nil
	}
	kind := v.firstKind()
	if kind == '0' {
		return []promptValue{{ids: v}}
	}
	elements := v.array(v.d.limits.Inputs)
	if kind == ']' {
		v.d.fail(badRequest("empty_array", v.path, "Invalid '%s': empty array.", v.path))
	}
	var prompts []promptValue
	for _, e := range elements {
		switch {
		case kind == '"':
			prompts = append(prompts, promptValue{text: e.text()})
		case kind == '[' && e.isArray():
			prompts = append(prompts, promptValue{ids: e})
		case kind == '[':
			e.wrongType("an array of token ids")
		default:
			e.wrongType("a string or an array of token ids")
		}
	}
	return prompts
}

type embedAnswer struct {
	Object string       `json:"object"`
	Data   []embedDatum `json:"data"`
	Model  string       `json:"model"`
	Usage  embedUsage   `json:"usage"`
}

type embedDatum struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // []float32, or base64 of little-endian fp32
}

type embedUsage struct {
	PromptTokens int `json:"prompt_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// embed answers POST /v1/embeddings.
func (s *Server) embed(x *exchange) *apiError {
	if fault := x.readBody(); fault != nil {
		return fault
	}
	r, fault := readEmbedRequest(x.body, &s.limits)
	if fault == nil {
		fault = x.find(r.model)
	}
	if fault != nil {
		return fault
	}
	prompts, fault := x.resolve(r.inputs)
	if fault != nil {
		return fault
	}
	if fault := x.payPrompt(func() (int, error) { return x.countPrompts(prompts), nil }, "input"); fault != nil {
		return fault
	}
	return x.sendEmbeddings(r, prompts)
}

// prompt is a text, or token ids where they are not nil.
type prompt struct {
	text string
	ids  []int
}

// resolve reads token ids with the model's vocabulary.
func (x *exchange) resolve(values []promptValue) ([]prompt, *apiError) {
	prompts := make([]prompt, len(values))
	for i, v := range values {
		if !v.isIDs() {
			prompts[i].text = v.text
			continue
		}
		prompts[i].ids = v.ids.tokens(maxIDs, x.model.info.VocabularySize)
		if fault := v.ids.d.fault; fault != nil {
			return nil, fault
		}
		if len(prompts[i].ids) == 0 {
			return nil, badRequest("empty_array", v.ids.path, "Invalid '%s': empty array.", v.ids.path)
		}
	}
	return prompts, nil
}

func (x *exchange) countPrompts(prompts []prompt) int {
	n := 0
	for _, p := range prompts {
		if p.ids != nil {
			n += len(p.ids)
		} else {
			n += len(x.model.Model.Tokenize(p.text, false))
		}
	}
	return n
}

// embedding is one vector.
type embedding struct {
	vector []float32
	usage  polymath.Usage
}

// sendEmbeddings computes the vectors, all at the same time: the model decides
// how many it works on.
func (x *exchange) sendEmbeddings(r *embedRequest, prompts []prompt) *apiError {
	run := func(ctx context.Context, index int) iter.Seq2[embedding, error] {
		return func(yield func(embedding, error) bool) {
			var e embedding
			var err error
			if p := prompts[index]; p.ids != nil {
				e.vector, e.usage, err = x.model.Model.EmbedTokens(ctx, p.ids)
			} else {
				e.vector, e.usage, err = x.model.Model.Embed(ctx, p.text)
			}
			yield(e, err)
		}
	}
	a := embedAnswer{Object: "list", Model: x.model.Name, Data: make([]embedDatum, len(prompts))}
	take := func(index int, e embedding) error {
		if v := r.dimensions; v.present() {
			if n := int(v.integer(1, math.MaxInt32)); n != len(e.vector) {
				return badRequest("unsupported_value", "dimensions", "Unsupported value: 'dimensions' is %d and this model's embeddings have %d; leave it out.", n, len(e.vector))
			}
		}
		x.usage.PromptTokens += e.usage.PromptTokens
		x.usage.CachedTokens += e.usage.CachedTokens
		a.Data[index] = embedDatum{Object: "embedding", Index: index, Embedding: encodeVector(e.vector, r.base64)}
		return nil
	}
	if err := consume(x, len(prompts), run, take, nil, nil); err != nil {
		return x.ended(err, "input")
	}
	x.s.metrics.promptTotal.WithLabelValues(x.model.Name).Add(float64(x.usage.PromptTokens))
	a.Usage = embedUsage{x.usage.PromptTokens, x.usage.PromptTokens}
	writeJSON(x.w, http.StatusOK, a)
	return nil
}

func encodeVector(vector []float32, inBase64 bool) any {
	if !inBase64 {
		return vector
	}
	data := make([]byte, 0, 4*len(vector))
	for _, f := range vector {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(data)
}
