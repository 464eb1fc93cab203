package serve

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath"
)

// maxGazes is how many requests for attention are taken at a time; the model works
// on one of them.
const maxGazes = 8

// attentionRequest is what POST /attention is asked for.
type attentionRequest struct {
	chatRequest
	answer string
	offset int
}

// readAttentionRequest reads {"model", "messages", "answer", "offset"}.
func readAttentionRequest(body []byte, limits *Limits) (*attentionRequest, *apiError) {
	v, fault := parse(body, limits)
	if fault != nil {
		return nil, fault
	}
	f := v.object()
	r := &attentionRequest{}
	r.model = f.get("model").text()
	messages := f.get("messages")
	readMessages(messages, &r.chatRequest)
	if v.d.fault == nil && len(r.images) == 0 {
		messages.invalid("expected an image in one of them, but got none.")
	}
	answer, offset := f.get("answer"), f.get("offset")
	r.answer = answer.text()
	if v.d.fault == nil && strings.TrimSpace(r.answer) == "" {
		answer.invalid("expected a text with a word.")
	}
	r.offset = int(offset.integer(0, int64(max(len(r.answer)-1, 0))))
	if v.d.fault == nil {
		if c, n := utf8.DecodeRuneInString(r.answer[r.offset:]); n == 1 && c == utf8.RuneError || unicode.IsSpace(c) {
			offset.invalid("no word is at byte %d of 'answer'.", r.offset)
		}
	}
	f.end()
	return r, v.d.fault
}

type attentionAnswer struct {
	Model  string           `json:"model"`
	Images []imageAttention `json:"images"`
}

type imageAttention struct {
	Message int             `json:"message"`
	Part    int             `json:"part"`
	Width   int             `json:"width"`
	Height  int             `json:"height"`
	Views   []viewAttention `json:"views"`
}

type viewAttention struct {
	Left    float64   `json:"left"`
	Top     float64   `json:"top"`
	Right   float64   `json:"right"`
	Bottom  float64   `json:"bottom"`
	Rows    int       `json:"rows"`
	Columns int       `json:"columns"`
	Weights []float32 `json:"weights"`
}

// attention answers POST /attention.
func (s *Server) attention(x *exchange) *apiError {
	if fault := x.readBody(); fault != nil {
		return fault
	}
	r, fault := readAttentionRequest(x.body, &s.limits)
	if fault == nil {
		fault = x.find(r.model)
	}
	if fault == nil {
		fault = x.prepareImages(r.images)
	}
	if fault != nil {
		return fault
	}
	select {
	case s.gazes <- struct{}{}:
		defer func() { <-s.gazes }()
	default:
		return tooBusy("Too many ask for attention at a time; try again in a moment.")
	}
	count := func() (int, error) {
		n, err := x.model.Model.CountTokens(r.conversation)
		return n + len(x.model.Model.Tokenize(r.answer, false)), err
	}
	if fault := x.payPrompt(count, "messages"); fault != nil {
		return fault
	}
	images, err := x.model.Model.Attention(x.r.Context(), r.conversation, r.answer, r.offset)
	if err != nil {
		return x.ended(err, "messages")
	}
	writeJSON(x.w, http.StatusOK, newAttentionAnswer(x.model.Name, images))
	return nil
}

func newAttentionAnswer(model string, images []polymath.ImageAttention) attentionAnswer {
	a := attentionAnswer{Model: model, Images: []imageAttention{}}
	for _, image := range images {
		to := imageAttention{Message: image.Message, Part: image.Part, Width: image.Width, Height: image.Height}
		for _, v := range image.Views {
			to.Views = append(to.Views, viewAttention(v))
		}
		a.Images = append(a.Images, to)
	}
	return a
}
