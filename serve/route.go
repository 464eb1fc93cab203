package serve

import (
	"net/http"
	"strings"
)

// routes is the API's paths.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	add := func(path, method string, h handler) { mux.Handle(path, s.handle(path, s.guardRoute(method, h))) }
	model := func(path, method string, h handler) { add(path, method, withKey(h)) }
	model("/v1/chat/completions", http.MethodPost, s.chat)
	model("/v1/completions", http.MethodPost, s.complete)
	model("/v1/responses", http.MethodPost, s.respond)
	model("/v1/embeddings", http.MethodPost, s.embed)
	model("/v1/models", http.MethodGet, s.listModels)
	model("/v1/models/{model...}", http.MethodGet, s.showModel)
	model("/attention", http.MethodPost, s.attention)
	model("/tokenize", http.MethodPost, s.tokenize)
	model("/detokenize", http.MethodPost, s.detokenize)
	add("/health", http.MethodGet, s.health)
	add("/ready", http.MethodGet, s.ready)
	add("/openapi.json", http.MethodGet, serveOpenAPI)
	metrics := s.metrics.handler()
	add("/metrics", http.MethodGet, func(x *exchange) *apiError {
		metrics.ServeHTTP(x.w, x.r)
		return nil
	})
	mux.Handle("/", s.handle("/", s.guardRoute("", s.other)))
	return mux
}

// guardRoute checks what every request must pass before h sees it. The method
// "" is left to h.
func (s *Server) guardRoute(method string, h handler) handler {
	return func(x *exchange) *apiError {
		if fault := s.checkHost(x.r); fault != nil {
			return fault
		}
		if fault := s.checkOrigin(x.w, x.r); fault != nil {
			return fault
		}
		asked := x.r.Method
		if asked == http.MethodHead && method == http.MethodGet {
			asked = http.MethodGet
		}
		switch {
		case method == "" || asked == method:
			return h(x)
		case asked == http.MethodOptions:
			preflight(x.w, x.r, method+", OPTIONS")
			return nil
		}
		x.w.Header().Set("Allow", method+", OPTIONS")
		return &apiError{
			status: http.StatusMethodNotAllowed, kind: typeInvalid, code: "method_not_allowed",
			message: "Not allowed to " + clip(x.r.Method) + " on " + clip(x.r.URL.Path) + "; use " + method + ".",
		}
	}
}

// withKey asks for a key first, where keys are in use.
func withKey(h handler) handler {
	return func(x *exchange) *apiError {
		if fault := x.authorize(); fault != nil {
			return fault
		}
		return h(x)
	}
}

// other answers paths that are not the API's: pages, if there are any.
func (s *Server) other(x *exchange) *apiError {
	path := x.r.URL.Path
	if s.options.UI != nil && !strings.HasPrefix(path, "/v1/") && (x.r.Method == http.MethodGet || x.r.Method == http.MethodHead) {
		s.options.UI.ServeHTTP(x.w, x.r)
		return nil
	}
	return &apiError{
		status: http.StatusNotFound, kind: typeInvalid, code: "unknown_url",
		message: "Unknown request URL: " + clip(x.r.Method) + " " + clip(path) + "; GET /openapi.json lists those that there are.",
	}
}

// health says that the process is alive.
func (s *Server) health(x *exchange) *apiError {
	writeJSON(x.w, http.StatusOK, map[string]string{"status": "ok"})
	return nil
}

// ready says whether new requests are welcome.
func (s *Server) ready(x *exchange) *apiError {
	if s.draining.Load() {
		writeJSON(x.w, http.StatusServiceUnavailable, map[string]string{"status": "draining"})
		return nil
	}
	writeJSON(x.w, http.StatusOK, map[string]string{"status": "ready"})
	return nil
}
