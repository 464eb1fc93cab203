package modelfile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// checkReplaceable returns an error that names what is in the directory that is
// no part of a model, since replacing the model would remove that too. An empty
// directory is replaceable.
func checkReplaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return err
	}
	if !namesModel(filepath.Join(dir, configName)) {
		return fmt.Errorf("%s holds something other than a model; it is not replaced", dir)
	}
	man, err := model.ReadManifest(dir)
	if err != nil {
		man = &model.Manifest{} // none, or a damaged one, which lists nothing
	}
	for _, e := range entries {
		if _, listed := man.Files[e.Name()]; e.IsDir() || !listed && !modelName(e.Name()) {
			return fmt.Errorf("%s holds %s, which is no part of a model; it is not replaced: move that away, or name another destination", dir, e.Name())
		}
	}
	return nil
}

// namesModel reports whether the file is a config.json of a model.
func namesModel(config string) bool {
	data, err := atomicfile.ReadSmall(config, maxText)
	if err != nil {
		return false
	}
	var said struct {
		ModelType string `json:"model_type"`
	}
	return json.Unmarshal(data, &said) == nil && said.ModelType != ""
}

// plainNames are files of a model's directory beside those that are carried: what
// is written anew, and vocabularies in older formats.
var plainNames = []string{
	configName, model.ManifestName, safetensors.ModelName, safetensors.IndexName, "preprocessor_config.json", "processor_config.json",
	"vocab.json", "merges.txt", "tokenizer.model", ".gitattributes",
}

var shardName = regexp.MustCompile(`^model-\d+-of-\d+\.safetensors$`)

// modelName reports whether a file of a model's directory may have the name.
func modelName(name string) bool {
	return slices.Contains(plainNames, name) || slices.Contains(carried, name) || shardName.MatchString(name) ||
		isLicense(name) || atomicfile.IsTemporary(name)
}
