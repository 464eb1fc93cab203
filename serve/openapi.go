package serve

import "net/http"

func serveOpenAPI(x *exchange) *apiError {
	writeJSON(x.w, http.StatusOK, map[string]string{})
	return nil
}
