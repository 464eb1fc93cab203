package draw

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/par"
)

// ManifestName is the file of a set that says what there is.
const ManifestName = "draw.json"

// ShardPictures is how many pictures are in a shard, but for the last one.
const ShardPictures = 500

// SetOptions say which pictures a set has: of k kinds, picture i is picture i/k
// of kind i%k.
type SetOptions struct {
	Options // without Kind
	Kinds   []Kind
	Seed    uint64
	// Number is how many pictures there shall be, those that the directory
	// already has included.
	Number int
	// Inline puts the pictures into the lines, as data: URLs of PNGs. Otherwise
	// each is a file.
	Inline bool
	// Observe, where not nil, is told how many pictures are there, by the
	// goroutine that calls Write.
	Observe func(done int)
}

// Settings are what all pictures of a set have in common.
type Settings struct {
	Kinds     []Kind `json:"kinds"`
	Seed      uint64 `json:"seed"`
	Size      int    `json:"size"`
	Questions int    `json:"questions"`
	ChartType string `json:"chart_type,omitempty"`
	TextMax   int    `json:"text_max"`
	TextFont  string `json:"text_font,omitempty"`
	TextEm    int    `json:"text_em,omitempty"`
	Corner    bool   `json:"text_corner,omitempty"`
	Texts     string `json:"texts_sha256,omitempty"` // of what was handed in
	Inline    bool   `json:"inline"`
}

// Manifest is the content of ManifestName.
type Manifest struct {
	Version  int      `json:"version"`
	Settings Settings `json:"settings"`
	Pictures int      `json:"pictures"`
	Shards   []Shard  `json:"shards"`
}

// Shard is a part of a set: two files of JSON lines, in each a line for each
// picture, and a directory with the pictures unless they are in the lines.
type Shard struct {
	Pictures int       `json:"pictures"`
	Train    ShardFile `json:"train"`
	HeldOut  ShardFile `json:"held_out"`
}

