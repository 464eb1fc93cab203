package serve

import "net/http"

// tokenizeRequest is what POST /tokenize is asked for.
type tokenizeRequest struct {
	model   string
	text    string
	special bool
	pieces  bool
}

// readTokenizeRequest reads {"model", "text", "special", "pieces"}.
func readTokenizeRequest(body []byte, limits *Limits) (*tokenizeRequest, *apiError) {
	v, fault := parse(body, limits)
	if fault != nil {
		return nil, fault
	}
	f := v.object()
	r := &tokenizeRequest{}
	r.model = optionalText(f.get("model"))
	r.text = f.get("text").text()
	if v := f.get("special"); v.present() {
		r.special = v.boolean()
	}
	if v := f.get("pieces"); v.present() {
		r.pieces = v.boolean()
	}
	f.end()
	return r, v.d.fault
}

func optionalText(v value) string {
	if v.present() {
		return v.text()
	}
	return ""
}

// findOrFirst is find for requests that may leave the model out.
func (x *exchange) findOrFirst(name string) *apiError {
	if name == "" {
		x.model = x.s.order[0]
		return nil
	}
	return x.find(name)
}

// maxPieces is how many tokens are listed with their text and bytes, which take a hundred
// times the memory of their ids.
const maxPieces = 1 << 18

// mostTokens is how many tokens the answer may list.
func (r *tokenizeRequest) mostTokens() int {
	if r.pieces {
		return maxPieces
	}
	return maxIDs
}

type tokenizeAnswer struct {
	Model  string       `json:"model"`
	Count  int          `json:"count"`
	Window int          `json:"window"`
	Tokens []int        `json:"tokens"`
	Pieces []tokenPiece `json:"pieces,omitempty"`
}

type tokenPiece struct {
	ID    int    `json:"id"`
	Text  string `json:"text"`
	Bytes []int  `json:"bytes"`
}

// tokenize answers POST /tokenize.
func (s *Server) tokenize(x *exchange) *apiError {
	if fault := x.readBody(); fault != nil {
		return fault
	}
	r, fault := readTokenizeRequest(x.body, &s.limits)
	if fault == nil {
		fault = x.findOrFirst(r.model)
	}
	if fault != nil {
		return fault
	}
	ids := x.model.Model.Tokenize(r.text, r.special)
	if limit := r.mostTokens(); len(ids) > limit {
		return invalidValue("text", "it has %d tokens, and an answer lists %d at most; send a shorter text.", len(ids), limit)
	}
	a := tokenizeAnswer{Model: x.model.Name, Count: len(ids), Window: x.model.info.ContextWindow, Tokens: ids}
	if a.Tokens == nil {
		a.Tokens = []int{}
	}
	if r.pieces {
		a.Pieces = make([]tokenPiece, 0, len(ids))
		for _, id := range ids {
			t := newTopLogprob(x.model.Model.TokenBytes(id), 0)
			a.Pieces = append(a.Pieces, tokenPiece{id, t.Token, t.Bytes})
		}
	}
	writeJSON(x.w, http.StatusOK, a)
	return nil
}

// detokenizeRequest is what POST /detokenize is asked for.
type detokenizeRequest struct {
	model  string
	tokens value
}

// readDetokenizeRequest reads {"model", "tokens"}.
func readDetokenizeRequest(body []byte, limits *Limits) (*detokenizeRequest, *apiError) {
	v, fault := parse(body, limits)
	if fault != nil {
		return nil, fault
	}
	f := v.object()
	r := &detokenizeRequest{model: optionalText(f.get("model")), tokens: f.get("tokens")}
	f.end()
	if r.tokens.raw == nil {
		r.tokens.wrongType("an array of token ids")
	}
	return r, v.d.fault
}

// maxIDs is how many token ids a request may hold; the window is what limits
// prompts.
const maxIDs = 1 << 22

// detokenize answers POST /detokenize.
func (s *Server) detokenize(x *exchange) *apiError {
	if fault := x.readBody(); fault != nil {
		return fault
	}
	r, fault := readDetokenizeRequest(x.body, &s.limits)
	if fault == nil {
		fault = x.findOrFirst(r.model)
	}
	if fault != nil {
		return fault
	}
	ids := r.tokens.tokens(maxIDs, x.model.info.VocabularySize)
	if fault := r.tokens.d.fault; fault != nil {
		return fault
	}
	text, err := x.model.Model.Detokenize(ids)
	if err != nil {
		return x.ended(err, "tokens")
	}
	writeJSON(x.w, http.StatusOK, map[string]string{"model": x.model.Name, "text": text})
	return nil
}
