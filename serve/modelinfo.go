package serve

import "net/http"

// modelBody is an object model, with what OpenAI does not tell under polymath.
type modelBody struct {
	ID       string    `json:"id"`
	Object   string    `json:"object"`
	Created  int64     `json:"created"`
	OwnedBy  string    `json:"owned_by"`
	Polymath modelMore `json:"polymath"`
}

type modelMore struct {
	Window           int    `json:"window"`
	Vision           bool   `json:"vision"`
	Parameters       int64  `json:"parameters"`
	ActiveParameters int64  `json:"active_parameters"`
	Architecture     string `json:"architecture"`
	Vocabulary       int    `json:"vocabulary"`
	Fingerprint      string `json:"fingerprint"`
}

func (e *entry) body() modelBody {
	return modelBody{
		ID: e.Name, Object: "model", Created: e.created, OwnedBy: "polymath",
		Polymath: modelMore{
			Window: e.info.ContextWindow, Vision: e.Model.Sees(), Parameters: e.info.Parameters, ActiveParameters: e.info.ActiveParameters,
			Architecture: e.info.Architecture, Vocabulary: e.info.VocabularySize, Fingerprint: e.fingerprint,
		},
	}
}

// modelList is an object list.
type modelList struct {
	Object string      `json:"object"`
	Data   []modelBody `json:"data"`
}

// listModels answers GET /v1/models.
func (s *Server) listModels(x *exchange) *apiError {
	list := modelList{Object: "list", Data: []modelBody{}}
	for _, e := range s.order {
		list.Data = append(list.Data, e.body())
	}
	writeJSON(x.w, http.StatusOK, list)
	return nil
}

// showModel answers GET /v1/models/{model}.
func (s *Server) showModel(x *exchange) *apiError {
	if fault := x.find(x.r.PathValue("model")); fault != nil {
		return fault
	}
	writeJSON(x.w, http.StatusOK, x.model.body())
	return nil
}
