package serve

import (
	_ "embed"
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"
)

// openAPIYAML is the description of the API. Tests hold every answer and the
// names of every request's fields against it.
//
//go:embed openapi.yaml
var openAPIYAML []byte

var openAPIJSON = sync.OnceValues(func() ([]byte, error) { return yaml.YAMLToJSON(openAPIYAML) })

// serveOpenAPI answers GET /openapi.json.
func serveOpenAPI(x *exchange) *apiError {
	text, err := openAPIJSON()
	if err != nil {
		panic(err) // a test reads it
	}
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write(text)
	return nil
}
