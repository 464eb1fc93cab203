package plan

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

//go:embed models/*.yaml
var files embed.FS

// Reported is a figure that others published.
type Reported struct {
	// What is which number it is.
	What Figure `yaml:"what" json:"what"`
	// Value is the number, Within how far the true one may be from it, by the digits
	// of the publication.
	Value  float64 `yaml:"value" json:"value"`
	Within float64 `yaml:"within" json:"within"`
	// Context is the length of the text that the figure is for, where it matters.
	Context int    `yaml:"context" json:"context,omitempty"`
	Source  string `yaml:"source" json:"source"`
}

// Figure names a number of a model that publications report.
type Figure string

// The figures, in parameters, operations and bytes.
const (
	FigureTotal               Figure = "total"
	FigureActive              Figure = "active"
	FigureActiveWithEmbedding Figure = "active_with_embedding"
	FigureWithPredictors      Figure = "total_with_predictors"
	FigureWithoutEmbedding    Figure = "total_without_embedding" // nor output matrix
	FigureExpert              Figure = "one_expert_of_all_layers"
	FigureAttention           Figure = "attention"
	FigureShared              Figure = "shared"                   // all but the experts
	FigureTrainingFLOPs       Figure = "training_flops"           // 6 for each active parameter and token
	FigureTokenFLOPs          Figure = "forward_flops"            // 2 for each active parameter
	FigureTrainTokenFLOPs     Figure = "training_flops_per_token" // at Context, without predictors
	FigureKVBytes             Figure = "kv_bytes_per_token"       // in bf16
)

// figures are all of them.
var figures = []Figure{
	FigureTotal, FigureActive, FigureActiveWithEmbedding, FigureWithPredictors, FigureWithoutEmbedding, FigureExpert, FigureAttention,
	FigureShared, FigureTrainingFLOPs, FigureTokenFLOPs, FigureTrainTokenFLOPs, FigureKVBytes,
}

// Names lists the models that are built in, sorted.
func Names() []string {
	entries, err := fs.ReadDir(files, "models")
	if err != nil {
		panic(err) // they are embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Builtin returns a copy of the model of that name. An unknown name is an error
// that says which is near.
func Builtin(name string) (*Model, error) {
	data, err := files.ReadFile("models/" + name + ".yaml")
	if err != nil {
		hint := "'polymath plan list' names them"
		if near := nearest(name); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		return nil, fmt.Errorf("no model is called %q; %s", name, hint)
	}
	m, err := Parse(name+".yaml", data)
	if err != nil {
		return nil, err
	}
	m.Name = name
	return m, nil
}

// nearest returns the names that begin like an unknown one, or the closest.
func nearest(name string) string {
	var begin []string
	for _, n := range Names() {
		if strings.HasPrefix(n, strings.ToLower(name)) {
			begin = append(begin, n)
		}
	}
	if len(begin) > 0 && name != "" {
		return strings.Join(begin, " or ")
	}
	return recipe.Nearest(name, Names())
}

// Parse reads a model in the form of those that are built in. name is the file's
// in errors, which are *recipe.Error.
func Parse(name string, data []byte) (*Model, error) {
	m := &Model{}
	m.SetDefaults()
	places, err := recipe.DecodeAs("a model", name, data, m)
	if err != nil {
		return nil, err
	}
	if err := places.Locate(m.Validate()); err != nil {
		return nil, err
	}
	return m, nil
}

// Of returns the model's own value of a reported figure, with its arithmetic; ok
// is false where the figure does not exist for the model.
func (m *Model) Of(r Reported) (value float64, arithmetic string, ok bool) {
	p := m.Params()
	switch r.What {
	case FigureTotal:
		return float64(p.Total), "all parameters", true
	case FigureActive:
		return float64(p.Active), "parameters that work on a token", true
	case FigureActiveWithEmbedding:
		return float64(p.ActiveWithEmbedding()), "parameters that work on a token, and the embedding table", true
	case FigureWithPredictors:
		return float64(p.Total + p.Predictors), "all parameters and the predictors", p.Predictors > 0
	case FigureWithoutEmbedding:
		return float64(p.Total - p.Embedding - p.Part(PartOutput).Total), "all but embedding and output", true
	case FigureExpert:
		if m.Experts == nil {
			return 0, "", false
		}
		return float64(p.Part(PartExperts).Total) / float64(m.Experts.Number), "one expert of each layer", true
	case FigureAttention:
		return float64(p.Part(PartAttention).Total), "attention", true
	case FigureShared:
		return float64(p.Total - p.Part(PartExperts).Total), "all but the experts", true
	case FigureTrainingFLOPs:
		return 6 * float64(p.Active) * m.TrainingTokens, fmt.Sprintf("6 x %d active x %.3g tokens", p.Active, m.TrainingTokens), m.TrainingTokens > 0
	case FigureTokenFLOPs:
		return 2 * float64(p.Active), fmt.Sprintf("2 x %d active", p.Active), true
	case FigureTrainTokenFLOPs:
		f := m.FLOPsPerToken(r.Context, true)
		return f.Total - f.Part(PartPredictors), fmt.Sprintf("forward and backward of a token, mean of %d", r.Context), true
	case FigureKVBytes:
		return m.KVBytesPerToken(BF16), "keys and values of a token in bf16", true
	}
	return 0, "", false
}
