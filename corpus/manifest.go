package corpus

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/corpus/mixture"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tokenizer"
)

const (
	// ManifestName is the file that makes a directory a corpus.
	ManifestName = "corpus.json"
	// FilesName lists the input files, one JSON object a line.
	FilesName       = "files.jsonl"
	manifestVersion = 1
)

// Manifest tells what a corpus is made of and what became of it: a chain of
// hashes from the recipe and the source files to the shards.
type Manifest struct {
	Version int    `json:"version"`
	Program string `json:"program,omitempty"`
	Name    string `json:"name"`
	// Recipe is the recipe with all defaults, and RecipeHash its SHA-256.
	Recipe     jsontext.Value `json:"recipe"`
	RecipeHash string         `json:"recipe_sha256"`
	// Files is the SHA-256 of the list of input files with their hashes.
	Files string `json:"files_sha256"`
	// Segments is their number and Ingest the hash of the chain of their summaries,
	// which name the hashes of the segments' files.
	Segments int    `json:"segments"`
	Ingest   string `json:"ingest_sha256"`
	// Documents is the number of records of all segments.
	Documents int64 `json:"documents"`
	// Deduplicated is the hash of what the stages of deduplication left.
	Deduplicated string `json:"deduplicated_sha256"`
	// Tokenizer is the hash that identifies the tokenizer, and TokenizerPath where
	// it is.
	Tokenizer     string `json:"tokenizer_sha256"`
	TokenizerPath string `json:"tokenizer"`
	// Shards is the SHA-256 of the shards' manifest.
	Shards string `json:"shards_sha256"`
	// Tokens and ShardDocs are those of the shards.
	Tokens    int64 `json:"tokens"`
	ShardDocs int64 `json:"shard_docs"`
	// Sources is what became of each source, in the order of the recipe.
	Sources  []SourceReport `json:"sources"`
	Clusters Clusters       `json:"clusters,omitzero"`
	// Plan is the mixture, and Mixed what of it the shards hold.
	Plan  *mixture.Plan  `json:"plan"`
	Mixed mixture.Result `json:"mixed"`
	// Evaluation is by pipeline what was found of evaluation sets.
	Evaluation map[string][]decontaminate.Report `json:"evaluation,omitempty"`
}

// SourceReport is what became of one source.
type SourceReport struct {
	Name      string `json:"name"`
	Files     int64  `json:"files"`
	FileBytes int64  `json:"file_bytes"`
	Failed    int64  `json:"failed_files,omitzero"`
	// Unread is the number of files that the source's sample does without, and
	// Divided that of files of which the steps kept several documents.
	Unread  int64 `json:"unread_files,omitzero"`
	Divided int64 `json:"divided_files,omitzero"`
	// Pipelines are the names of the steps in order, by the names of the pipelines
	// that the source's documents may go through.
	Pipelines map[string][]string `json:"pipelines,omitempty"`
	Funnel    Funnel              `json:"funnel"`
	After     Left                `json:"after"`
	Samples   Samples             `json:"samples,omitempty"`
}

// manifest gathers what all stages left and writes it.
func (b *build) manifest(v *view, c *Census, t *tokenizer.Tokenizer, p *packed) (*Manifest, error) {
	text, err := marshal(b.recipe.shown())
	if err != nil {
		return nil, err
	}
	m := &Manifest{
		Version: manifestVersion, Program: b.o.Version, Name: b.recipe.Name, Recipe: text, RecipeHash: hexHash(text),
		Segments: len(v.segments), Ingest: v.ingested.output, Documents: v.documents(), Deduplicated: v.output,
		Tokenizer: t.Hash(), TokenizerPath: b.recipe.Tokenizer.Path, Shards: p.Result.Shards, Tokens: p.Tokens, ShardDocs: p.Docs,
		Clusters: v.clusters, Plan: p.Plan, Mixed: p.Result,
	}
	if b.recipe.Tokenizer.Train != nil {
		m.TokenizerPath = filepath.Join(b.recipe.Out, TokenizerName)
	}
	m.Sources = b.reports(v, c)
	if err := b.gather(v, m); err != nil {
		return nil, err
	}
	out, err := json.Marshal(m, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	_, err = atomicfile.WriteBytes(filepath.Join(b.recipe.Out, ManifestName), append(out, '\n'))
	return m, err
}

// reports begins what is told of each source.
func (b *build) reports(v *view, c *Census) []SourceReport {
	var list []SourceReport
	for i, s := range v.sources {
		list = append(list, SourceReport{
			Name: s.spec.Name, Unread: int64(len(s.files)), After: c.Sources[i], Samples: Samples{}, Pipelines: b.recipe.pipelinesOf(s.spec),
		})
	}
	return list
}

// gather adds up the summaries of all segments, and lists the files.
func (b *build) gather(v *view, m *Manifest) error {
	tallies := map[string]*decontaminate.Tally{}
	hash, err := atomicfile.Write(filepath.Join(b.recipe.Out, FilesName), func(w io.Writer) error {
		return eachSummary(v.dir, v.key, func(s *Summary) error {
			m.Sources[s.Source].add(s)
			if err := addTallies(tallies, s); err != nil {
				return err
			}
			for i := range s.Read {
				if err := writeFileLine(w, m.Sources[s.Source].Name, &s.Read[i]); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	m.Files = hash
	m.Evaluation, err = b.evaluations(v, tallies)
	return err
}

func (r *SourceReport) add(s *Summary) {
	r.Funnel.Merge(&s.Funnel)
	r.Samples.Merge(s.Samples)
	for i := range s.Read {
		r.Files++
		r.Unread--
		if s.Read[i].Kept > 1 {
			r.Divided++
		}
		r.FileBytes += max(s.Read[i].Size, 0)
		if s.Read[i].Failed != "" {
			r.Failed++
		}
	}
}

func writeFileLine(w io.Writer, source string, f *InputFile) error {
	line, err := marshal(struct {
		Source string `json:"source"`
		InputFile
	}{source, *f})
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

func addTallies(into map[string]*decontaminate.Tally, s *Summary) error {
	for name, text := range s.Tallies {
		t := &decontaminate.Tally{}
		if err := json.Unmarshal(text, t); err != nil {
			return fmt.Errorf("segment %d: evaluation sets: %w", s.Number, err)
		}
		if into[name] == nil {
			into[name] = t
			continue
		}
		if err := into[name].Merge(t); err != nil {
			return fmt.Errorf("segment %d: evaluation sets: %w", s.Number, err)
		}
	}
	return nil
}

// evaluations reports what was found of evaluation sets, for each pipeline that
// looks for them.
func (b *build) evaluations(v *view, tallies map[string]*decontaminate.Tally) (map[string][]decontaminate.Report, error) {
	all := b.recipe.allPipelines()
	reports := map[string][]decontaminate.Report{}
	for _, name := range b.recipe.usedPipelines() {
		at := slices.IndexFunc(all[name], func(s Step) bool { return s.Decontaminate != nil })
		if at < 0 {
			continue
		}
		t := tallies[name]
		if t == nil { // nothing was found
			sets, err := decontaminate.New(*all[name][at].Decontaminate)
			if err != nil {
				return nil, err
			}
			t = sets.NewTally()
		}
		r, err := t.Reports()
		if err != nil {
			return nil, err
		}
		reports[name] = r
	}
	return reports, nil
}
