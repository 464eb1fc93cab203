package model

// Provenance is what a saved model's manifest says about where it came from.
// Hashes are SHA-256 in hexadecimal; empty = unknown or none.
type Provenance struct {
	Version   string `json:"version"`             // of the program
	Corpus    string `json:"corpus,omitempty"`    // hash of the shards' manifest
	Tokenizer string `json:"tokenizer,omitempty"` // hash of tokenizer.json
	Recipe    string `json:"recipe,omitempty"`
	Parent    string `json:"parent,omitempty"` // hash of the parent model's manifest
}

// Save writes the model as a directory in the ecosystem's format: config.json,
// model.safetensors (bf16), generation_config.json, the extra files by name
// (tokenizer.json and the like), and last manifest.json with the hash of every
// one. Each file is written atomically; a crash in between leaves a directory
// whose manifest does not match, which Load reports.
func (m *Model) Save(dir string, from Provenance, extra map[string][]byte) error { panic("not yet") }

// Load opens a model directory, from Save or from elsewhere in the ecosystem.
// With a manifest.json every file's hash is verified first, and a file that is
// missing or does not match is an error naming it. A trainable model holds
// masters and gradients besides the compute form.
func Load(dir string, trainable bool) (*Model, error) { panic("not yet") }
