package shard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// ManifestName is the file that makes a directory a set of shards.
const ManifestName = "shards.json"

const maxManifest = 1 << 26

// Manifest lists the files of a set. Its hash stands for the whole set.
type Manifest struct {
	Version       int    `json:"version"`
	TokenizerHash string `json:"tokenizer_sha256"`
	VocabSize     int    `json:"vocab_size"`
	EndOfText     int32  `json:"end_of_text"`
	Masked        bool   `json:"masked,omitempty"`
	// Tokens is what one epoch trains on: the tokens of all documents and one
	// end-of-text token for each, or with a mask all tokens but the last of each.
	// Docs is the number of documents.
	Tokens int64       `json:"tokens"`
	Docs   int64       `json:"docs"`
	Files  []FileEntry `json:"files"`
	// Stages divides the documents, in the order of the files, into stages that
	// training reads one after the other in every epoch; nil is one stage.
	Stages []Stage `json:"stages,omitempty"`
	// Pictures is nil in a set without.
	Pictures *PictureManifest `json:"pictures,omitempty"`

	hash string
}

// Stage is a run of documents of a set.
type Stage struct {
	Name string `json:"name"`
	Docs int64  `json:"docs"`
}

// FileEntry is one file of a set.
type FileEntry struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	Tokens int64  `json:"tokens"` // as in Manifest
	Docs   int64  `json:"docs"`
	SHA256 string `json:"sha256"`
}

// Hash returns the SHA-256 of the manifest's file in hexadecimal.
func (m Manifest) Hash() string { return m.hash }

func newManifest(h Header) Manifest {
	return Manifest{Version: h.version(), TokenizerHash: h.TokenizerHash, VocabSize: h.VocabSize, EndOfText: h.EndOfText, Masked: h.Masked}
}

func (m *Manifest) header() Header {
	h := Header{TokenizerHash: m.TokenizerHash, VocabSize: m.VocabSize, EndOfText: m.EndOfText, Masked: m.Masked, ImageToken: -1}
	if m.Pictures != nil {
		h.ImageToken = m.Pictures.ImageToken
	}
	return h
}

func (m *Manifest) add(e FileEntry) {
	m.Files = append(m.Files, e)
	m.Tokens += e.Tokens
	m.Docs += e.Docs
}

func (m *Manifest) write(path string) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	m.hash, err = atomicfile.WriteBytes(path, append(data, '\n'))
	return err
}

// ReadManifest reads the manifest of dir, and none of its files.
func ReadManifest(dir string) (Manifest, error) {
	path := filepath.Join(dir, ManifestName)
	file, err := os.Open(path)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s holds no token shards: %w", dir, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxManifest+1))
	if err != nil {
		return Manifest{}, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", path, err)
	}
	m.hash, err = atomicfile.Hash(path)
	return m, err
}

func parseManifest(data []byte) (Manifest, error) {
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	switch err := dec.Decode(&m); {
	case len(data) > maxManifest:
		return Manifest{}, errors.New("too long for a manifest")
	case err != nil:
		return Manifest{}, err
	case len(bytes.TrimSpace(data[dec.InputOffset():])) != 0:
		return Manifest{}, errors.New("text after the closing brace")
	case m.Version != m.header().version():
		return Manifest{}, fmt.Errorf("version %d, but this program reads version %d of such a set", m.Version, m.header().version())
	case len(m.Files) == 0:
		return Manifest{}, errors.New("no files")
	}
	if err := m.header().check(); err != nil {
		return Manifest{}, err
	}
	var tokens, docs int64
	seen := map[string]bool{}
	for _, e := range m.Files {
		if err := checkName(e.Name, seen); err != nil {
			return Manifest{}, err
		}
		tokens += e.Tokens
		docs += e.Docs
	}
	if tokens != m.Tokens || docs != m.Docs {
		return Manifest{}, fmt.Errorf("%d tokens in %d documents, but its files have %d in %d", m.Tokens, m.Docs, tokens, docs)
	}
	if m.Pictures != nil {
		if !m.Masked {
			return Manifest{}, errors.New("a set without a mask has no pictures")
		}
		if err := m.Pictures.check(m.VocabSize, seen); err != nil {
			return Manifest{}, fmt.Errorf("pictures: %w", err)
		}
	}
	return m, m.checkStages()
}

func (m *Manifest) checkStages() error {
	if m.Stages == nil {
		return nil
	}
	if m.Masked {
		return errors.New("a set with a mask has no stages")
	}
	docs := m.Docs
	for _, s := range m.Stages {
		if s.Docs < 0 || s.Docs > docs {
			return fmt.Errorf("stage %q of %d documents, and %d are left", s.Name, s.Docs, docs)
		}
		docs -= s.Docs
	}
	if docs > 0 {
		return fmt.Errorf("%d documents belong to no stage", docs)
	}
	return nil
}

// stages returns the document with which each stage begins, and the number of
// documents.
func (m *Manifest) stages() []int64 {
	if m.Stages == nil {
		return []int64{0, m.Docs}
	}
	bounds := []int64{0}
	for _, s := range m.Stages {
		bounds = append(bounds, bounds[len(bounds)-1]+s.Docs)
	}
	return bounds
}