// ShardFile is a file of JSON lines; see Line.
type ShardFile struct {
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`
	Pictures int    `json:"pictures"`
	Bytes    int64  `json:"bytes"`
}

// manifestVersion is that of the format and of the pictures: it grows when the
// same seed gives other pictures.
const manifestVersion = 5

// check tells what is wrong with the options; defaults are set.
func (o *SetOptions) check() error {
	o.setDefaults()
	switch {
	case len(o.Kinds) == 0:
		return errors.New("draw: name at least one kind")
	case o.Number < 1:
		return fmt.Errorf("draw: %d pictures: draw at least 1", o.Number)
	}
	for _, k := range o.Kinds {
		if err := o.of(k).Check(); err != nil {
			return fmt.Errorf("draw: %w", err)
		}
	}
	return nil
}

func (o *SetOptions) of(k Kind) Options {
	options := o.Options
	options.Kind = k
	return options
}

// Picture makes picture i of the set.
func (o *SetOptions) Picture(i int) (*Drawing, error) {
	k := o.Kinds[i%len(o.Kinds)]
	return Make(o.Seed, i/len(o.Kinds), o.of(k))
}

func (o *SetOptions) settings() Settings {
	s := Settings{o.Kinds, o.Seed, o.Size, o.Questions, o.ChartType, o.TextMax, o.TextFont, o.TextEm, o.TextCorner, "", o.Inline}
	if len(o.Texts) > 0 {
		h := sha256.New()
		for _, t := range o.Texts {
			fmt.Fprintf(h, "%d\n%s\n", len(t), t)
		}
		s.Texts = hex.EncodeToString(h.Sum(nil))
	}
	return s
}

// Write draws the set into a directory, which it makes if it is not there. What
// an earlier call with the same options has drawn stays, so that an interrupted
// one goes on, and one with a larger Number adds; the files are the same as those
// of a single call. A directory with other pictures is an error. Files appear
// whole or not at all.
func Write(ctx context.Context, dir string, o SetOptions) (m *Manifest, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	unlock, err := atomicfile.Lock(dir)
	if err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if m, err = o.begun(dir); err != nil {
		return nil, err
	}
	if err := atomicfile.RemoveLeftovers(dir); err != nil {
		return nil, err
	}
	for number := 0; number*ShardPictures < o.Number; number++ {
		wanted := min(ShardPictures, o.Number-number*ShardPictures)
		if number >= len(m.Shards) || m.Shards[number].Pictures < wanted || !o.intact(dir, number, &m.Shards[number]) {
			if err := o.writeShard(ctx, dir, number, wanted, m); err != nil {
				return m, err
			}
		}
		o.observe(number*ShardPictures + wanted)
	}
	return m, nil
}

func (o *SetOptions) observe(done int) {
	if o.Observe != nil {
		o.Observe(done)
	}
}

// maxManifest is the most bytes of a manifest that are read.
const maxManifest = 64 << 20

// Begun returns the manifest of what Write would find in the directory, a new one where
// there is nothing, or why it would refuse it. It writes nothing.
func (o *SetOptions) Begun(dir string) (*Manifest, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return o.begun(dir)
}

// begun returns the manifest of what the directory has, or a new one.
func (o *SetOptions) begun(dir string) (*Manifest, error) {
	m, err := ReadManifest(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Manifest{Version: manifestVersion, Settings: o.settings()}, nil
	case err != nil:
		return nil, err
	}
	if what := m.Settings.differs(o.settings()); what != "" {
		return nil, fmt.Errorf("draw: %s holds pictures that were drawn with other settings: %s; name another directory", dir, what)
	}
	if m.Pictures > o.Number {
		return nil, fmt.Errorf("draw: %s already has %d pictures; ask for at least as many, or name another directory", dir, m.Pictures)
	}
	return m, nil
}

// ReadManifest reads that of a set. One that is not there is an error that wraps
// fs.ErrNotExist.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestName)
	data, err := atomicfile.ReadSmall(path, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	m := &Manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("draw: %s: %w", path, err)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("draw: %s: it is of version %d, this program draws version %d; name another directory", path, m.Version, manifestVersion)
	}
	sum := 0
	for i, s := range m.Shards {
		if s.Pictures < 1 || s.Pictures > ShardPictures || i < len(m.Shards)-1 && s.Pictures != ShardPictures {
			return nil, fmt.Errorf("draw: %s: shard %d has %d pictures; shards have %d", path, i, s.Pictures, ShardPictures)
		}
		sum += s.Pictures
	}
	if sum != m.Pictures {
		return nil, fmt.Errorf("draw: %s: it counts %d pictures, its shards have %d", path, m.Pictures, sum)
	}
	return m, nil
}

// differs says in which setting.
func (s Settings) differs(now Settings) string {
	for _, x := range []struct {
		name     string
		old, new any
	}{
		{"kinds", joinKinds(s.Kinds), joinKinds(now.Kinds)},
		{"seed", s.Seed, now.Seed},
		{"size", s.Size, now.Size},
		{"questions", s.Questions, now.Questions},
		{"type of chart", cmp.Or(s.ChartType, "any"), cmp.Or(now.ChartType, "any")},
		{"characters of text", s.TextMax, now.TextMax},
		{"font of text", s.TextFont, now.TextFont},
		{"size of text", s.TextEm, now.TextEm},
		{"text in the corner", s.Corner, now.Corner},
		{"inline", s.Inline, now.Inline},
	} {
		if x.old != x.new {
			return fmt.Sprintf("%s %v, and not %v", x.name, x.old, x.new)
		}
	}
	if s.Texts != now.Texts {
		return "other texts"
	}
	return ""
}

// batch is how many pictures are made at the same time and then told of.
const batch = 64

// writeShard draws a shard and puts it into the manifest.
func (o *SetOptions) writeShard(ctx context.Context, dir string, number, wanted int, m *Manifest) error {
	s := newShardWriter(dir, number, o.Inline)
	if err := s.open(); err != nil {
		return err
	}
	defer s.abort()
	for first := 0; first < wanted; first += batch {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		made := make([]shardLine, min(batch, wanted-first))
		par.For(len(made), func(_, i int) {
			made[i] = o.line(s, number*ShardPictures+first+i)
		})
		for i := range made {
			if err := s.add(&made[i]); err != nil {
				return err
			}
		}
		o.observe(number*ShardPictures + first + len(made))
	}
	shard, err := s.commit()
	if err != nil {
		return err
	}
	m.Shards = append(slices.Clone(m.Shards[:min(number, len(m.Shards))]), append([]Shard{shard}, m.Shards[min(number+1, len(m.Shards)):]...)...)
	m.Pictures = 0
	for _, s := range m.Shards {
		m.Pictures += s.Pictures
	}
	return m.write(dir)
}

func (m *Manifest) write(dir string) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(filepath.Join(dir, ManifestName), append(data, '\n'))
	return err
}
